// The reply to POST /v1/batches is lost, in each possible way. Thread: the lab's loop.
import ArgumentParser
import Engine

struct LostReplyScenario: Scenario {
    static let name = "lost-reply"
    static let abstract = "Lost replies to POST /v1/batches, at run time and at a crash: one batch, adopted."
    static let discussion = """
        The connection ends without a reply, or in the middle of it; the service is killed while it waits for the \
        reply, after the reply but before the commit, and before it has sent the request.
        """

    @Option(help: "Lots per batch.") var lots = 10

    var settings: [(String, JSONValue)] { [("lots", .int(lots))] }
    var setup: LabSetup {
        var setup = LabSetup()
        setup.instances = 1
        setup.batchSeconds = 0.5
        return setup
    }

    /// The fault of the reply, or of the service.
    private enum Loss: String, CaseIterable {
        case replyLost = "reply_lost"
        case replyCut = "reply_cut_off"
        case killedWaiting = "killed_while_waiting"
        case killedBeforeCommit = "killed_with_the_reply"
        case killedBeforeSending = "killed_before_sending"

        var fault: String? {
            switch self {
            case .replyLost: #""fault": "lost_reply""#
            case .replyCut: #""fault": "truncated""#
            case .killedWaiting: #""fault": "late_reply", "seconds": 30"#
            case .killedBeforeCommit, .killedBeforeSending: nil
            }
        }

        var crashPoint: String? {
            switch self {
            case .replyLost, .replyCut, .killedWaiting: nil
            case .killedBeforeCommit: "batchCreated"
            case .killedBeforeSending: "createIntentCommitted"
            }
        }
    }

    func run(_ lab: Lab) async throws {
        for loss in Loss.allCases {
            lab.progress.show(loss.rawValue.replacing("_", with: " "))
            try await lose(lab, loss)
        }
        try await lab.audit()
    }

    private func lose(_ lab: Lab, _ loss: Loss) async throws {
        let route = loss.fault.map { #"{"route": "POST /v1/batches", \#($0), "times": 1}"# } ?? ""
        try lab.setFaults(#"{"routes": [\#(route)], "lines": [\#(LabLot.refusal)]}"#)
        let (batches, requests) = (lab.openAI.batches.count, lab.openAI.requests("POST /v1/batches"))
        let instance = lab.instances[0]
        if let point = loss.crashPoint { try await restart(instance, ["CRASH_AT": point]) }
        // In one language: one stage, so one batch.
        try await lab.submit(lab.makeJob(lots: lots, languages: ["en"]))
        if loss == .killedWaiting {
            try await lab.until("the batch is made", seconds: 60) { lab.openAI.batches.count > batches }
            try await restart(instance)
        } else if let point = loss.crashPoint {
            let died = try await instance.dies(within: 60)
            try check(died && instance.lastCrashPoint == point, "the crash point \(point) was not met: a debug build?")
            try await restart(instance)
        }
        try await lab.waitForAll(seconds: 120)
        let made = lab.openAI.batches.count - batches
        lab.figure("batches_\(loss.rawValue)", made)
        lab.figure("requests_\(loss.rawValue)", lab.openAI.requests("POST /v1/batches") - requests)
        if made != 1 { lab.found("\(loss.rawValue): \(made) batches") }
    }

    private func restart(_ instance: Instance, _ settings: [String: String] = [:]) async throws {
        try await instance.killHard()
        try instance.launch(settings)
        try await instance.becomesReady()
    }
}
