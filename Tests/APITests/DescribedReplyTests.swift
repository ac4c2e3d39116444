// Real replies of every operation, and real webhooks, against the API document: every status, member and type is
// described. ErrorTableTests checks each error against the schema of its code.
import Engine
import LoadtestKit
import TestSupport
import Testing

@testable import Server

@Suite("Replies as the API document describes them", .timeLimit(.minutes(3)))
struct DescribedReplyTests {
    /// Statuses that depend on the content of a request or on time limits, not on the operation.
    private static let ofErrorTable: Set = [408, 413, 415, 422, 500, 502, 504]

    @Test("C4: every operation, with every status outside the error table")
    func everyStatus() async throws {
        let seen = Lock<Set<String>>([])
        try await Outside.with { server, outside, database in
            let witness = Witness(server: server, seen: seen)
            let lot = SynchronousTests.body([outside.imagesURL + "/car/1.jpg"], languages: ["ru", "en"])
            try await witness.ask("generateDescriptions", body: lot)
            let twins = AcceptTests.body([AcceptTests.lot(0), AcceptTests.lot(0)])
            try await witness.ask("generateDescriptions", body: twins)
            try await Self.jobs(witness, database)
            try await Self.kept(witness)
            try await Self.refused(witness)
        }
        // Healthy after the background work's first heartbeat.
        try await Outside.with(runsBackground: true) { server, _, _ in
            let witness = Witness(server: server, seen: seen)
            try await onLoop { loop in
                while try await witness.ask("getHealth").status != 200 { try await loop.sleep(seconds: 0.05) }
            }
        }
        try await TestServer.with(["RATE_LIMIT_POLL": "1", "RATE_LIMIT_BATCH": "1"]) { server, _ in
            for _ in 0..<2 { try await Self.all(Witness(server: server, seen: seen)) }
        }
        let server = try await TestServer.start(database: "postgresql://nobody@127.0.0.1:9/none")
        try await Self.all(Witness(server: server, seen: seen))
        await server.stop()
        let described = APIDocument.operations.flatMap { operation in
            (operation.json["responses"]?.memberNames ?? []).filter { !Self.ofErrorTable.contains(Int($0) ?? 0) }
                .map { "\(operation.id) \($0)" }
        }
        #expect(Set(described).subtracting(seen.withLock { $0 }).sorted() == [])
    }

    private static func all(_ witness: Witness) async throws {
        for operation in APIDocument.operations { try await witness.ask(operation.id) }
    }

    /// A job in each status, with a failed delivery that has the job's id. Each operation runs twice, because some are
    /// not possible a second time.
    private static func jobs(_ witness: Witness, _ database: String) async throws {
        let lot = FinishedLot(
            lotID: "a", error: nil, processedImages: 1, descriptions: [("en", "<p>A dent.</p>")], missingImages: [])
        for status in JobStatus.allCases {
            let job = Identifier.random().description
            try await PollTests.makeJob(database, id: job, status: status.rawValue)
            try await onDatabase(database) { session in
                try await session.execute(
                    """
                    UPDATE lot_results SET payload = '\(lot.json.text)';
                    INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event, status)
                        VALUES ('\(job)', '\(job)', 'http://a.test/', 'batch_job_completed', 'failed')
                    """)
            }
            for operation in APIDocument.operations where operation.path.contains("{") {
                for _ in 0..<2 { try await witness.ask(operation.id, job) }
            }
        }
    }

    /// The client's current position.
    private static func kept(_ witness: Witness) async throws {
        for operation in APIDocument.operations where operation.parameters.contains("IfNoneMatch") {
            try await witness.ask(operation.id, headers: [("If-None-Match", "*")])
        }
    }

    /// Bad requests to each operation.
    private static func refused(_ witness: Witness) async throws {
        try await all(witness)
        for operation in APIDocument.operations {
            try await witness.ask(operation.id, method: "DELETE")
            try await witness.ask(operation.id, headers: [("Host", "second")])
            try await witness.ask(operation.id, headers: [("X", String(repeating: "x", count: 17_000))])
            try await witness.ask(operation.id, signature: .none)
            try await witness.ask(operation.id, signature: .wrong)
        }
    }

    @Test("C2.5, C6.1: jobs that the service completed, failed and cancelled, and their webhooks")
    func realJobs() async throws {
        let deliveries = Lock<[WebhookDelivery]>([])
        try await onLoop("receiver") { loop in
            var options = WebhooksOptions()
            options.received = { delivery in deliveries.withLock { $0.append(delivery) } }
            let receiver = try WebhooksSimulator.start(on: loop, options: options)
            let hook = receiver.baseURL + "/hook"
            let result: Result<Void, any Error>
            do {
                try await Outside.with(runsBackground: true) { server, outside, _ in
                    let witness = Witness(server: server, seen: Lock([]))
                    for images in [
                        ["/car/1.jpg", "/missing/2"], ["/missing/1", "/missing/2"], ["/slow/60/car/1.jpg"],
                    ] {
                        let job = try await witness.batch(images.map { outside.imagesURL + $0 }, webhook: hook)
                        // The first two end by themselves.
                        if images.count == 1 { try await witness.ask("cancelBatchJob", job) }
                        try await witness.follow(job)
                    }
                }
                result = .success(())
            } catch { result = .failure(error) }
            await receiver.close()
            try result.get()
        }
        let found = deliveries.withLock { $0 }
        let events = found.compactMap { APIContract.body(of: $0)["event"]?.string }
        #expect(Set(events) == Set(JobStatus.allCases.compactMap(\.endEvent)))
        for delivery in found { #expect(APIContract().problems(of: delivery) == []) }
    }
}
