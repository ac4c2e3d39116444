// A lot's finished JSON: stored once and sent unchanged (results add `processed_at`). Pure.

/// The outcome of one lot (C2.4, C2.5, C4.4).
public struct FinishedLot: Sendable {
    public var lotID: String
    /// nil if the lot completed.
    public var error: String?
    public var processedImages: Int
    /// Requested language and HTML; a language without a text is left out.
    public var descriptions: [(language: String, damages: String)]
    public var missingImages: [String]

    public init(
        lotID: String, error: String?, processedImages: Int, descriptions: [(language: String, damages: String)],
        missingImages: [String]
    ) {
        self.lotID = lotID
        self.error = error
        self.processedImages = processedImages
        self.descriptions = descriptions
        self.missingImages = missingImages
    }

    /// JSON in the member order of the document's samples; `error` only in a failed lot.
    public var json: JSONValue {
        var members: [(String, JSONValue)] = [
            ("lot_id", .string(lotID)),
            ("status", .string(error == nil ? "completed" : "failed")),
            ("processed_images", .int(processedImages)),
            (
                "descriptions",
                .array(
                    descriptions.map {
                        .object([("language", .string($0.language)), ("damages", .string($0.damages))])
                    })
            ),
            ("missing_images", JSONValue(missingImages)),
        ]
        if let error { members.append(("error", .string(error))) }
        return .object(members)
    }

    /// Returns the texts in the requested order: English from `english`, other languages from `translations` (C2.4).
    public static func descriptions(
        languages: [String], english: String?, translations: (String) -> String?
    ) -> [(language: String, damages: String)] {
        languages.compactMap { language in
            let text = language.lowercased() == "en" ? english : translations(language)
            return text.map { (language, $0) }
        }
    }
}
