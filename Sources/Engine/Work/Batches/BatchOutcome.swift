// Outcomes of acts on a provider batch, and the other facts of a decision. Values. Thread: any.

/// The outcome of one act. Acts return it; ``BatchMachine/after(_:_:_:)`` decides what follows.
public enum BatchOutcome: Sendable {
    // asking
    /// The lot that was asked for, and its answer.
    case answered(position: Int, ModelAnswer)
    case askFailed(position: Int, OpenAIError)
    /// A page of lots was asked for, each with its own call, and the results are stored.
    case askedAll(AskedLots)

    // planned
    /// The file is built; empty if none of the lots could be sent.
    case built(positions: [Int], bytes: Int)

    // uploading
    case uploaded(file: String)
    case uploadFailed(OpenAIError)
    /// The whole file with the batch's name at the provider; nil if there is none.
    case foundUpload(file: String?)

    // uploaded
    /// The provider's queue has room, and it is this job's turn.
    case admitted
    case othersTurn
    /// The row has no file to make a batch of.
    case noFile

    // creating
    case created(BatchObject)
    case creationFailed(OpenAIError)
    /// The living batches that the provider lists for this row, in any order.
    case listed([BatchObject])

    // submitted
    case status(BatchObject)
    /// The batch failed because the provider's queue is full.
    /// - `others`: input tokens of all other batches in the queue.
    case queueFull(others: Int?)
    case recalled(BatchObject)
    /// The row has no batch to ask about.
    case noBatch
    /// The provider denies the batch, or its file, and its list lacks it, too. The batch was cancelled if that was
    /// possible; lines that could be read are stored.
    case gone(OpenAIError)

    // ended
    /// The readable answers are stored. `heldUp`: the account could not run some of the lines.
    case collected(heldUp: OpenAIError?, FilesRead)
    /// The cost of the batch's answers, by model.
    case booked([ModelUsage], FilesRead)

    // submitted, ended, collected, abandoned
    /// Batches in the provider's list that belong to the row's lots and are in no row.
    case looked(Result<[BatchObject], OpenAIError>)

    // any
    /// The provider could not be asked, or the answer could not be read.
    case failed(OpenAIError)
    case givenUp(GiveUp)
}

/// The result of a page of direct calls.
public struct AskedLots: Sendable, Equatable {
    /// Lots whose answer is stored.
    public var answered = 0
    /// Lots whose failure is stored and counts as one of their attempts.
    public var failed = 0
    /// The error that ended the page before its end. Its lot was not tried, or every lot would meet the same refusal.
    public var stop: OpenAIError?

    public init(answered: Int = 0, failed: Int = 0, stop: OpenAIError? = nil) {
        self.answered = answered
        self.failed = failed
        self.stop = stop
    }
}

/// Facts that a decision needs besides the row and the outcome.
public struct BatchFacts: Sendable {
    public var now: Timestamp
    /// The account that this instance uses.
    public var account: String
    /// The job has ended, so only clean-up is left.
    public var jobHasEnded = false
    /// Batches of the same stage and round that were given up or cut in two.
    public var cuts = 0
    /// Lots asked for ahead of the stage that failed in a way that proves nothing, in a row.
    public var vainAsks = 0
    /// Those of them that were refused without a known reason.
    public var unexplainedAsks = 0
    /// Lots that were asked for ahead of the stage, with an outcome that says that a batch may be made.
    public var provenAsks = 0
    /// Time between two polls of a batch, seconds.
    public var pollSeconds = 30.0
    /// Time that a batch may need to appear in the list after its creation was given up without a reply, seconds.
    public var settleSeconds = 600.0
    /// Longest time from the intent to the end of the attempt, if the process died in between, seconds.
    public var attemptSeconds = 180.0
    /// Time until nothing new goes into batches, seconds; negative: that time has begun. Infinite after the job's end.
    public var batchSecondsLeft = Double.infinity
    /// The wait after the first failure, and the longest one, seconds.
    public var firstWaitSeconds = 1.0
    public var longestWaitSeconds = 60.0
    /// 0..<1. Spreads waits, so that batches that failed together do not come back together.
    public var jitter = 0.0

    public init(now: Timestamp, account: String) {
        self.now = now
        self.account = account
    }

    /// Seconds to wait after `failures` failures in a row: doubling, bounded, less up to a quarter.
    func wait(after failures: Int) -> Double {
        BackOff(firstSeconds: firstWaitSeconds, mostSeconds: longestWaitSeconds, spread: 0.25)
            .delay(failures: failures, jitter: jitter)
    }
}

/// Lines found in a batch's answer files, each lot counted once.
public struct FilesRead: Sendable, Equatable {
    /// Lots whose line has status 2xx.
    public var completed: Int
    /// Lots with another line.
    public var failed: Int
    /// Lines that were too long to be read.
    public var skipped: Int
    /// Lines without a lot's id: a gateway's page, an error, the last line of a file that was cut short.
    public var unreadable: Int

    public init(completed: Int = 0, failed: Int = 0, skipped: Int = 0, unreadable: Int = 0) {
        self.completed = completed
        self.failed = failed
        self.skipped = skipped
        self.unreadable = unreadable
    }
}

/// An outcome that no act of the state can have: a programming error. It ends the step; nothing is written.
public struct IllegalOutcome: Error, Sendable, CustomStringConvertible {
    public let state: ProviderBatchState
    public let description: String

    init(_ state: ProviderBatchState, _ outcome: BatchOutcome) {
        self.state = state
        // Only the case's name: its values may contain a model's text.
        let name = "\(outcome)".prefix { $0 != "(" }
        description = "illegal outcome of a provider batch that is \(state.rawValue): \(name)"
    }
}
