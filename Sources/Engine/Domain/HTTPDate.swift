// The date format of HTTP headers (RFC 9110, IMF-fixdate): "Sun, 06 Nov 1994 08:49:37 GMT". Pure; any thread.
import CShims

public enum HTTPDate {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    /// Starts with the weekday of 1970-01-01.
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]

    /// 9999-12-31T23:59:59Z. curl reads later years, too.
    private static let lastSecond = 253_402_300_799

    /// - Parameter seconds: since 1970, not negative.
    public static func text(secondsSinceEpoch seconds: Int) -> String {
        let days = seconds / 86_400
        let inDay = seconds % 86_400
        let (year, month, day) = CivilDate.from(daysSinceEpoch: days)
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let clock = "\(two(inDay / 3600)):\(two(inDay / 60 % 60)):\(two(inDay % 60))"
        return "\(weekdays[days % 7]), \(two(day)) \(months[month - 1]) \(year) \(clock) GMT"
    }

    /// Reads the three formats of RFC 9110 and curl's other ones. Returns nil for any other text.
    static func parse(_ text: String) -> Timestamp? {
        let seconds = curl_getdate(text, nil)
        guard (0...lastSecond).contains(seconds) else { return nil }
        return Timestamp(microseconds: Int64(seconds) * 1_000_000)
    }
}
