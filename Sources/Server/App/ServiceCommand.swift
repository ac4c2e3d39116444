// The command line: `generation-service serve | migrate | check`. Thread: the main one, which only waits.
import ArgumentParser
import Engine
import Glibc
import Logging

/// The program's command line.
public struct ServiceCommand: AsyncParsableCommand {
    public static let configuration = CommandConfiguration(
        commandName: "generation-service", abstract: "Describes vehicle damage from pictures, in many languages.",
        discussion: "Settings are environment variables; `check` lists every mistake in them.",
        subcommands: [Serve.self, Migrate.self, Check.self], defaultSubcommand: Serve.self)

    public init() {}
}

extension ServiceCommand {
    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Runs the service until SIGTERM or SIGINT.")

        func run() async throws {
            CoreDumps.switchOff()
            let config = try ServiceCommand.settings()
            signal(SIGPIPE, SIG_IGN)
            let writer = LogWriter(file: config.logFile, format: config.logFormat)
            LoggingSystem.bootstrap { _ in ServiceLogHandler(writer: writer, level: config.logLevel) }
            defer { writer.close() }
            let log = Logger(label: "service")
            // Watched until the end: the log is also rotated while the service stops.
            let rotations = SignalWatch([SIGHUP]) {
                writer.reopen()
                log.info("log file opened anew")
            }
            let signals = SignalWatch([SIGTERM, SIGINT])
            let app = App(config: config, log: log)
            do throws(ListenError) { try await app.start() } catch {
                log.error("\(error)")
                await app.stop()
                await signals.close()
                await rotations.close()
                throw ExitCode.failure
            }
            let name = await signals.first()
            log.info("stopping", metadata: ["signal": "\(name)"])
            await signals.close()
            await app.stop()
            await rotations.close()
        }
    }

    struct Migrate: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Brings the database's schema up to date and ends.")

        func run() async throws {
            let config = try ServiceCommand.settings()
            // The log of a migration goes to its caller, in the log's form; the log file belongs to the service.
            let writer = LogWriter(file: nil, format: config.logFormat)
            LoggingSystem.bootstrap { _ in ServiceLogHandler(writer: writer, level: config.logLevel) }
            defer { writer.close() }
            let loop = Loop(name: "migrate")
            let problem: String? = await withCheckedContinuation { continuation in
                loop.launch {
                    let database = Database(
                        on: loop, configuration: DatabaseConfiguration(url: config.databaseURL.value))
                    database.start()
                    var problem: String?
                    do { try await App.migrate(database) } catch { problem = "\(error)" }
                    await database.close()
                    continuation.resume(returning: problem)
                }
            }
            loop.stop()
            await loop.join()
            guard let problem else { return print("The schema is up to date.") }
            throw CleanExit.failure("The schema could not be brought up to date: \(problem)")
        }
    }

    struct Check: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Checks settings, database, OpenAI and folders, and ends: 0 if the service could work with them.",
            discussion: "Changes nothing and costs nothing: OpenAI is asked for its list of models.")

        func run() async throws {
            let config = try ServiceCommand.settings()
            // The findings hold everything, so there is no log.
            LoggingSystem.bootstrap { _ in SwiftLogNoOpLogHandler() }
            let loop = Loop(name: "check")
            let findings: [Finding] = await withCheckedContinuation { continuation in
                loop.launch {
                    let checkup = Checkup(config: config, loop: loop)
                    continuation.resume(returning: await checkup.run { print($0.line) })
                }
            }
            loop.stop()
            await loop.join()
            print(findings.summary)
            if !findings.pass { throw ExitCode.failure }
        }
    }

    /// - Throws: after printing every mistake to standard error.
    private static func settings() throws -> Config {
        do throws(ConfigError) { return try Config.read(environment: environment()) } catch {
            throw CleanExit.failure(error.description)
        }
    }

    private static func environment() -> [String: String] {
        var all: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { all[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return all
    }
}

/// Ends with status 1 and only the message on standard error.
private enum CleanExit {
    static func failure(_ message: String) -> any Error {
        let line = Array((message + "\n").utf8)
        write(STDERR_FILENO, line, line.count)
        return ExitCode.failure
    }
}
