// The command line of `loadtest`. Thread: main; the simulators have their own loop.
import ArgumentParser

public struct Loadtest: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "loadtest",
        abstract: "Simulators of the services around the generation service, and load drivers.",
        subcommands: [
            OpenAICommand.self, ImagesCommand.self, WebhooksCommand.self, DriveCommand.self, CompareCommand.self,
            FetchCommand.self, ChaosCommand.self,
        ])

    public init() {}

    /// The whole executable.
    public static func start() async {
        // With its argument, because the other `main` is not async.
        await main(nil)
    }
}

/// Address of a simulator's listener.
struct ListenOptions: ParsableArguments {
    @Option(help: "The port to listen on; 0 takes any free one.") var port = 0
    @Option(help: "The numeric address to listen on.") var host = "127.0.0.1"
}
