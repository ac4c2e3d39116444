// Probes whether OpenAI answers, at most once per period: /health is open to everybody, so it must stay cheap.
// Loop-bound.
import Engine

final class OpenAIProbe {
    typealias Report = (reply: JSONValue, healthy: Bool)

    /// Time for which an outcome is kept, seconds.
    static let freshSeconds = 30.0

    private let client: OpenAIClient
    private let shared: SharedLook<Report>

    init(_ client: OpenAIClient, on loop: Loop) {
        self.client = client
        shared = SharedLook(on: loop, freshSeconds: OpenAIProbe.freshSeconds)
    }

    /// Returns `{"status", "response_time_ms"}`, or `{"status", "error"}`.
    func look() async -> Report {
        do {
            return try await shared.look { [self] in try await ask() }
        } catch {
            return (["status": "unknown"], true)
        }
    }

    func close() { shared.close() }

    /// - Throws: if the call was cancelled, which proves nothing about OpenAI.
    private func ask() async throws(OpenAIError) -> Report {
        let begun = Monotonic.seconds()
        do throws(OpenAIError) {
            let probe = try await client.modelProbe()
            let milliseconds = Int((probe.seconds * 1000).rounded())
            return (["status": "healthy", "response_time_ms": .int(milliseconds)], true)
        } catch {
            if error.kind == .cancelled { throw error }
            // A restricted key may not list the models, and some servers have no list; their answers work all the same.
            if error.provesReachable {
                let milliseconds = Int(((Monotonic.seconds() - begun) * 1000).rounded())
                return (["status": "healthy", "response_time_ms": .int(milliseconds)], true)
            }
            return (["status": "unhealthy", "error": .string(error.reason)], false)
        }
    }
}
