// Small real pictures of a car, unique per requested name. Thread: any. Frees: nothing.
import CShims

/// JPEG, GIF and WebP carry the name in a comment; a PNG derives its colours from it.
enum SamplePictures {
    static func bytes(_ type: PictureType, name: String) -> [UInt8] {
        switch type {
        case .jpeg: jpeg(name)
        case .png: PNGWriter.car(name: name)
        case .gif: gif(name)
        case .webp: webp(name)
        }
    }

    /// A comment segment right after the start marker.
    private static func jpeg(_ name: String) -> [UInt8] {
        let text = Array(name.utf8.prefix(60_000))
        return [0xFF, 0xD8, 0xFF, 0xFE] + big(UInt32(text.count + 2)).suffix(2) + text + base(jpegBase).dropFirst(2)
    }

    /// A comment extension before the trailer.
    private static func gif(_ name: String) -> [UInt8] {
        var out = Array(base(gifBase).dropLast()) + [0x21, 0xFE]
        let text = Array(name.utf8)
        for start in stride(from: 0, to: text.count, by: 255) {
            let block = text[start..<min(start + 255, text.count)]
            out += [UInt8(block.count)] + block
        }
        return out + [0x00, 0x3B]
    }

    /// The extended format: a canvas header, the picture, then the name as an XMP chunk.
    private static func webp(_ name: String) -> [UInt8] {
        let picture = base(webpBase).dropFirst(12)
        let canvas = Array("VP8X".utf8) + little(10) + [0x04, 0, 0, 0, 63, 0, 0, 47, 0, 0]
        var note = Array("XMP ".utf8) + little(UInt32(name.utf8.count)) + Array(name.utf8)
        if note.count % 2 == 1 { note.append(0) }
        let content = Array("WEBP".utf8) + canvas + picture + note
        return Array("RIFF".utf8) + little(UInt32(content.count)) + content
    }

    static func big(_ value: UInt32) -> [UInt8] { withUnsafeBytes(of: value.bigEndian) { Array($0) } }
    private static func little(_ value: UInt32) -> [UInt8] { big(value).reversed() }
    private static func base(_ text: String) -> [UInt8] { StrictBase64.decode(text.utf8) ?? [] }

    // 64 x 48 pixels each, drawn and encoded once.
    private static let jpegBase =
        "/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABQODxIPDRQSEBIXFRQYHjIhHhwcHj0sLiQySUBMS0dARkVQWnNiUFVtVkVGZIhlbXd7gYKB"
        + "TmCNl4x9lnN+gXz/2wBDARUXFx4aHjshITt8U0ZTfHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8fHx8"
        + "fHz/wAARCAAwAEADASIAAhEBAxEB/8QAGQABAAMBAQAAAAAAAAAAAAAAAAQFBgMB/8QAKxAAAQMCAwUJAQAAAAAAAAAAAQACEQMEBRJR"
        + "ExQhMTIWIiM1QWSCo7Lh/8QAGQEAAwEBAQAAAAAAAAAAAAAAAAECAwUE/8QAHREAAwEBAQADAQAAAAAAAAAAAAECEQMSEyExMv/aAAwD"
        + "AQACEQMRAD8A0SIi0ICLnXrMoUX1ahhrBJVN2i9r9n8Uukv0uOV3/KL1FRdova/Z/FbWV0y8tm1mCJ4FszB0QqT/AAd8rhbSO6IiozCK"
        + "BjXldb4/oLKqKvyz0cuHyTulrjl9t6270z4dM97hzdyVUiLBvXp0YhRPlBTsJvtyue+fBfwfwmNCoKITz7HUqljNyiwy1WC+V0fl+it5"
        + "v0zm9eHxzulde4rvdq+gKOTNHHPMQZ0VBeh7KbY6SYJBU5CAQQRIKTWvSZtzPlFdYh7y4DpA9TyUzZO1C6NaGiGgAaBepOUy57XKxHLZ"
        + "O1CjXoeym2OkmCQVOQgEEESCjygrvdLGV1iHvLgOkD1PJaKyxXdLVlA0c+WeOeJkzoq1rQ0Q0ADQL1NLHpDtufL/AA//2Q=="
    private static let gifBase =
        "R0lGODdhQAAwAIEAAMjX5lpaX6AeKBQUFCwAAAAAQAAwAEAI7QABCBxIsKDBgwgTKlzIsKHDhxAbCphIsaLFixMjJsTIsaPHjxgZdhxA"
        + "EqTJiiQHcDQYoKXLlzBTwpxJs6ZLmTZfatzJs6fCkxR98gQKUigAokiTCmAJ82LKpyWVUoT61GLOq1izas1ptKvXr2DDivWqdOxCqRbN"
        + "EkTr0SfbtyHPwp2bUa5Fqirh4r3I9CrerTn/Ah5MuLDhw4hnql3MuLHjx5AjS55stixltJPfQqa7lDHnupU/g94pWrPd0pZ/opYqcnXq"
        + "jU6pzt2b9vREvFHR4s4btCDW3YmBB6eauKXg4siTK1/OvLnz51oDAgA7"
    private static let webpBase =
        "UklGRnYAAABXRUJQVlA4TGkAAAAvP8ALADUwbtvIURP7vsKu8Wtog2cvZ0sgkMS+8QYK27ZB4Zih/xMw/bfFoWrvDeW6oO0J9Xqg74XI"
        + "dSC2B6KXilmeVAnYQbZDEsgHOL9cCZRlLleNNDuPkQorUFcgL6AvsFxgm1jbnMwA"
}
