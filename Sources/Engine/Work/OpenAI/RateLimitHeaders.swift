// Parses `x-ratelimit-*`, the only hint when a 429 has no `Retry-After`. Pure.

enum RateLimitHeaders {
    /// Seconds until the exhausted limit is reset, the longer one of requests
    /// and tokens, at most ``RetryPolicy/longestAskedSeconds``; nil if neither is exhausted.
    static func reset(_ headers: (String) -> String?) -> Double? {
        ["requests", "tokens"].compactMap { dimension in
            guard headers("x-ratelimit-remaining-\(dimension)") == "0" else { return nil }
            return headers("x-ratelimit-reset-\(dimension)").flatMap(seconds)
        }.max().map { min($0, RetryPolicy.longestAskedSeconds) }
    }

    /// Parses a duration such as `6m0s`, `1.5s`, `120ms` or `1h2m3s`; nil if it is invalid or over a day.
    static func seconds(_ text: String) -> Double? {
        var rest = text[...]
        var total = 0.0
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            guard let number = Double(digits), let factor = factors[String(unit)] else { return nil }
            total += number * factor
        }
        return total > 0 && total <= 86_400 ? total : nil
    }

    private static let factors = ["ms": 0.001, "s": 1, "m": 60, "h": 3600]
}
