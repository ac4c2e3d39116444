// Options of every scenario, and a scenario's setup of the laboratory. Values; any thread.
import ArgumentParser
import Engine
import Glibc

struct LabOptions: ParsableArguments, Sendable {
    @Option(help: "A PostgreSQL server; each run creates its own database there. Default: DATABASE_URL.")
    var databaseURL: String?
    @Option(help: "The program `generation-service`. Default: the one beside this program.") var server: String?
    @Option(help: "The same seed gives the same plan. Default: a random one, which is printed.") var seed: Int?
    @Option(help: "A folder for the instances' logs; created if missing.") var logs = "/tmp/generation-service-chaos"
    @Option(help: "OPENAI_SETTLE: seconds for which the service looks for a batch whose creation got no reply.")
    var settle = 5.0
    @Option(help: "A shell command that stops PostgreSQL (for `database`).") var databaseStop: String?
    @Option(help: "A shell command that starts it again.") var databaseStart: String?
    @Option(help: "The program nginx (for `rolling`).") var nginx = "/usr/sbin/nginx"

    func serverURL() throws(DriverError) -> String {
        if let databaseURL { return databaseURL }
        guard let text = getenv("DATABASE_URL") else {
            throw DriverError("no database: give --database-url or DATABASE_URL (`make chaos` starts one of its own)")
        }
        return String(cString: text)
    }

    func program() throws(DriverError) -> String {
        if let server { return server }
        var path = [CChar](repeating: 0, count: 4096)
        let length = readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix(max(0, length)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let program =
            own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
            + "/generation-service"
        try check(access(program, X_OK) == 0, "\(program) is not built: name it with --server")
        return program
    }
}

/// The laboratory that a scenario needs.
struct LabSetup {
    /// Instances of the service.
    var instances = 2
    /// Settings of every instance, in addition to the laboratory's own.
    var settings: [String: String] = [:]
    /// Duration of a batch at the provider.
    var batchSeconds = 1.0
    /// A fault plan for the provider.
    var faults = #"{"lines": [\#(LabLot.refusal)]}"#
}

/// One experiment of `loadtest chaos NAME`, with its options.
protocol Scenario: ParsableArguments, Sendable {
    static var name: String { get }
    static var abstract: String { get }
    /// Steps and invariants, for `--help`.
    static var discussion: String { get }

    var setup: LabSetup { get }
    /// For the report.
    var settings: [(String, JSONValue)] { get }

    /// The experiment. Violations go into the report; it throws only if it cannot run.
    func run(_ lab: Lab) async throws
}

/// All scenarios.
enum Scenarios {
    static let all: [any Scenario.Type] = [
        PointsScenario.self, EdgesScenario.self, KillsScenario.self, KeysScenario.self, DatabaseScenario.self,
        DeliveriesScenario.self, DeadReceiverScenario.self, LostReplyScenario.self, RollingScenario.self,
        ProviderScenario.self,
    ]
}
