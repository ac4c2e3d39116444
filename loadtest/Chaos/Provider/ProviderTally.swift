// The figures of the whole table. Thread: the lab's loop.
import Engine

struct ProviderTally {
    let results: [ProviderResult]

    init(_ results: [ProviderResult]) { self.results = results }

    /// Writes figures, and each row's findings.
    func tell(_ lab: Lab) {
        lab.figure("cases", results.count)
        lab.figure("cases_with_findings", results.count { !$0.problems.isEmpty })
        lab.figure("batches_made", sum(\.batches))
        lab.figure("batches_made_twice", sum(\.madeTwice))
        lab.figure("lines_paid", sum(\.lines))
        lab.figure("calls_paid", sum(\.calls))
        lab.figure("answers_paid_twice", sum(\.paidTwice))
        lab.figure("answers_lost", sum(\.lost))
        lab.figure("tokens_not_booked", sum { abs($0.unbookedTokens) })
        lab.figure("slowest_case_seconds", results.map(\.seconds).max() ?? 0)
        for place in ProviderPlace.allCases {
            let most = results.max { $0.requests[place, default: 0] < $1.requests[place, default: 0] }
            lab.figure("most_calls \(place.rawValue)", most?.requests[place] ?? 0)
        }
        for result in results {
            for problem in result.problems { lab.found("\(result.name): \(problem)") }
        }
        lab.report.notes += results.map(Self.line)
    }

    private func sum(_ member: (ProviderResult) -> Int) -> Int { results.reduce(0) { $0 + member($1) } }

    private static func line(_ result: ProviderResult) -> String {
        let verdict = result.problems.isEmpty ? "ok  " : "FAIL"
        return
            "\(verdict) \(result.name): \(result.batches) batches (\(result.madeTwice) twice), \(result.lines) lines "
            + "and \(result.calls) calls paid (\(result.paidTwice) twice), \(result.lost) lost, "
            + "\(result.unbookedTokens) tokens not booked, \(NumberText.short(result.seconds)) s"
    }
}
