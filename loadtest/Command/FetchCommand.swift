// `loadtest fetch`: pictures by the service's own fetcher and nothing else of the service, to be held against
// `curl --parallel` on the same list. Thread: main; the fetcher is on one loop, like that of a job.
import ArgumentParser
import Engine
import Glibc

struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Gets pictures with the service's own fetcher, by itself.",
        discussion: """
            One loop, as a job has it; each round begins without connections, as curl does. The exit status is 1 if a \
            picture could not be had.
            """)

    @Option(help: "Where the pictures are: an address with {n} for 0, 1, 2 ...") var imagesURL: String
    @Option(help: "Pictures.") var count = 20_000
    @Option(help: "Under way at a time; a job has 64, and 16 of those that it fetches whole.") var inFlight = 64
    @Option(help: "Rounds.") var rounds = 3
    @Flag(help: "Fetch them whole, as for lines with inline images; without it they are looked at by a range.")
    var whole = false

    func validate() throws {
        guard count > 0, inFlight > 0, rounds > 0, imagesURL.contains("{n}") else {
            throw ValidationError("--count, --in-flight and --rounds are above zero, and --images-url has a {n}")
        }
    }

    func run() async throws {
        let parts = imagesURL.split(separator: "{n}", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let urls = (0..<count).map { "\(parts[0])\($0)\(parts[1])" }
        var missing = 0
        for round in 1...rounds {
            let (begin, cpu) = (Monotonic.seconds(), FetchCommand.cpuSeconds())
            let gone = try await FetchCommand.fetch(urls, inFlight, whole: whole)
            let seconds = Monotonic.seconds() - begin
            let rate = NumberText.short(Double(count) / seconds)
            let used = NumberText.short(FetchCommand.cpuSeconds() - cpu)
            Simulation.say(
                "round \(round): \(NumberText.short(seconds)) s, \(rate) a second, \(used) s of CPU, \(gone) missing")
            missing += gone
        }
        if missing > 0 { throw ExitCode.failure }
    }

    /// How many could not be had.
    private static func fetch(_ urls: [String], _ inFlight: Int, whole: Bool) async throws -> Int {
        let client = try await Beside.start("fetch") { HTTPClient(on: $0) }
        let missing = try await client.run { client, loop in
            // Pictures on this machine are what is to be measured.
            let policy = AddressPolicy(allowed: [CIDR(IPAddress(v4: 0x7F00_0000), prefix: 8)])
            let images = ImageFetcher(http: client, policy: policy)
            var missing = urls.count
            try await loop.forEach(urls.count, atMost: inFlight) { index in
                if whole {
                    if case .success? = try? await images.fetch(urls[index]) { missing -= 1 }
                } else {
                    if case .success? = try? await images.check(urls[index]) { missing -= 1 }
                }
            }
            return missing
        }
        await client.close { await $0.close() }
        return missing
    }

    /// Of this process so far.
    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        return [usage.ru_utime, usage.ru_stime].reduce(0) { $0 + Double($1.tv_sec) + Double($1.tv_usec) / 1e6 }
    }
}
