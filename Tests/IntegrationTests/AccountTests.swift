// Limits of the account with the provider: quota, models, the queue's room, and files left there. Loop-bound.
import Engine
import LoadtestKit
import TestSupport
import Testing

@Suite("The provider's account", .timeLimit(.minutes(4)), .serialized)
struct AccountTests {
    @Test("C4.5: a job waits for a spent quota, reports it, makes no batch meanwhile, and continues by itself")
    func quota() async throws {
        let spent = """
            {"routes": [{
                "route": "POST /v1/responses", "fault": "status", "status": 429, "code": "insufficient_quota"}]}
            """
        try await World.run(openAI: BatchFaultTests.options(spent)) { world in
            let lots = world.lots([0, 1, 2])
            let job = try await world.submit(lots)
            try await world.until("the job says why it waits") {
                try await world.client.status(job)["error_message"] == "The service's OpenAI quota is used up"
            }
            #expect(world.openAI.batches.isEmpty)
            try world.setFaults(#"{"routes": []}"#)
            try await world.waitUntil(job, "completed")
            #expect(try await world.client.status(job)["error_message"] == .null)
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: lines and batches that the account could not run never count as attempts")
    func heldUp() async throws {
        // More often than a lot's number of attempts.
        let faults = """
            {"batches": [{"fault": "fail", "code": "insufficient_quota", "times": 2},
                {"fault": "fail", "code": "model_not_found", "times": 1}],
             "lines": [{"fault": "error", "status": 401, "contains": "/car/11/", "times": 4}]}
            """
        try await World.run(openAI: BatchFaultTests.options(faults)) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8, 9, 11])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            #expect(try await world.rows("SELECT 1 FROM openai_batches WHERE held_up").count >= 4)
            #expect(try await world.rows("SELECT 1 FROM line_failures").isEmpty)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C8: models removed while a batch waits: its lines go to the next model")
    func modelGoes() async throws {
        try await World.run(openAI: BatchFaultTests.options("{}", seconds: 1.5)) { world in
            let lots = world.lots([0, 1, 2, 4])
            let job = try await world.submit(lots)
            try await world.until("the batch is there") { world.openAI.batches.count == 1 }
            try world.setFaults(#"{"shutdown": ["o4-mini"]}"#)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: a batch larger than the queue is split until it fits, invisibly for the caller")
    func smallQueue() async throws {
        try await World.run(openAI: BatchFaultTests.options("{}")) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14])
            // The first batch shows a line's weight at the provider; two of them fit.
            let measure = try await world.submit(Array(lots.prefix(3)))
            try await world.waitUntil(measure, "completed")
            let state = await world.openAI.state()["batches"]?.array?.first
            let each = try #require(state?["enqueued_tokens"]?.int) / 2
            try world.setFaults(#"{"enqueued_tokens": \#(each * 2 + each / 2)}"#)
            let job = try await world.submit(Array(lots.dropFirst(3)))
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots.dropFirst(3) {
                #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"]))
            }
            _ = await world.openAI.state()
            let done = world.openAI.batches.dropFirst().filter { $0.status == .completed }
            #expect(done.reduce(0) { $0 + $1.lines } == 9 && done.allSatisfy { $0.lines <= 2 })
            #expect(try await world.client.status(job)["error_message"] == .null)
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: without our own bound a job that found the queue full goes before one that fills it")
    func fairRefusals() async throws {
        try await World.run(openAI: BatchFaultTests.options("{}", seconds: 1)) { world in
            let measure = try await world.submit(world.lots([0, 1, 2]))
            try await world.waitUntil(measure, "completed")
            let state = await world.openAI.state()["batches"]?.array?.first
            let each = try #require(state?["enqueued_tokens"]?.int) / 2
            try world.setFaults(#"{"enqueued_tokens": \#(each * 4 + each / 2)}"#)
            let large = try await world.submit(world.lots(Array(100..<148).filter { $0 % 7 != 3 }))
            try await world.until("the large job is in the queue") {
                _ = await world.openAI.state()
                return world.openAI.batches.contains { $0.status == .inProgress }
            }
            let small = try await world.submit(world.lots([4, 5]))
            try await world.waitUntil(small, "completed")
            #expect(try await world.client.status(large)["status"] == "processing")
            try await world.waitUntil(large, "completed")
            try await world.expectSoundBooks(large)
        }
    }

    @Test("C5.4: a batch refused as a whole is split in two, which does not count as an attempt")
    func refusedBatch() async throws {
        let faults = #"{"batches": [{"fault": "fail", "code": "invalid_json_line", "times": 4}]}"#
        try await World.run(openAI: BatchFaultTests.options(faults)) { world in
            let lots = world.lots([0, 1, 2, 4, 5, 6, 7, 8, 9])
            let job = try await world.submit(lots)
            try await world.waitUntil(job, "completed")
            let results = try await world.results(of: job)
            for lot in lots { #expect(results[lot.id]?["descriptions"] == lot.expected(languages: ["en"])) }
            try await world.expectSoundBooks(job)
        }
    }

    @Test("C5.4: a large job with room for one more batch does not delay a small one")
    func fairQueue() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 3600
        // The service estimates about 6,000 tokens per lot. The large job has a quarter of the queue in each batch.
        try await World.run(settings: ["OPENAI_ENQUEUED_TOKENS": "120000"], openAI: options) { world in
            let large = try await world.submit(world.lots(Array(100..<400).filter { $0 % 7 != 3 && $0 % 50 != 49 }))
            let inQueue = "SELECT 1 FROM openai_batches WHERE state = 'submitted' AND job_id = '\(large)'"
            try await world.until("the large job has all that it gets") {
                let full = "SELECT 1 FROM openai_batches WHERE error = 'It is others'' turn' AND job_id = '\(large)'"
                let isRefused = try await !world.rows(full).isEmpty
                return try await world.rows(inQueue).count >= 2 && isRefused
            }
            let before = try await world.rows(inQueue).count
            let small = try await world.submit(world.lots([0, 1]))
            try await world.until("the small job's batch is there") {
                try await world.rows(
                    "SELECT 1 FROM openai_batches WHERE state = 'submitted' AND job_id = '\(small)'"
                ).count == 1
            }
            #expect(try await world.rows(inQueue).count == before)
            let waiting = "SELECT 1 FROM openai_batches WHERE state IN ('planned', 'uploaded') AND job_id = '\(large)'"
            #expect(try await !world.rows(waiting).isEmpty)
        }
    }

    @Test("C5.1: another account proves nothing about a batch, be it running or with a lost reply")
    func otherAccount() async throws {
        let faults = #"{"routes": [{"route": "POST /v1/batches", "fault": "lost_reply", "times": 1}]}"#
        try await World.run(openAI: BatchFaultTests.options(faults, seconds: 2)) { world in
            let other = try OpenAISimulator.start(on: world.loop, options: OpenAIOptions())
            let elsewhere = ["OPENAI_BASE_URL": other.baseURL]
            let lost = try await world.submit(world.lots([0, 1, 2]))
            try await world.until("the batch is there, unknown to us") { world.openAI.batches.count == 1 }
            await world.server.killHard()
            let intents = "SELECT 1 FROM openai_batches WHERE state = 'creating'"
            #expect(try await world.rows(intents).count == 1)
            try await world.restart(elsewhere)
            try await world.until("the job says why it waits") {
                try await world.client.status(lost)["error_message"]?.string?.contains("another OpenAI key") == true
            }
            #expect(try await world.rows(intents).count == 1)
            try await world.crashAndRestart()
            let known = try await world.submit(world.lots([4, 5, 6]))
            try await world.until("both batches are known") {
                try await world.rows("SELECT 1 FROM batch_jobs WHERE openai_vision_batch_id IS NOT NULL").count == 2
            }
            try await world.crashAndRestart(elsewhere)
            let submitted = "SELECT 1 FROM openai_batches WHERE state = 'submitted'"
            let waiting = try await world.rows(submitted).count
            try await world.until("they say why they wait") {
                try await world.rows("SELECT 1 FROM batch_jobs WHERE error_message LIKE '%another OpenAI key%'").count
                    == waiting
            }
            try await world.crashAndRestart()
            for job in [lost, known] {
                try await world.waitUntil(job, "completed")
                try await world.expectSoundBooks(job)
            }
            #expect(world.openAI.batches.count == 2)
            #expect(other.batches.isEmpty && other.requests("POST /v1/responses") == 0)
            await other.close()
        }
    }

    @Test("C5.1: any number of jobs that wait for their batches delays no other")
    func manyWaiting() async throws {
        var options = OpenAIOptions()
        options.batchSeconds = 3600
        try await World.run(settings: ["WORKER_THREADS": "1"], openAI: options) { world in
            // More than one loop processes at the same time.
            for number in 0..<40 {
                _ = try await world.submit(world.lots([number]))
            }
            let known = "SELECT 1 FROM openai_batches WHERE state = 'submitted'"
            try await world.until("every job has its batch") { try await world.rows(known).count == 40 }
        }
    }

    @Test("C5.1: the account is cleaned up: files of finished batches, uploads without a batch")
    func files() async throws {
        let faults = #"{"routes": [{"route": "POST /v1/files", "fault": "lost_reply", "times": 1}]}"#
        try await World.run(openAI: BatchFaultTests.options(faults)) { world in
            let jobs = [try await world.submit(world.lots([0, 1, 2])), try await world.submit(world.lots([4, 5, 6]))]
            for job in jobs { try await world.waitUntil(job, "completed") }
            try await world.until("the files are gone") {
                await world.openAI.state()["files"]?.array?.isEmpty == true
            }
            #expect(try await world.rows("SELECT 1 FROM openai_batches WHERE NOT files_gone AND round > 0").isEmpty)
        }
    }

    @Test("C5.1: an upload without a batch is deleted, other files are not")
    func orphans() async throws {
        try await World.run(openAI: BatchFaultTests.options("{}", seconds: 3600)) { world in
            _ = try await world.submit(world.lots([0, 1, 2]))
            let submitted = "SELECT id FROM openai_batches WHERE state = 'submitted'"
            try await world.until("the batch is there") { try await world.rows(submitted).count == 1 }
            let batch = try await world.rows(submitted)[0][0]
            var settings = OpenAIConfiguration(baseURL: world.openAI.baseURL, apiKey: "sk-simulated")
            settings.smallCallSeconds = 10
            let http = HTTPClient(on: world.loop)
            let openAI = OpenAIClient(http: http, configuration: settings)
            let line = Array(#"{"custom_id": "x"}"#.utf8) + [0x0A]
            // A second upload of that batch, a stranger's file, and one with a name of no batch.
            for name in [batch, "\(Identifier.random())", "somebody-elses"] {
                _ = try await openAI.uploadBatchFile(name: name, length: line.count, source: Bytes(line))
            }
            let sweeper = FileSweeper(on: world.loop, database: world.database, openAI: openAI, everySeconds: 3600)
            #expect(try await sweeper.sweepOrphans(olderThan: 3600) == 0)
            #expect(try await sweeper.sweepOrphans(olderThan: -10) == 1)
            let left = await world.openAI.state()["files"]?.array?.count
            #expect(left == 3)
            await http.close()
        }
    }

    private final class Bytes: ByteSource {
        private var bytes: [UInt8]?
        init(_ bytes: [UInt8]) { self.bytes = bytes }
        func next() async throws -> [UInt8]? { bytes.take() }
    }
}
