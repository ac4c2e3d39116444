// The client's preferences for its reply: Accept and Accept-Encoding with their weights (RFC 9110 12.5), and Prefer.
// Pure.
import Engine

/// The elements of a list header with their weights. Names are in lower case; other parameters are ignored.
struct Preferences {
    /// Weights in thousandths. For a repeated name the first weight counts.
    private var weights: [String: Int] = [:]

    init(_ fields: [String]) {
        for element in fields.joined(separator: ",").split(separator: ",") {
            let parts = element.split(separator: ";", omittingEmptySubsequences: false).map(Preferences.trimmed)
            guard let name = parts.first, !name.isEmpty, weights[name] == nil else { continue }
            weights[name] =
                parts.dropFirst().first { $0.hasPrefix("q=") }.map { Preferences.weight($0.dropFirst(2)) }
                ?? 1000
        }
    }

    /// Nil if the header does not name it.
    func weight(_ name: String) -> Int? { weights[name] }

    private static func trimmed(_ text: Substring) -> String {
        text.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// `0.5` gives 500. An invalid weight gives 0, which means that the element is not wanted.
    private static func weight(_ text: Substring) -> Int {
        guard let number = Double(text), number >= 0, number <= 1 else { return 0 }
        return Int((number * 1000).rounded())
    }
}

extension RequestHead {
    /// `Prefer: respond-async` (RFC 7240) requests a batch job even for a single lot (C2.1).
    var prefersAsync: Bool { Preferences(headers("Prefer")).weight("respond-async") != nil }

    /// The client wants gzip at least as much as the plain form. A client that names no coding gets the plain form.
    var wantsGzip: Bool {
        let codings = Preferences(headers("Accept-Encoding"))
        let named = codings.weight("gzip") ?? codings.weight("x-gzip")
        if let named { return named > 0 && named >= codings.weight("identity") ?? 0 }
        return codings.weight("identity") == 0 && codings.weight("*") ?? 0 > 0
    }

    /// The client names `application/` + `type` and prefers it to `application/` + `usual`. If a wild card matches
    /// `usual`, an equal weight suffices. All other clients get `usual`.
    func prefers(_ type: String, to usual: String) -> Bool {
        let types = Preferences(headers("Accept"))
        guard let weight = types.weight("application/" + type), weight > 0 else { return false }
        if let named = types.weight("application/" + usual) { return weight > named }
        return weight >= types.weight("application/*") ?? types.weight("*/*") ?? 0
    }
}
