// The reasons of missing pictures, and failures that were about pictures. Loop-bound.
import TestSupport
import Testing

@testable import Engine

@Suite("Missing pictures", .timeLimit(.minutes(1)))
struct MissingPicturesTests {
    private static let job = Identifier.random()
    private static let batch = Identifier.random()

    /// A lot with two pictures, of which one is missing, and a failed line; as the version before wrote them.
    private static let rows = """
        INSERT INTO batch_jobs (id, status, version, languages, total_lots, webhook_configured)
            VALUES ('\(job)', 'processing', '1.0.0', '{en}', 1, false);
        INSERT INTO batch_lots (job_id, position, lot_id, images, image_count)
            VALUES ('\(job)', 0, 'a', '["u","v"]', 2);
        INSERT INTO lot_results (job_id, stage, position, succeeded, images, payload)
            VALUES ('\(job)', 'images', 0, true, 1, '["v"]');
        INSERT INTO openai_batches (id, job_id, stage, round, sequence, state, model, positions, account)
            VALUES ('\(batch)', '\(job)', 'vision', 1, 1, 'collected', 'm', '{0}', 'mine');
        INSERT INTO line_failures (shard_id, job_id, stage, round, position, reason, image_download, curable)
            VALUES ('\(batch)', '\(job)', 'vision', 1, 0, 'why', true, true)
        """

    private static func withRows(
        _ body: @escaping @Sendable (DatabaseSession) async throws -> Void
    ) async throws {
        try await withDatabase { database in
            _ = try await database.session {
                try await Migrator.run($0, migrations: Array(Migrations.all.prefix { $0.number < 8 }))
            }
            try await database.script(rows)
            try await database.session { session in
                _ = try await Migrator.run(session, migrations: Migrations.all)
                try await body(session)
            }
        }
    }

    private static func remaining(_ session: DatabaseSession) async throws -> RemainingLot? {
        try await RemainingLots.page(session, job: job, stage: .vision, positions: 0..<1, limit: 1).first
    }

    @Test("rows of the version before have no reasons, and their failures count")
    func versionBefore() async throws {
        try await Self.withRows { session in
            let lot = try #require(try await LotInputs.vision(session, job: Self.job, positions: [0]).first)
            #expect(lot.missing == #"["v"]"# && lot.missingReasons == nil)
            let left = try #require(try await Self.remaining(session))
            #expect(left.failures == 1 && !left.isWithoutRefused && left.imageDownloadFailed)
        }
    }

    @Test("a correction keeps the reasons, and a failure that is about pictures is no attempt")
    func refused() async throws {
        try await Self.withRows { session in
            var pictures = LotPictures(urls: ["u", "v"], missing: ["v"])
            pictures.lose("u", because: "too large")
            try await ImageWork.correct(session, job: Self.job, [StageResult(position: 0, pictures)])
            let lot = try #require(try await LotInputs.vision(session, job: Self.job, positions: [0]).first)
            #expect(try LotPictures(lot).reason(of: "u") == "too large")

            let second = try await ProviderBatches.insert(
                session, job: Self.job, stage: .vision, round: 2, state: .planned, model: "m", account: "mine",
                PlannedLots(positions: [0], tokens: 1, inlineImages: false))
            let batch = try #require(try await ProviderBatches.load(session, job: Self.job).first { $0.id == second })
            var failure = LineFailure(position: 0, reason: "refused", imageDownload: false, curable: true)
            failure.isOfPictures = true
            let stored = try await LineFailures.store(session, batch: batch, job: Self.job, [failure])
            #expect(stored == [0])
            let left = try #require(try await Self.remaining(session))
            #expect(left.failures == 1 && left.isWithoutRefused && left.lastReason == "refused")
            #expect(!Rounds.isHopeless(left, inRound: 4) && Rounds.isHopeless(left, inRound: 9))
        }
    }
}
