// `loadtest compare URL_A URL_B --driver NAME`. Thread: main; each run has its own loop.
import ArgumentParser
import Engine

struct CompareCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Runs one driver against two services in turn and prints ratios.",
        discussion: """
            Runs A B A B ..., so that other load on the machine affects both. Options that are not listed here go to \
            the driver (see `loadtest drive NAME --help`).
            """)

    @Argument(help: "The first service.") var urlA: String
    @Argument(help: "The second service.") var urlB: String
    @Option(help: "The driver's name.") var driver: String
    @Option(help: "Rounds; each runs both services.") var rounds = 3
    @OptionGroup var keys: KeyOptions
    @Option(help: "The second service's key, if it differs.") var keyB: String?
    @Option(help: "The first server's process.") var pidA: Int?
    @Option(help: "The second server's process.") var pidB: Int?
    @OptionGroup var output: OutputOptions
    @Argument(parsing: .allUnrecognized, help: "Options of the driver.") var rest: [String] = []

    func run() async throws {
        guard let type = Drivers.all.first(where: { $0.name == driver }) else {
            throw DriverError("no driver \(driver): \(Drivers.all.map { $0.name }.joined(separator: ", "))")
        }
        try check(rounds > 0, "--rounds must be above zero")
        let comparison = try await compare(type.parse(rest))
        print(comparison.text)
        if let folder = output.report {
            let name = "compare-\(driver)"
            let page = try ReportFolder.write(name, json: comparison.json, html: comparison.html, to: folder)
            print("report: \(page)")
        }
        if comparison.hasErrors { throw ExitCode.failure }
    }

    private func compare(_ driver: some Driver) async throws -> Comparison {
        let key = try keys.sharedKey()
        let a = try Target(baseURL: urlA, key: key)
        let b = try Target(baseURL: urlB, key: keyB ?? key)
        var comparison = Comparison(driver: self.driver, targetA: a.baseURL, targetB: b.baseURL)
        for round in 1...rounds {
            let first = try await run(driver, a, pidA, "A, round \(round)")
            let second = try await run(driver, b, pidB, "B, round \(round)")
            comparison.add(first, second)
        }
        return comparison
    }

    private func run(_ driver: some Driver, _ target: Target, _ pid: Int?, _ name: String) async throws -> DriverReport
    {
        do {
            return try await Bench.run(
                driver, against: target, BenchOptions(serverPID: pid, showsProgress: !output.quiet))
        } catch let error as DriverError {
            throw DriverError("\(name): \(error)")
        }
    }
}
