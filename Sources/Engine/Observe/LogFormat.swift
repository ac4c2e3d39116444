// Formats an event as a line: text as in the API document, or JSON (`LOG_FORMAT`). Pure; any thread.
import Logging

public enum LogFormat: String, Sendable, CaseIterable {
    case text, json

    /// Returns one line with its line end.
    public func line(
        at time: Timestamp, level: Logger.Level, message: String, metadata: [(key: String, value: String)]
    ) -> [UInt8] {
        switch self {
        case .text: LogLine.text(at: time, level: level, message: message, metadata: metadata)
        case .json: LogLine.json(at: time, level: level, message: message, metadata: metadata)
        }
    }
}

extension LogLine {
    /// Longest member of a JSON line, bytes; longer ones are truncated.
    static let memberBytesMax = 4 * 1024

    /// `{"time":"2025-08-05T08:30:15.123Z","level":"INFO","message":"job completed","job":"550e…"}`: the event's
    /// metadata follows the message, as strings.
    public static func json(
        at time: Timestamp, level: Logger.Level, message: String, metadata: [(key: String, value: String)]
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(200)
        out.append(contentsOf: "{\"time\":\"".utf8)
        out.append(contentsOf: time.description.utf8.dropLast())
        out.append(UInt8(ascii: "."))
        appendMilliseconds(of: time, to: &out)
        out.append(contentsOf: "Z\"".utf8)
        appendMember("level", name(of: level), to: &out)
        appendMember("message", message, to: &out)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) { appendMember(key, value, to: &out) }
        out.append(contentsOf: "}\n".utf8)
        return out
    }

    private static func appendMember(_ key: String, _ value: String, to out: inout [UInt8]) {
        out.append(UInt8(ascii: ","))
        JSONValue.writeString(key, to: &out)
        out.append(UInt8(ascii: ":"))
        JSONValue.writeString(value.utf8.count <= memberBytesMax ? value : clipped(value), to: &out)
    }

    /// Truncates at a whole character, so that the result is valid UTF-8.
    private static func clipped(_ value: String) -> String {
        String(decoding: wholeCharacters(Array(value.utf8.prefix(memberBytesMax))), as: UTF8.self)
    }

    /// Removes an incomplete character from the end, if there is one.
    static func wholeCharacters(_ bytes: [UInt8]) -> [UInt8] {
        var end = bytes.count
        while end > 0, bytes.count - end < 3, bytes[end - 1] & 0xC0 == 0x80 { end -= 1 }
        guard end > 0, bytes[end - 1] >= 0xC0 else { return bytes }
        let lead = bytes[end - 1]
        let length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        return bytes.count - (end - 1) < length ? Array(bytes.prefix(end - 1)) : bytes
    }
}
