// Lines of a batch's input file, and the ids by which their answers are matched. Pure.

/// The `custom_id` of a line: `v-17` is the vision request of the lot at position 17, `t-17` its translation.
public struct BatchCustomID: Hashable, Sendable, CustomStringConvertible {
    public var stage: WorkStage
    /// The lot's position in its job, from 0.
    public var position: Int

    public init(_ stage: WorkStage, _ position: Int) {
        precondition(position >= 0, "a lot's position must not be negative")
        self.stage = stage
        self.position = position
    }

    public var description: String {
        switch stage {
        case .vision: "v-\(position)"
        case .translation: "t-\(position)"
        }
    }

    /// Parses the form of ``description`` exactly; returns nil for any other text.
    public init?(_ text: String) {
        guard text.utf8.count <= BatchLine.customIDCharacters, let position = Int(text.dropFirst(2)), position >= 0
        else {
            return nil
        }
        switch text.prefix(2) {
        case "v-": stage = .vision
        case "t-": stage = .translation
        default: return nil
        }
        self.position = position
        guard description == text else { return nil }  // `v-007`, `v-+7`
    }
}

/// A line of a batch's input file.
public enum BatchLine {
    /// Longest `custom_id` that the API accepts for certain, ASCII characters.
    public static let customIDCharacters = 64
    public static let endpoint = "/v1/responses"

    /// Returns the line with its newline. `body` is compact JSON from ``VisionRequest`` or ``TranslationRequest``,
    /// copied unchanged, so that a direct request and a batch send the same bytes.
    public static func encode(customID: String, body: [UInt8]) -> [UInt8] {
        precondition(customID.utf8.count <= customIDCharacters, "a custom_id must have at most 64 characters")
        var line: [UInt8] = []
        line.reserveCapacity(body.count + 160)
        line.append(contentsOf: #"{"custom_id":"#.utf8)
        JSONValue.writeString(customID, to: &line)
        line.append(contentsOf: #","method":"POST","url":"\#(endpoint)","body":"#.utf8)
        line.append(contentsOf: body)
        line.append(contentsOf: "}\n".utf8)
        return line
    }
}
