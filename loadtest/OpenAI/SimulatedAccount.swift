// All state of one simulated OpenAI account. Thread: its loop; loop-bound.
import Engine

/// Options of a simulator. Durations are seconds of simulated time.
public struct OpenAIOptions {
    /// The only accepted key; nil: any.
    public var apiKey: String?
    public var clock = SimClock.system()
    /// From the creation of a batch to its completion.
    public var batchSeconds = 5.0
    /// Duration of POST /v1/responses.
    public var responseSeconds = 0.0
    /// Download pictures that requests name by URL, as the real API does.
    public var fetchImages = false
    /// The ledger keeps the word after this text in a request (``PaidAnswer/mark``).
    public var ledgerMark: String?
    /// A fault plan (see `FaultPlan`).
    public var faults: JSONValue = .object([])

    public init() {}
}

final class SimulatedAccount {
    let loop: Loop
    let options: OpenAIOptions
    let clock: SimClock
    var plan: FaultPlan
    var books = Books()
    private(set) var files: FileStore
    private(set) lazy var batches = BatchStore(account: self, seed: plan.seed)
    private(set) lazy var engine = ResponseEngine(account: self)
    private let http: HTTPClient?
    var isClosed = false
    private let planAtStart: FaultPlan

    init(on loop: Loop, options: OpenAIOptions) throws(FaultPlanError) {
        self.loop = loop
        self.options = options
        clock = options.clock
        var plan = FaultPlan()
        try plan.apply(options.faults)
        self.plan = plan
        planAtStart = plan
        files = FileStore(seed: plan.seed)
        http = options.fetchImages ? HTTPClient(on: loop) : nil
        engine.download = http.map { http in { await PictureDownloader(http: http).problem($0) } }
    }

    func close() async {
        isClosed = true
        await batches.finishWork()
        await http?.close()
    }

    /// Resets everything but the options; the fault plan is again the one of the start.
    func reset() async {
        await batches.reset()
        files.removeAll()
        engine.forget()
        books = Books()
        plan = planAtStart
    }

    /// `GET /_sim/state`.
    var state: JSONValue {
        let now = clock.now
        let batchList = batches.all.map { batch -> JSONValue in
            [
                "id": .string(batch.id), "status": .string(batch.status.rawValue),
                "input_file_id": .string(batch.input.id), "input_digest": .string(batch.inputDigest),
                "metadata": batch.metadata, "model": JSONValue(batch.model), "lines": .int(batch.lines.count),
                "enqueued_tokens": .int(batch.enqueuedTokens), "created_at": .double(batch.createdAt),
            ]
        }
        let doubles = doubleSubmissions.map {
            JSONValue.object([("reason", .string($0.reason)), ("batches", JSONValue($0.batches))])
        }
        let known = batches.all.compactMap { ($0.metadata.members ?? []).isEmpty ? nil : $0.metadata.text }
        let counts = Dictionary(known.map { ($0, 1) }, uniquingKeysWith: +).sorted { $0.key < $1.key }
        return .object(
            books.json + [
                ("batches_by_metadata", .object(counts.map { ($0.key, .int($0.value)) })),
                ("now", .double(now)), ("batches", .array(batchList)), ("double_submissions", .array(doubles)),
                ("files", .array(files.all.map(\.json))), ("fault_seed", .int(plan.seed)),
            ])
    }

    /// Batches that did not fail and have the same input content, or the same metadata.
    var doubleSubmissions: [(reason: String, batches: [String])] {
        let living = batches.all.filter { $0.status != .failed }
        return SimulatedAccount.doubles("same_input", living) { $0.inputDigest }
            + SimulatedAccount.doubles("same_metadata", living) {
                ($0.metadata.members ?? []).isEmpty ? "" : $0.metadata.text
            }
    }

    private static func doubles(
        _ reason: String, _ batches: [Batch], key: (Batch) -> String
    ) -> [(reason: String, batches: [String])] {
        Dictionary(grouping: batches, by: key).filter { !$0.key.isEmpty && $0.value.count > 1 }.values
            .map { (reason, $0.map(\.id)) }.sorted { $0.1[0] < $1.1[0] }
    }
}
