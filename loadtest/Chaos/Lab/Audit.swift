// The audit at the end of an experiment: database, provider and receiver must agree with each other and with the
// prediction. Thread: the lab's loop.
import Engine

/// A job's row, with the sums over its lots and batches.
private struct JobBooks {
    let id, status: String
    let total, processed, failed, finals, failedFinals: Int
    let created: Timestamp
    let ended: Timestamp?
    let imagesAgree, usageAgrees, cleansUp: Bool
    let lotRows, ends, births: Int

    init(_ row: Row) {
        (id, status) = (row.text(0), row.text(1))
        (total, processed, failed) = (row.int(2), row.int(3), row.int(4))
        (finals, failedFinals) = (row.int(5), row.int(6))
        (created, ended) = (row.timestamp(7), row.optionalTimestamp(8))
        imagesAgree = row.int(9) == row.int(10)
        (usageAgrees, cleansUp) = (row.bool(11), row.bool(12))
        (lotRows, ends, births) = (row.int(13), row.int(14), row.int(15))
    }
}

extension Lab {
    /// Compares everything; call it after all jobs have ended (``waitForAll(seconds:)``).
    /// - Parameters:
    ///   - cancelled: jobs that the scenario cancelled: their lots need no results.
    ///   - lostResponses: replies to POST /v1/responses that the scenario lost: the service sends such a request again,
    ///     as OpenAI's own SDKs do.
    func audit(cancelled: Set<String> = [], lostResponses: Int = 0) async throws {
        progress.show("comparing the books")
        let books = try await database.database.query(LabQueries.jobs).map(JobBooks.init)
            .filter { !earlier.contains($0.id) }
        auditJobs(books, cancelled)
        try await auditResults(books, cancelled)
        try await auditLedger(lostResponses)
        try await auditChanges()
        try await auditDeliveries(books, cancelled)
        figure("progress_went_back", watch.setbacks.count)
        figure("looks_at_progress", watch.looks)
        for setback in watch.setbacks { found("progress went back: \(setback)") }
    }

    // MARK: Jobs and lots

    private func auditJobs(_ books: [JobBooks], _ cancelled: Set<String>) {
        let known = Dictionary(books.map { ($0.id, $0) }) { first, _ in first }
        figure("jobs", accepted.count)
        found("jobs without an accepted request", books.count - Set(accepted.map(\.id)).intersection(known.keys).count)
        var lost = 0
        for (job, id) in accepted {
            guard let row = known[id] else {
                lost += job.lots.count
                found("an accepted job is missing")
                continue
            }
            if row.lotRows != job.lots.count || row.total != job.lots.count { found("\(id): lots are missing") }
            if row.processed != row.finals || row.failed != row.failedFinals || !row.imagesAgree {
                found("\(id): counts differ from rows")
            }
            if !row.usageAgrees { found("\(id): usage differs from its sum by model") }
            if row.ends != 1 && !cancelled.contains(id) { found("\(id): ended \(row.ends) times") }
            if row.births != 1 { found("\(id): created \(row.births) times") }
            if row.cleansUp { found("\(id): was not cleaned up") }
            if cancelled.contains(id) { continue }
            lost += job.lots.count - row.finals
            if row.status != "completed" { found("\(id): is \(row.status)") }
            if row.failed != job.failedLots {
                found("\(id): \(row.failed) lots failed instead of \(job.failedLots)")
            }
        }
        figure("lots_accepted", accepted.map(\.job.lots.count).reduce(0, +))
        figure("lots_lost", lost)
        found("lots lost", lost)
    }

    /// Every description, byte for byte.
    private func auditResults(_ books: [JobBooks], _ cancelled: Set<String>) async throws {
        var differing = 0
        for (job, id) in accepted where !cancelled.contains(id) {
            guard let identifier = Identifier(id) else { continue }
            let rows = try await database.database.query(LabQueries.results, [.uuid(identifier)])
            for (lot, row) in zip(job.lots, rows) where row.optionalText(1) != lot.result(job.languages).text {
                differing += 1
                if differing == 1 { report.notes.append("\(id) \(lot.id): \(row.optionalText(1) ?? "nothing")") }
            }
        }
        figure("lots_not_as_predicted", differing)
        found("lots not as predicted", differing)
    }

    // MARK: The provider

    private func auditLedger(_ lostResponses: Int) async throws {
        let state = await openAI.state()
        let known = Set(try await database.database.query(LabQueries.batches).map { $0.text(0) })
        let made = (state["batches"]?.array ?? []).filter { $0["status"] != "failed" }
        let strays = made.filter { !known.contains($0["id"]?.string ?? "") }
        let (twice, lines) = (openAI.doubleSubmissions.count, openAI.linesPaidTwice.count)
        let responses = state["paid_responses_twice_count"]?.int ?? 0
        figure("batches_created", made.count)
        figure("batches_created_twice", twice)
        figure("lines_paid", state["paid_lines"]?.int ?? 0)
        figure("lines_paid_twice", lines)
        figure("responses_paid_twice", responses)
        found("batches created twice", twice)
        found("lines paid twice", lines)
        found("responses paid twice", max(0, responses - lostResponses))
        found(
            "batches unknown to the database",
            strays.count { !["cancelled", "cancelling"].contains($0["status"]?.string) })
        let files = Set(try await database.database.query(LabQueries.files).map { $0.text(0) })
        let left = (state["files"]?.array ?? []).filter {
            $0["purpose"] == "batch" && !files.contains($0["id"]?.string ?? "")
        }
        figure("files_left_behind", left.count)
    }

    // MARK: States

    private func auditChanges() async throws {
        var (changes, illegal, redelivered) = (0, 0, 0)
        for row in try await database.database.query(LabQueries.changes) {
            changes += row.int(3)
            // Legal only where the scenario asked for it.
            if row.text(0) == "delivery", row.text(2) == "pending" {
                redelivered += row.int(3)
                continue
            }
            guard !Transitions.areLegal(row.text(0), from: row.text(1), to: row.text(2)) else { continue }
            illegal += row.int(3)
            found("illegal transition: \(row.text(0)) \(row.text(1)) -> \(row.text(2))", row.int(3))
        }
        let asked = try await database.database.query(LabQueries.redeliveries).first?.int(0) ?? 0
        found("deliveries repeated without a request", max(0, redelivered - asked))
        figure("transitions", changes)
        figure("illegal_transitions", illegal)
    }

    // MARK: Webhooks

    private func auditDeliveries(_ books: [JobBooks], _ cancelled: Set<String>) async throws {
        let ends = Dictionary(books.map { ($0.id, ($0.created, $0.ended)) }) { first, _ in first }
        let arrivals = Dictionary(grouping: webhooks.deliveries, by: \.path)
        var rows: [String: (id: String, status: String)] = [:]
        for row in try await database.database.query(LabQueries.deliveries) {
            rows["\(row.text(1)) \(row.text(2))"] = (row.text(0), row.text(3))
        }
        var tally = DeliveryTally()
        for (job, id) in accepted {
            for hook in job.hooks {
                let path = String(hook.dropFirst(webhooks.baseURL.count))
                let got = arrivals[path] ?? []
                tally.add(
                    got, row: rows["\(id) \(hook)"], mustFail: path.hasPrefix("/status/") || path.hasPrefix("/hang/"))
                guard !cancelled.contains(id), let end = ends[id], let ended = end.1 else { continue }
                let expected = job.webhookBody(hook, id: id, created: end.0, ended: ended)
                if got.contains(where: { $0.body != expected }) { tally.differing += 1 }
            }
        }
        figure("deliveries", tally.count)
        figure("deliveries_lost", tally.lost)
        figure("arrivals", webhooks.deliveries.count)
        figure("arrivals_repeated_after_success", tally.repeated)
        found("deliveries lost", tally.lost)
        found("webhook bodies not as predicted, or not the same each time", tally.differing)
        found("a repeat with a different webhook-id", tally.otherID)
        found("a wrong signature", tally.unsigned)
        found("deliveries with a wrong booking", tally.booked)
    }
}

/// Deliveries by the receiver's records.
private struct DeliveryTally {
    var count = 0
    var lost = 0
    var repeated = 0
    var differing = 0
    var otherID = 0
    var unsigned = 0
    var booked = 0

    /// - Parameter mustFail: the receiver never accepts it.
    mutating func add(_ got: [WebhookDelivery], row: (id: String, status: String)?, mustFail: Bool) {
        count += 1
        guard let row, !got.isEmpty else {
            lost += 1
            return
        }
        if row.status != (mustFail ? "failed" : "delivered") { booked += 1 }
        if got.contains(where: { $0.header("webhook-id") != row.id }) { otherID += 1 }
        if got.contains(where: { $0.signatureIsValid != true || $0.standardSignatureIsValid != true }) { unsigned += 1 }
        if Set(got.map(\.body)).count != 1 { differing += 1 }
        let fails = got[0].path.hasPrefix("/fail/") ? Int(got[0].path.split(separator: "/")[1]) ?? 0 : 0
        if !mustFail { repeated += max(0, got.count - fails - 1) }
    }
}
