// Converts the operator's URL to libpq's keywords. Frees the result of
// PQconninfoParse. Pure apart from PGHOST; any thread.
import CShims
import Glibc

/// Parameters of one connection attempt.
struct ConnectionSettings: Sendable {
    /// One possible server: a name, an address or a folder of Unix sockets, with libpq's text for the port.
    struct Host: Equatable, Sendable {
        var name: String
        var port: String
        /// Known if the operator gave an address or the name is one.
        var addresses: [String]
        var needsLook: Bool
    }

    private(set) var hosts: [Host]
    /// All parameters except host, hostaddr and port.
    private let keywords: [(String, String)]
    /// Most places tried per attempt.
    static let placesMax = 16

    /// Returns nil if libpq cannot parse the URL. libpq's message is dropped, because it
    /// would quote the URL with its password.
    init?(_ configuration: DatabaseConfiguration) {
        var complaint: UnsafeMutablePointer<CChar>?
        guard let options = PQconninfoParse(configuration.url, &complaint) else {
            PQfreemem(complaint)
            return nil
        }
        defer { PQconninfoFree(options) }
        var given: [String: String] = [:]
        var entry = options
        while let keyword = entry.pointee.keyword {
            if let value = entry.pointee.val { given[String(cString: keyword)] = String(cString: value) }
            entry += 1
        }
        guard let hosts = ConnectionSettings.hosts(of: given) else { return nil }
        self.hosts = hosts
        keywords = ConnectionSettings.keywords(given, configuration)
    }

    /// Returns nil if the lists of hosts, addresses and ports do not match.
    private static func hosts(of given: [String: String]) -> [Host]? {
        let names = list(given["host"] ?? environment("PGHOST"))
        let addresses = list(given["hostaddr"] ?? environment("PGHOSTADDR"))
        let ports = list(given["port"] ?? environment("PGPORT"))
        let count = max(names.count, addresses.count, 1)
        guard names.isEmpty || names.count == count, addresses.isEmpty || addresses.count == count else { return nil }
        guard ports.count <= 1 || ports.count == count else { return nil }
        return (0..<count).map { index in
            let name = names.isEmpty ? "" : names[index]
            let address = addresses.isEmpty ? "" : addresses[index]
            let port = ports.isEmpty ? "" : ports[ports.count == 1 ? 0 : index]
            return Host(
                name: name, port: port, addresses: address.isEmpty ? [] : [address],
                needsLook: address.isEmpty && isName(name))
        }
    }

    /// True for a server name, as opposed to an address, a socket folder ("/..."), an
    /// abstract socket ("@...") or libpq's default.
    private static func isName(_ host: String) -> Bool {
        if host.isEmpty || host.hasPrefix("/") || host.hasPrefix("@") { return false }
        return IPAddress(host) == nil
    }

    private static func list(_ text: String?) -> [String] {
        guard let text, !text.isEmpty else { return [] }
        return text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    }

    private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func keywords(_ given: [String: String], _ configuration: DatabaseConfiguration) -> [(
        String, String
    )] {
        var all = given
        for key in ["host", "hostaddr", "port"] { all[key] = nil }
        let defaults = [
            ("application_name", configuration.applicationName),
            ("keepalives", "1"), ("keepalives_idle", "5"), ("keepalives_interval", "3"), ("keepalives_count", "3"),
            ("tcp_user_timeout", "15000"),
            // The search for a Kerberos ticket can block, and the service does not use Kerberos.
            ("gssencmode", "disable"),
        ]
        for (key, value) in defaults where all[key] == nil { all[key] = value }
        all["client_encoding"] = "UTF8"
        all["options"] = serverOptions(configuration) + (given["options"].map { " " + $0 } ?? "")
        return all.sorted { $0.key < $1.key }
    }

    /// Options for the server. The operator's own options follow these and take precedence.
    private static func serverOptions(_ configuration: DatabaseConfiguration) -> String {
        [
            "-c TimeZone=UTC",
            "-c statement_timeout=\(Int(configuration.statementSeconds * 1000))",
            // Ends the statement of a connection that was dropped because its caller gave up.
            "-c client_connection_check_interval=2000",
            // If this machine vanishes, the server frees its locks after about a minute instead of two hours.
            "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
        ].joined(separator: " ")
    }

    /// The names that still must be resolved.
    var namesToLookUp: [String] {
        hosts.filter(\.needsLook).map(\.name)
    }

    /// Keywords and values for PQconnectStartParams; nil if there is no place to try.
    /// - Parameter rotation: number of places to move to the end, because they did not answer in earlier attempts.
    ///   libpq tries the next place by itself after a refusal, but not after silence.
    func parameters(resolved: [String: [String]], rotation: Int) -> [(String, String)]? {
        var places: [(name: String, address: String, port: String)] = []
        for host in hosts {
            if host.needsLook {
                for address in resolved[host.name] ?? [] { places.append((host.name, address, host.port)) }
            } else {
                places.append((host.name, host.addresses.first ?? "", host.port))
            }
        }
        guard !places.isEmpty else { return nil }
        let turn = rotation % places.count
        let order = (places[turn...] + places[..<turn]).prefix(ConnectionSettings.placesMax)
        var all = keywords
        // An empty text means libpq's default, even for a single host.
        all.append(("host", order.map(\.name).joined(separator: ",")))
        all.append(("hostaddr", order.map(\.address).joined(separator: ",")))
        all.append(("port", order.map(\.port).joined(separator: ",")))
        return all
    }
}
