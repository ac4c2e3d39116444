// `loadtest images` and `loadtest webhooks`. Thread: main.
import ArgumentParser
import Engine

struct ImagesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "images", abstract: "A web server for pictures, good and bad.",
        discussion: """
            /car/NAME.jpg|png|gif|webp, /missing/..., /status/CODE/..., /big/BYTES[?chunked], /slow/SECONDS/..., \
            /html/..., /redirect/N/..., /drop/..., any path with ?fail=N or ?norange; counters at /_sim/state.
            """)

    @OptionGroup var listen: ListenOptions

    func run() async throws {
        let (host, port) = (listen.host, listen.port)
        try await Simulation.run("images", host: host) { loop in
            let simulator = try ImagesSimulator.start(on: loop, host: host, port: port)
            return RunningSimulator(port: simulator.port, close: { await simulator.close() })
        }
    }
}

struct WebhooksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "webhooks", abstract: "A receiver for webhook deliveries.",
        discussion: """
            /ok, /status/CODE/..., /redirect/CODE/..., /fail/N/..., /slow/SECONDS/..., /hang/..., /trickle/..., \
            /long/BYTES/..., /drop/...; the deliveries are listed at /_sim/deliveries[?path=PATH].
            """)

    @OptionGroup var listen: ListenOptions
    @Option(help: "Verifies signatures with this key.") var sharedKey: String?
    @Flag(name: .customLong("print"), help: "Prints one line per delivery.") var prints = false

    func run() async throws {
        let (host, port, key, prints) = (listen.host, listen.port, sharedKey, prints)
        try await Simulation.run("webhooks", host: host) { loop in
            var options = WebhooksOptions()
            options.sharedKey = key
            if prints { options.received = { Simulation.say(WebhooksCommand.line($0)) } }
            let simulator = try WebhooksSimulator.start(on: loop, host: host, port: port, options: options)
            return RunningSimulator(port: simulator.port, close: { await simulator.close() })
        }
    }

    private static func line(_ delivery: WebhookDelivery) -> String {
        let signature = delivery.signatureIsValid.map { $0 ? "valid" : "INVALID" } ?? "not checked"
        return "\(delivery.path) attempt \(delivery.attempt): \(delivery.bodyBytes) bytes, signature \(signature)"
    }
}
