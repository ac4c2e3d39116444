// The fault laboratory: a provider, pictures, a receiver, a database and some instances of the service, all of which
// can be made to fail, and an audit at the end. Thread: one loop; loop-bound.
import Engine
import Glibc

final class Lab {
    /// Ports of instances, below the range that the kernel uses for outgoing connections: a restarted instance finds
    /// its port free.
    private static let ports = 20_000..<32_000

    let loop: Loop
    let options: LabOptions
    let seed: Int
    let openAI: OpenAISimulator
    let images: ImagesSimulator
    let webhooks: WebhooksSimulator
    let client: LabClient
    let database: LabDatabase
    let progress: ProgressLine
    private(set) var instances: [Instance] = []
    private(set) lazy var watch = Watch(client, on: loop) { [unowned self] in upURLs }
    /// Accepted jobs, with their ids.
    private(set) var accepted: [(job: LabJob, id: String)] = []
    /// Jobs of earlier parts.
    private(set) var earlier: Set<String> = []
    var report: DriverReport
    private var jobsMade = 0
    private let setup: LabSetup
    private let begun = Monotonic.seconds()

    /// Runs `scenario` in its own laboratory. Any thread.
    static func run(
        _ scenario: some Scenario, _ options: LabOptions, showsProgress: Bool
    ) async throws -> DriverReport {
        let loop = Loop(name: "lab")
        let result: Result<DriverReport, DriverError> = await withCheckedContinuation { continuation in
            loop.launch {
                continuation.resume(returning: await outcome(scenario, options, showsProgress, on: loop))
            }
        }
        loop.stop()
        await loop.join()
        return try result.get()
    }

    private static func outcome(
        _ scenario: some Scenario, _ options: LabOptions, _ showsProgress: Bool, on loop: Loop
    ) async -> Result<DriverReport, DriverError> {
        do {
            let lab = try await Lab(scenario, options, showsProgress, on: loop)
            let result: Result<Void, any Error>
            do {
                try await lab.open()
                try await scenario.run(lab)
                result = .success(())
            } catch { result = .failure(error) }
            await lab.close()
            try result.get()
            try await lab.database.drop()
            return .success(lab.report)
        } catch let error as DriverError {
            return .failure(error)
        } catch {
            return .failure(DriverError("\(error)"))
        }
    }

    private init(
        _ scenario: some Scenario, _ options: LabOptions, _ showsProgress: Bool, on loop: Loop
    ) async throws {
        (self.loop, self.options) = (loop, options)
        setup = scenario.setup
        seed = options.seed ?? Int.random(in: 1..<1_000_000)
        let program = try options.program()
        database = try await LabDatabase.make(on: try options.serverURL(), loop: loop)
        var provider = OpenAIOptions()
        provider.batchSeconds = setup.batchSeconds
        provider.ledgerMark = LabLot.mark
        openAI = try OpenAISimulator.start(on: loop, options: provider)
        images = try ImagesSimulator.start(on: loop)
        var receiver = WebhooksOptions()
        receiver.sharedKey = LabClient.key
        webhooks = try WebhooksSimulator.start(on: loop, options: receiver)
        client = LabClient(on: loop)
        progress = ProgressLine(isShown: showsProgress, on: loop)
        let name = type(of: scenario).name
        report = DriverReport(
            driver: "chaos \(name)", target: "\(setup.instances) instances, seed \(seed)", startedAt: .now())
        report.settings = [("seed", .int(seed))] + scenario.settings
        if mkdir(options.logs, 0o755) != 0, errno != EEXIST { throw DriverError("cannot make \(options.logs)") }
        for number in 0..<setup.instances { try addInstance("\(name)-\(number + 1)", program) }
    }

    /// Starts everything, and watches the database.
    private func open() async throws {
        try setFaults(setup.faults)
        for instance in instances { try instance.launch() }
        for instance in instances {
            try check(try await instance.becomesReady(), "an instance ended at once; its log: \(instance.log)")
        }
        try await database.watch()
        watch.start()
    }

    private func close() async {
        await watch.stop()
        for instance in instances { _ = try? await instance.stop() }
        report.seconds = Monotonic.seconds() - begun
        progress.close()
        await client.close()
        await webhooks.close()
        await images.close()
        await openAI.close()
        await database.close()
    }

    // MARK: Instances

    private func addInstance(_ name: String, _ program: String) throws {
        let port = try Lab.freePort(on: loop)
        let log = "\(options.logs)/\(name).log"
        unlink(log)
        var settings = [
            "BIND": "127.0.0.1:\(port)", "METRICS_BIND": "", "DATABASE_URL": database.url,
            "OPENAI_API_KEY": "sk-simulated", "OPENAI_BASE_URL": openAI.baseURL, "SHARED_KEY": LabClient.key,
            "WORKER_POLL_INTERVAL": "0.1", "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8", "SPOOL_DIR": options.logs,
            "LOG_FILE": "", "RATE_LIMIT_SYNC": "0", "RATE_LIMIT_BATCH": "0", "RATE_LIMIT_POLL": "0",
            "INSTANCE_ID": name, "WORKER_THREADS": "1", "WEBHOOK_RETRY_BASE": "0.5", "PATH": "/usr/bin:/bin",
        ]
        settings["OPENAI_SETTLE"] = "\(options.settle)"
        settings.merge(setup.settings) { $1 }
        instances.append(
            Instance(name, port: port, program: program, settings: settings, log: log, client: client, on: loop))
    }

    /// A free port.
    static func freePort(on loop: Loop) throws -> Int {
        for _ in 0..<100 {
            let port = Int.random(in: ports)
            guard let address = SocketAddress(host: "127.0.0.1", port: port),
                let listener = try? TCPListener(on: loop, address: address, shared: false, accepted: { $0.close() })
            else { continue }
            listener.close()
            return port
        }
        throw DriverError("no free port")
    }

    /// Instances that can take requests now.
    var upURLs: [String] { instances.filter(\.isUp).map(\.baseURL) }

    // MARK: Jobs

    /// A batch that differs from all others of this run; its lots name `/ok/...` and a receiver that fails once.
    /// - Parameter hooks: other receivers, by the batch's number.
    func makeJob(lots: Int, languages: [String] = ["en", "de"], hooks: ((Int) -> [String])? = nil) -> LabJob {
        jobsMade += 1
        let usual = ["/ok/\(jobsMade)", "/fail/1/\(jobsMade)"].map { webhooks.baseURL + $0 }
        return LabJob(
            jobsMade, lots: lots, languages: languages, pictures: images.baseURL, hooks: hooks?(jobsMade) ?? usual,
            seed: seed)
    }

    /// Sends it to any instance that is up, with retries.
    @discardableResult
    func submit(_ job: LabJob, patience seconds: Double = 120) async throws -> String {
        let id = try await client.submit(job, to: { [unowned self] in upURLs.shuffled() }, patience: seconds)
        accept(job, id)
        return id
    }

    /// Records an accepted job.
    func accept(_ job: LabJob, _ id: String) {
        accepted.append((job, id))
        watch.add(id)
    }

    /// Cancels a job, with retries.
    func cancel(_ job: String) async throws {
        try await until("\(job) is cancelled", seconds: 120) {
            guard let url = self.upURLs.randomElement() else { return false }
            let path = "/api/v1/batch-jobs/\(job)/cancel"
            let reply = try await self.client.send("POST", url + path, signing: job, body: [])
            return [200, 202, 400, 409].contains(reply?.status)
        }
    }

    /// Runs a shell command to its end.
    func shell(_ command: String) async throws {
        let process = try ChildProcess(
            "/bin/sh", ["-c", command], environment: ["PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"],
            log: "\(options.logs)/shell.log", on: loop)
        let ending = try await process.wait(atMost: 120)
        try check(ending == .exited(0), "'\(command)' failed; its log: \(options.logs)/shell.log")
    }

    /// Waits until every job and every delivery has ended.
    func waitForAll(seconds: Double) async throws {
        var (open, pending) = (watch.openCount, 0)
        progress.watch { "waiting for \(open) jobs and \(pending) deliveries" }
        try await until("all jobs and deliveries have ended", seconds: seconds) {
            open = try await self.database.database.query(LabQueries.openJobs).first?.int(0) ?? 0
            pending = try await self.database.database.query(LabQueries.openDeliveries).first?.int(0) ?? 0
            return open == 0 && pending == 0 && self.watch.openCount == 0
        }
    }

    // MARK: Parts of an experiment

    /// Begins another part: the provider forgets everything, and the audit looks at later jobs only.
    func beginAnew() async {
        earlier.formUnion(accepted.map(\.id))
        accepted = []
        await openAI.reset()
    }

    // MARK: Faults and findings

    func setFaults(_ json: String) throws {
        try openAI.setFaults(JSONValue.parse(Array(json.replacing("SEED", with: "\(seed)").utf8)))
    }

    /// Polls until `condition` holds.
    func until(_ what: String, seconds: Double, _ condition: () async throws -> Bool) async throws {
        let deadline = Monotonic.seconds() + seconds
        while Monotonic.seconds() < deadline {
            // Ignores a database that is down: it comes back, or the time runs out.
            do { if try await condition() { return } } catch is DatabaseError {}
            try await loop.sleep(seconds: 0.05)
        }
        throw DriverError("timed out after \(Int(seconds)) s before: \(what); logs: \(options.logs)")
    }

    func figure(_ name: String, _ value: Int) { report.figures.append(Figure(name, Double(value))) }
    func figure(_ name: String, _ value: Double) { report.figures.append(Figure(name, value)) }

    /// Records a violation.
    func found(_ what: String, _ times: Int = 1) {
        if times > 0 { report.errors[what, default: 0] += times }
    }

    /// A separate random generator for one part of the plan.
    func random(_ part: Int) -> SeededRandom { SeededRandom(seed: UInt64(seed) &* 1_000_003 &+ UInt64(part)) }
}
