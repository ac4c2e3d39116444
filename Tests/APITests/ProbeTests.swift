// The probe behind /health if no call to OpenAI is possible.
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("OpenAI probe", .timeLimit(.minutes(1)))
struct ProbeTests {
    @Test("C9: a call that cannot be sent fails at once for every caller")
    func unsendable() async throws {
        try await onLoop { loop in
            let http = HTTPClient(on: loop)
            let client = OpenAIClient(
                http: http, configuration: OpenAIConfiguration(baseURL: "http://:1/v1", apiKey: "sk-test"))
            let probe = OpenAIProbe(client, on: loop)
            for _ in 0..<2 { #expect(await probe.look().healthy == false) }
            probe.close()
            await http.close()
        }
    }
}
