// Polls every job's progress during the faults, as a client would. Thread: the lab's loop; loop-bound.
import Engine

final class Watch {
    private static let pauseSeconds = 0.1
    private static let order = ["pending", "processing", "translating", "completed"]

    /// The last status seen of a job.
    private struct Seen {
        var status = "pending"
        var stage = "queued"
        var processed = 0
        var failed = 0
    }

    private let client: LabClient
    private let loop: Loop
    private let urls: () -> [String]
    private var open: [String: Seen] = [:]
    private var ended: [String: Seen] = [:]
    private var task: Task<Void, Never>?
    /// Each time that progress or a status went back.
    private(set) var setbacks: [String] = []
    /// Polls that were answered.
    private(set) var looks = 0
    /// When a job last made progress, in ``Monotonic`` seconds.
    private(set) var movedAt = Monotonic.seconds()

    /// - Parameter urls: the instances to poll, read again each time.
    init(_ client: LabClient, on loop: Loop, urls: @escaping () -> [String]) {
        (self.client, self.loop, self.urls) = (client, loop, urls)
    }

    func add(_ job: String) { open[job] = Seen() }

    var openCount: Int { open.count }
    var processedLots: Int { (Array(open.values) + Array(ended.values)).map(\.processed).reduce(0, +) }
    /// The stages in which open jobs were seen last.
    var stages: [String] { open.values.map(\.stage) }
    func stage(of job: String) -> String { (open[job] ?? ended[job])?.stage ?? "" }
    func hasEnded(_ job: String) -> Bool { ended[job] != nil }

    func start() {
        task = loop.spawn { [weak self, loop] in
            while let self, !Task.isCancelled {
                await self.look()
                do { try await loop.sleep(seconds: Watch.pauseSeconds) } catch { return }
            }
        }
    }

    func stop() async {
        task?.cancel()
        await task?.value
    }

    private func look() async {
        for job in open.keys.sorted() {
            let urls = urls()
            guard !urls.isEmpty, let reply = try? await client.status(job, from: urls) else { continue }
            looks += 1
            saw(reply, job)
        }
    }

    private func saw(_ reply: JSONValue, _ job: String) {
        guard let before = open[job] else { return }
        let told = JobStatusReply(reply)
        var now = Seen()
        (now.status, now.stage, now.processed, now.failed) = (told.status, told.stage, told.processed, told.failed)
        let movedOn = (now.stage, now.processed, now.status) != (before.stage, before.processed, before.status)
        if movedOn { movedAt = Monotonic.seconds() }
        if now.processed < before.processed || now.failed < before.failed {
            setbacks.append("\(job): \(before.processed) processed lots became \(now.processed)")
        }
        if let old = Watch.order.firstIndex(of: before.status), let new = Watch.order.firstIndex(of: now.status),
            new < old
        {
            setbacks.append("\(job): \(before.status) became \(now.status)")
        }
        open[job] = now
        guard told.isEnded else { return }
        open[job] = nil
        ended[job] = now
    }
}
