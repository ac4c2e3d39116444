// The table of legal moves: each state meets each outcome, and each verdict is a legal move. Any thread.
import Foundation
import Testing

@testable import Engine

@Suite("The batch machine: legal moves")
struct BatchMovesTests {
    typealias Samples = BatchMachineTests

    /// At least one outcome of every case, and one for each branch within it.
    static let outcomes: [BatchOutcome] =
        [
            .answered(position: 0, Samples.answer), .askedAll(AskedLots(answered: 1)),
            .askedAll(AskedLots(stop: Samples.busy)), .askedAll(AskedLots(answered: 1, stop: Samples.busy)),
            .askedAll(AskedLots(stop: Samples.api(400, "unknown_parameter"))), .built(positions: [1], bytes: 1),
            .built(positions: [], bytes: 0), .uploaded(file: "f"),
            .foundUpload(file: "f"), .foundUpload(file: nil), .admitted, .othersTurn, .noFile,
            .created(Samples.object(.validating)), .listed([Samples.object(.inProgress)]), .listed([]),
            .queueFull(others: 0), .queueFull(others: 9), .noBatch, .gone(Samples.api(404)),
            .collected(heldUp: nil, Samples.whole), .collected(heldUp: OpenAIError(.quota), Samples.whole),
            .collected(heldUp: nil, FilesRead()), .booked([], Samples.whole), .booked([], FilesRead()),
            .looked(.success([])), .looked(.success([Samples.object(.inProgress, id: "batch_2")])),
            .looked(.failure(Samples.busy)),
        ] + GiveUp.allCases.map { .givenUp($0) }
        + errors.flatMap { error -> [BatchOutcome] in
            [.askFailed(position: 0, error), .uploadFailed(error), .creationFailed(error), .failed(error)]
        } + statuses.flatMap { [.status($0), .recalled($0)] }

    static let errors = [
        Samples.api(400), Samples.api(400, "unknown_parameter"), Samples.api(401), Samples.api(404), Samples.api(500),
        Samples.gone, Samples.busy, OpenAIError(.quota), OpenAIError(.modelNotFound), OpenAIError(.refused("no")),
        OpenAIError(.cancelled), OpenAIError(.unavailable),
    ]

    static let statuses: [BatchObject] =
        [.validating, .inProgress, .finalizing, .completed, .expired, .cancelling, .cancelled, .other("new")].map {
            Samples.object($0)
        }
        + ["server_error", "token_limit_exceeded", "insufficient_quota", "model_not_found", "invalid_json_line"].map {
            Samples.object(.failed, errors: [$0])
        }

    /// Possible outcomes of an open batch's acts, by state: each has a verdict, and no other outcome has one.
    static func isPossible(_ outcome: BatchOutcome, in state: ProviderBatchState, ended: Bool) -> Bool {
        switch outcome {
        case .givenUp: state.isOpen
        case .answered, .askFailed, .askedAll: state == .asking && !ended
        case .built: state == .planned && !ended
        case .uploaded, .uploadFailed: state == .uploading && !ended
        case .foundUpload: state == .uploading
        case .admitted, .othersTurn, .noFile: state == .uploaded && !ended
        case .created, .creationFailed: state == .creating && !ended
        case .listed: state == .creating
        case .status, .recalled, .queueFull, .noBatch: state == .submitted
        case .gone: state == .submitted || (state == .ended && !ended)
        case .looked: [.submitted, .ended, .collected, .abandoned].contains(state)
        case .collected: state == .ended && !ended
        case .booked: state == .ended && ended
        case .failed: ended ? state.isOpen : [.uploading, .creating, .submitted, .ended].contains(state)
        }
    }

    @Test("C5.1: each state times each outcome has a verdict or is named illegal, and each verdict is a legal move")
    func everyPair() throws {
        var made: [ProviderBatchState: Set<ProviderBatchState>] = [:]
        for ended in [false, true] {
            for state in ProviderBatchState.allCases {
                for outcome in Self.outcomes {
                    for counts in [0, 5] {
                        let batch = Samples.batch(state, setbacks: counts, refusals: counts)
                        guard Self.isPossible(outcome, in: state, ended: ended) else {
                            #expect(throws: IllegalOutcome.self, "\(state) \(outcome)") {
                                try BatchMachine.after(batch, outcome, Samples.facts(ended: ended))
                            }
                            continue
                        }
                        let verdict = try BatchMachine.after(batch, outcome, Samples.facts(ended: ended))
                        let isLegal =
                            verdict.move.to == state || BatchMachine.moves[state]?.contains(verdict.move.to) ?? false
                        #expect(isLegal, "\(state) -> \(verdict.move.to) after \(outcome)")
                        // After the job's end nothing new is begun, and the row stays unchanged.
                        if ended {
                            #expect(
                                ![.planned, .uploading, .uploaded, .creating].contains(verdict.move.to)
                                    || verdict.move.to == state)
                        }
                        #expect(verdict.move.waitSeconds >= 0 && verdict.move.waitSeconds.isFinite)
                        if verdict.move.to != state { made[state, default: []].insert(verdict.move.to) }
                    }
                }
            }
        }
        // The table allows nothing that no verdict asks for.
        for state in ProviderBatchState.allCases {
            #expect(made[state] ?? [] == BatchMachine.moves[state] ?? [], "\(state)")
        }
    }

    @Test("every state is in the table; only end states have no legal move")
    func table() {
        #expect(Set(BatchMachine.moves.keys.compactMap(\.self)) == Set(ProviderBatchState.allCases))
        for state in ProviderBatchState.allCases {
            #expect((BatchMachine.moves[state] ?? []).isEmpty == !state.isOpen, "\(state)")
        }
    }

    @Test("docs/job-states.md shows the current table")
    func picture() throws {
        let order: [ProviderBatchState?] = [nil] + ProviderBatchState.allCases
        let lines = order.flatMap { from in
            ProviderBatchState.allCases.filter { BatchMachine.moves[from]?.contains($0) ?? false }.map {
                "    \(from?.rawValue ?? "[*]") --> \($0.rawValue)"
            }
        }
        let ends = ProviderBatchState.allCases.filter { !$0.isOpen }.map { "    \($0.rawValue) --> [*]" }
        let picture = (["```mermaid", "stateDiagram-v2"] + lines + ends + ["```"]).joined(separator: "\n")
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let page = try String(contentsOf: root.appending(path: "docs/job-states.md"), encoding: .utf8)
        let parts = page.components(separatedBy: "<!-- moves:begin -->\n")
        let shown = parts.count == 2 ? parts[1].components(separatedBy: "\n<!-- moves:end -->")[0] : ""
        #expect(shown == picture, "put this between the markers of docs/job-states.md:\n\(picture)")
    }
}
