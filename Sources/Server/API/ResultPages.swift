// Reads a job's finished lots page by page. It reads ahead, so the database works while pages are sent. Loop-bound.
import DequeModule
import Engine

final class ResultPages {
    /// Pages being read or waiting to be taken. Two are enough to keep the database busy.
    static let ahead = 2

    /// Lots by position: those after `after`, up to and including `through`.
    private struct Stretch {
        var after: Int
        var through: Int
    }

    private let loop: Loop
    private let database: Database
    private let job: Identifier
    /// Lots that have not been requested yet.
    private var unasked: Stretch
    private var fetching = Deque<(stretch: Stretch, page: LoopTask<FinishedPage>)>()
    /// Lots that the last page left out.
    private var rest: Stretch?

    init(on loop: Loop, database: Database, job: Identifier, _ part: ResultsPart) {
        self.loop = loop
        self.database = database
        self.job = job
        unasked = Stretch(after: part.after, through: part.through)
    }

    /// True when all pages have been taken.
    var isAtEnd: Bool { rest == nil && fetching.isEmpty && unasked.after >= unasked.through }

    /// The next page; it has no lots once all have been taken.
    func next() async throws -> FinishedPage {
        fetchAhead()
        if let rest {
            let page = try await ResultPage.large(database, job: job, after: rest.after, through: rest.through)
            return take(page, of: rest)
        }
        guard let first = fetching.popFirst() else { return FinishedPage.empty }
        let page = try await first.page.value()
        fetchAhead()
        return take(page, of: first.stretch)
    }

    private func take(_ page: FinishedPage, of stretch: Stretch) -> FinishedPage {
        rest = page.isCut ? Stretch(after: page.last ?? stretch.after, through: stretch.through) : nil
        return page
    }

    private func fetchAhead() {
        while fetching.count < ResultPages.ahead, unasked.after < unasked.through {
            let through = min(unasked.after + ResultPage.lots, unasked.through)
            let stretch = Stretch(after: unasked.after, through: through)
            unasked.after = through
            let page = LoopTask(on: loop) { [database, job] in
                try await ResultPage.run(database, job: job, after: stretch.after, through: stretch.through)
            }
            fetching.append((stretch, page))
        }
    }
}
