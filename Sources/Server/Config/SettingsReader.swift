// Reads single settings and collects their mistakes. A value; any thread.
import Engine
import Glibc

/// Looks up variables, applies defaults, collects all mistakes. A variable that is set but empty counts as not set
/// unless stated otherwise, because compose files pass `NAME=` for an unused setting.
struct SettingsReader {
    private let environment: [String: String]
    private(set) var problems: [String] = []

    init(_ environment: [String: String]) { self.environment = environment }

    mutating func complain(_ problem: String) { problems.append(problem) }

    /// The value without surrounding white space; nil if not set.
    /// - Parameter keepEmpty: an empty value counts as set.
    func raw(_ name: String, keepEmpty: Bool = false) -> String? {
        guard let text = environment[name] else { return nil }
        let trimmed = text.trimmed
        return trimmed.isEmpty && !keepEmpty ? nil : trimmed
    }

    /// The secret unchanged, because white space may be a part of it.
    func secret(_ name: String) -> String? {
        guard let text = environment[name], !text.isEmpty else { return nil }
        return text
    }

    mutating func requiredSecret(_ name: String) -> Secret {
        guard let text = secret(name) else {
            complain("\(name) must be set")
            return Secret("")
        }
        return Secret(text)
    }

    mutating func integer(_ name: String, _ fallback: Int, _ range: ClosedRange<Int>) -> Int {
        guard let text = raw(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            complain(
                "\(name) must be a whole number from \(range.lowerBound) to \(range.upperBound), not \(quoted(text))")
            return fallback
        }
        return number
    }

    /// Seconds, hours or days; fractions are allowed.
    mutating func amount(_ name: String, _ unit: String, _ fallback: Double, _ range: ClosedRange<Double>) -> Double {
        guard let text = raw(name) else { return fallback }
        guard let number = Double(text), range.contains(number) else {
            complain(
                "\(name) must be a number of \(unit) from \(plain(range.lowerBound)) to \(plain(range.upperBound)), "
                    + "not \(quoted(text))")
            return fallback
        }
        return number
    }

    mutating func flag(_ name: String, _ fallback: Bool) -> Bool {
        guard let text = raw(name) else { return fallback }
        switch text.lowercased() {
        case "true", "1", "yes", "on": return true
        case "false", "0", "no", "off": return false
        default:
            complain("\(name) must be true or false, not \(quoted(text))")
            return fallback
        }
    }

    /// Comma-separated names.
    func list(_ name: String, _ fallback: [String]) -> [String] {
        guard let text = raw(name) else { return fallback }
        return text.split(separator: ",").map(\.trimmed).filter { !$0.isEmpty }
    }

    /// A value with a form of its own.
    mutating func value<Value>(
        _ name: String, _ fallback: Value, _ parse: (String) throws(InvalidSetting) -> Value
    ) -> Value {
        guard let text = raw(name) else { return fallback }
        do throws(InvalidSetting) { return try parse(text) } catch {
            complain("\(name) \(error)")
            return fallback
        }
    }

    /// Comma-separated CIDRs; a variable that is set but empty means none.
    mutating func networks(_ name: String, _ fallback: [CIDR]) -> [CIDR] {
        guard let text = raw(name, keepEmpty: true) else { return fallback }
        var found: [CIDR] = []
        for part in text.split(separator: ",").map(\.trimmed) where !part.isEmpty {
            do throws(CIDRError) { found.append(try CIDR(parsing: part)) } catch {
                complain("\(name) contains \(quoted(part)), which is not an address or a network: \(error)")
            }
        }
        return found
    }

    mutating func address(_ name: String, _ fallback: BindAddress) -> BindAddress {
        guard let text = raw(name) else { return fallback }
        guard let address = BindAddress(text) else {
            complain("\(name) must be an address and a port such as 0.0.0.0:5000 or [::]:5000, not \(quoted(text))")
            return fallback
        }
        return address
    }

    /// A folder where the process can create files.
    mutating func folder(_ name: String, _ fallback: String) -> String {
        let path = raw(name) ?? fallback
        // "/." fails for a file, because only a folder contains ".".
        if access(path + "/.", W_OK | X_OK) != 0 {
            complain("\(name) must be a writable folder, not \(quoted(path))")
        }
        return path
    }

    private func quoted(_ text: String) -> String { JSONValue.string(String(text.prefix(60))).text }
    private func plain(_ number: Double) -> String { Int(exactly: number).map(String.init) ?? "\(number)" }
}
