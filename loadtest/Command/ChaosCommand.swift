// `loadtest chaos SCENARIO`. Thread: main; the laboratory runs on a loop of its own.
import ArgumentParser
import Logging

struct ChaosCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chaos", abstract: "The fault laboratory: breaks what the service stands on, and counts.",
        discussion: """
            Simulators, and instances of the service as processes, on a database of their own: docs/RELIABILITY.md. \
            The seed draws the plan anew; when exactly it strikes, the machine decides. `make chaos` runs all of them.
            """,
        subcommands: [
            Experiment<PointsScenario>.self, Experiment<EdgesScenario>.self, Experiment<KillsScenario>.self,
            Experiment<KeysScenario>.self, Experiment<DatabaseScenario>.self, Experiment<DeliveriesScenario>.self,
            Experiment<DeadReceiverScenario>.self, Experiment<LostReplyScenario>.self,
            Experiment<RollingScenario>.self,
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
        // What our own connections meet is part of the experiment, and no news.
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
