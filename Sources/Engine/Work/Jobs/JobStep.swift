// The input of one step of a runner, and its end. Values; the facts are made on the loop's thread.

/// The job and its provider batches as the step loaded them.
struct JobStep {
    let job: JobRecord
    let batches: [ProviderBatch]

    func facts(for batch: ProviderBatch, _ context: JobContext) -> BatchFacts {
        var facts = context.facts
        facts.jobHasEnded = !job.status.isOpen
        if job.status.isOpen, !batch.isStray {
            facts.batchSecondsLeft = context.configuration.deadline.batchSecondsLeft(of: job, now: facts.now)
        }
        let own = batches.filter { $0.stage == batch.stage && !$0.isStray }
        facts.cuts = own.count { $0.round == batch.round && $0.state == .abandoned }
        let vain = BatchMachine.vainAsks(own)
        (facts.vainAsks, facts.unexplainedAsks) = (vain.count, vain.count { $0.refusals > 0 })
        facts.provenAsks = BatchMachine.provenAsks(own).count
        return facts
    }
}

/// A page of lots whose intent to ask is written.
struct DirectStep {
    let batch: ProviderBatch
    let lots: [RemainingLot]
    let step: JobStep
}

/// The runner's action after a step.
enum StepOutcome {
    case goOn
    case rest(Timestamp)
    /// Ask for these lots, without a place among the jobs at work: the calls have places of their own.
    case ask(DirectStep)
    case over
}

extension JobContext {
    /// Facts about this instance at this moment, for decisions.
    var facts: BatchFacts {
        var facts = BatchFacts(now: Timestamp.now(), account: account)
        facts.pollSeconds = configuration.pollSeconds
        facts.settleSeconds = configuration.settleSeconds
        let times = openAI.configuration
        // Bounded, so that one setting decides how long an unknown creation holds a job up.
        facts.attemptSeconds = min(times.createSeconds + times.createQueueSeconds, configuration.settleSeconds)
        facts.firstWaitSeconds = configuration.backoffFirstSeconds
        facts.longestWaitSeconds = configuration.backoffMaxSeconds
        facts.jitter = Double.random(in: 0..<1)
        return facts
    }
}

extension JobAct {
    /// The act's name for the log.
    var name: String {
        switch self {
        case .begin: "begin"
        case .checkImages: "check images"
        case .open(let stage): "open \(stage)"
        case .probe(let stage): "probe \(stage)"
        case .plan(let stage, let round): "plan \(stage) round \(round)"
        case .askDirectly(let stage, _): "ask directly for \(stage)"
        case .upload: "upload"
        case .findUpload: "find upload"
        case .create: "create"
        case .findBatch: "find batch"
        case .poll: "poll"
        case .recall: "recall"
        case .confirmGone: "confirm that it is gone"
        case .look: "look for strays"
        case .collect: "collect"
        case .book: "book"
        case .giveUp(_, let why): "give up: \(why)"
        case .finish: "finish"
        case .expire: "expire"
        case .endCleanUp: "end clean-up"
        case .wait: "wait"
        case .release: "release"
        }
    }
}
