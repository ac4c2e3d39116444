// The models of the simulated account. Snapshots dated 2026 are invented; their aliases are real. Thread: any.

struct SimModel: Sendable {
    let name: String
    let snapshot: String
    /// Refuses `temperature` and `top_p`, puts a reasoning item first, uses reasoning tokens.
    let reasons: Bool
    let takesImages: Bool
    /// The values of `reasoning.effort` that it takes; empty without reasoning.
    var efforts: [String]
    /// The ceiling of `max_output_tokens`; nil: not known.
    var outputTokensMax: Int?
    /// Takes `prompt_cache_options`.
    let takesCacheOptions: Bool
    /// Other fields that it refuses.
    var refuses: [String] = []
}

struct ModelCatalog: Sendable {
    /// Aliases that answer `model_not_found`, as after their shutdown date.
    var shutDown: Set<String>
    /// Further refusals of the account's models.
    var rules: [ModelRule] = []

    /// nil for an unknown or shut-down model. A snapshot's name works like its alias.
    func model(_ name: String) -> SimModel? {
        guard let model = ModelCatalog.all.first(where: { $0.name == name || $0.snapshot == name }),
            !shutDown.contains(model.name), !shutDown.contains(name)
        else { return nil }
        return limited(model)
    }

    private func limited(_ model: SimModel) -> SimModel {
        var model = model
        for rule in rules where rule.concerns(model) {
            model.refuses += rule.refuses
            model.efforts = rule.efforts ?? model.efforts
            model.outputTokensMax = rule.outputTokensMax ?? model.outputTokensMax
        }
        return model
    }

    var available: [SimModel] {
        ModelCatalog.all.filter { !shutDown.contains($0.name) && !shutDown.contains($0.snapshot) }
    }

    /// Efforts of the families, in their order of cost.
    private static let plain = ["low", "medium", "high"]
    private static let minimal = ["minimal"] + plain
    private static let none = ["none"] + plain
    private static let wide = none + ["xhigh"]

    private static func model(
        _ name: String, _ date: String, _ efforts: [String] = [], images: Bool = true, tokens: Int? = nil,
        cache: Bool = false
    ) -> SimModel {
        SimModel(
            name: name, snapshot: "\(name)-\(date)", reasons: !efforts.isEmpty, takesImages: images, efforts: efforts,
            outputTokensMax: tokens, takesCacheOptions: cache)
    }

    static let all: [SimModel] = [
        model("gpt-4o", "2024-08-06", tokens: 16_384),
        model("gpt-4o-mini", "2024-07-18", tokens: 16_384),
        model("gpt-4.1", "2025-04-14", tokens: 32_768),
        model("gpt-4.1-mini", "2025-04-14", tokens: 32_768),
        model("gpt-4.1-nano", "2025-04-14", tokens: 32_768),
        model("o1", "2024-12-17", plain),
        model("o3", "2025-04-16", plain),
        model("o3-mini", "2025-01-31", plain, images: false),
        model("o4-mini", "2025-04-16", plain),
        model("gpt-5", "2025-08-07", minimal),
        model("gpt-5-mini", "2025-08-07", minimal),
        model("gpt-5-nano", "2025-08-07", minimal),
        model("gpt-5.1", "2025-11-13", none),
        model("gpt-5.2", "2025-12-11", wide),
        model("gpt-5.4", "2026-03-05", wide),
        model("gpt-5.4-mini", "2026-03-05", wide),
        model("gpt-5.4-nano", "2026-03-05", wide),
        model("gpt-5.5", "2026-05-01", wide),
        model("gpt-5.6-sol", "2026-07-01", wide, cache: true),
        model("gpt-5.6-terra", "2026-07-01", wide, cache: true),
        model("gpt-5.6-luna", "2026-07-01", wide, cache: true),
        model("gpt-6-sol", "2026-09-01", wide, cache: true),
        model("gpt-6-luna", "2026-09-01", wide + ["max"], tokens: 128_000, cache: true),
        model("gpt-6-astra", "2026-09-01", plain + ["xhigh"], cache: true),
        model("gpt-6.1-sol", "2026-10-01", plain + ["xhigh"], cache: true),
        model("gpt-6.1-terra", "2026-10-01", wide, cache: true),
        model("gpt-6.2-sol", "2026-11-01", wide, cache: true),
        model("gpt-6.2-astra", "2026-11-01", wide, cache: true),
    ]
}
