// The synchronous mode of generate-descriptions: 200 with the lot's descriptions within the time limit (C2.6).
// Loop-bound.
import Engine
import Logging

enum SynchronousReply {
    /// Time between our limit and the contract's, in seconds, for the reply to reach the client.
    static let marginSeconds = 5.0

    static func answer(_ call: Call, _ ingested: IngestedRequest, _ lot: Lot, _ hold: KeyHold) async throws {
        let services = call.services
        let finished = try await describe(
            call, lot, languages: ingested.request.languages, arrivedSeconds: ingested.arrivedSeconds)
        let body = reply(ingested.request.version, finished, at: services.clock.now()).bytes
        await hold.complete(status: 200, reply: body)
        call.send(200, body)
    }

    /// Describes the lot.
    /// - Parameter arrivedSeconds: when the request arrived, in seconds of a monotonic clock.
    /// - Throws: `ServiceError`; its code is 504 when the time is over. `CancellationError` if the client disconnected.
    static func describe(
        _ call: Call, _ lot: Lot, languages: [String], arrivedSeconds: Double
    ) async throws -> FinishedLot {
        let services = call.services
        let end = arrivedSeconds + services.config.synchronousSeconds - marginSeconds
        let secondsLeft = { max(0, end - Monotonic.seconds()) }
        let work = LoopTask(on: services.loop) {
            try await services.synchronous.describe(lot, languages: languages, secondsLeft: secondsLeft)
        }
        let finished = try await inTime(work, secondsLeft(), services.loop)
        services.log.info("synchronous lot described")
        return finished
    }

    /// The work's outcome; 504 when the time is over.
    private static func inTime(_ work: LoopTask<FinishedLot>, _ seconds: Double, _ loop: Loop) async throws
        -> FinishedLot
    {
        var isLate = false
        let timer = LoopTimer(on: loop)
        defer { timer.close() }
        timer.start(after: seconds) {
            isLate = true
            work.cancel()
        }
        do { return try await work.value() } catch {
            guard isLate else { throw error }
            throw ServiceError(.openAITimeout, "The description could not be made in time")
        }
    }

    private static func reply(_ version: String, _ lot: FinishedLot, at now: Timestamp) -> JSONValue {
        .object([
            ("version", .string(version)),
            ("processing_mode", "synchronous"),
            ("total_lots", 1),
            ("processed_at", .string(now.description)),
            ("lots", .array([lot.json])),
        ])
    }
}
