// Formats durations in the document's words ("45 minutes"). Pure.

/// Text of the document's `total_processing_time`.
public enum DurationText {
    /// Formats `seconds` as the largest one or two units: "42 seconds", "1
    /// minute", "2 hours 5 minutes", "1 day 3 hours".
    public static func of(seconds: Double) -> String {
        let total = Int(max(0, seconds))
        if total < 60 { return unit(total, "second") }
        let minutes = total / 60
        if minutes < 60 { return unit(minutes, "minute") }
        let hours = minutes / 60
        if hours < 24 { return pair(unit(hours, "hour"), minutes % 60, "minute") }
        return pair(unit(hours / 24, "day"), hours % 24, "hour")
    }

    private static func pair(_ first: String, _ rest: Int, _ name: String) -> String {
        rest == 0 ? first : "\(first) \(unit(rest, name))"
    }

    private static func unit(_ count: Int, _ name: String) -> String {
        count == 1 ? "1 \(name)" : "\(count) \(name)s"
    }
}
