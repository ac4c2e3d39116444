// The command line of `loadtest`. Thread: main; the simulators run on a loop of their own.
import ArgumentParser

public struct Loadtest: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "loadtest",
        abstract: "The outside world of the generation service, simulated, and load on the service.",
        subcommands: [
            OpenAICommand.self, ImagesCommand.self, WebhooksCommand.self, DriveCommand.self, CompareCommand.self,
            FetchCommand.self, ChaosCommand.self,
        ])

    public init() {}

    /// The whole of the executable.
    public static func start() async {
        // With its argument: the other `main` is the one that does not wait.
        await main(nil)
    }
}

/// Where a simulator listens.
struct ListenOptions: ParsableArguments {
    @Option(help: "The port to listen on; 0 takes any free one.") var port = 0
    @Option(help: "The numeric address to listen on.") var host = "127.0.0.1"
}
