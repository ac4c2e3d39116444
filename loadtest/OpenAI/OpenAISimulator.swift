// `loadtest openai`, also for tests in their own process. Thread: its loop; loop-bound.
//
// Written from OpenAI's published specification (openai-openapi), its two SDKs and published answers of the live API,
// not from our service's requests. Where these sources leave a question open, the simulator takes the stricter reading.
import Engine
import Server

/// A simulated OpenAI API: responses, files and batches, as strict as the real one and predictable (`SimulatedAnswer`).
public final class OpenAISimulator {
    private let account: SimulatedAccount
    private let handler: OpenAIHandler
    private let server: SimulatorServer

    /// Listens at once. `port` 0 takes any free port.
    /// - Throws: `ListenError`, or `FaultPlanError` for a fault plan with mistakes.
    public static func start(
        on loop: Loop, host: String = "127.0.0.1", port: Int = 0, options: OpenAIOptions = OpenAIOptions()
    ) throws -> OpenAISimulator {
        try OpenAISimulator(on: loop, host: host, port: port, options: options)
    }

    private init(on loop: Loop, host: String, port: Int, options: OpenAIOptions) throws {
        let account = try SimulatedAccount(on: loop, options: options)
        let handler = OpenAIHandler(account)
        (self.account, self.handler) = (account, handler)
        var configuration = HTTPServerConfiguration()
        // The server's own errors (a body that is too large, a broken head) have the form of the API's errors too.
        configuration.errorReply = { error, _ in .json(error.code.status, APIError(400, error.message).json) }
        server = try SimulatorServer(on: loop, host: host, port: port, configuration: configuration) {
            await handler.answer($0)
        }
    }

    public var port: Int { server.port }
    /// The value for `OPENAI_BASE_URL`.
    public var baseURL: String { "http://127.0.0.1:\(server.port)/v1" }
    public var clock: SimClock { account.clock }

    /// Cancels all requests and releases the loop.
    public func close() async {
        account.isClosed = true
        await server.close()
        await handler.close()
        await account.close()
    }

    // MARK: Queries and changes by tests

    /// As `POST /_sim/faults`: replaces the members of the fault plan that `json` names.
    public func setFaults(_ json: JSONValue) throws(FaultPlanError) { try account.plan.apply(json) }

    /// Adds ended batches of another user of the account to its list.
    public func addForeignBatches(_ count: Int) throws { try account.batches.addForeign(count) }

    /// Ends all batches without another answer, for the next experiment.
    public func endAllBatches() async { await account.batches.endAll() }

    /// As `POST /_sim/reset`.
    public func reset() async { await account.reset() }

    /// As `GET /_sim/state`, after all due steps.
    public func state() async -> JSONValue {
        await account.batches.catchUp()
        await account.batches.finishWork()
        return account.state
    }

    /// Requests received per route: `POST /v1/responses`, `GET /v1/batches/{id}` and so on.
    public func requests(_ route: String) -> Int { account.books.requests[route, default: 0] }

    /// Replies with 401, whatever the route.
    public var refusedKeys: Int {
        account.books.replies.filter { $0.key.hasSuffix(" 401") }.values.reduce(0, +)
    }

    /// Batches that did not fail and have the same lines or the same metadata: work that is paid for twice.
    public var doubleSubmissions: [[String]] { account.doubleSubmissions.map(\.batches) }

    /// Custom ids answered more than once with the same body, over all batches.
    public var linesPaidTwice: [String] { account.books.linesPaidTwice }

    /// Every answer that was paid for, after all due steps: lines, and calls whose client has left or not.
    public func ledger() async -> [PaidAnswer] {
        await account.batches.catchUp()
        await account.batches.finishWork()
        return account.books.ledger
    }

    /// The most requests of a route in ten seconds.
    public func mostCalls(_ route: String) -> Int { account.books.mostCalls(route) }

    /// Requests that brought the key to the other host of a `redirect`.
    public var keysElsewhere: Int { account.books.keysElsewhere }

    /// Ids and states of all batches, oldest first.
    public var batches: [(id: String, status: SimulatedBatchStatus, lines: Int)] {
        account.batches.all.map { ($0.id, $0.status, $0.lines.count) }
    }
}
