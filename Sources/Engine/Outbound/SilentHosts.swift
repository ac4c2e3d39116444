// Remembers hosts that did not answer recently. A job can name one dead host in up to 1.8 million images; waiting
// five seconds for each would take weeks. Pure; the client's loop.

/// Counts failures in a row per host and port. After ``failuresMax`` failures a host is silent: for the time of
/// ``backOff`` optional requests to it fail at once, then one exchange tests it. Each failed test doubles the silence.
struct SilentHosts {
    /// Failures to connect or to answer in time, without an answer in between.
    static let failuresMax = 16
    /// Duration of a silence: 30 s to 600 s.
    static let backOff = BackOff(firstSeconds: 30, mostSeconds: 600)
    /// Most hosts remembered; above it all are forgotten and detected again.
    static let hostsMax = 4096

    private struct Host {
        var failures = 0
        var until = 0.0
        var trials = 0

        /// Duration of the silence after this many tests, seconds.
        var silence: Double { SilentHosts.backOff.longest(failures: trials + 1) }
    }

    private var hosts: [String: Host] = [:]

    /// True if the host is silent and not yet due for a test.
    func isSilent(_ name: String, now: Double) -> Bool {
        guard let host = hosts[name], host.failures >= SilentHosts.failuresMax else { return false }
        return now < host.until
    }

    /// Returns true if an exchange may begin now. Lets one through at the end of each silence.
    mutating func mayTry(_ name: String, now: Double) -> Bool {
        guard var host = hosts[name], host.failures >= SilentHosts.failuresMax else { return true }
        guard now >= host.until else { return false }
        host.trials += 1
        host.until = now + host.silence
        hosts[name] = host
        return true
    }

    mutating func failed(_ name: String, now: Double) {
        if hosts[name] == nil, hosts.count >= SilentHosts.hostsMax { hosts = [:] }
        var host = hosts[name] ?? Host()
        host.failures += 1
        host.until = now + host.silence
        hosts[name] = host
    }

    /// Forgets the host's failures; any answer counts.
    mutating func answered(_ name: String) {
        if !hosts.isEmpty { hosts[name] = nil }
    }
}
