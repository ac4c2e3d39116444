// Status, results, download, list and cancel over a live socket: exactly the document's members.
import Engine
import Server
import TestSupport
import Testing

@Suite("Polling", .timeLimit(.minutes(2)))
struct PollTests {
    static let id = "550e8400-e29b-41d4-a716-446655440000"

    /// A job with `lots` lots; every even one has a final row.
    static func makeJob(
        _ database: String, id: String = id, status: String = "processing", lots: Int = 3, age: String = "10 minutes"
    ) async throws {
        try await onDatabase(database) { session in
            try await session.execute(
                """
                INSERT INTO batch_jobs (id, status, current_stage, created_at, updated_at, completed_at, version,
                    languages, total_lots, processed_lots, failed_lots, processed_images, webhook_configured,
                    openai_vision_batch_id, openai_vision_batch_ids, estimated_completion)
                VALUES ('\(id)', '\(status)', 'vision_analysis', now() - interval '\(age)', now(),
                    CASE WHEN '\(status)' IN ('completed', 'failed')
                        THEN now() - interval '\(age)' + interval '45 minutes' END,
                    '1.0.0', '{en,ru}', \(lots), \(lots) * 2 / 3, 1, 7, true, 'batch_1', '{batch_1,batch_2}', now());
                INSERT INTO batch_lots (job_id, position, lot_id, webhook, images, image_count)
                    SELECT '\(id)', n, 'lot-' || n, 'http://127.0.0.1/hook', '["http://127.0.0.1/a"]', 1
                    FROM generate_series(0, \(lots) - 1) AS n;
                INSERT INTO lot_results (job_id, stage, position, succeeded, payload)
                    SELECT '\(id)', 'final', n, true, '{"lot_id":"lot-' || n || '","status":"completed"}'
                    FROM generate_series(0, \(lots) - 1) AS n;
                """)
        }
    }

    @Test("C5.2, C5.9: the status has the document's members and the added ones, with the right types")
    func status() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database)
            try await onDatabase(database) {
                try await $0.execute(
                    """
                    INSERT INTO job_usage VALUES ('\(Self.id)', 'o4-mini', 100, 20), ('\(Self.id)', 'm', 1, 2);
                    UPDATE batch_jobs SET input_tokens = 101, output_tokens = 22 WHERE id = '\(Self.id)'
                    """)
            }
            let reply = try await server.poll("/api/v1/batch-status/:job", job: Self.id)
            #expect(reply.status == 200)
            #expect(
                reply.members == [
                    "job_id", "status", "created_at", "updated_at", "progress", "languages", "processing_details",
                    "error_message", "webhook_configured", "usage",
                ])
            #expect(
                reply.json["progress"]?.memberNames == [
                    "total_lots", "processed_lots", "failed_lots", "completion_percentage", "estimated_completion",
                ])
            #expect(reply.json["progress"]?["completion_percentage"]?.double == 66.7)
            #expect(reply.json["processing_details"]?["openai_vision_batch_ids"] == ["batch_1", "batch_2"])
            #expect(reply.json["processing_details"]?["openai_translation_batch_id"] == .null)
            #expect(reply.json["processing_details"]?["current_stage"] == "vision_analysis")
            #expect(reply.json["usage"]?["input_tokens"] == 101 && reply.json["usage"]?["output_tokens"] == 22)
            #expect(reply.json["usage"]?["by_model"]?["o4-mini"]?["input_tokens"] == 100)
            let estimate = try #require(reply.json["progress"]?["estimated_completion"]?.string)
            #expect(try #require(Timestamp(iso: estimate)) > Timestamp.now())
        }
    }

    @Test("C5.2: processed / total in percent, with one decimal; 100 only if all are processed")
    func percentage() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database, lots: 2000)
            for (processed, expected) in [(0, 0.0), (2, 0.1), (668, 33.4), (1000, 50), (1999, 99.9), (2000, 100)] {
                try await onDatabase(database) {
                    try await $0.execute("UPDATE batch_jobs SET processed_lots = \(processed), failed_lots = 0")
                }
                let progress = try await server.poll("/api/v1/batch-status/:job", job: Self.id).json["progress"]
                #expect(progress?["processed_lots"]?.int == processed)
                #expect(progress?["completion_percentage"]?.double == expected)
            }
        }
    }

    @Test("C5.9: the usage is zero before the first cost")
    func unspent() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database)
            let reply = try await server.poll("/api/v1/batch-status/:job", job: Self.id)
            #expect(reply.json["usage"] == ["input_tokens": 0, "output_tokens": 0, "by_model": .object([])])
        }
    }

    @Test("C1.5, C1.7, C4.2: signature first, then 404; an id is signed as in the path")
    func order() async throws {
        try await TestServer.with { server, _ in
            let path = "/api/v1/batch-status/:job"
            #expect(try await server.send("GET", "/api/v1/batch-status/nonsense").code == "MISSING_SIGNATURE")
            #expect(
                try await server.send("GET", "/api/v1/batch-status/nonsense", signed: "x").code == "INVALID_SIGNATURE")
            #expect(try await server.poll(path, job: "nonsense").code == "JOB_NOT_FOUND")
            #expect(try await server.poll(path, job: Self.id).code == "JOB_NOT_FOUND")
            #expect(try await server.poll(path, job: Self.id.uppercased()).code == "JOB_NOT_FOUND")
            let wrong = try await server.send("DELETE", "/api/v1/batch-status/x")
            #expect(wrong.status == 405 && wrong.header("Allow") == "GET, HEAD")
            #expect(try await server.send("GET", "/api/v1/nothing").code == "NOT_FOUND")
        }
    }

    @Test("results are streamed over pages, in order, each lot with processed_at")
    func results() async throws {
        try await TestServer.with { server, database in
            try await Self.makeJob(database, status: "completed", lots: 450, age: "2 hours")
            let reply = try await server.poll("/api/v1/batch-results/:job", job: Self.id)
            #expect(reply.status == 200)
            #expect(reply.members == ["job_id", "status", "completed_at", "processing_summary", "results"])
            let summary = reply.json["processing_summary"]
            #expect(
                summary?.memberNames == [
                    "total_lots", "processed_lots", "failed_lots", "total_images_processed", "total_processing_time",
                ])
            #expect(summary?["total_processing_time"] == "45 minutes" && summary?["total_images_processed"] == 7)
            let lots = reply.json["results"]?["lots"]?.array ?? []
            #expect(lots.compactMap { $0["lot_id"]?.string } == (0..<450).map { "lot-\($0)" })
            #expect(lots.allSatisfy { $0["processed_at"]?.string.flatMap { Timestamp(iso: $0) } != nil })
            #expect(reply.json["results"]?["version"] == "1.0.0")
            let file = try await server.poll("/api/v1/batch-results/:job/download", job: Self.id)
            #expect(file.body == reply.body)
            #expect(
                file.header("Content-Disposition") == "attachment; filename=\"batch_results_\(Self.id).json\"")
            let head = try await server.poll("/api/v1/batch-results/:job", job: Self.id, method: "HEAD")
            #expect(head.status == 200 && head.body.isEmpty)
        }
    }

    @Test("C4.4, C5.3: results of unfinished, failed and cancelled jobs")
    func noResults() async throws {
        try await TestServer.with { server, database in
            let path = "/api/v1/batch-results/:job"
            try await Self.makeJob(database)
            let unfinished = try await server.poll(path, job: Self.id)
            #expect(unfinished.status == 202 && unfinished.code == "JOB_NOT_COMPLETED")
            #expect(unfinished.json["error"] == "Job not completed" && unfinished.json["status"] == "processing")
            #expect(
                unfinished.json["message"]
                    == "Job is currently processing. Results will be available when status is 'completed'.")
            #expect(
                unfinished.json["progress"]?.memberNames == ["completion_percentage", "estimated_completion"])
            for (status, code) in [("failed", "JOB_FAILED"), ("cancelled", "JOB_CANCELLED")] {
                try await onDatabase(database) { try await $0.execute("UPDATE batch_jobs SET status = '\(status)'") }
                let ended = try await server.poll(path, job: Self.id)
                #expect(ended.status == 409 && ended.code == code && ended.json["status"]?.string == status)
                #expect(ended.json["progress"]?["estimated_completion"] == .null)
                #expect(ended.members.contains("error_message"))
            }
        }
    }

    @Test("C1.5, C5.7: the list is filtered, paged, newest first, and its target is signed")
    func list() async throws {
        try await TestServer.with { server, database in
            for number in 0..<5 {
                try await Self.makeJob(
                    database, id: "550e8400-e29b-41d4-a716-44665544000\(number)",
                    status: number % 2 == 0 ? "completed" : "processing", age: "\(number + 1) days")
            }
            func get(_ query: String) async throws -> TestServer.Reply {
                try await server.send("GET", "/api/v1/batch-jobs\(query)", signed: "/api/v1/batch-jobs\(query)")
            }
            let page = try await get("?status=completed&limit=2")
            #expect(page.status == 200 && page.members == ["jobs", "pagination"])
            #expect(
                page.json["jobs"]?.array?.first?.memberNames == [
                    "id", "status", "created_at", "updated_at", "total_lots", "processed_lots", "failed_lots",
                    "languages", "progress", "webhook_configured",
                ])
            #expect(page.json["jobs"]?.array?.compactMap { $0["id"]?.string?.last } == ["0", "2"])
            #expect(page.json["pagination"] == ["limit": 2, "offset": 0, "total": 3, "has_more": true])
            let rest = try await get("?status=completed&limit=2&offset=2")
            #expect(rest.json["pagination"] == ["limit": 2, "offset": 2, "total": 3, "has_more": false])
            let shown = try #require(page.json["jobs"]?.array?.first?["created_at"]?.string)
            let exact = try await get("?created_after=\(shown)&created_before=\(shown)")
            #expect(exact.json["pagination"]?["total"] == 1)
            #expect(try await get("?limit=101").code == "INVALID_PARAMETER")
            #expect(try await get("?status=done").json["details"]?["parameter"] == "status")
            #expect(
                try await server.send("GET", "/api/v1/batch-jobs?limit=1", signed: "/api/v1/batch-jobs").status == 403)
        }
    }

    @Test("C4.3: cancelling fences off the worker, creates the deliveries, and works once")
    func cancel() async throws {
        try await TestServer.with { server, database in
            let path = "/api/v1/batch-jobs/:job/cancel"
            try await Self.makeJob(database)
            let reply = try await server.poll(path, job: Self.id, method: "POST")
            #expect(reply.status == 200)
            #expect(reply.members == ["job_id", "status", "cancelled_at", "message"])
            #expect(reply.json["status"] == "cancelled" && reply.json["message"] == "Job successfully cancelled")
            let left = try await onDatabase(database) { session in
                let rows = try await session.query(
                    Statement(
                        "t_cancelled",
                        """
                        SELECT lease_epoch::text || ' ' || cleanup_pending || ' ' || current_stage || ' ' || (SELECT
                            string_agg(event || ' ' || webhook_url, ',') FROM webhook_deliveries) FROM batch_jobs
                        """))
                return rows[0].text(0)
            }
            #expect(left == "1 true vision_analysis batch_job_cancelled http://127.0.0.1/hook")
            let again = try await server.poll(path, job: Self.id, method: "POST")
            #expect(again.status == 409 && again.code == "JOB_ALREADY_CANCELLED")
            try await onDatabase(database) { try await $0.execute("UPDATE batch_jobs SET status = 'completed'") }
            let late = try await server.poll(path, job: Self.id, method: "POST")
            #expect(late.status == 400 && late.code == "JOB_NOT_CANCELLABLE" && late.json["status"] == "completed")
            #expect(late.json["error"] == "Job cannot be cancelled")
            #expect(
                late.json["message"]
                    == "Only pending, processing, or translating jobs can be cancelled. Current status: completed")
        }
    }

    @Test("C9: health names every part; without a worker and OpenAI it is unhealthy")
    func health() async throws {
        try await TestServer.with { server, database in
            let reply = try await server.send("GET", "/health")
            #expect(reply.status == 503)
            #expect(
                reply.members == ["status", "timestamp", "system", "database", "background_worker", "openai"])
            #expect(reply.json["database"]?["status"] == "healthy" && reply.json["database"]?["jobs_24h"] == 0)
            #expect(reply.json["system"]?["memory_percent"]?.double ?? 0 > 0)
            #expect(reply.json["openai"]?["status"] == "unhealthy")
            #expect(try await server.send("GET", "/health/ready").status == 200)
        }
    }
}
