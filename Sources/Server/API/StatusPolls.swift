// Polls of one moment are one query: what comes in during a turn of the loop, and while other queries are under way,
// is asked for together. Loop-bound: one a shard.
import DequeModule
import Engine

final class StatusPolls {
    /// Jobs in one query.
    static let idsMax = 64
    /// Queries under way; one for each shared connection.
    static let queriesMax = 2

    private struct Poll {
        let call: Call
        let job: Identifier
    }

    private let loop: Loop
    private let database: Database
    private let clock: WallClock
    /// At most one for each connection of the listener.
    private var waiting = Deque<Poll>()
    private var underWay = 0
    private var isScheduled = false

    init(on loop: Loop, database: Database, clock: WallClock) {
        self.loop = loop
        self.database = database
        self.clock = clock
    }

    /// Answers `call` with the job's status, or 404.
    func ask(_ call: Call, _ job: Identifier) {
        waiting.append(Poll(call: call, job: job))
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
            for poll in polls { poll.call.fail(error) }
            return
        }
        let now = clock.now()
        for poll in polls {
            guard let place = found.firstIndex(where: { $0.job.id == poll.job }) else {
                poll.call.fail(Call.jobNotFound)
                continue
            }
            poll.call.send(200, StatusText(found[place].job, usage: found[place].usage, now: now).bytes)
        }
    }
}
