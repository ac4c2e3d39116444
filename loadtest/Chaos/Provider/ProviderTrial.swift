// Runs one row of the table against a process of the service, and judges it. Thread: the lab's loop.
import Engine

/// The outcome of one row.
struct ProviderResult {
    let name: String
    var seconds = 0.0
    var batches = 0
    var lines = 0
    var calls = 0
    var madeTwice = 0
    var paidTwice = 0
    var lost = 0
    var unbookedTokens = 0
    /// Requests by place, and the most in ten seconds.
    var requests: [ProviderPlace: Int] = [:]
    var problems: [String] = []
}

final class ProviderTrial {
    static let pollSeconds = 0.5
    /// Instead of ten minutes.
    static let settleSeconds = 5.0
    private static let patience = 90.0

    private let lab: Lab
    private let row: ProviderCase
    private var result: ProviderResult
    private var ledgerStart = 0
    private var batchesStart = 0
    private var requestsStart: [ProviderPlace: Int] = [:]

    init(_ lab: Lab, _ row: ProviderCase) { (self.lab, self.row, result) = (lab, row, ProviderResult(name: row.name)) }

    func run() async throws -> ProviderResult {
        try await lab.database.forgetAccounts()
        try await restart()
        if row.foreignBatches > 0 { try lab.openAI.addForeignBatches(row.foreignBatches) }
        ledgerStart = await lab.openAI.ledger().count
        batchesStart = lab.openAI.batches.count
        for place in ProviderPlace.allCases { requestsStart[place] = lab.openAI.requests(place.rawValue) }
        let job = lab.makeJob(lots: row.lots, languages: row.languages)
        try lab.setFaults(Self.clean)
        try lab.setFaults(row.faults.replacing("JOB", with: "\(job.number)"))
        let begun = Monotonic.seconds()
        do {
            switch row.work {
            case .job, .cancelledEarly, .cancelledLate: try await runJob(job)
            case .lot(let statuses): try await describe(job.lots[0], job, statuses)
            }
        } catch let error as DriverError {
            result.problems.append("\(error)")
        }
        result.seconds = Monotonic.seconds() - begun
        try lab.setFaults(Self.clean)
        if row.refusesResults { try await lab.database.refuseResults(false) }
        return result
    }

    static let clean =
        #"{"routes": [], "lines": [], "batches": [], "models": [], "shutdown": []}"#

    /// A fresh process, and an account without a past: what one case teaches must not help the next.
    private func restart() async throws {
        let instance = lab.instances[0]
        try await instance.killHard()
        try instance.launch(row.settings)
        try check(try await instance.becomesReady(), "the instance ended at once; its log: \(instance.log)")
    }

    // MARK: Jobs

    private func runJob(_ job: LabJob) async throws {
        if row.refusesResults { try await lab.database.refuseResults(true) }
        let id = try await lab.submit(job)
        let acts = LoopTask(on: lab.loop) { try await self.act(on: id) }
        do {
            try await lab.until("\(row.name): the job has ended", seconds: Self.patience) {
                guard let money = try await self.lab.database.money(of: id) else { return false }
                return !["pending", "processing", "translating"].contains(money.status) && !money.cleansUp
            }
        } catch let error as DriverError {
            let money = try await lab.database.money(of: id)
            result.problems.append("\(error), \(money?.status ?? ""): \(money?.error ?? "")")
            // The next case needs a quiet service.
            try lab.setFaults(Self.clean)
            try await lab.cancel(id)
        }
        acts.cancel()
        try await lab.loop.sleep(seconds: row.tailSeconds)
        try await waitForBatches()
        try await judgeLedger(job, id)
        try await judgeOutcome(job, id)
        judgeCalls()
    }

    private func act(on id: String) async throws {
        if let kill = row.kill {
            let before = requestsStart[kill.at, default: 0]
            try await lab.until("\(kill.at.rawValue) is called", seconds: Self.patience) {
                self.lab.openAI.requests(kill.at.rawValue) > before
            }
            try await lab.loop.sleep(seconds: kill.after)
            try await restart()
        }
        switch row.work {
        case .cancelledEarly:
            try await lab.until("the batch is being made", seconds: Self.patience) {
                try await self.lab.database.exists(LabQueries.isCreating, id)
            }
            try await lab.cancel(id)
        case .cancelledLate:
            try await lab.until("the provider works on the batch", seconds: Self.patience) {
                try await self.lab.database.exists(LabQueries.isSubmitted, id)
                    && self.lab.openAI.batches.last?.status == .inProgress
            }
            try await lab.cancel(id)
        case .job, .lot: break
        }
        if let seconds = row.healsAfter {
            try await lab.loop.sleep(seconds: seconds)
            try lab.setFaults(Self.clean)
            if row.refusesResults { try await lab.database.refuseResults(false) }
        }
    }

    /// Batches that are still at work at the provider after the job's end cost money for nothing.
    private func waitForBatches() async throws {
        do {
            try await lab.until("\(row.name): no batch is at work", seconds: 30) {
                _ = await self.lab.openAI.state()
                return self.lab.openAI.batches.allSatisfy { $0.status.hasEnded }
            }
        } catch is DriverError {
            let left = lab.openAI.batches.filter { !$0.status.hasEnded }
            result.problems.append("\(left.count) batches are at work after the end: \(left.map(\.status))")
            // They must not disturb the next case.
            await lab.openAI.endAllBatches()
        }
    }

    // MARK: The verdict

    private func ledger(_ job: LabJob) async -> ProviderLedger {
        let marks = Set(job.lots.map(\.id))
        return ProviderLedger(Array(await lab.openAI.ledger().dropFirst(ledgerStart))) { marks.contains($0) }
    }

    private func judgeLedger(_ job: LabJob, _ id: String) async throws {
        let ledger = await ledger(job)
        let stored = try await lab.database.stored(of: id)
        let positions = Dictionary(uniqueKeysWithValues: job.lots.enumerated().map { ($0.element.id, $0.offset) })
        (result.lines, result.calls, result.paidTwice) = (ledger.lines, ledger.calls, ledger.paidTwice)
        result.batches = lab.openAI.batches.count - batchesStart
        result.madeTwice = BatchDoubles.count(await lab.openAI.state(), since: batchesStart)
        let isCancelled = row.work == .cancelledEarly || row.work == .cancelledLate
        if !isCancelled {
            let lost = ledger.lost {
                stored.contains("\($0.isTranslation ? "translation" : "vision") \(positions[$0.mark] ?? -1)")
            }
            result.lost = lost.count
        }
        if row.isBooked, let money = try await lab.database.money(of: id) {
            result.unbookedTokens =
                ledger.inputTokens + ledger.outputTokens - money.inputTokens - money.outputTokens
        }
        expect("batches made twice", result.madeTwice, row.madeAgainMax)
        expect("lines paid twice", result.paidTwice, row.paidAgainMax)
        expect("answers lost", result.lost, row.lostMax)
        expect("answers of one lot and stage", ledger.mostOfOne, 4)
        expect("keys sent to another host", lab.openAI.keysElsewhere, 0)
        if result.unbookedTokens != 0 { result.problems.append("\(result.unbookedTokens) tokens not booked") }
    }

    private func expect(_ what: String, _ count: Int, _ most: Int) {
        if count > most { result.problems.append("\(what): \(count)" + (most > 0 ? " instead of \(most)" : "")) }
    }

    private func judgeOutcome(_ job: LabJob, _ id: String) async throws {
        let results = try await lab.database.results(of: id)
        let money = try await lab.database.money(of: id)
        if row.work == .cancelledEarly || row.work == .cancelledLate {
            if money?.status != "cancelled" { result.problems.append("the job is \(money?.status ?? "gone")") }
            return
        }
        var wrong: [String] = []
        for (number, lot) in job.lots.enumerated() {
            let text = results.indices.contains(number) ? results[number] : nil
            guard !isRight(text, lot, number, job.languages) else { continue }
            wrong.append("lot \(number): \(Self.reason(text))")
        }
        guard let first = wrong.first else { return }
        result.problems.append("\(wrong.count) lots not as expected, \(first) (job: \(money?.error ?? "no message"))")
    }

    private func isRight(_ text: String?, _ lot: LabLot, _ number: Int, _ languages: [String]) -> Bool {
        let json = text.flatMap { try? JSONValue.parse(Array($0.utf8)) } ?? .null
        switch row.outcome {
        case .any: return true
        case .allFail: return json["status"] == "failed"
        case .lotsFail(let numbers) where numbers.contains(number): return json["status"] == "failed"
        case .described, .lotsFail: return isAsPredicted(text, lot, languages)
        case .without(let part):
            let urls = lot.good.filter { $0.contains(part) }
            return urls.isEmpty
                ? isAsPredicted(text, lot, languages) : text == lot.without(urls).result(languages).text
        }
    }

    /// Hostile HTML is cleaned, so only the description's presence counts there.
    private func isAsPredicted(_ text: String?, _ lot: LabLot, _ languages: [String]) -> Bool {
        if row.faults.contains("hostile_html") { return text?.contains("<script") == false }
        return text == lot.result(languages).text
    }

    private static func reason(_ text: String?) -> String {
        guard let text, let json = try? JSONValue.parse(Array(text.utf8)) else { return "no result" }
        return json["error"]?.string ?? String(text.prefix(200))
    }

    private func judgeCalls() {
        for place in ProviderPlace.allCases {
            let count = lab.openAI.requests(place.rawValue) - requestsStart[place, default: 0]
            result.requests[place] = count
            let polls = Int(Double(result.batches) * (Monotonic.seconds() / Self.pollSeconds)) + 20
            let most = row.callsMax[place] ?? (place == .poll ? polls : place.callsMax)
            if count > most { result.problems.append("\(count) calls of \(place.rawValue) instead of \(most)") }
        }
    }

    // MARK: One lot

    private func describe(_ lot: LabLot, _ job: LabJob, _ statuses: [Int]) async throws {
        let body: JSONValue = [
            "languages": JSONValue(job.languages),
            "lots": [lot.requestAlone],
        ]
        let reply = try await lab.client.send(
            "POST", lab.instances[0].baseURL + "/api/v1/generate-descriptions", signing: body.text, body: body.bytes,
            seconds: 330)
        try await lab.loop.sleep(seconds: row.tailSeconds)
        let ledger = await ledger(job)
        (result.calls, result.paidTwice) = (ledger.calls, ledger.paidTwice)
        let status = reply?.status ?? 0
        if !statuses.contains(status) {
            let text = reply.map { String(decoding: $0.body.prefix(300), as: UTF8.self) } ?? "no answer"
            result.problems.append("status \(status) instead of \(statuses): \(text)")
        }
        if status != 200 { result.lost = ledger.lost { _ in false }.count }
        expect("calls paid twice", result.paidTwice, row.paidAgainMax)
        expect("answers lost", result.lost, row.lostMax)
        expect("answers of one lot and stage", ledger.mostOfOne, 3)
        judgeCalls()
    }
}
