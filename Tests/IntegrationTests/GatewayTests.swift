// A gateway between the service and OpenAI that answers in its own way: no batch is given up, no paid answer is lost.
// Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("OpenAI behind a gateway", .timeLimit(.minutes(5)), .serialized)
struct GatewayTests {
    /// All lots are described, by one batch; nothing is paid twice.
    private static func expectOneBatch(_ faults: [String]) async throws {
        let plan = #"{"routes": [\#(faults.joined(separator: ", "))]}"#
        try await World.run(openAI: BatchFaultTests.options(plan)) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(world.openAI.batches.count == 1)
            #expect(world.openAI.requests("POST /v1/batches") == 1)
            #expect(try await world.client.status(job)["error_message"] == .null)
            try await world.expectSoundBooks(job)
        }
    }

    @Test(
        "one 404, redirect, login page or empty reply gives no batch up",
        arguments: ["GET /v1/batches/{id}", "GET /v1/files/{id}/content"],
        [
            #""fault": "html", "status": 404"#, #""fault": "error", "status": 404"#,
            #""fault": "empty", "status": 404"#, #""fault": "login""#,
        ])
    func notFound(_ route: String, _ fault: String) async throws {
        try await Self.expectOneBatch([#"{"route": "\#(route)", \#(fault), "times": 1}"#])
    }

    @Test(
        "C5.4: an answer file that cannot be read, or not whole, is read again",
        arguments: [
            #""fault": "cut", "times": 2"#, #""fault": "gzip""#, #""fault": "html", "status": 200, "times": 2"#,
            #""fault": "raw", "status": 200, "body": "{\"error\":{\"message\":\"busy\"}}", "times": 2"#,
            #""fault": "empty", "status": 200, "times": 2"#, #""fault": "redirect", "status": 302, "to": "host""#,
        ])
    func unreadable(_ fault: String) async throws {
        try await Self.expectOneBatch([#"{"route": "GET /v1/files/{id}/content", \#(fault)}"#])
    }

    @Test("C5.4: a completed batch without file ids, and a provider without counts, lose nothing")
    func bare() async throws {
        try await Self.expectOneBatch([#"{"route": "GET /v1/batches/{id}", "fault": "no_files", "times": 2}"#])
        try await Self.expectOneBatch([
            #"{"route": "GET /v1/batches/{id}", "fault": "no_counts"}"#,
            #"{"route": "GET /v1/files/{id}/content", "fault": "html", "status": 200, "times": 1}"#,
        ])
    }

    @Test("C5.4: while an answer file is not whole the job waits, says so, and its file is kept")
    func waits() async throws {
        let plan = #"{"routes": [{"route": "GET /v1/files/{id}/content", "fault": "html", "status": 200}]}"#
        try await World.run(openAI: BatchFaultTests.options(plan)) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("the job says that it waits") {
                try await world.client.status(job)["error_message"]?.string?.contains("readable lines") == true
            }
            #expect(world.openAI.requests("DELETE /v1/files/{id}") == 0)
            try world.setFaults(#"{"routes": []}"#)
            try await world.waitUntil(job, "completed")
            #expect(world.openAI.batches.count == 1)
            try await world.expectSoundBooks(job)
        }
    }

    @Test(
        "C4.3, C5.9: a cancellation that a gateway refuses is sent again",
        arguments: [#""fault": "html", "status": 404"#, #""fault": "error", "status": 404"#])
    func cancelled(_ fault: String) async throws {
        var options = try BatchFaultTests.options(
            #"{"routes": [{"route": "POST /v1/batches/{id}/cancel", \#(fault), "times": 2}]}"#)
        options.batchSeconds = 60
        try await World.run(openAI: options) { world in
            let job = try await world.submit(world.lots([0, 1, 2, 4]))
            try await world.until("the batch is known") {
                try await world.rows("SELECT 1 FROM openai_batches WHERE state = 'submitted'").count == 1
            }
            #expect(try await world.client.cancel(job).status == 200)
            try await world.waitUntilCleanedUp(job)
            _ = await world.openAI.state()
            #expect(world.openAI.batches.map(\.status) == [.cancelled])
            #expect(
                try await world.rows("SELECT state FROM openai_batches WHERE batch_id IS NOT NULL") == [["collected"]])
        }
    }
}
