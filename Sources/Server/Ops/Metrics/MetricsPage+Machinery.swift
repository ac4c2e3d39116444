// Families of a scrape for the machinery: database connections, loops, log, process, build.
import Engine

extension MetricsPage {
    /// - Parameter max: most connections of the pools of all shards.
    mutating func writeDatabase(max: (shared: Int, exclusive: Int)) {
        typealias Pool = DatabaseMetrics.Pool
        func figure(_ figure: Pool) -> Int { sum { $0.database.pool[figure] } }
        text.family("generation_database_connections", .gauge, "Open connections to PostgreSQL, by use.")
        for role in [Pool.shared, .exclusive] { text.sample([("role", role.label)], figure(role)) }
        text.family("generation_database_connections_max", .gauge, "Most connections of the pools.")
        text.sample([("role", Pool.shared.label)], max.shared)
        text.sample([("role", Pool.exclusive.label)], max.exclusive)
        gauge(
            "generation_database_connections_busy", "Exclusive connections in use by a transaction.", figure(.lent))
        gauge("generation_database_waiting", "Callers that wait for a connection.", figure(.waiting))
        counter(
            "generation_database_refused_total", "Callers that got no connection, by reason.", by: "reason"
        ) { $0.database.refusals }
        counter(
            "generation_database_queries_total",
            "Statements by outcome, without COPY and migrations.", by: "outcome"
        ) { $0.database.statements }
        counter(
            "generation_database_unreadable_rows_total",
            "Rows left alone because this version does not know their state.", by: "column"
        ) { $0.database.unreadable }
        counter(
            "generation_database_answers_waited_total",
            "Failed attempts to write an answer that was paid for; it is kept and written again.",
            sum { $0.database.answersWaited })
        gauge(
            "generation_database_queries_in_flight", "Statements under way.", sum { $0.database.inFlight })
        text.family(
            "generation_database_query_duration_seconds", .histogram,
            "Time from passing a statement to its connection until its end.")
        if let histogram = merged(\.database.durations) { text.histogram(histogram) }
    }

    mutating func writeLoops(now: Int) {
        text.family(
            "generation_loop_lag_seconds", .histogram,
            "Delay of a loop's timer: the time that all work on the loop has to wait.")
        for (number, shard) in shards.enumerated() {
            text.histogram(shard.loop.lag.snapshot(), [("shard", String(number))])
        }
        text.family(
            "generation_loop_silence_seconds", .gauge,
            "Time since a loop's timer last ran; it is due ten times per second. Grows while the loop is stuck.")
        for (number, shard) in shards.enumerated() {
            guard let silence = shard.loop.silence(now: now) else { continue }
            text.sample([("shard", String(number))], Double(silence) / 1_000_000_000)
        }
        text.family("generation_loop_ready_jobs", .gauge, "Jobs that were ready to run at the loop's last look.")
        for (number, shard) in shards.enumerated() { text.sample([("shard", String(number))], shard.loop.ready) }
    }

    mutating func writeLog() {
        text.family("generation_log_lines_total", .counter, "Lines logged, by level, including dropped ones.")
        for level in LogMetrics.Level.allCases { text.sample([("level", level.label)], LogMetrics.lines(level)) }
        text.family(
            "generation_log_lines_dropped_total", .counter,
            "Lines lost because an output failed or was too slow.")
        for output in LogMetrics.Output.allCases {
            text.sample([("output", output.label)], LogMetrics.linesDropped(output))
        }
    }

    /// Uses the names that all client libraries of Prometheus use.
    mutating func writeProcess(_ figures: ProcessFigures) {
        text.family("process_cpu_seconds_total", .counter, "Processor time used, user and system.")
        if let seconds = figures.cpuSeconds { text.sample(seconds) }
        text.family("process_start_time_seconds", .gauge, "Start of the process, seconds since 1970.")
        if let seconds = figures.startSeconds { text.sample(seconds) }
        let numbers: [(name: String, help: String, value: Int?)] = [
            ("process_resident_memory_bytes", "Resident memory, as the kernel counts it.", figures.residentBytes),
            ("process_virtual_memory_bytes", "Size of the address space.", figures.virtualBytes),
            ("process_open_fds", "Open file descriptors.", figures.openDescriptors),
            ("process_max_fds", "Most file descriptors that may be open.", figures.descriptorsMax),
            ("process_threads", "Threads.", figures.threads),
        ]
        for (name, help, value) in numbers {
            text.family(name, .gauge, help)
            if let value { text.sample(value) }
        }
    }

    mutating func writeBuild() {
        text.family("generation_build_info", .gauge, "Always 1; the labels name the build.")
        text.sample([("version", ServiceVersion.full), ("configuration", BuildInfo.configuration)], 1)
    }
}

/// Configuration of this build.
enum BuildInfo {
    #if DEBUG
    static let configuration = "debug"
    #else
    static let configuration = "release"
    #endif
}
