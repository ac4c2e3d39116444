// A batch with predictable results. Values; any thread.
import Engine

/// One lot: two good pictures; every seventh has a third one that is missing, every 50th has no usable one, and every
/// 50th asks the model to refuse.
struct LabLot: Sendable {
    /// For a fault plan's `lines`: the model refuses these lots.
    static let refusal = #"{"fault": "refusal", "contains": "to be refused"}"#

    /// Stands before the lot's name in its request, and so in the provider's ledger.
    static let mark = "Car "

    let id: String
    let good: [String]
    let missing: [String]
    let hook: String
    let isRefused: Bool

    init(_ number: Int, of job: Int, pictures: String, hook: String) {
        id = "job-\(job)-lot-\(number)"
        self.hook = hook
        let fails = number % 50 == 49
        good = fails ? [] : (1...2).map { "\(pictures)/car/\(job)-\(number)/\($0).jpg" }
        isRefused = number % 50 == 23
        missing = fails || number % 7 == 3 ? ["\(pictures)/missing/\(job)-\(number).jpg"] : []
    }

    private init(_ lot: LabLot, good: [String], missing: [String]) {
        (id, hook, isRefused, self.good, self.missing) = (lot.id, lot.hook, lot.isRefused, good, missing)
    }

    /// The same lot after these of its pictures were found unusable.
    func without(_ pictures: [String]) -> LabLot {
        let all = good + missing
        return LabLot(
            self, good: good.filter { !pictures.contains($0) },
            missing: all.filter { pictures.contains($0) || missing.contains($0) })
    }

    var request: JSONValue {
        [
            "lot_id": .string(id), "webhook": .string(hook),
            "additional_info": .string(
                "\(LabLot.mark)\(id), «повреждение» \u{1F697}\(isRefused ? ", to be refused" : "")"),
            "images": .array((good + missing).map { ["url": .string($0)] }),
        ]
    }

    /// Without a receiver, which would make a job of it; its good pictures only.
    var requestAlone: JSONValue {
        [
            "lot_id": .string(id), "additional_info": .string("\(LabLot.mark)\(id), alone"),
            "images": .array(good.map { ["url": .string($0)] }),
        ]
    }

    /// nil: a description is expected.
    var error: String? {
        if good.isEmpty { return "None of the lot's images could be used" }
        return isRefused ? "The model refused to describe this lot: I'm sorry, I can't help with that." : nil
    }

    /// The expected text in results and webhooks, byte for byte.
    func result(_ languages: [String]) -> JSONValue {
        let english = SimulatedAnswer.text(imageURLs: good)
        let texts = languages.map { language -> JSONValue in
            let text = language == "en" ? english : SimulatedAnswer.text(english: english, language: language)
            return ["language": .string(language), "damages": .string(text)]
        }
        var members: [(String, JSONValue)] = [
            ("lot_id", .string(id)), ("status", error == nil ? "completed" : "failed"),
            ("processed_images", .int(good.count)), ("descriptions", error == nil ? .array(texts) : []),
            ("missing_images", JSONValue(missing)),
        ]
        if let error { members.append(("error", .string(error))) }
        return .object(members)
    }
}

struct LabJob: Sendable {
    let number: Int
    let lots: [LabLot]
    let languages: [String]
    /// The `Idempotency-Key`.
    let key: String
    /// The request's body.
    let text: String

    /// - Parameter hooks: the lots name them in turn.
    init(_ number: Int, lots count: Int, languages: [String], pictures: String, hooks: [String], seed: Int) {
        self.number = number
        self.languages = languages
        lots = (0..<count).map { LabLot($0, of: number, pictures: pictures, hook: hooks[$0 % hooks.count]) }
        key = "lab-\(seed)-\(number)"
        let body: JSONValue = ["languages": JSONValue(languages), "lots": .array(lots.map(\.request))]
        text = body.text
    }

    var failedLots: Int { lots.count { $0.error != nil } }
    var hooks: [String] { Set(lots.map(\.hook)).sorted() }

    /// The body that `hook` must get after the job has ended at `end`.
    func webhookBody(_ hook: String, id: String, created: Timestamp, ended: Timestamp) -> [UInt8] {
        let summary: JSONValue = [
            "total_lots": .int(lots.count), "processed_lots": .int(lots.count), "failed_lots": .int(failedLots),
            "total_processing_time": .string(DurationText.of(seconds: ended - created)),
        ]
        let body: JSONValue = [
            "event": "batch_job_completed", "job_id": .string(id), "status": "completed",
            "completed_at": .string(ended.description), "processing_summary": summary,
            "lots": .array(lots.filter { $0.hook == hook }.map { $0.result(languages) }),
        ]
        return body.bytes
    }
}
