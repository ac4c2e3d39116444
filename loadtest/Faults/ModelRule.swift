// Refusals of a model beyond the facts of `ModelCatalog`. A value; any thread.
import Engine

/// An entry of a fault plan's `models`.
struct ModelRule: Sendable {
    /// Its name or snapshot; `*` for every model.
    var model: String
    /// Fields that it refuses with `unsupported_parameter`, such as `temperature` or `text.format`.
    var refuses: [String] = []
    /// The efforts that it takes; nil: those of the catalog.
    var efforts: [String]?
    /// Its ceiling of `max_output_tokens`; nil: that of the catalog.
    var outputTokensMax: Int?

    init(_ json: JSONValue) throws(FaultPlanError) {
        for (name, _) in json.members ?? []
        where !["model", "refuses", "efforts", "max_output_tokens"].contains(name) {
            throw FaultPlanError(description: "a model's rule has no member '\(name)'")
        }
        model = json["model"]?.string ?? "*"
        refuses = json["refuses"]?.array?.compactMap(\.string) ?? []
        efforts = json["efforts"]?.array?.compactMap(\.string)
        outputTokensMax = json["max_output_tokens"]?.int
    }

    func concerns(_ model: SimModel) -> Bool { [model.name, model.snapshot, "*"].contains(self.model) }
}
