// One batch of the simulated account and the times of its life. Thread: its loop; loop-bound.
import Engine

/// A batch's `status` on the wire.
public enum SimulatedBatchStatus: String, Sendable, CaseIterable {
    case validating, failed, finalizing, completed, expired, cancelling, cancelled
    case inProgress = "in_progress"

    var hasEnded: Bool {
        switch self {
        case .failed, .completed, .expired, .cancelled: true
        case .validating, .inProgress, .finalizing, .cancelling: false
        }
    }

    /// The member with the time at which the status was reached.
    fileprivate var stamp: String {
        switch self {
        case .validating: "created_at"
        case .inProgress: "in_progress_at"
        case .failed, .finalizing, .completed, .expired, .cancelling, .cancelled: "\(rawValue)_at"
        }
    }
}

/// How long the steps of a batch take, in seconds of the clock.
struct BatchTiming: Sendable {
    var validate: Double
    var run: Double
    var finalize: Double
    var cancel: Double
    var window: Double

    /// From creation to completion in `seconds`, for a window of 24 hours; the clock's speed shortens all of it.
    init(seconds: Double, clock: SimClock) {
        validate = clock.scaled(seconds * 0.1)
        run = clock.scaled(seconds * 0.8)
        finalize = clock.scaled(seconds * 0.1)
        cancel = clock.scaled(seconds * 0.1)
        window = clock.scaled(86_400)
    }
}

struct BatchProblem: Sendable {
    var code: String
    var message: String
    var param: String?
    var line: Int?

    var json: JSONValue {
        [
            "code": .string(code), "message": .string(message), "param": JSONValue(param),
            "line": line.map { .int($0) } ?? .null,
        ]
    }
}

final class Batch {
    /// The next steps of a batch, and when they are due.
    enum Step { case validate, finalize, complete, expire, beginCancel, endCancel }

    let id: String
    /// 0 for the account's first batch.
    let ordinal: Int
    let input: StoredFile
    let metadata: JSONValue
    let createdAt: Double
    let timing: BatchTiming
    var outputLifeSeconds: Double?
    private(set) var status = SimulatedBatchStatus.validating
    private var stamps: [SimulatedBatchStatus: Double] = [:]
    var fault: BatchFault?
    var problems: [BatchProblem] = []
    var model: String?
    /// Position of each line in the input.
    var lines: [Range<Int>] = []
    var inputDigest = ""
    var enqueuedTokens = 0
    var result = BatchResult()

    init(
        id: String, ordinal: Int, input: StoredFile, metadata: JSONValue, createdAt: Double, timing: BatchTiming
    ) {
        self.id = id
        self.ordinal = ordinal
        self.input = input
        self.metadata = metadata
        self.createdAt = createdAt
        self.timing = timing
    }

    func enter(_ next: SimulatedBatchStatus, at time: Double) {
        status = next
        stamps[next] = time
    }

    func reached(_ status: SimulatedBatchStatus) -> Double? { stamps[status] }

    /// The next step that needs no request; nil for an ended batch.
    var next: (at: Double, step: Step)? {
        switch status {
        case .validating: return (createdAt + timing.validate, .validate)
        case .inProgress:
            let begun = stamps[.inProgress] ?? createdAt
            let expiry = createdAt + timing.window
            switch fault?.kind {
            case .stuck: return (expiry, .expire)
            case .expire: return (min(begun + timing.run, expiry), .expire)
            case .cancel: return (begun + timing.run * (fault?.fraction ?? 0), .beginCancel)
            case .fail, nil: return begun + timing.run <= expiry ? (begun + timing.run, .finalize) : (expiry, .expire)
            }
        case .finalizing: return ((stamps[.finalizing] ?? createdAt) + timing.finalize, .complete)
        case .cancelling: return ((stamps[.cancelling] ?? createdAt) + timing.cancel, .endCancel)
        case .failed, .completed, .expired, .cancelled: return nil
        }
    }

    /// The part of the lines that has run by `time`.
    func fractionDone(at time: Double) -> Double {
        guard let begun = stamps[.inProgress] else { return 0 }
        if fault?.kind == .stuck || fault?.kind == .expire { return fault?.fraction ?? 0 }
        let end = stamps[.cancelling] ?? stamps[.finalizing] ?? time
        return timing.run <= 0 ? 1 : min(1, max(0, (end - begun) / timing.run))
    }

    func json(now: Double) -> JSONValue {
        var members: [(String, JSONValue)] = [
            ("id", .string(id)), ("object", "batch"), ("endpoint", "/v1/responses"), ("model", JSONValue(model)),
            ("errors", problems.isEmpty ? .null : ["object": "list", "data": .array(problems.map(\.json))]),
            ("input_file_id", .string(input.id)), ("completion_window", "24h"), ("status", .string(status.rawValue)),
            ("output_file_id", JSONValue(result.outputFileID)), ("error_file_id", JSONValue(result.errorFileID)),
            ("created_at", .int(Int(createdAt))), ("expires_at", .int(Int((createdAt + timing.window).rounded(.up)))),
        ]
        for stamp in SimulatedBatchStatus.allCases where stamp != .validating {
            members.append((stamp.stamp, stamps[stamp].map { .int(Int($0)) } ?? .null))
        }
        members.append(("request_counts", counts(now: now)))
        members.append(("usage", result.usage))
        members.append(("metadata", metadata))
        return .object(members)
    }

    private func counts(now: Double) -> JSONValue {
        let completed = status.hasEnded ? result.completed : Int(Double(lines.count) * fractionDone(at: now))
        return ["total": .int(lines.count), "completed": .int(completed), "failed": .int(result.failed)]
    }
}

/// The files and counts of an ended batch.
struct BatchResult {
    var outputFileID: String?
    var errorFileID: String?
    var completed = 0
    var failed = 0
    var inputTokens = 0
    var outputTokens = 0

    var usage: JSONValue {
        [
            "input_tokens": .int(inputTokens), "input_tokens_details": ["cached_tokens": 0],
            "output_tokens": .int(outputTokens), "output_tokens_details": ["reasoning_tokens": 0],
            "total_tokens": .int(inputTokens + outputTokens),
        ]
    }
}
