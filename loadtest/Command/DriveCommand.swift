// `loadtest drive NAME`. Thread: main; the driver has its own loop.
import ArgumentParser
import Engine
import Glibc

struct DriveCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "drive", abstract: "Puts load on a service and measures it.",
        discussion: """
            Measures any implementation of the API: name it with --base-url and its key. Options bound every run in \
            time and count. Start the service with RATE_LIMIT_SYNC=0 RATE_LIMIT_BATCH=0 RATE_LIMIT_POLL=0; otherwise \
            the driver measures the limits.
            """,
        subcommands: [
            Drive<IngestDriver>.self, Drive<PollDriver>.self, Drive<MixedDriver>.self, Drive<ResultsDriver>.self,
            Drive<ImagesDriver>.self, Drive<BatchDriver>.self, Drive<SyncDriver>.self, Drive<WebhooksDriver>.self,
            Drive<MutateDriver>.self, Drive<SlowDriver>.self, Drive<SoakDriver>.self,
        ])
}

/// One driver as a command.
struct Drive<D: Driver>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: D.name, abstract: D.abstract, discussion: D.discussion)
    }

    @OptionGroup var target: TargetOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var driver: D

    func run() async throws {
        let report = try await Bench.run(
            driver, against: Target(baseURL: target.baseURL, key: target.sharedKey()),
            BenchOptions(serverPID: target.pid, showsProgress: !output.quiet))
        print(report.text)
        if let folder = output.report {
            print("report: \(try ReportFolder.write(D.name, json: report.json, html: report.html, to: folder))")
        }
        if !report.errors.isEmpty { throw ExitCode.failure }
    }
}

struct TargetOptions: ParsableArguments {
    @Option(help: "The service's URL; http only.") var baseURL = "http://127.0.0.1:5000"
    @OptionGroup var keys: KeyOptions
    @Option(help: "The server's process on this machine: the report then has its memory and CPU, and its children's.")
    var pid: Int?

    func sharedKey() throws -> String { try keys.sharedKey() }
}

struct KeyOptions: ParsableArguments {
    @Option(help: "The service's SHARED_KEY; other users of this machine can see it here.") var key: String?
    @Option(help: "A file whose first line is the key.") var keyFile: String?

    /// From the options, or from the environment's SHARED_KEY.
    func sharedKey() throws -> String {
        if let key { return key }
        if let keyFile { return try KeyOptions.read(keyFile) }
        guard let text = getenv("SHARED_KEY") else {
            throw DriverError("no key: give the service's SHARED_KEY with --key, --key-file or the environment")
        }
        return String(cString: text)
    }

    static func read(_ path: String) throws(DriverError) -> String {
        String(try readAll(path).prefix { !$0.isNewline })
    }

    /// A small file.
    static func readAll(_ path: String) throws(DriverError) -> String {
        guard let file = fopen(path, "r") else { throw DriverError("cannot read \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 64 * 1024)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}

struct OutputOptions: ParsableArguments {
    @Option(help: "A folder for the report, as JSON and as one HTML page.") var report: String?
    @Flag(help: "No progress line.") var quiet = false
}
