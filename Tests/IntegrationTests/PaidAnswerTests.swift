// Paid answers: a database that refuses them, and files that had to wait. The hours pass by a change of `created_at`.
// Loop-bound.
import Engine
import Foundation
import LoadtestKit
import TestSupport
import Testing

@Suite("Paid answers are kept", .timeLimit(.minutes(4)), .serialized)
struct PaidAnswerTests {
    private static func age(_ job: String, hours: Double, _ world: World) async throws {
        try await world.database.session {
            try await $0.execute(
                "UPDATE batch_jobs SET created_at = now() - interval '\(hours) hours' WHERE id = '\(job)'")
        }
    }

    /// Lets the database refuse every description with this code, as a full disk does.
    private static func refuse(_ code: String, _ world: World) async throws {
        try await world.database.session {
            try await $0.execute(
                """
                CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                    RAISE EXCEPTION 'refused by the test' USING ERRCODE = '\(code)'; END $$
                """)
            try await $0.execute(
                """
                CREATE TRIGGER refuse BEFORE INSERT ON lot_results FOR EACH ROW WHEN (NEW.stage = 'vision')
                EXECUTE FUNCTION refuse()
                """)
        }
    }

    private static func accept(_ world: World) async throws {
        try await world.database.session { try await $0.execute("DROP FUNCTION refuse CASCADE") }
    }

    /// Refusals so far that made an answer wait, as the log tells.
    private static func refusals(_ world: World) -> Int {
        world.log.components(separatedBy: "an answer waits for the database").count - 1
    }

    @Test(
        "the answer of the lot ahead of its stage waits for the database, whatever the reason",
        arguments: ["53100", "25006", "40001"])
    func ahead(_ code: String) async throws {
        try await World.run(openAI: BatchFaultTests.options("{}")) { world in
            try await Self.refuse(code, world)
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("an answer waits") { Self.refusals(world) > 0 }
            try await Self.accept(world)
            try await world.waitUntil(job, "completed")
            #expect(world.openAI.requests("POST /v1/responses") == 1)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: near the deadline each lot is paid once although the database refuses the answers for a while")
    func direct() async throws {
        let stuck = #"{"batches": [{"fault": "stuck", "fraction": 0}]}"#
        try await World.run(openAI: BatchFaultTests.options(stuck)) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8])
            let job = try await world.submit(lots)
            try await world.until("the batch is known") {
                try await world.rows("SELECT 1 FROM openai_batches WHERE state = 'submitted'").count == 1
            }
            try await Self.refuse("53100", world)
            try await Self.age(job, hours: 21.5, world)
            try await world.until("all answers wait") {
                world.openAI.requests("POST /v1/responses") == lots.count && Self.refusals(world) >= lots.count - 1
            }
            try await Self.accept(world)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.requests("POST /v1/responses") == lots.count)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C4.4: answers whose file had to wait are collected once more before the job's end")
    func collectedAtTheEnd() async throws {
        let busy = """
            {"routes": [{"route": "GET /v1/files/{id}/content", "fault": "error", "status": 429, "times": 1,
                "retry_after": 3600}]}
            """
        try await World.run(openAI: BatchFaultTests.options(busy)) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("the file has to wait") {
                try await world.rows(
                    """
                    SELECT 1 FROM openai_batches WHERE state = 'ended' AND failures > 0
                        AND not_before BETWEEN now() + interval '500 s' AND now() + interval '600 s'
                    """
                ).count == 1
            }
            try await Self.age(job, hours: 25, world)
            // The job sleeps until its batch is due; a restart looks at its rows at once.
            try await world.crashAndRestart()
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.batches.count == 1)
            try await world.expectSoundBooks(job)
        }
    }
}
