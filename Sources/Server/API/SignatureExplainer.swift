// Finds the text that a wrong signature covers, off the loop. Loop-bound: one per shard.
import Engine

final class SignatureExplainer {
    private let loop: Loop
    private var isBusy = false

    init(on loop: Loop) { self.loop = loop }

    /// The 403 that explains the difference; nil if none is found, or if another signature is being examined. One at a
    /// time, so a flood of wrong signatures cannot use up the CPU.
    func explain(_ suspect: SuspectSignature) async -> ServiceError? {
        guard !isBusy else { return nil }
        isBusy = true
        defer { isBusy = false }
        return await LoopWork.run(on: loop) { suspect.explanation() }
    }
}
