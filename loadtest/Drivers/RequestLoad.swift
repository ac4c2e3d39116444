// Many requests over a bounded number of connections, in a closed or an open loop, measured. Thread: its loop;
// loop-bound.
//
// Closed: each connection sends its next request after the reply to the last one. Open: requests are due at a fixed
// rate (`OpenSchedule`) and leave on any free connection; latency counts from the due time.
import Engine
import Glibc

/// CPU time of the calling thread.
private enum ThreadTime {
    static func seconds() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}

struct LoadPlan: Sendable {
    /// Requests to send in turn, in a circle.
    var requests: [[UInt8]]
    /// The status that counts as success.
    var expected = 200
    var connections = 1
    /// Requests per second; nil: a closed loop.
    var rate: Double?
    /// Duration of the measurement, in seconds.
    var seconds = 10.0
    /// Duration of the warm-up before it, in seconds.
    var warmUpSeconds = 0.0
    /// Maximum number of requests, including the warm-up.
    var countMax = Int.max
    /// nil: derived from `seconds`.
    var sliceSeconds: Double?
    /// Time to wait for replies after the end, in seconds.
    var timeoutSeconds = 30.0
    /// Name of the request, for messages.
    var what = "request"
}

struct LoadOutcome: Sendable {
    var recorder: LoadRecorder
    /// Duration of the measurement, in seconds.
    var seconds: Double
    /// Delay of requests after their due time: the driver's own part of the latencies. Open loop only.
    var lateness: LatencyHistogram
    /// Replies of every kind, including the warm-up.
    var answersInAll: Int
    /// Includes the warm-up and the wait for the last replies.
    var secondsInAll: Double
    /// The driver thread's share of a core over that time.
    var driverCores: Double

    /// Replies of the expected status per second.
    var rate: Double { seconds > 0 ? Double(recorder.count) / seconds : 0 }
}

final class RequestLoad: LoadLaneOwner {
    /// A lane gives up after this many failures in a row.
    static let failuresMax = 10
    private static let pauseAfterFailureSeconds = 0.1

    private let plan: LoadPlan
    private let loop: Loop
    private let begin: Double
    private var schedule: OpenSchedule?
    private var end: Double
    private var recorder: LoadRecorder
    private var lateness = LatencyHistogram()
    private var lanes: [LoadLane] = []
    private var free: [LoadLane] = []
    private var running = 0
    private var started = 0
    private var answers = 0
    private let createdAt = Monotonic.seconds()
    private let cpuBefore = ThreadTime.seconds()
    private var timer: PreciseTimer?
    private var limit: LoopTimer?
    private var pauses: [Task<Void, Never>] = []
    private var pausing = 0
    private var fatal: DriverError?
    private var done: Ticket<Void>?
    private var isOver = false

    /// - Parameter origin: start of the report's time axis, in ``Monotonic`` seconds.
    init(_ plan: LoadPlan, to address: SocketAddress, origin: Double, on loop: Loop) {
        self.plan = plan
        self.loop = loop
        let now = Monotonic.seconds()
        begin = now + plan.warmUpSeconds
        end = begin + plan.seconds
        recorder = LoadRecorder(
            origin: origin, begin: begin,
            sliceSeconds: plan.sliceSeconds ?? LoadRecorder.sliceSeconds(for: plan.seconds))
        schedule = plan.rate.map {
            OpenSchedule(start: now, rate: $0, seconds: plan.warmUpSeconds + plan.seconds, countMax: plan.countMax)
        }
        lanes = (0..<plan.connections).map { _ in
            LoadLane(to: address, expecting: plan.expected, owner: self, on: loop)
        }
    }

    /// Runs to the end of the plan, or until `stop`.
    /// - Throws: ``DriverError`` if an answer shows that nothing can be measured, or if no request was answered.
    func run() async throws -> LoadOutcome {
        if schedule != nil {
            timer = PreciseTimer(on: loop)
            try check(timer != nil, "no descriptors left")
        }
        let limit = LoopTimer(on: loop)
        self.limit = limit
        limit.start(after: max(0, end - Monotonic.seconds())) { [unowned self] in stop() }
        free = lanes.reversed()
        beginAll()
        if running > 0 || pausing > 0 || schedule?.next != nil {
            try? await loop.park { (ticket: Ticket<Void>) in done = ticket }
        }
        await closeAll()
        let measured = min(Monotonic.seconds(), end) - begin
        recorder.finish(at: Monotonic.seconds())
        if Task.isCancelled { throw CancellationError() }
        if let fatal { throw fatal }
        guard recorder.count > 0 else { throw nothingAnswered() }
        let inAll = max(Monotonic.seconds() - createdAt, 1e-6)
        return LoadOutcome(
            recorder: recorder, seconds: max(measured, 1e-6), lateness: lateness, answersInAll: answers,
            secondsInAll: inAll, driverCores: (ThreadTime.seconds() - cpuBefore) / inAll)
    }

    /// Stops new requests; `run` returns after the requests due before are answered.
    func stop() {
        guard !isOver else { return }
        let now = Monotonic.seconds()
        end = min(end, now)
        schedule?.stop(at: now)
        if schedule != nil { sendWhatIsDue() }
        limit?.start(after: plan.timeoutSeconds) { [unowned self] in giveUp() }
        endIfIdle()
    }

    /// Replies so far, for the progress line.
    var completed: Int { recorder.count }
    var errors: Int { recorder.errorCount }

    // MARK: Sending

    private func beginAll() {
        if schedule != nil { return sendWhatIsDue() }
        while let lane = free.popLast(), sendNext(over: lane) {}
    }

    /// Closed loop: false if there is no next request.
    @discardableResult
    private func sendNext(over lane: LoadLane, at moment: Double = Monotonic.seconds()) -> Bool {
        guard moment < end, started < plan.countMax else {
            endIfIdle()
            return false
        }
        send(over: lane, intended: moment)
        return true
    }

    private func send(over lane: LoadLane, intended: Double) {
        let request = plan.requests[started % plan.requests.count]
        started += 1
        running += 1
        lane.send(request, intended: intended)
    }

    /// Open loop: sends due requests while lanes are free; then the timer or a freed lane continues.
    private func sendWhatIsDue() {
        let now = Monotonic.seconds()
        while !free.isEmpty, let due = schedule?.take(at: now) {
            if due >= begin { lateness.record(seconds: now - due) }
            send(over: free.removeLast(), intended: due)
        }
        if let next = schedule?.next, next > now {
            timer?.start(at: next) { [unowned self] in sendWhatIsDue() }
        }
        endIfIdle()
    }

    // MARK: LoadLaneOwner

    func finished(_ lane: LoadLane, status: Int, bytes: Int, problem: [UInt8]) {
        let now = Monotonic.seconds()
        running -= 1
        answers += 1
        if status == plan.expected {
            if lane.intended >= begin { recorder.completed(at: now, seconds: now - lane.intended, bytes: bytes) }
        } else if DriverError.endsTheRun(status) {
            fatal = DriverError(status: status, body: problem, to: plan.what)
            _ = schedule?.abandon()
            return stop()
        } else {
            count("\(status) \(RequestLoad.code(problem))", lane, at: now)
        }
        goOn(lane, at: now)
    }

    func failed(_ lane: LoadLane, _ reason: String) {
        let now = Monotonic.seconds()
        running -= 1
        count(reason, lane, at: now)
        guard lane.failuresInARow < RequestLoad.failuresMax, now < end else { return endIfIdle() }
        // Pauses, because a service that refuses connections would otherwise get a million requests.
        pausing += 1
        pauses.append(
            loop.spawn { [self] in
                try? await loop.sleep(seconds: RequestLoad.pauseAfterFailureSeconds)
                pausing -= 1
                if !Task.isCancelled { goOn(lane, at: Monotonic.seconds()) }
            })
    }

    private func goOn(_ lane: LoadLane, at now: Double) {
        if schedule != nil {
            free.append(lane)
            sendWhatIsDue()
        } else {
            sendNext(over: lane, at: now)
        }
    }

    private func count(_ reason: String, _ lane: LoadLane, at now: Double) {
        if lane.intended >= begin { recorder.failed(at: now, reason) }
    }

    private static func code(_ body: [UInt8]) -> String {
        (try? JSONValue.parse(body))?["code"]?.string ?? ""
    }

    // MARK: The end

    private func endIfIdle() {
        guard running == 0, pausing == 0 else { return }
        if schedule.map({ $0.next == nil || allGaveUp }) ?? true { done?.resume() }
    }

    private var allGaveUp: Bool { lanes.allSatisfy { $0.failuresInARow >= RequestLoad.failuresMax } }

    private func giveUp() {
        let now = Monotonic.seconds()
        for lane in lanes where lane.isBusy {
            count("no reply within \(NumberText.short(plan.timeoutSeconds)) s of the end", lane, at: now)
        }
        for _ in 0..<(schedule?.abandon() ?? 0) { recorder.failed(at: now, "due, but no connection got free") }
        running = 0
        done?.resume()
    }

    private func closeAll() async {
        isOver = true
        limit?.close()
        timer?.close()
        for lane in lanes { await lane.close() }
        for pause in pauses { pause.cancel() }
        for pause in pauses { await pause.value }
    }

    private func nothingAnswered() -> DriverError {
        let first = recorder.errors.max { $0.value < $1.value }
        return DriverError("no \(plan.what) got the expected answer: \(first?.key ?? "nothing came at all")")
    }
}
