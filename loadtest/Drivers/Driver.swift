// A load driver: options, and one run against one service. Thread: the driver's loop.
import ArgumentParser
import Engine

/// One use of the service under measurement. Its options are those of `loadtest drive NAME`.
protocol Driver: ParsableArguments, Sendable {
    static var name: String { get }
    static var abstract: String { get }
    /// The measurement and its method, for `--help`.
    static var discussion: String { get }

    /// One whole run. Returns within the bounds of the options.
    /// - Throws: ``DriverError`` if nothing could be measured; errors of single requests are counted in the report.
    func drive(_ bench: Bench) async throws -> DriverReport
}

/// All drivers.
enum Drivers {
    static let all: [any Driver.Type] = [
        IngestDriver.self, PollDriver.self, MixedDriver.self, ResultsDriver.self, ImagesDriver.self, BatchDriver.self,
        SyncDriver.self, WebhooksDriver.self, MutateDriver.self, SlowDriver.self, SoakDriver.self,
    ]
}

/// The reason why a run could not measure anything, for the person who started it.
struct DriverError: Error, Equatable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A hint on an unexpected answer for the person who measures.
    init(status: Int, body: [UInt8], to what: String) {
        let json = (try? JSONValue.parse(body)) ?? .null
        let code = json["code"]?.string ?? ""
        let message = json["message"]?.string ?? String(decoding: body.prefix(200), as: UTF8.self)
        let told = [code, message].filter { !$0.isEmpty }.joined(separator: ": ")
        description = DriverError.explain(status, code) + " (\(what): \(status)\(told.isEmpty ? "" : " ")\(told))"
    }

    /// True for answers that every further request would get too: counting them measures nothing.
    static func endsTheRun(_ status: Int) -> Bool { [401, 403, 429].contains(status) }

    private static func explain(_ status: Int, _ code: String) -> String {
        switch (status, code) {
        case (401, _): "the service expects a different signature"
        case (403, _): "the key does not fit: give the service's SHARED_KEY with --key, --key-file or SHARED_KEY"
        case (429, _):
            """
            rate limits are on, so the limit would be measured: start the service with RATE_LIMIT_SYNC=0 \
            RATE_LIMIT_BATCH=0 RATE_LIMIT_POLL=0
            """
        case (422, "INVALID_IMAGE_URLS"), (422, "INVALID_WEBHOOK_URL"):
            """
            the service may not connect to this machine: start it with ALLOWED_PRIVATE_NETWORKS=127.0.0.0/8,::1/128
            """
        case (404, _): "the service does not know it"
        case (503, _): "the service is overloaded, draining or without its database"
        default: "unexpected answer"
        }
    }
}

/// Checks the bounds of options.
func check(_ isGood: Bool, _ message: @autoclosure () -> String) throws(DriverError) {
    if !isGood { throw DriverError(message()) }
}
