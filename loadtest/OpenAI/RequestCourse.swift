// The course of one request under the faults that struck it. A value; any thread.
import Engine

struct RequestCourse {
    var lateSeconds = 0.0
    /// The status of a gateway that does not wait for a late act, and the seconds for which it does.
    var gateway: (status: Int, after: Double)?
    var list = ListShape()
    var objects = ObjectShape()
    /// The fault that ends the request in its own way.
    private(set) var end: RouteFault?

    /// Takes a fault into the course. `slow` is the caller's: it waits at once.
    mutating func take(_ fault: RouteFault, clock: SimClock) {
        switch fault.kind {
        case .slow: break
        case .late:
            lateSeconds += clock.scaled(fault.seconds)
            gateway = fault.gateway.map { ($0.status, min(clock.scaled($0.after), lateSeconds)) } ?? gateway
        case .lag: list.lagSeconds = clock.scaled(fault.seconds)
        case .ignoresAfter: list.ignoresAfter = true
        case .oddOrder: list.isOdd = true
        case .noCreatedAt: objects.isWithoutCreation = true
        case .timesOff: objects.timesOff = fault.seconds
        case .noFiles: objects.isWithoutFiles = true
        case .noCounts: objects.isWithoutCounts = true
        case .error, .html, .empty, .login, .raw, .redirect, .drop, .lostReply, .lateReply, .truncated, .cut, .gzip:
            end = fault
        }
    }

    /// The fault whose reply stands in place of the act's.
    var replacement: RouteFault? { end.flatMap { $0.kind.replaces ? $0 : nil } }
    /// True if the request is not acted on.
    var isRefused: Bool { replacement.map { !$0.acts } ?? false }
}
