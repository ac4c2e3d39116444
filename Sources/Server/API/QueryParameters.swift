// The query of a request target, decoded and checked. Pure.
import Engine

/// Parameters by name. Each checked getter throws 400 INVALID_PARAMETER, which names the parameter (C4.2).
struct QueryParameters {
    private var values: [String: String] = [:]
    private var repeated: Set<String> = []

    /// - Parameter query: the undecoded text after the `?`. Unknown parameters are ignored.
    init(_ query: String?) throws(ServiceError) {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = QueryParameters.decode(parts[0]),
                let value = QueryParameters.decode(parts.count > 1 ? parts[1] : "")
            else { throw QueryParameters.problem(String(parts[0].prefix(40)), "is not percent-encoded UTF-8") }
            if values.updateValue(value, forKey: name) != nil { repeated.insert(name) }
        }
    }

    static func problem(_ name: String, _ what: String) -> ServiceError {
        ServiceError(
            .invalidParameter, "Query parameter '\(name)' \(what)", details: .object([("parameter", .string(name))]))
    }

    /// The value of the parameter; nil if absent. A repeated parameter is an error, because its meaning is ambiguous.
    func text(_ name: String) throws(ServiceError) -> String? {
        if repeated.contains(name) { throw QueryParameters.problem(name, "is given more than once") }
        return values[name]
    }

    func integer(_ name: String, _ fallback: Int, _ range: ClosedRange<Int>) throws(ServiceError) -> Int {
        guard let text = try text(name) else { return fallback }
        guard let number = Int(text), range.contains(number) else {
            let upper = range.upperBound == Int.max ? "or more" : "to \(range.upperBound)"
            throw QueryParameters.problem(name, "must be a whole number, \(range.lowerBound) \(upper)")
        }
        return number
    }

    func time(_ name: String) throws(ServiceError) -> Timestamp? {
        guard let text = try text(name) else { return nil }
        guard let time = Timestamp(iso: text) else {
            throw QueryParameters.problem(name, "must be an ISO 8601 time such as 2025-08-05T07:30:00Z")
        }
        return time
    }

    func choice(_ name: String, _ choices: [String]) throws(ServiceError) -> String? {
        guard let text = try text(name) else { return nil }
        guard choices.contains(text) else {
            throw QueryParameters.problem(name, "must be one of \(choices.joined(separator: ", "))")
        }
        return text
    }

    /// Form decoding: `+` is a space. Nil for an incomplete escape or text that is not UTF-8.
    private static func decode(_ text: Substring) -> String? {
        var out: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            switch byte {
            case UInt8(ascii: "+"): out.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = rest.popFirst().flatMap(Hex.value), let low = rest.popFirst().flatMap(Hex.value) else {
                    return nil
                }
                out.append(high << 4 | low)
            default: out.append(byte)
            }
        }
        return String(validating: out, as: UTF8.self)
    }
}
