// A lot's finished JSON: stored once, sent as it is (results add `processed_at`). Pure.

/// What became of one lot (C2.4, C2.5, C4.4).
public struct FinishedLot: Sendable {
    public var lotID: String
    /// nil: completed.
    public var error: String?
    public var processedImages: Int
    /// Language as asked for -> HTML; languages without a text are left out.
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

    /// The member order of the document's samples; `error` only in a failed lot.
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

    /// The texts in the requested order: English from `english`, the others from `translations` (C2.4).
    public static func descriptions(
        languages: [String], english: String?, translations: (String) -> String?
    ) -> [(language: String, damages: String)] {
        languages.compactMap { language in
            let text = language.lowercased() == "en" ? english : translations(language)
            return text.map { (language, $0) }
        }
    }
}
