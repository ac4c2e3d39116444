// Facts about models that the API does not tell: their parameters and how they count images. As of November 2026. Pure.
// Sources: OpenAI's guides on images, prompt caching and reasoning, and refusals seen in public. A wrong or missing
// fact costs one refused request, which is free: ``ModelLessons`` learns from it.

/// `reasoning.effort`, from the least to the most.
public enum ReasoningEffort: String, Sendable, CaseIterable {
    case off = "none"
    case minimal, low, medium, high, xhigh, max
}

/// `detail` of an image part: the resolution that the model sees, and so the price of the image. The API's fourth
/// value, `auto`, is never sent: on gpt-5.5 and later it means `original`, up to twelve times the price of `high`.
public enum ImageDetail: String, Sendable, CaseIterable {
    case low, high, original
}

/// Facts that the models of one family share.
public struct ModelFamily: Sendable, Equatable {
    /// Begins the names of the family's models.
    let name: String
    /// Efforts that the models take; empty for models that do not reason, which refuse `reasoning`.
    let efforts: [ReasoningEffort]
    /// Largest `max_output_tokens` that the models take.
    let outputTokensMax: Int
    /// Takes `prompt_cache_options`, and bills cache writes that nobody asked for.
    let cachesByItself: Bool
    let images: ImageTokens

    /// Models that do not reason take a temperature; reasoning models refuse it.
    var takesTemperature: Bool { efforts.isEmpty }

    private init(
        _ name: String, efforts: [ReasoningEffort] = [], room: Int, cachesByItself: Bool = false, _ images: ImageTokens
    ) {
        self.name = name
        self.efforts = efforts
        outputTokensMax = room
        self.cachesByItself = cachesByItself
        self.images = images
    }

    /// Returns the lowest effort that the models take and that is not below `wish`; nil for models that do not reason.
    func effort(atLeast wish: ReasoningEffort) -> ReasoningEffort? { efforts.lowest(atLeast: wish) }

    /// Returns the family of a model; nil for a name that tells nothing, such as a deployment or an alias of a proxy.
    /// Prefixes of routers (`openai/`) and of fine-tuned models (`ft:`) do not matter.
    public static func of(_ model: String) -> ModelFamily? {
        var name = model.lowercased()[...]
        if let slash = name.lastIndex(of: "/") { name = name[name.index(after: slash)...] }
        if name.hasPrefix("ft:") { name = name.dropFirst(3) }
        return table.first { isBegun(name, by: $0.name) } ?? nearest(to: name)
    }

    /// `gpt-5` begins `gpt-5-2025-08-07` and `gpt-5:free`, but not `gpt-5.4`.
    private static func isBegun(_ model: Substring, by name: String) -> Bool {
        guard model.hasPrefix(name) else { return false }
        guard let next = model.dropFirst(name.count).first else { return true }
        return "-:@".contains(next)
    }

    /// A version of gpt that the table does not have, such as `gpt-6.3-sol`, is probably like the one before it.
    private static func nearest(to model: Substring) -> ModelFamily? {
        guard let version = version(of: model), isBegun(model, by: "gpt-" + version.text) else { return nil }
        return table.filter { family in
            guard let other = Self.version(of: family.name[...]), family.name == "gpt-" + other.text else {
                return false
            }
            return (other.major, other.minor) < (version.major, version.minor)
        }.last
    }

    /// The version in `gpt-5.6-terra`; nil before gpt-5, whose names follow no order.
    private static func version(of model: Substring) -> (text: String, major: Int, minor: Int)? {
        guard model.hasPrefix("gpt-") else { return nil }
        let text = model.dropFirst(4).prefix { $0.isNumber || $0 == "." }
        let parts = text.split(separator: ".").map { Int($0) ?? 0 }
        guard let major = parts.first, (5..<20).contains(major), parts.count <= 2 else { return nil }
        return (String(text), major, parts.count == 2 ? parts[1] : 0)
    }

    // MARK: The table

    private static let mini = ImageTokens.patches(factor: 1.62, high: 1536, original: nil)
    private static let nano = ImageTokens.patches(factor: 2.46, high: 1536, original: nil)
    private static let upToXHigh: [ReasoningEffort] = [.off, .low, .medium, .high, .xhigh]
    private static let full: [ReasoningEffort] = [.off, .low, .medium, .high, .xhigh, .max]
    private static let newestImages = ImageTokens.patches(factor: 1.2, high: 2500, original: 30_000)

    /// The first name that begins a model's name counts; versions of gpt stand in their order.
    static let table: [ModelFamily] = [
        ModelFamily("gpt-3.5", room: 4096, .tiles(base: 85, tile: 170)),
        ModelFamily("gpt-35", room: 4096, .tiles(base: 85, tile: 170)),
        ModelFamily("gpt-4o-mini", room: 16_384, .tiles(base: 2833, tile: 5667)),
        ModelFamily("gpt-4o", room: 16_384, .tiles(base: 85, tile: 170)),
        ModelFamily("chatgpt-4o", room: 16_384, .tiles(base: 85, tile: 170)),
        ModelFamily("gpt-4.1-mini", room: 32_768, mini),
        ModelFamily("gpt-4.1-nano", room: 32_768, nano),
        ModelFamily("gpt-4.1", room: 32_768, .tiles(base: 85, tile: 170)),
        ModelFamily("gpt-4", room: 4096, .tiles(base: 85, tile: 170)),
        ModelFamily("o1", efforts: [.low, .medium, .high], room: 100_000, .tiles(base: 75, tile: 150)),
        ModelFamily("o3", efforts: [.low, .medium, .high], room: 100_000, .tiles(base: 75, tile: 150)),
        ModelFamily(
            "o4-mini", efforts: [.low, .medium, .high], room: 100_000,
            .patches(factor: 1.72, high: 1536, original: nil)),
        ModelFamily("gpt-5-chat", room: 16_384, .tiles(base: 70, tile: 140)),
        ModelFamily("gpt-5-mini", efforts: [.minimal, .low, .medium, .high], room: 128_000, mini),
        ModelFamily("gpt-5-nano", efforts: [.minimal, .low, .medium, .high], room: 128_000, nano),
        ModelFamily("gpt-5", efforts: [.minimal, .low, .medium, .high], room: 128_000, .tiles(base: 70, tile: 140)),
        ModelFamily("gpt-5.1", efforts: [.off, .low, .medium, .high], room: 128_000, .tiles(base: 70, tile: 140)),
        ModelFamily(
            "gpt-5.2", efforts: upToXHigh, room: 128_000, .patches(factor: 1.2, high: 1536, original: nil)),
        ModelFamily("gpt-5.4-mini", efforts: upToXHigh, room: 128_000, mini),
        ModelFamily("gpt-5.4-nano", efforts: upToXHigh, room: 128_000, nano),
        ModelFamily(
            "gpt-5.4", efforts: upToXHigh, room: 128_000, .patches(factor: 1.2, high: 2500, original: 10_000)),
        ModelFamily("gpt-5.5", efforts: upToXHigh, room: 128_000, newestImages),
        ModelFamily("gpt-5.6", efforts: upToXHigh, room: 128_000, cachesByItself: true, newestImages),
        // These two do not take `none`.
        ModelFamily(
            "gpt-6-astra", efforts: Array(full.dropFirst()), room: 128_000, cachesByItself: true, newestImages),
        ModelFamily(
            "gpt-6.1-sol", efforts: Array(full.dropFirst()), room: 128_000, cachesByItself: true, newestImages),
        ModelFamily("gpt-6", efforts: full, room: 128_000, cachesByItself: true, newestImages),
    ]
}

extension [ReasoningEffort] {
    /// Returns the lowest effort of the list that is not below `wish`, or the highest one if all are.
    func lowest(atLeast wish: ReasoningEffort) -> ReasoningEffort? {
        let known = ReasoningEffort.allCases.filter(contains)
        let order = ReasoningEffort.allCases.drop { $0 != wish }
        return known.first { order.contains($0) } ?? known.last
    }
}
