// `loadtest openai`. Thread: main.
import ArgumentParser
import Engine
import Glibc

struct OpenAICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openai", abstract: "The OpenAI API: responses, files and batches, strict and predictable.")

    @OptionGroup var listen: ListenOptions

    @Option(help: "Simulated seconds of a batch per real second.") var clockSpeed = 1.0
    @Option(help: "Seconds from the creation of a batch to its completion.") var batchSeconds = 5.0
    @Option(help: "Seconds per answer.") var responseSeconds = 0.0
    @Option(help: "The only accepted API key; default: any.") var apiKey: String?
    @Option(help: "A fault plan: a JSON file, or JSON itself.") var faults: String?
    @Option(help: "The seed of orders, ids and probabilities.") var seed = 1
    @Option(help: "The limit on enqueued input tokens per model.") var enqueuedTokens: Int?
    @Option(help: "A model that answers model_not_found; may be repeated.") var shutdown: [String] = []
    @Option(help: "Pictures whose URL contains this cannot be downloaded.") var failImageSubstring: String?
    @Flag(help: "Download pictures that requests name by URL.") var fetchImages = false

    func run() async throws {
        let plan = try faultPlan()
        let (host, port) = (listen.host, listen.port)
        let settings = self
        try await Simulation.run("openai", host: host) { loop in
            let simulator = try OpenAISimulator.start(
                on: loop, host: host, port: port, options: settings.options(plan))
            return RunningSimulator(port: simulator.port, close: { await simulator.close() })
        }
    }

    private func options(_ plan: JSONValue) -> OpenAIOptions {
        var options = OpenAIOptions()
        options.apiKey = apiKey
        options.clock = .system(speed: clockSpeed)
        options.batchSeconds = batchSeconds
        options.responseSeconds = responseSeconds
        options.fetchImages = fetchImages
        options.faults = plan
        return options
    }

    /// Applies the flags first, then the plan, whose members win.
    private func faultPlan() throws -> JSONValue {
        var members: [(String, JSONValue)] = [("seed", .int(seed))]
        if let enqueuedTokens { members.append(("enqueued_tokens", .int(enqueuedTokens))) }
        if !shutdown.isEmpty { members.append(("shutdown", JSONValue(shutdown))) }
        if let failImageSubstring { members.append(("fail_image_substring", .string(failImageSubstring))) }
        guard let faults else { return .object(members) }
        let bytes = faults.hasPrefix("{") ? Array(faults.utf8) : try read(faults)
        guard let plan = try? JSONValue.parse(bytes), let more = plan.members else {
            throw ValidationError("--faults must be a JSON object or a file with one")
        }
        return .object(members + more)
    }

    private func read(_ path: String) throws -> [UInt8] {
        guard let file = fopen(path, "r") else { throw ValidationError("cannot read \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        let count = fread(&bytes, 1, bytes.count, file)
        return Array(bytes.prefix(count))
    }
}
