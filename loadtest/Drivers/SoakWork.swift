// The work of a soak, all kinds at the same time. Thread: the driver's loop; loop-bound.
import Engine

final class SoakWork {
    struct Outcome {
        var polls: LoadOutcome
        var lots: LoadOutcome
        var figures: [Figure]
        var errors: [String: Int]
        /// On the report's time axis: the period with all kinds of work.
        var span: ClosedRange<Double>
    }

    /// Different bodies of single lots.
    private static let bodies = 16
    /// Single lots at the same time.
    private static let singleLanes = 2

    private let bench: Bench
    private let addresses: PictureAddresses
    private let hook: String
    private let options: SoakDriver
    private let end: Double
    private var jobs = 0
    private var resultBytes = 0
    private var mutated: MutatedRequests?
    private var broken = 0
    private var errors: [String: Int] = [:]

    init(_ bench: Bench, _ addresses: PictureAddresses, hook: String, options: SoakDriver) {
        self.bench = bench
        self.addresses = addresses
        self.hook = hook
        self.options = options
        end = Monotonic.seconds() + options.minutes * 60
    }

    func run() async throws -> Outcome {
        let job = try await PollDriver.makeJobs(1, bench)[0]
        mutated = MutatedRequests(bench.target, job: job, seed: 1)
        let begin = bench.elapsed
        let polls = LoopTask(on: bench.loop) { try await self.load(self.pollPlan(job)) }
        let lots = LoopTask(on: bench.loop) { try await self.load(self.lotPlan()) }
        let batches = (0..<options.batches).map { number in
            LoopTask(on: bench.loop) { try await self.batches(number) }
        }
        let damaged = (0..<options.damaged).map { _ in LoopTask(on: bench.loop) { try await self.damagedRequests() } }
        bench.progress.watch { [unowned self] in
            let left = NumberText.short(max(0, end - Monotonic.seconds()))
            return "\(left) s to go, \(jobs) batches, \(broken) damaged requests"
        }
        for task in batches + damaged { try await task.value() }
        let (polled, described) = (try await polls.value(), try await lots.value())
        let span = begin...bench.elapsed
        try await bench.client.cancel(job)
        return Outcome(polls: polled, lots: described, figures: figures(polled, described), errors: errors, span: span)
    }

    private func figures(_ polls: LoadOutcome, _ lots: LoadOutcome) -> [Figure] {
        [
            Figure("polls", Double(polls.recorder.count)), Figure("single_lots", Double(lots.recorder.count)),
            Figure("batches", Double(jobs)), Figure("batch_lots", Double(jobs * options.lots)),
            Figure("result_mb", Double(resultBytes) / 1e6), Figure("damaged_requests", Double(broken)),
        ]
    }

    // MARK: Kinds of work

    private func load(_ plan: LoadPlan) async throws -> LoadOutcome {
        try await RequestLoad(plan, to: bench.address, origin: bench.origin, on: bench.loop).run()
    }

    private func pollPlan(_ job: String) -> LoadPlan {
        var plan = LoadPlan(requests: [bench.target.statusRequest(job)])
        (plan.connections, plan.rate, plan.seconds) = (16, options.rate, end - Monotonic.seconds())
        plan.what = "status poll"
        return plan
    }

    private func lotPlan() throws -> LoadPlan {
        let requests = try (0..<SoakWork.bodies).map { number in
            var spec = BatchSpec(lots: 1, filling: .pictures(1), seed: number, languages: ["en", "de"])
            spec.pictures = addresses
            return try bench.make(spec).request(for: bench.target)
        }
        var plan = LoadPlan(requests: requests)
        (plan.connections, plan.seconds) = (SoakWork.singleLanes, end - Monotonic.seconds())
        (plan.rate, plan.what) = (Double(SoakWork.singleLanes), "single lot")
        return plan
    }

    /// Jobs one after the other: accepted, processed, announced by webhook, read.
    private func batches(_ number: Int) async throws {
        var spec = BatchSpec(lots: options.lots, filling: .pictures(1), languages: ["en", "de"])
        (spec.pictures, spec.webhooks) = (addresses, [hook])
        while Monotonic.seconds() < end {
            spec.seed = jobs * options.batches + number
            let id = try await bench.client.submit(try bench.make(spec))
            let status = try await bench.client.wait(id, atMost: options.wait, pauseSeconds: 0.5, until: { _ in false })
            if status.status != "completed" {
                errors["a job ended \(status.status): \(status.error)", default: 0] += 1
                continue
            }
            let head = bench.target.head(
                "GET", "/api/v1/batch-results/\(id)", signing: id, headers: [("Connection", "close")])
            let reply = try await WireCall.run(
                head, to: bench.address, timeoutSeconds: options.wait, on: bench.loop, sink: { _ in })
            guard reply.status == 200 else {
                throw DriverError(status: reply.status, body: reply.body, to: "results")
            }
            resultBytes += reply.bodyBytes
            jobs += 1
        }
    }

    private func damagedRequests() async throws {
        while Monotonic.seconds() < end, let bytes = mutated?.next() {
            let reply = try await RawCall.run(bytes, to: bench.address, on: bench.loop)
            broken += 1
            do throws(DriverError) { _ = try MutatedRequests.statuses(of: reply) } catch {
                errors[error.description, default: 0] += 1
            }
        }
    }
}
