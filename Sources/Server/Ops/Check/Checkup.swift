// Checks that a start with these settings would work: database, OpenAI, folders. Changes nothing, costs nothing.
// Loop-bound.
import Engine

struct Checkup {
    let config: Config
    let loop: Loop

    /// Oldest PostgreSQL that the schema works with: its columns are compressed with lz4.
    static let oldestPostgreSQL = 14

    /// Runs all checks and passes on each finding at once.
    func run(_ tell: (Finding) -> Void) async -> [Finding] {
        var all: [Finding] = []
        func add(_ findings: [Finding]) {
            for finding in findings { tell(finding) }
            all += findings
        }
        add(settings())
        add(await database())
        add(await provider())
        add([await spool()] + logFile())
        return all
    }

    // MARK: Parts

    private func settings() -> [Finding] {
        let read = Finding.ok(
            "settings",
            "listens on \(config.bind.host):\(config.bind.port), \(config.workerThreads) loops, instance "
                + config.instanceID)
        return [read] + config.warnings.map { .warning("settings", $0) }
    }

    private func database() async -> [Finding] {
        let database = Database(on: loop, configuration: DatabaseConfiguration(url: config.databaseURL.value))
        database.start()
        let outcome: Result<DatabaseFacts, any Error>
        do {
            outcome = .success(
                try await database.session { session in try await LoadDatabaseFacts.run(session) })
        } catch {
            outcome = .failure(error)
        }
        await database.close()
        switch outcome {
        case .success(let facts): return judge(facts)
        case .failure(let error): return [.failed("database", (error as? DatabaseError)?.message ?? "\(error)")]
        }
    }

    private func judge(_ facts: DatabaseFacts) -> [Finding] {
        let place = "PostgreSQL \(facts.version), database \(facts.database), user \(facts.user)"
        guard facts.major >= Checkup.oldestPostgreSQL else {
            return [.failed("database", "\(place) is too old; \(Checkup.oldestPostgreSQL) or later is needed")]
        }
        guard !facts.isReadOnly else { return [.failed("database", "\(place) is read-only; use the primary")] }
        var findings = [Finding.ok("database", place)]
        // Most connections of one process: see DatabaseConfiguration. Each loop has one more that listens for
        // notifications.
        let settings = DatabaseConfiguration(url: "")
        let wanted = config.workerThreads * (settings.connections + settings.sharedConnections + 1)
        if wanted > facts.connectionsMax {
            findings.append(
                .warning(
                    "database",
                    "this instance may hold \(wanted) connections, max_connections is \(facts.connectionsMax)"))
        }
        return findings + [schema(facts)]
    }

    private func schema(_ facts: DatabaseFacts) -> Finding {
        let known = Migrations.all.count
        switch facts.migrations {
        case known: return .ok("schema", "up to date (\(known) changes)")
        case .some(let applied) where applied > known:
            return .failed("schema", "made by a newer version: \(applied) changes, this program knows \(known)")
        case .some(let applied):
            return .ok("schema", "\(applied) of \(known) changes applied; the next start applies the others")
        case nil where !facts.mayCreate:
            return .failed("schema", "missing, and user \(facts.user) may not create it")
        case nil: return .ok("schema", "missing; the next start makes it")
        }
    }

    private func provider() async -> [Finding] {
        let http = HTTPClient(on: loop, configuration: config.openAIOutbound)
        let client = OpenAIClient(http: http, configuration: config.openAI)
        var findings: [Finding] = []
        do throws(OpenAIError) {
            findings = judge(try await client.modelProbe())
        } catch {
            let text = "\(config.openAI.baseURL): \(error.reason)"
            findings = [
                error.provesReachable
                    ? .warning("openai", "\(text); the models were not checked") : .failed("openai", text)
            ]
        }
        if findings.first?.verdict != .failed { findings += await endpoints(of: client) }
        await http.close()
        return findings
    }

    private func judge(_ probe: ModelProbe) -> [Finding] {
        let milliseconds = Int((probe.seconds * 1000).rounded())
        return [
            .ok(
                "openai", "\(config.openAI.baseURL) answered in \(milliseconds) ms; \(probe.models.count) models"),
            models("vision", config.visionModels, probe), models("translate", config.translationModels, probe),
        ]
    }

    /// Reports only what is missing.
    private func endpoints(of client: OpenAIClient) async -> [Finding] {
        guard config.usesBatches else { return [] }
        var findings: [Finding] = []
        for endpoint in BatchEndpoint.allCases {
            switch await client.look(for: endpoint) {
            case .there: break
            case .missing(let status): findings.append(.failed("openai", endpoint.advice(status: status)))
            case .unclear(let error):
                findings.append(.warning("openai", "GET \(endpoint.rawValue) failed: \(error.reason)"))
            }
        }
        return findings
    }

    /// The service uses the first model of the list that the account has.
    private func models(_ item: String, _ wanted: [String], _ probe: ModelProbe) -> Finding {
        let said = wanted.map { name in
            guard let model = probe.models.first(where: { $0.id == name }) else { return "\(name) is not there" }
            return model.shutdownDate.map { "\(name) (until \($0))" } ?? name
        }.joined(separator: ", ")
        let known = wanted.filter { name in probe.models.contains { $0.id == name } }
        if known.isEmpty {
            return listsDeployments ? .failed(item, said) : .warning(item, said + " (deployments are not listed)")
        }
        return known.first == wanted.first ? .ok(item, said) : .warning(item, said)
    }

    /// Azure lists its models under their own names, not the operator's deployments.
    private var listsDeployments: Bool {
        guard let host = (try? ParsedURL(config.openAI.baseURL))?.host else { return true }
        return !["azure.com", "azure.us", "azure.cn"].contains { host.hasSuffix("." + $0) }
    }

    private func spool() async -> Finding {
        let folder = config.spoolDirectory
        do throws(SystemError) {
            let file = try await LoopFile.spool(in: folder, on: loop)
            await file.close()
        } catch {
            return .failed("spool", "\(folder): \(error)")
        }
        guard let used = await DiskSpace.usedPercent(folder, on: loop) else { return .ok("spool", folder) }
        let text = "\(folder), \(Int(used.rounded())) % of the disk in use"
        return used > 90 ? .warning("spool", text) : .ok("spool", text)
    }

    private func logFile() -> [Finding] {
        guard let path = config.logFile else { return [] }
        guard let problem = LogWriter.problem(path) else { return [.ok("log", path)] }
        return [.warning("log", "\(path): \(problem); the log goes to standard output only")]
    }
}
