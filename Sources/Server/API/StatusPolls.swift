// Combines status polls: one query asks for all polls that arrive during a turn of the loop, or while other queries are
// running. Loop-bound: one per shard.
import DequeModule
import Engine

final class StatusPolls {
    /// Jobs per query.
    static let idsMax = 64
    /// Concurrent queries; one per shared connection.
    static let queriesMax = 2

    /// The job; nil if it does not exist.
    typealias Found = (job: JobView, usage: [ModelUsage])?

    /// The origin of a poll.
    private enum Asker {
        case call(Call)
        case watcher((Result<Found, DatabaseError>) -> Void)
    }

    private struct Poll {
        let asker: Asker
        let job: Identifier
    }

    private let loop: Loop
    private let database: Database
    private let clock: WallClock
    /// At most one poll per connection of the listener, plus those of ``LiveFeed``.
    private var waiting = Deque<Poll>()
    private var underWay = 0
    private var isScheduled = false

    init(on loop: Loop, database: Database, clock: WallClock) {
        self.loop = loop
        self.database = database
        self.clock = clock
    }

    /// Answers `call` with the job's status, or 404.
    func ask(_ call: Call, _ job: Identifier) { enqueue(Poll(asker: .call(call), job: job)) }

    /// The jobs that exist, in any order.
    func look(_ jobs: [Identifier]) async throws -> [JobView] {
        guard !jobs.isEmpty else { return [] }
        var found: [JobView] = []
        var failure: DatabaseError?
        var left = jobs.count
        try await loop.park { (ticket: Ticket<Void>) in
            for job in jobs {
                let asker = Asker.watcher { result in
                    switch result {
                    case .success(let one): if let one { found.append(one.job) }
                    case .failure(let error): failure = error
                    }
                    left -= 1
                    if left == 0 { ticket.resume() }
                }
                enqueue(Poll(asker: asker, job: job))
            }
        }
        if let failure { throw failure }
        return found
    }

    private func enqueue(_ poll: Poll) {
        waiting.append(poll)
        guard !isScheduled, underWay < StatusPolls.queriesMax else { return }
        isScheduled = true
        loop.later { [self] in
            isScheduled = false
            begin()
        }
    }

    private func begin() {
        while underWay < StatusPolls.queriesMax, !waiting.isEmpty {
            let polls = Array(waiting.prefix(StatusPolls.idsMax))
            waiting.removeFirst(polls.count)
            underWay += 1
            loop.spawn { [self] in
                await answer(polls)
                underWay -= 1
                begin()
            }
        }
    }

    private func answer(_ polls: [Poll]) async {
        let found: [(job: JobView, usage: [ModelUsage])]
        do throws(DatabaseError) { found = try await FindJobStatus.run(database, jobs: polls.map(\.job)) } catch {
            if case .unknownText = error.kind, polls.count > 1 {
                // A job that this version cannot read must not fail the other polls of the query.
                for poll in polls { await answer([poll]) }
            } else {
                for poll in polls { fail(poll, error) }
            }
            return
        }
        let now = clock.now()
        for poll in polls {
            let place = found.firstIndex { $0.job.id == poll.job }
            switch poll.asker {
            case .call(let call):
                guard let place else {
                    call.fail(Call.jobNotFound)
                    continue
                }
                call.send(200, StatusText(found[place].job, usage: found[place].usage, now: now).bytes)
            case .watcher(let tell): tell(.success(place.map { found[$0] }))
            }
        }
    }

    private func fail(_ poll: Poll, _ error: DatabaseError) {
        switch poll.asker {
        case .call(let call): call.fail(error)
        case .watcher(let tell): tell(.failure(error))
        }
    }
}
