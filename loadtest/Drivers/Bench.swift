// A driver's environment: loop, service, progress line, the server's figures. Thread: its loop; loop-bound. `Bench.run`
// creates and closes it.
import Engine

/// Setup of a run, the same for every driver.
struct BenchOptions: Sendable {
    /// The server's process, if it runs on this machine.
    var serverPID: Int?
    var showsProgress = false

    init(serverPID: Int? = nil, showsProgress: Bool = false) {
        self.serverPID = serverPID
        self.showsProgress = showsProgress
    }
}

final class Bench {
    /// Duration of the measurement of other load on the machine.
    private static let lookSeconds = 0.3
    /// The report warns above this load.
    fileprivate static let othersBusyMax = 25.0

    let loop: Loop
    let target: Target
    let address: SocketAddress
    let client: ControlClient
    let progress: ProgressLine
    /// Start of the time axis, in ``Monotonic`` seconds.
    let origin: Double
    private let startedAt: Timestamp
    private let sampler: ServerSampler?

    private init(_ target: Target, _ address: SocketAddress, _ options: BenchOptions, on loop: Loop) throws {
        self.loop = loop
        self.target = target
        self.address = address
        origin = Monotonic.seconds()
        startedAt = Timestamp.now()
        sampler = try options.serverPID.map { [origin] in try ServerSampler(pid: $0, origin: origin) }
        client = ControlClient(target, address, on: loop)
        progress = ProgressLine(isShown: options.showsProgress, on: loop)
    }

    /// Runs `driver` on its own loop. Any thread.
    static func run(_ driver: some Driver, against target: Target, _ options: BenchOptions) async throws -> DriverReport
    {
        let loop = Loop(name: "driver")
        let result: Result<DriverReport, DriverError> = await withCheckedContinuation { continuation in
            loop.launch { continuation.resume(returning: await outcome(driver, target, options, on: loop)) }
        }
        loop.stop()
        await loop.join()
        return try result.get()
    }

    private static func outcome(
        _ driver: some Driver, _ target: Target, _ options: BenchOptions, on loop: Loop
    ) async -> Result<DriverReport, DriverError> {
        do {
            let bench = try Bench(target, try await target.address(on: loop), options, on: loop)
            let result: Result<DriverReport, any Error>
            do {
                let busy = try await bench.othersBusyPercent()
                var report = try await driver.drive(bench)
                report.add(othersBusyPercent: busy)
                result = .success(report)
            } catch { result = .failure(error) }
            bench.progress.close()
            await bench.client.close()
            let samples = await bench.sampler?.stop() ?? []
            var report = try result.get()
            report.seconds = bench.elapsed
            report.server = samples
            return .success(report)
        } catch let error as DriverError {
            return .failure(error)
        } catch {
            return .failure(DriverError("\(error)"))
        }
    }

    /// Load of the machine before the first request: it adds noise to every figure.
    private func othersBusyPercent() async throws -> Double {
        guard let before = MachineTicks.now() else { return 0 }
        try await loop.sleep(seconds: Bench.lookSeconds)
        return MachineTicks.now()?.busyPercent(since: before) ?? 0
    }

    /// Seconds since the run began.
    var elapsed: Double { Monotonic.seconds() - origin }

    /// The report of this run, without figures.
    func report(_ driver: String, _ settings: [(String, JSONValue)]) -> DriverReport {
        var report = DriverReport(driver: driver, target: target.baseURL, startedAt: startedAt)
        report.settings = settings
        return report
    }

    // MARK: The server's figures

    /// The server's usage so far, in steps; empty if its process is unknown.
    var serverSamples: [ServerSample] { sampler?.samples ?? [] }

    /// The server's usage now; resets its peak. nil if its process is unknown.
    func beginUse() -> ServerUse? {
        guard let sampler else { return nil }
        let isReset = sampler.resetPeak()
        return ServerUse(before: sampler.sampleNow(), isPeakReset: isReset, sampler: sampler)
    }
}

extension DriverReport {
    fileprivate mutating func add(othersBusyPercent busy: Double) {
        figures.append(Figure("others_busy_percent", busy))
        if busy > Bench.othersBusyMax {
            notes.append(
                "the machine was \(Int(busy)) % busy before the run: trust ratios within one run, not absolute figures")
        }
    }
}

/// The server's usage between two moments. Loop-bound.
struct ServerUse {
    fileprivate let before: ServerSample
    fileprivate let isPeakReset: Bool
    fileprivate let sampler: ServerSampler

    /// Open descriptors now minus those at `beginUse`.
    func descriptorsAdded() -> Int { sampler.sampleNow().descriptors - before.descriptors }

    /// The figures from `beginUse` to now.
    func end() -> [Figure] {
        let after = sampler.sampleNow()
        var figures = [
            Figure("server_cpu_seconds", after.cpuSeconds - before.cpuSeconds, .lower),
            Figure("server_rss_before_mb", before.residentMegabytes),
            Figure("server_peak_mb", after.peakMegabytes, .lower),
        ]
        // Without a reset the peak may be from before.
        if isPeakReset {
            let added = max(0, after.peakMegabytes - before.residentMegabytes)
            figures.append(Figure("server_added_mb", added, .lower))
        }
        return figures
    }
}
