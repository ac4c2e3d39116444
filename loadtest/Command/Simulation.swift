// Runs one simulator until SIGTERM or SIGINT. Thread: main; the simulator has its own loop.
import ArgumentParser
import Engine
import Glibc

/// A running simulator, as the command line sees it.
struct RunningSimulator {
    let port: Int
    let close: () async -> Void
}

enum Simulation {
    /// Prints the address, waits for a signal, closes. A simulator that cannot start ends the process and prints the
    /// reason.
    static func run(_ name: String, host: String, start: @escaping @Sendable (Loop) throws -> RunningSimulator)
        async throws
    {
        let loop = Loop(name: name)
        let problem: String? = await withCheckedContinuation { continuation in
            loop.launch {
                do {
                    let simulator = try start(loop)
                    say("listening on http://\(host):\(simulator.port)")
                    await signal(loop)
                    await simulator.close()
                    continuation.resume(returning: nil)
                } catch {
                    continuation.resume(returning: "\(error)")
                }
            }
        }
        loop.stop()
        await loop.join()
        if let problem { throw ValidationError(problem) }
    }

    /// One line on standard output, at once.
    static func say(_ line: String) {
        print(line)
        fflush(nil)
    }

    private static func signal(_ loop: Loop) async {
        var signals: [LoopSignal] = []
        try? await loop.park { (ticket: Ticket<Void>) in
            signals = [SIGTERM, SIGINT].map { LoopSignal($0, on: loop) { ticket.resume() } }
        }
        for signal in signals { signal.close() }
    }
}
