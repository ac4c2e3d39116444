// The file `VERSION` is the only source of the version.
import Engine
import Foundation
import Testing

@Suite("The version", .timeLimit(.minutes(1)))
struct ServiceVersionTests {
    @Test("the constant and the file VERSION agree")
    func file() throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: "VERSION"), encoding: .utf8)
        #expect(text == ServiceVersion.full + "\n")
    }

    @Test("it has three numbers")
    func form() {
        #expect(ServiceVersion.full.split(separator: ".").compactMap { UInt($0) }.count == 3)
    }

    @Test("C6.1: the user agent names the release; the webhooks' user agent is the API document's")
    func userAgents() {
        #expect(UserAgent.outbound == "generation-service/" + ServiceVersion.full)
        #expect(UserAgent.webhook == "Generation-Service/2.0")
    }
}
