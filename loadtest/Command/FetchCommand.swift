// `loadtest fetch`: downloads pictures with the service's fetcher alone, to compare it with `curl --parallel` on the
// same list. Thread: main; the fetcher has one loop, as it has for a job.
import ArgumentParser
import Engine
import Glibc

struct FetchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Downloads pictures with the service's own fetcher alone.",
        discussion: """
            Uses one loop, as a job does; each round begins without connections, as curl does. The exit status is 1 if \
            a picture could not be fetched.
            """)

    @Option(help: "The pictures' URL, with {n} for 0, 1, 2 ...") var imagesURL: String
    @Option(help: "Pictures.") var count = 20_000
    @Option(help: "Downloads at the same time; a job has 64, and 16 whole pictures.") var inFlight = 64
    @Option(help: "Rounds.") var rounds = 3
    @Flag(help: "Fetch whole pictures, as for lines with inline images; the default is a range request per picture.")
    var whole = false

    func validate() throws {
        guard count > 0, inFlight > 0, rounds > 0, imagesURL.contains("{n}") else {
            throw ValidationError("--count, --in-flight and --rounds must be above zero, and --images-url needs a {n}")
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
                "round \(round): \(NumberText.short(seconds)) s, \(rate)/s, \(used) s of CPU, \(gone) missing")
            missing += gone
        }
        if missing > 0 { throw ExitCode.failure }
    }

    /// Number of pictures that could not be fetched.
    private static func fetch(_ urls: [String], _ inFlight: Int, whole: Bool) async throws -> Int {
        let client = try await Beside.start("fetch") { HTTPClient(on: $0) }
        let missing = try await client.run { client, loop in
            // Allows private addresses, because the pictures are on this machine.
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

    /// CPU seconds of this process so far.
    private static func cpuSeconds() -> Double {
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        let microseconds = Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec)
        return seconds + microseconds / 1e6
    }
}
