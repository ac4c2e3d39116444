// The connection to OpenAI: one place for headers, retries, deadlines and logging. Loop-bound; owns no C memory.
import Logging

/// OpenAI's API, limited to the service's needs. Every call ends within its time limit; errors state what may have
/// happened at the provider.
public final class OpenAIClient {
    public let configuration: OpenAIConfiguration
    let loop: Loop
    let http: HTTPClient
    private let policy: RetryPolicy
    private let clock: WallClock
    private let random: () -> Double
    private let logger: Logger
    let metrics: ProviderMetrics
    private let key: ProviderKey
    /// Facts about the models, learned from errors; see `OpenAIClient+Models.swift`.
    var choices: [WorkStage: ModelChoice]
    var fileLives: FileLives

    /// Loop thread.
    /// - Parameter random: 0..<1, for the back-off's jitter.
    public init(
        http: HTTPClient, configuration: OpenAIConfiguration, policy: RetryPolicy = RetryPolicy(),
        clock: WallClock = .system, random: @escaping () -> Double = { Double.random(in: 0..<1) },
        logger: Logger = Logger(label: "openai"), metrics: ProviderMetrics = ProviderMetrics()
    ) {
        guard let loop = Loop.current else { preconditionFailure("create an OpenAI client on its loop's thread") }
        self.loop = loop
        self.http = http
        self.configuration = configuration
        self.policy = policy
        self.clock = clock
        self.random = random
        self.logger = logger
        self.metrics = metrics
        fileLives = FileLives(input: configuration.inputFileDays, output: configuration.outputFileDays)
        key = ProviderKey(configuration, on: loop, log: logger)
        choices = [:]
        for stage in WorkStage.allCases { choices[stage] = configuration.choice(for: stage) }
    }

    /// Whether a failed call is made again.
    enum Repeats {
        /// Its body can be read only once, or the caller looks for its effect first.
        case never
        /// Only if the call has surely failed. An answer of a call that was too slow, or whose connection broke, is
        /// paid for and cannot be asked for again.
        case afterSureFailure
        /// It has no effect, or one that does not add up.
        case always
    }

    /// Lives of files at the provider, days; nil if the provider decides, or if a server refuses them.
    struct FileLives {
        var input: Int?
        var output: Int?
    }

    /// One operation of the API.
    struct ProviderCall {
        /// For the log and the metrics.
        var operation: ProviderOperation
        var method = "GET"
        /// Path after the base URL; begins with `/`.
        var path: String
        var contentType = "application/json"
        var body = OutboundBody.none
        /// Time limit of one try.
        var timeoutSeconds: Double
        /// Time limit of all tries together.
        var deadlineSeconds: Double
        /// Time limit of the wait for a connection, which does not count towards ``timeoutSeconds`` then.
        var queueSeconds: Double?
        var repeats = Repeats.always
        /// True if a 409 is a final answer instead of a temporary error.
        var conflictIsFinal = false
        var maxResponseBytes = 8 * 1024 * 1024
        /// False for a body that can be read only once.
        var canBeSentAgain: Bool {
            switch body {
            case .none, .bytes: true
            case .stream: false
            }
        }
        /// Id of this call, sent to OpenAI so that its support finds a call without a reply. A request may make many
        /// calls, so the request's id alone is not enough. nil for work that belongs to no request.
        let clientRequestID = LogContext.requestID.map { "\($0).\(Identifier.random().description.prefix(8))" }
    }

    /// A small call without a deadline of its own: its deadline allows all tries and the waits between them.
    func smallCall(
        _ operation: ProviderOperation, _ method: String = "GET", _ path: String, json: JSONValue? = nil
    ) -> ProviderCall {
        let seconds = configuration.smallCallSeconds
        return ProviderCall(
            operation: operation, method: method, path: path, body: json.map { .bytes($0.bytes) } ?? .none,
            timeoutSeconds: seconds, deadlineSeconds: seconds * Double(policy.tries) + 60)
    }

    /// Sends a call and parses its JSON reply.
    func json(_ call: ProviderCall) async throws(OpenAIError) -> JSONValue {
        try await retrying(call) { seconds throws(OpenAIError) in try await self.once(call, seconds) }
    }

    /// Runs `attempt`, with the seconds it may take, and repeats it as the policy allows.
    func retrying<Value>(
        _ call: ProviderCall, _ attempt: (Double) async throws(OpenAIError) -> Value
    ) async throws(OpenAIError) -> Value {
        let end = Monotonic.seconds() + call.deadlineSeconds
        var retriesDone = 0
        var mayHaveArrived = false
        var wasRenewed = false
        while true {
            await key.refresh()
            let keyInUse = key.value
            do throws(OpenAIError) {
                let seconds = min(call.timeoutSeconds, end - Monotonic.seconds())
                guard seconds > 0 else { throw OpenAIError(.timedOut) }
                return try await measured(call) { () throws(OpenAIError) in try await attempt(seconds) }
            } catch {
                var error = error
                log(call, error, retriesDone)
                // A token that was renewed meanwhile: nothing was done with the old one.
                if case .api(401, _, _) = error.kind, !wasRenewed, call.canBeSentAgain, await key.renewed(keyInUse) {
                    wasRenewed = true
                    continue
                }
                let remaining = end - Monotonic.seconds()
                let delay = delay(call, error, retriesDone, remaining)
                error.mayHaveArrived = error.mayHaveArrived || mayHaveArrived
                guard let delay else {
                    if error.isForOperator { warn(call, error) }
                    throw error
                }
                mayHaveArrived = error.mayHaveArrived && call.repeats == .always
                try await wait(delay)
                retriesDone += 1
            }
        }
    }

    private func measured<Value>(
        _ call: ProviderCall, _ attempt: () async throws(OpenAIError) -> Value
    ) async throws(OpenAIError) -> Value {
        let begun = Monotonic.nanoseconds()
        do throws(OpenAIError) {
            let value = try await attempt()
            note(call, .ok, since: begun)
            return value
        } catch {
            note(call, ProviderMetrics.Outcome(error), since: begun)
            throw error
        }
    }

    private func note(_ call: ProviderCall, _ outcome: ProviderMetrics.Outcome, since begun: Int) {
        metrics.called(call.operation, outcome, nanoseconds: Monotonic.nanoseconds() - begun)
    }

    private func delay(_ call: ProviderCall, _ error: OpenAIError, _ retriesDone: Int, _ remaining: Double) -> Double? {
        switch call.repeats {
        case .never: return nil
        case .afterSureFailure: if !error.hasSurelyFailed { return nil }
        case .always: break
        }
        if call.conflictIsFinal, case .api(409, _, _) = error.kind { return nil }
        return policy.delay(after: error, retriesDone: retriesDone, remainingSeconds: remaining, random: random())
    }

    func wait(_ seconds: Double) async throws(OpenAIError) {
        do throws(CancellationError) {
            try await loop.sleep(seconds: seconds)
        } catch {
            throw OpenAIError(.cancelled)
        }
    }

    func once(_ call: ProviderCall, _ seconds: Double) async throws(OpenAIError) -> JSONValue {
        let response: OutboundResponse
        do throws(OutboundError) {
            response = try await http.send(request(call, seconds))
        } catch {
            throw OpenAIError(error)
        }
        // Some gateways compress what nobody asked them to compress.
        var body = GzipStream.plain(response.body, bytesMax: call.maxResponseBytes) ?? response.body
        guard (200..<300).contains(response.status) else {
            throw failure(response.status, response.header, body, call.operation)
        }
        log(call, response.status, response.header)
        if body.starts(with: JSONValue.byteOrderMark) { body.removeFirst(JSONValue.byteOrderMark.count) }
        guard let value = try? JSONValue.parse(body) else {
            var error = OpenAIError(.malformed("it is not JSON"), mayHaveArrived: true)
            error.meaning = .between
            throw error
        }
        return value
    }

    func request(_ call: ProviderCall, _ seconds: Double) -> OutboundRequest {
        var request = OutboundRequest(url: configuration.url(call.path))
        request.method = call.method
        request.headers = configuration.headers.fields.map { ($0.name, $0.value) }
        if configuration.headers.credential == nil {
            request.headers.append(("Authorization", "Bearer \(key.value)"))
        }
        request.headers.append(("Accept", "application/json"))
        if case .none = call.body {} else { request.headers.append(("Content-Type", call.contentType)) }
        if let organization = configuration.organization {
            request.headers.append(("OpenAI-Organization", organization))
        }
        if let project = configuration.project { request.headers.append(("OpenAI-Project", project)) }
        if let id = call.clientRequestID { request.headers.append(("X-Client-Request-Id", id)) }
        request.body = call.body
        // curl must not repeat it either, over a kept connection that turns out to be dead.
        request.neverRepeat = call.repeats != .always
        request.timeoutSeconds = seconds
        request.queueSeconds = call.queueSeconds
        request.connectSeconds = min(configuration.connectSeconds, seconds)
        request.maxResponseBytes = call.maxResponseBytes
        return request
    }

    func failure(
        _ status: Int, _ header: (String) -> String?, _ body: [UInt8], _ operation: ProviderOperation
    ) -> OpenAIError {
        OpenAIError(
            status: status, headers: header, body: body, key: key.value, hiding: configuration.headers.secrets,
            now: clock.now(), operation)
    }

    func log(_ call: ProviderCall, _ status: Int, _ header: (String) -> String?) {
        let requestID = SafeText.clean(header("x-request-id") ?? "-", limit: 100)
        logger.debug(
            "openai call",
            metadata: [
                "operation": "\(call.operation.label)", "status": "\(status)",
                "openai_request_id": "\(requestID)", "client_request_id": "\(call.clientRequestID ?? "-")",
            ])
    }

    /// One line with the provider's words, or those of the resolver or of TLS.
    private func warn(_ call: ProviderCall, _ error: OpenAIError) {
        logger.warning(
            "openai call failed",
            metadata: [
                "operation": "\(call.operation.label)", "reason": "\(error.reason)", "words": "\(error.words ?? "-")",
                "openai_request_id": "\(error.requestID ?? "-")",
            ])
    }

    private func log(_ call: ProviderCall, _ error: OpenAIError, _ retriesDone: Int) {
        logger.debug(
            "openai call failed",
            metadata: [
                "operation": "\(call.operation.label)", "reason": "\(error.reason)", "try": "\(retriesDone + 1)",
                "openai_request_id": "\(error.requestID ?? "-")",
                "client_request_id": "\(call.clientRequestID ?? "-")",
            ])
    }
}

extension OpenAIError {
    /// The operator can do something about it: settings, the account, the network.
    fileprivate var isForOperator: Bool {
        switch fault {
        case .account, .model, .form, .between: kind != .cancelled && kind != .sourceFailed
        case .lot, .picture, .pictures, .service: false
        }
    }

    /// Converts a transfer that brought no reply.
    init(_ error: OutboundError) {
        let kind: Kind =
            switch error.kind {
            case .invalidURL, .forbiddenAddress, .resolveFailed, .connectFailed, .tlsFailed, .interrupted: .unavailable
            case .timedOut: .timedOut
            case .tooLarge: .malformed("it is too large")
            case .tooManyRedirects: .malformed("it is a redirect")
            case .sourceFailed: .sourceFailed
            case .cancelled: .cancelled
            }
        self.init(kind, mayHaveArrived: error.mayHaveArrived)
        words = SafeText.clean(error.message)
        if error.kind == .tooManyRedirects { meaning = .between }
    }
}
