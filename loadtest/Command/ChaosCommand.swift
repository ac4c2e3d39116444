// `loadtest chaos SCENARIO`. Thread: main; the laboratory has its own loop.
import ArgumentParser
import Logging

struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos", abstract: "The fault laboratory: injects faults, then audits all records.",
        discussion: """
            Starts simulators and instances of the service as processes, on a new database: docs/RELIABILITY.md. The \
            seed repeats the plan; the exact times depend on the machine. `make chaos` runs all scenarios.
            """,
        subcommands: [
            Experiment<PointsScenario>.self, Experiment<EdgesScenario>.self, Experiment<KillsScenario>.self,
            Experiment<KeysScenario>.self, Experiment<DatabaseScenario>.self, Experiment<DeliveriesScenario>.self,
            Experiment<DeadReceiverScenario>.self, Experiment<LostReplyScenario>.self,
            Experiment<RollingScenario>.self, Experiment<ProviderScenario>.self,
        ])
}

/// One scenario as a command.
struct Experiment<S: Scenario>: AsyncParsableCommand {
    static var configuration: CommandConfiguration {
        CommandConfiguration(commandName: S.name, abstract: S.abstract, discussion: S.discussion)
    }

    @OptionGroup var lab: LabOptions
    @OptionGroup var output: OutputOptions
    @OptionGroup var scenario: S

    func run() async throws {
        // Errors of our own connections are part of the experiment: they are not logged.
        LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
        let report = try await Lab.run(scenario, lab, showsProgress: !output.quiet)
        print(report.text)
        if let folder = output.report {
            let name = "chaos-\(S.name)"
            print("report: \(try ReportFolder.write(name, json: report.json, html: report.html, to: folder))")
        }
        if !report.errors.isEmpty { throw ExitCode.failure }
    }
}
