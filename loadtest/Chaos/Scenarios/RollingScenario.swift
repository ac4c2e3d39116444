// Instances restart one after the other behind nginx, at steady load. Thread: the lab's loop.
import ArgumentParser
import Engine

struct RollingScenario: Scenario {
    static let name = "rolling"
    static let abstract = "A rolling restart behind nginx at steady load: no failed request."
    static let discussion = """
        Status polls, results, health, batches and single lots arrive at a fixed rate. Each instance gets SIGTERM, \
        ends, restarts and becomes ready before the next one's turn.
        """

    @Option(help: "Requests per second.") var rate = 100.0
    @Option(help: "Restarts per instance.") var restarts = 3
    @Option(help: "Seconds between a start and the next stop.") var pause = 2.0
    @Option(help: "A configuration of nginx with {port}, {servers} and {folder}; default: a minimal one.")
    var config: String?

    var settings: [(String, JSONValue)] {
        [
            ("rate", .double(rate)), ("restarts", .int(restarts)), ("pause", .double(pause)),
            ("config", .string(config ?? "minimal")),
        ]
    }
    var setup: LabSetup { LabSetup() }

    /// Results of the load. Loop-bound.
    private final class Load {
        var sent = 0
        var failed: [String: Int] = [:]
        var latencies = LatencyHistogram()
        var isOver = false
        var open = 0
    }

    func run(_ lab: Lab) async throws {
        let finished = lab.makeJob(lots: 50)
        let job = try await lab.submit(finished)
        try await lab.waitForAll(seconds: 120)
        let template = try config.map { try KeyOptions.readAll($0) } ?? Nginx.minimal
        let nginx = try Nginx(
            lab.options.nginx, template: template, before: lab.instances, folder: lab.options.logs, on: lab.loop)
        let result: Result<Void, any Error>
        do { result = .success(try await restartAll(lab, nginx, job)) } catch { result = .failure(error) }
        await nginx.stop()
        try result.get()
        try await lab.waitForAll(seconds: 120)
        try await lab.audit()
    }

    private func restartAll(_ lab: Lab, _ nginx: Nginx, _ job: String) async throws {
        try await lab.until("nginx answers", seconds: 30) {
            try check(nginx.isRunning, "nginx has ended; its log: \(lab.options.logs)/nginx.log")
            return try await lab.client.send("GET", nginx.baseURL + "/health/ready")?.status == 200
        }
        let load = Load()
        let loading = LoopTask(on: lab.loop) { try await drive(lab, nginx.baseURL, job, load) }
        var slowest = 0.0
        for round in 0..<restarts * lab.instances.count {
            try await lab.loop.sleep(seconds: pause)
            let instance = lab.instances[round % lab.instances.count]
            lab.progress.show("restart \(round + 1), \(load.sent) requests, \(load.failed.values.reduce(0, +)) failed")
            let begun = Monotonic.seconds()
            let ending = try await instance.stop()
            slowest = max(slowest, Monotonic.seconds() - begun)
            if ending != .exited(0) { lab.found("an instance ended with \(String(describing: ending))") }
            try instance.launch()
            try await instance.becomesReady()
        }
        try await lab.loop.sleep(seconds: pause)
        load.isOver = true
        try await loading.value()
        lab.figure("restarts", restarts * lab.instances.count)
        lab.figure("slowest_stop_seconds", slowest)
        lab.figure("requests", load.sent)
        lab.figure("failed_requests", load.failed.values.reduce(0, +))
        lab.figure("p99_ms", LatencySummary(load.latencies).p99)
        lab.figure("max_ms", LatencySummary(load.latencies).max)
        for (what, count) in load.failed { lab.found(what, count) }
    }

    private func drive(_ lab: Lab, _ url: String, _ job: String, _ load: Load) async throws {
        let begun = Monotonic.seconds()
        while !load.isOver {
            let number = load.sent
            load.sent += 1
            load.open += 1
            lab.loop.spawn {
                await request(number, lab, url, job, load)
                load.open -= 1
            }
            try await lab.loop.sleep(seconds: max(0, begun + Double(load.sent) / rate - Monotonic.seconds()))
        }
        try await lab.until("the last requests are answered", seconds: 310) { load.open == 0 }
    }

    private func request(_ number: Int, _ lab: Lab, _ url: String, _ job: String, _ load: Load) async {
        let begun = Monotonic.seconds()
        let (what, expected, reply): (String, Int, OutboundResponse?)
        switch number % 20 {
        case 0:
            let batch = lab.makeJob(lots: 2, languages: ["en"])
            (what, expected) = ("POST a batch", 201)
            reply = try? await lab.client.post(batch, to: url)
            if let id = reply.flatMap({ try? JSONValue.parse($0.body) })?["job_id"]?.string { lab.accept(batch, id) }
        case 1:
            (what, expected) = ("POST one lot", 200)
            let lot: JSONValue = [
                "lot_id": .string("one-\(number)"),
                "images": [["url": .string("\(lab.images.baseURL)/car/one/\(number).jpg")]],
            ]
            let body: JSONValue = ["lots": [lot]]
            reply = try? await lab.client.send(
                "POST", url + "/api/v1/generate-descriptions", signing: body.text, body: body.bytes)
        case 2, 3:
            (what, expected) = ("GET results", 200)
            reply = try? await lab.client.send("GET", url + "/api/v1/batch-results/\(job)", signing: job)
        default:
            (what, expected) = ("GET a status", 200)
            reply = try? await lab.client.send("GET", url + "/api/v1/batch-status/\(job)", signing: job)
        }
        if reply?.status == expected { return load.latencies.record(seconds: Monotonic.seconds() - begun) }
        load.failed["\(what): \(reply.map { "\($0.status)" } ?? "no reply")", default: 0] += 1
    }
}
