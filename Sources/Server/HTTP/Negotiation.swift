// What a client would like its reply to be: Accept and Accept-Encoding with their weights (RFC 9110 12.5), and Prefer.
// Pure.
import Engine

/// The elements of a list header with their weights, names in lower case, other parameters left out.
struct Preferences {
    /// Weights in thousandths; of a name that is given twice the first one counts.
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

    /// nil: not named.
    func weight(_ name: String) -> Int? { weights[name] }

    private static func trimmed(_ text: Substring) -> String {
        text.filter { $0 != " " && $0 != "\t" }.lowercased()
    }

    /// `0.5` is 500. What is no weight counts as none: its element is not wanted.
    private static func weight(_ text: Substring) -> Int {
        guard let number = Double(text), number >= 0, number <= 1 else { return 0 }
        return Int((number * 1000).rounded())
    }
}

extension RequestHead {
    /// `Prefer: respond-async` (RFC 7240): a batch job also of a single lot (C2.1).
    var prefersAsync: Bool { Preferences(headers("Prefer")).weight("respond-async") != nil }

    /// Gzip is wanted, at least as much as the plain form. Of clients that name no coding none is assumed.
    var wantsGzip: Bool {
        let codings = Preferences(headers("Accept-Encoding"))
        let named = codings.weight("gzip") ?? codings.weight("x-gzip")
        if let named { return named > 0 && named >= codings.weight("identity") ?? 0 }
        return codings.weight("identity") == 0 && codings.weight("*") ?? 0 > 0
    }

    /// `application/` + `type` is named, and wanted more than the `usual` one, or at least as much where that one is
    /// meant by a wild card only. Everybody else gets the usual one.
    func prefers(_ type: String, to usual: String) -> Bool {
        let types = Preferences(headers("Accept"))
        guard let weight = types.weight("application/" + type), weight > 0 else { return false }
        if let named = types.weight("application/" + usual) { return weight > named }
        return weight >= types.weight("application/*") ?? types.weight("*/*") ?? 0
    }
}
