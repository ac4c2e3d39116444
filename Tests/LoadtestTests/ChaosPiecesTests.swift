// The fault laboratory's own checks must detect violations, or its results would prove nothing.
import Engine
import TestSupport
import Testing

@testable import LoadtestKit

@Suite("Parts of the fault laboratory", .timeLimit(.minutes(1)))
struct ChaosPiecesTests {
    @Test("The full life of a job, a batch and a delivery is legal")
    func legal() {
        let job = [
            "pending queued", "processing image_prefetch", "processing vision_analysis", "translating translation",
            "translating finalizing", "completed done",
        ]
        let batch = ["none", "planned", "uploading", "uploaded", "creating", "submitted", "ended", "collected"]
        for (kind, way) in [("job", job), ("batch", batch), ("delivery", ["pending", "delivered"])] {
            for (old, new) in zip(way, way.dropFirst()) {
                #expect(Transitions.areLegal(kind, from: old, to: new), "\(kind) \(old) -> \(new)")
            }
        }
        #expect(Transitions.areLegal("job", from: "translating translation", to: "cancelled translation"))
    }

    @Test(
        "Impossible moves are illegal",
        arguments: [
            ("job", "completed done", "processing finalizing"), ("job", "completed done", "cancelled done"),
            ("job", "pending queued", "processing vision_analysis"), ("job", "cancelled queued", "failed queued"),
            ("job", "processing image_prefetch", "cancelled vision_analysis"), ("batch", "planned", "submitted"),
            ("batch", "submitted", "creating"), ("batch", "collected", "ended"), ("batch", "none", "ended"),
            ("delivery", "delivered", "pending"), ("count", "5 0", "4 0"), ("ended job", "completed", "completed"),
        ])
    func illegal(kind: String, old: String, new: String) {
        #expect(!Transitions.areLegal(kind, from: old, to: new))
    }

    @Test("A run's database replaces the one in the server's URL, for any URL")
    func databaseURL() throws {
        func made(_ url: String) throws -> String { try LabDatabase.replacingName(in: url, by: "new") }
        #expect(try made("postgresql://u:p@host:5432/old") == "postgresql://u:p@host:5432/new")
        #expect(try made("postgresql://host/old?sslmode=require") == "postgresql://host/new?sslmode=require")
        #expect(try made("postgresql://host?user=a") == "postgresql://host/new?user=a")
        #expect(throws: DriverError.self) { try made("host=127.0.0.1") }
    }

    @Test("A job's results are predictable: described, failed without pictures, refused")
    func prediction() throws {
        let job = LabJob(7, lots: 50, languages: ["en", "de"], pictures: "http://i", hooks: ["http://h/a"], seed: 1)
        let results = job.lots.map { $0.result(job.languages) }
        #expect(results.count { $0["status"] == "failed" } == 2 && job.failedLots == 2)
        #expect(results[0]["descriptions"]?.array?.count == 2)
        #expect(results[3]["missing_images"] == ["http://i/missing/7-3.jpg"])
        #expect(results[23]["error"]?.string?.contains("refused") == true)
        #expect(results[49]["descriptions"] == [])
        let body = job.webhookBody(
            "http://h/a", id: "id", created: Timestamp(seconds: 0), ended: Timestamp(seconds: 61))
        let told = try JSONValue.parse(body)
        #expect(told["lots"]?.array?.count == 50)
        #expect(told["processing_summary"]?["total_processing_time"] == "1 minute")
    }

    @Test("A child is awaited, and its end is reported")
    func children() async throws {
        try await onLoop { loop in
            let calm = try ChildProcess("/bin/sh", ["-c", "exit 3"], log: "/dev/null", on: loop)
            #expect(try await calm.wait() == .exited(3))
            let killed = try ChildProcess("/bin/sh", ["-c", "kill -9 $$"], log: "/dev/null", on: loop)
            #expect(try await killed.wait() == .killed(by: 9))
            let lasting = try ChildProcess("/bin/sleep", ["600"], log: "/dev/null", on: loop)
            #expect(try await lasting.wait(atMost: 0) == nil)
            lasting.send(signal: 15)
            #expect(try await lasting.wait() == .killed(by: 15))
        }
    }

    @Test("late_reply acts at once and replies later")
    func lateReply() async throws {
        try await withOpenAI { simulator, client in
            try simulator.setFaults(
                JSONValue.parse(
                    Array(
                        #"{"routes":[{"route":"GET /v1/models","fault":"late_reply","seconds":0.05,"times":1}]}"#.utf8))
            )
            let reply = try await client.call("GET", "/v1/models")
            #expect(reply.status == 200)
            #expect(simulator.requests("GET /v1/models") == 1)
        }
    }
}
