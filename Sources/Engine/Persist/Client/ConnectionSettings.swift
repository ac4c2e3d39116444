// From the operator's URL to libpq's keywords. Frees what PQconninfoParse gave. Pure apart from PGHOST; any thread.
import CShims
import Glibc

/// What libpq is told for one attempt to connect.
struct ConnectionSettings: Sendable {
    /// One place where a server may be: a name, an address or a folder of Unix sockets, with libpq's text for the port.
    struct Host: Equatable, Sendable {
        var name: String
        var port: String
        /// Known when the operator gave one, or the name is an address itself.
        var addresses: [String]
        var needsLook: Bool
    }

    private(set) var hosts: [Host]
    /// Everything but host, hostaddr and port.
    private let keywords: [(String, String)]
    /// The most places tried in one attempt.
    static let placesMax = 16

    /// nil if libpq cannot parse the URL. (Its message would quote the URL, password included, so it is not kept.)
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

    /// nil if the lists of hosts, addresses and ports do not match.
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

    /// A server's name, as opposed to an address, a socket folder ("/..."), an abstract socket ("@...") or libpq's
    /// default.
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
            // Looking for a Kerberos ticket can block, and nobody asked for one.
            ("gssencmode", "disable"),
        ]
        for (key, value) in defaults where all[key] == nil { all[key] = value }
        all["client_encoding"] = "UTF8"
        all["options"] = serverOptions(configuration) + (given["options"].map { " " + $0 } ?? "")
        return all.sorted { $0.key < $1.key }
    }

    /// The operator's own options come after these and so win.
    private static func serverOptions(_ configuration: DatabaseConfiguration) -> String {
        [
            "-c TimeZone=UTC",
            "-c statement_timeout=\(Int(configuration.statementSeconds * 1000))",
            // A connection that we dropped because its caller gave up must not leave its statement running.
            "-c client_connection_check_interval=2000",
            // A machine that vanished must not hold its locks for two hours.
            "-c tcp_keepalives_idle=30 -c tcp_keepalives_interval=10 -c tcp_keepalives_count=3",
        ].joined(separator: " ")
    }

    /// The names that still have to be resolved.
    var namesToLookUp: [String] {
        hosts.filter(\.needsLook).map(\.name)
    }

    /// Keywords and values for PQconnectStartParams; nil if no place is left to try.
    /// - Parameter rotation: how many places to put last: those that did not answer in earlier attempts. libpq goes on
    ///   to the next place by itself when one refuses, but not when one is silent.
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
        // A lone empty entry means libpq's default, which an empty list expresses too.
        all.append(("host", order.map(\.name).joined(separator: ",")))
        all.append(("hostaddr", order.map(\.address).joined(separator: ",")))
        all.append(("port", order.map(\.port).joined(separator: ",")))
        return all
    }
}
