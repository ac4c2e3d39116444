// Finds out what a wrong signature covers instead, beside the loop. Loop-bound: one a shard.
import Engine

final class SignatureExplainer {
    private let loop: Loop
    private var isBusy = false

    init(on loop: Loop) { self.loop = loop }

    /// The 403 that names the difference; nil if there is none to name, or another signature is being looked at:
    /// whoever sends many wrong ones shall not keep the machine busy.
    func explain(_ suspect: SuspectSignature) async -> ServiceError? {
        guard !isBusy else { return nil }
        isBusy = true
        defer { isBusy = false }
        return await LoopWork.run(on: loop) { suspect.explanation() }
    }
}
