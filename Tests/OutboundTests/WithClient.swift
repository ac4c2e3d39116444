// Shared code for tests of the outbound client: a client on its own loop, and sources of bytes.
import Engine
import TestSupport

/// A client on a new loop; the test hangs if it leaves a handle open.
func withClient<Value: Sendable>(
    _ configuration: HTTPClientConfiguration = .init(),
    _ body: @escaping @Sendable (Loop, HTTPClient) async throws -> Value
) async throws -> Value {
    try await onLoop { loop in
        let client = HTTPClient(on: loop, configuration: configuration)
        do {
            let value = try await body(loop, client)
            await client.close()
            return value
        } catch {
            await client.close()
            throw error
        }
    }
}

extension HTTPClient {
    /// The error of a request that must fail; nil if it succeeded.
    func failure(_ request: OutboundRequest) async -> OutboundError? {
        do { _ = try await send(request) } catch { return error }
        return nil
    }

    func text(_ url: String) async throws(OutboundError) -> String {
        String(decoding: try await send(OutboundRequest(url: url)).body, as: UTF8.self)
    }
}

/// Yields the test's pieces through a closure that may wait.
final class PieceSource: ByteSource {
    private let give: (Int) async throws -> [UInt8]?
    private(set) var calls = 0
    init(_ give: @escaping (Int) async throws -> [UInt8]?) { self.give = give }
    func next() async throws -> [UInt8]? {
        calls += 1
        return try await give(calls - 1)
    }
}
