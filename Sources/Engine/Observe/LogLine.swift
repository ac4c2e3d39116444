// Formats an event as one line of text in the document's style. Pure; any thread.
import Logging

/// `2025-08-05 08:30:15,123 INFO job completed job=550e… lots=2`: one line per event, so that `grep` finds it (C9).
public enum LogLine {
    /// Longest line, bytes; longer ones are truncated.
    public static let bytesMax = 8 * 1024

    public static func text(
        at time: Timestamp, level: Logger.Level, message: String, metadata: [(key: String, value: String)]
    ) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(160)
        appendTime(time, to: &out)
        out.append(UInt8(ascii: " "))
        out.append(contentsOf: name(of: level).utf8)
        out.append(UInt8(ascii: " "))
        appendPlain(message, to: &out)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            out.append(UInt8(ascii: " "))
            out.append(contentsOf: key.utf8)
            out.append(UInt8(ascii: "="))
            appendValue(value, to: &out)
        }
        if out.count > bytesMax { out = wholeCharacters(Array(out.prefix(bytesMax))) }
        out.append(UInt8(ascii: "\n"))
        return out
    }

    /// The document's four level names.
    public static func name(of level: Logger.Level) -> String {
        switch level {
        case .trace, .debug: "DEBUG"
        case .info, .notice: "INFO"
        case .warning: "WARNING"
        case .error, .critical: "ERROR"
        }
    }

    /// Returns the level for one of the document's names (`LOG_LEVEL`).
    public static func level(named name: String) -> Logger.Level? {
        switch name.uppercased() {
        case "DEBUG": .debug
        case "INFO": .info
        case "WARNING": .warning
        case "ERROR": .error
        default: nil
        }
    }

    private static func appendTime(_ time: Timestamp, to out: inout [UInt8]) {
        var text = Array(time.description.utf8.dropLast())
        if text.count > 10 { text[10] = UInt8(ascii: " ") }
        out.append(contentsOf: text)
        out.append(UInt8(ascii: ","))
        appendMilliseconds(of: time, to: &out)
    }

    static func appendMilliseconds(of time: Timestamp, to out: inout [UInt8]) {
        let milliseconds = Int(((time.microseconds % 1_000_000) + 1_000_000) % 1_000_000 / 1000)
        for unit in [100, 10, 1] { out.append(UInt8(ascii: "0") + UInt8(milliseconds / unit % 10)) }
    }

    /// Replaces control characters: untrusted text must not start a new line or control a terminal.
    private static func appendPlain(_ text: String, to out: inout [UInt8]) {
        for byte in text.utf8 { out.append(byte < 0x20 || byte == 0x7F ? UInt8(ascii: " ") : byte) }
    }

    private static func appendValue(_ value: String, to out: inout [UInt8]) {
        let plain = !value.isEmpty && value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "\"") }
        if plain {
            out.append(contentsOf: value.utf8)
        } else {
            JSONValue.writeString(value, to: &out)
        }
    }
}
