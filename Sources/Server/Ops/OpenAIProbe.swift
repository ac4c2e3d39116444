// Whether OpenAI answers, asked at most now and then: /health is open to everybody and must cost nothing. Loop-bound.
import Engine

final class OpenAIProbe {
    /// How long an outcome is good for.
    static let freshSeconds = 30.0

    private let client: OpenAIClient
    private let loop: Loop
    private let clock: WallClock
    private var last: (at: Timestamp, reply: JSONValue, healthy: Bool)?
    private var isAsking = false
    private var running: LoopTask<Void>?
    private var waiting: [Ticket<Void>] = []

    init(_ client: OpenAIClient, on loop: Loop, clock: WallClock) {
        self.client = client
        self.loop = loop
        self.clock = clock
    }

    /// `{"status", "response_time_ms"}`, or `{"status", "error"}`.
    func look() async -> (reply: JSONValue, healthy: Bool) {
        if let last, abs(clock.now() - last.at) < OpenAIProbe.freshSeconds { return (last.reply, last.healthy) }
        if !isAsking { begin() }
        // A call that cannot even be sent is over at once.
        if isAsking { try? await loop.park { (ticket: Ticket<Void>) in waiting.append(ticket) } }
        guard let last else { return (["status": "unknown"], true) }
        return (last.reply, last.healthy)
    }

    func close() { running?.cancel() }

    private func begin() {
        isAsking = true
        running = LoopTask(on: loop) { [self] in
            await ask()
            isAsking = false
            let all = waiting
            waiting = []
            for ticket in all { ticket.resume() }
        }
    }

    private func ask() async {
        do throws(OpenAIError) {
            let probe = try await client.modelProbe()
            let milliseconds = Int((probe.seconds * 1000).rounded())
            last = (clock.now(), ["status": "healthy", "response_time_ms": .int(milliseconds)], true)
        } catch {
            if error.kind == .cancelled { return }
            last = (clock.now(), ["status": "unhealthy", "error": .string(error.reason)], false)
        }
    }
}
