// Hosts that did not answer lately. A job may name one dead host in all of its images, up to 1.8 million, and waiting
// five seconds for each would take weeks. Pure; the client's loop.

/// Counts failures in a row per host and port. After ``failuresMax`` of them a host counts as silent: for
/// ``silenceSeconds`` nobody who can do without it waits for it, then one exchange tries whether it is back. After each
/// trial in vain the silence is twice as long, up to ``silenceSecondsMax``.
struct SilentHosts {
    /// Failures to connect or to answer in time, without any answer between them.
    static let failuresMax = 16
    static let silenceSeconds = 30.0
    static let silenceSecondsMax = 600.0
    /// Hosts remembered; beyond it all are forgotten, and found again.
    static let hostsMax = 4096

    private struct Host {
        var failures = 0
        var until = 0.0
        var trials = 0

        /// Of what comes after this many trials.
        var silence: Double {
            min(SilentHosts.silenceSeconds * Double(1 << min(trials, 10)), SilentHosts.silenceSecondsMax)
        }
    }

    private var hosts: [String: Host] = [:]

    /// Silent, and not yet due for a trial.
    func isSilent(_ name: String, now: Double) -> Bool {
        guard let host = hosts[name], host.failures >= SilentHosts.failuresMax else { return false }
        return now < host.until
    }

    /// Whether an exchange may begin now. One is let through at the end of each silence.
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

    /// Any answer will do.
    mutating func answered(_ name: String) {
        if !hosts.isEmpty { hosts[name] = nil }
    }
}
