// The table of `loadtest chaos provider`. Values; any thread.

enum ProviderTable {
    /// The groups in their order.
    static let groups: [(name: String, cases: [ProviderCase])] = [
        ("creation", creation), ("lost-reply", lostBehindGateway), ("cancelled", cancelled), ("replies", wrongReplies),
        ("files", files), ("ends", ends), ("answers", answers), ("lot", lotsFault), ("picture", picturesFault),
        ("form", formsFault), ("model-limits", learnt), ("model-gone", modelGone), ("passing", passing),
        ("lasting", lasting),
        ("too-large", tooLarge), ("one-lot", lots), ("deadline", deadline),
    ]

    /// The cases of the named groups; nil: of all.
    /// - Parameter text: only cases whose name contains it.
    static func cases(_ names: [String]?, matching text: String?) throws(DriverError) -> [ProviderCase] {
        for name in names ?? [] where !groups.contains(where: { $0.name == name }) {
            throw DriverError("there is no group '\(name)': \(groups.map(\.name).joined(separator: ", "))")
        }
        return groups.filter { names?.contains($0.name) ?? true }.flatMap(\.cases)
            .filter { text.map($0.name.contains) ?? true }
    }
}
