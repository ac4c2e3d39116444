// Thousands of damaged requests: no crash, no leak, every reply well-formed. Thread: the driver's loop.
import ArgumentParser
import Engine

struct MutateDriver: Driver {
    static let name = "mutate"
    static let abstract = "Damaged requests, each on its own connection; every reply is parsed strictly."
    static let discussion = """
        Takes valid requests to every endpoint and makes up to four changes each, by --seed. Errors are: a reply that \
        is not strict HTTP/1.1, an error that is not in the API's form, a 5xx, a connection that stays open. With \
        --pid the report has the server's memory and descriptors, and more descriptors after than before are an error.
        """
    /// Allowed growth of descriptors: database sessions are opened and closed.
    private static let descriptorsMax = 16

    @Option(help: "Requests.") var count = 100_000
    @Option(help: "Connections at the same time.") var connections = 64
    @Option(help: "The same seed gives the same requests.") var seed = 1

    /// Shared state of the lanes; on the driver's loop.
    private final class Tally {
        var requests: MutatedRequests
        var left: Int
        var statuses: [Int: Int] = [:]
        var unanswered = 0
        var errors: [String: Int] = [:]
        /// The first requests that showed an error.
        var culprits: [String] = []

        init(_ requests: MutatedRequests, count: Int) {
            self.requests = requests
            left = count
        }
    }

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(count > 0 && connections > 0, "--count and --connections must be above zero")
        let job = try await PollDriver.makeJobs(1, bench)[0]
        let tally = Tally(MutatedRequests(bench.target, job: job, seed: seed), count: count)
        // Descriptors that the server opens for its first connections are no leak.
        _ = try await RawCall.run(tally.requests.next(), to: bench.address, on: bench.loop)
        let use = bench.beginUse()
        bench.progress.watch { "\(NumberText.grouped(tally.left)) damaged requests to go" }
        let lanes = (0..<connections).map { _ in
            LoopTask(on: bench.loop) { try await lane(tally, bench) }
        }
        for lane in lanes { try await lane.value() }
        // The server must still answer, as quickly as before.
        _ = try await bench.client.status(job)
        try await bench.client.cancel(job)
        return report(bench, tally, use)
    }

    private func lane(_ tally: Tally, _ bench: Bench) async throws {
        while tally.left > 0 {
            tally.left -= 1
            let bytes = tally.requests.next()
            let reply = try await RawCall.run(bytes, to: bench.address, on: bench.loop)
            do throws(DriverError) {
                let statuses = try MutatedRequests.statuses(of: reply)
                if statuses.isEmpty { tally.unanswered += 1 }
                for status in statuses { tally.statuses[status, default: 0] += 1 }
            } catch {
                tally.errors[error.description, default: 0] += 1
                let request = String(decoding: bytes, as: UTF8.self).debugDescription
                if tally.culprits.count < 8 { tally.culprits.append("\(error): \(request)") }
            }
        }
    }

    private func report(_ bench: Bench, _ tally: Tally, _ use: ServerUse?) -> DriverReport {
        var report = bench.report(MutateDriver.name, settings)
        report.errors = tally.errors
        report.notes = tally.culprits
        report.figures = [Figure("requests", Double(count)), Figure("unanswered", Double(tally.unanswered))]
        report.figures += tally.statuses.sorted { $0.key < $1.key }.map {
            Figure("replies_\($0.key)", Double($0.value))
        }
        guard let use else { return report }
        report.figures += use.end()
        let added = use.descriptorsAdded()
        report.figures.append(Figure("server_descriptors_added", Double(added), .lower))
        if added > MutateDriver.descriptorsMax { report.errors["descriptors were left open", default: 0] += added }
        return report
    }

    private var settings: [(String, JSONValue)] {
        [("count", .int(count)), ("connections", .int(connections)), ("seed", .int(seed))]
    }
}
