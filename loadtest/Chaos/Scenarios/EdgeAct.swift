// The acts of the scenario `edges`. Thread: the lab's loop.
#if CRASH_POINTS
import Engine

enum EdgeAct: String, CaseIterable {
    /// The account has no quota for a batch, nor for the single lot that is then sent as a probe.
    case quota
    /// A batch is stuck and the job's time runs out.
    case deadline
    /// The request for a batch never arrived.
    case settling
    /// A batch is at work when hardly any time is left.
    case late
    /// A gateway's page comes in place of an answer file.
    case unreadable
    /// A job is cancelled while its batch is being created.
    case stray
    /// A delivery that has ended is sent again.
    case redelivery
    /// Synchronous lots, with an `Idempotency-Key`.
    case oneLot
    /// An orderly stop with jobs and deliveries under way.
    case stop
    /// Jobs that ended long ago.
    case oldJob

    var points: [String] {
        switch self {
        case .quota: Commit.holdUp.points + Commit.dropAsking.points
        case .deadline:
            Commit.lateRecall.points + Commit.askDirectly.points + Self.names([.directAsking])
        case .settling: Commit.settle.points
        case .late: Commit.letGo.points
        case .unreadable: Commit.reread.points
        case .stray: Commit.stray.points
        case .redelivery: Self.names([.redeliverCommitting, .redeliverCommitted])
        case .oneLot: Self.names([.replyStoring, .replyStored, .keyReleasing, .keyReleased])
        case .stop:
            Self.names([
                .deliveryReturning, .deliveryReturned, .jobsHandingOver, .jobsHandedOver, .instanceLeaving,
                .leasesFreed, .instanceLeft,
            ])
        case .oldJob: Self.names([.retireCommitting, .retireCommitted, .pruneCommitting, .pruneCommitted])
        }
    }

    private static func names(_ points: [CrashPoint]) -> [String] { points.map(\.rawValue) }

    /// Faults at the provider.
    var faults: String {
        switch self {
        case .quota:
            """
            {"batches": [{"fault": "fail", "code": "insufficient_quota", "times": 1}],
             "routes": [{"route": "POST /v1/responses", "fault": "status", "status": 429,
                "code": "insufficient_quota", "times": 1}]}
            """
        case .deadline: #"{"batches": [{"fault": "stuck", "fraction": 0.5, "times": 1}]}"#
        case .settling: #"{"routes": [{"route": "POST /v1/batches", "fault": "drop", "times": 1}]}"#
        case .late: #"{"batches": [{"fault": "stuck", "fraction": 0, "times": 1}]}"#
        case .unreadable:
            #"{"routes": [{"route": "GET /v1/files/{id}/content", "fault": "html", "status": 200, "times": 1}]}"#
        case .stray: #"{"routes": [{"route": "POST /v1/batches", "fault": "late_reply", "seconds": 5, "times": 1}]}"#
        case .redelivery, .oneLot, .stop, .oldJob: "{}"
        }
    }
}

/// Performs the acts. Each one ends at any time at which the instance may die.
struct EdgePerformance {
    private static let patience = 120.0

    let lab: Lab
    let tour: CrashTour
    let lots: Int

    func perform(_ act: EdgeAct) async throws {
        switch act {
        case .quota, .settling, .unreadable: try await lab.submit(lab.makeJob(lots: lots))
        case .deadline: try await runOutOfTime(hours: 21.5)
        case .late: try await runOutOfTime(hours: 23.4)
        case .stray: try await cancelCreation()
        case .redelivery: try await sendAnew()
        case .oneLot: try await askAtOnce()
        case .stop: try await stop()
        case .oldJob: try await prune()
        }
        try await lab.waitForAll(seconds: Self.patience)
    }

    private func runOutOfTime(hours: Double) async throws {
        let job = try await lab.submit(lab.makeJob(lots: lots))
        try await lab.until("the provider has the batch", seconds: Self.patience) {
            try await lab.database.exists(LabQueries.isSubmitted, job)
        }
        try await lab.database.age(job, seconds: hours * 3600)
    }

    private func cancelCreation() async throws {
        let job = try await lab.submit(lab.makeJob(lots: lots))
        tour.cancelled.insert(job)
        try await lab.until("the batch is being made", seconds: Self.patience) {
            try await lab.database.exists(LabQueries.isCreating, job)
        }
        try await lab.cancel(job)
    }

    private func sendAnew() async throws {
        let job = try await lab.submit(lab.makeJob(lots: lots))
        try await lab.waitForAll(seconds: Self.patience)
        let rows = try await lab.database.database.query(LabQueries.deliveries)
        for row in rows where row.text(1) == job {
            let path = "/api/v1/webhook-deliveries/\(row.text(0))/redeliver"
            try await answered(path, signing: row.text(0), [], by: [202, 409])
        }
    }

    /// One lot that can be described, and one that cannot: the key of the second may be used again.
    private func askAtOnce() async throws {
        for (picture, status) in [("car", 200), ("missing", 422)] {
            let name = Identifier.random().description
            let body: JSONValue = [
                "lots": [
                    [
                        "lot_id": .string(name),
                        "images": [["url": .string("\(lab.images.baseURL)/\(picture)/\(name).jpg")]],
                    ]
                ]
            ]
            try await answered(
                "/api/v1/generate-descriptions", signing: body.text, [("Idempotency-Key", name)], body.bytes,
                by: [status])
        }
    }

    /// Repeats the request until one of these answers arrives.
    private func answered(
        _ path: String, signing text: String, _ headers: [(String, String)], _ body: [UInt8] = [],
        by statuses: Set<Int>
    ) async throws {
        var last = "no answer"
        let wait = Self.patience
        do {
            try await lab.until("\(path) is answered", seconds: wait) {
                guard let url = lab.upURLs.first else { return false }
                let reply = try await lab.client.send("POST", url + path, signing: text, headers: headers, body: body)
                last = reply.map { "\($0.status) \(String(decoding: $0.body, as: UTF8.self))" } ?? last
                return reply.map { statuses.contains($0.status) } ?? false
            }
        } catch let error as DriverError { throw DriverError("\(error); the last answer: \(last)") }
    }

    /// A receiver takes longer than the stop, and a job waits for its batch.
    private func stop() async throws {
        try lab.setFaults(#"{"batches": [{"fault": "stuck", "fraction": 0, "times": 1}]}"#)
        let job = try await lab.submit(lab.makeJob(lots: lots))
        tour.cancelled.insert(job)
        try await lab.until("the provider has the batch", seconds: Self.patience) {
            try await lab.database.exists(LabQueries.isSubmitted, job)
        }
        let path = "/slow/4/\(Identifier.random())"
        try await lab.submit(lab.makeJob(lots: 1, languages: ["en"]) { _ in [lab.webhooks.baseURL + path] })
        let lives = tour.lives
        try await lab.until("the receiver is told", seconds: Self.patience) {
            lab.webhooks.deliveries.contains { $0.path == path } || tour.lives > lives
        }
        try await tour.restart()
        try await lab.cancel(job)
    }

    private func prune() async throws {
        try await lab.database.makeOldJob()
        try await tour.restart()
        try await lab.until("the old job is gone", seconds: Self.patience) { try await lab.database.oldRows() == 0 }
    }
}
#endif
