// The probe behind /health if no call to OpenAI is possible.
import Engine
import TestSupport
import Testing

@testable import Server

@Suite("OpenAI probe", .timeLimit(.minutes(1)))
struct ProbeTests {
    @Test("a key that may not list the models is healthy, and an invalid one is not", arguments: [403, 404, 401])
    func restrictedKey(_ status: Int) async throws {
        let fault: JSONValue = ["route": "GET /v1/models", "fault": "status", "status": .int(status)]
        try await Outside.with(faults: ["routes": [fault]]) { server, _, _ in
            let health = try await server.send("GET", "/health")
            #expect(health.json["openai"]?["status"] == (status == 401 ? "unhealthy" : "healthy"), "\(health.text)")
        }
    }

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
