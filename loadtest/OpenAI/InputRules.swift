// The `input` of a request: a string, or message items of text and pictures. Thread: any.
import Engine

/// The content of a valid input.
struct CheckedInput: Sendable {
    /// Text of the messages with role `user`, one line break between parts.
    var userText = ""
    /// Text of all messages, for the token count.
    var characters = 0
    var pictures: [PictureReference] = []

    mutating func add(text: String, role: String) {
        characters += text.unicodeScalars.count
        guard role == "user" else { return }
        userText += userText.isEmpty ? text : "\n" + text
    }
}

enum InputRules {
    static let textCharactersMax = 10_485_760
    static let picturesMax = 1500
    /// Of all pictures of a request together.
    static let pictureBytesMax = 50 * 1024 * 1024

    static func check(_ input: JSONValue) throws(APIError) -> CheckedInput {
        var checked = CheckedInput()
        if let text = input.string {
            checked.add(text: text, role: "user")
            return checked
        }
        guard let items = input.array else {
            throw .wrongType("input", expected: "one of a string or an array", got: input)
        }
        if items.isEmpty {
            throw .invalid(
                "Invalid 'input': empty array. Expected an array with minimum length 1.", param: "input",
                code: "empty_array")
        }
        for (index, item) in items.enumerated() { try checkItem(item, "input[\(index)]", &checked) }
        if checked.pictures.count > picturesMax {
            throw .invalid(
                "Too many images in request. Max is \(picturesMax).", param: "input", code: "too_many_images")
        }
        let bytes = checked.pictures.reduce(0) { $0 + $1.bytes }
        if bytes > pictureBytesMax {
            let size = Double(bytes * 100 / (1024 * 1024)) / 100
            throw .invalid(
                "Total image size is \(size)MB, which exceeds the allowed limit of 50MB.", param: "input",
                code: "invalid_value")
        }
        return checked
    }

    private static func checkItem(_ item: JSONValue, _ path: String, _ checked: inout CheckedInput) throws(APIError) {
        guard let members = item.members else { throw .wrongType(path, expected: "an object", got: item) }
        if let type = item.present("type") { try FieldKind.checkChoice(type, "\(path).type", ["message"]) }
        for (name, _) in members where !["type", "role", "content", "status", "id", "phase"].contains(name) {
            throw .unknown("\(path).\(name)")
        }
        guard let role = item.present("role") else { throw .missing("\(path).role") }
        try FieldKind.checkChoice(role, "\(path).role", ["user", "assistant", "system", "developer"])
        let roleName = role.string ?? ""
        guard let content = item.present("content") else { throw .missing("\(path).content") }
        if let text = content.string { return checked.add(text: text, role: roleName) }
        guard let parts = content.array else {
            throw .wrongType("\(path).content", expected: "one of a string or an array", got: content)
        }
        for (index, part) in parts.enumerated() {
            try checkPart(part, role: roleName, "\(path).content[\(index)]", &checked)
        }
    }

    private static func checkPart(
        _ part: JSONValue, role: String, _ path: String, _ checked: inout CheckedInput
    ) throws(APIError) {
        guard part.members != nil else { throw .wrongType(path, expected: "an object", got: part) }
        guard let type = part.present("type") else { throw .missing("\(path).type") }
        let textType = role == "assistant" ? "output_text" : "input_text"
        let allowed = role == "assistant" ? [textType, "refusal"] : [textType, "input_image"]
        try FieldKind.checkChoice(type, "\(path).type", allowed)
        if type.string == "input_image" {
            checked.pictures.append(try PictureRules.check(part, path))
            return
        }
        let member = type.string == "refusal" ? "refusal" : "text"
        for (name, _) in part.members ?? [] where !["type", member, "annotations", "logprobs"].contains(name) {
            throw .unknown("\(path).\(name)")
        }
        guard let text = part.present(member) else { throw .missing("\(path).\(member)") }
        try FieldKind.checkString(text, "\(path).\(member)", max: textCharactersMax)
        checked.add(text: text.string ?? "", role: role)
    }
}
