// The languages a description can be asked for in (C2.3), read once from Foundation's copy of the ISO and CLDR tables.
// Immutable after that. Thread: any.
import FoundationEssentials
import FoundationInternationalization

/// ISO 639-1 codes with an optional script or region subtag: `pt-BR`, `zh-Hant`, `es-419`. Case does not matter.
public enum Languages {
    /// Reads the tables now, so that no request pays for it.
    public static func load() { _ = table }

    public static func isSupported(_ code: String) -> Bool { table.parts(of: code) != nil }

    /// The English name for prompts, such as `Portuguese (Brazil)` or `Serbian (Latin script)`; the code itself if
    /// unknown.
    public static func englishName(_ code: String) -> String {
        guard let parts = table.parts(of: code) else { return code }
        guard let subtag = parts.subtag else { return parts.language }
        return "\(parts.language) (\(subtag))"
    }

    /// All two-letter codes, in order.
    public static var codes: [String] { table.languages.keys.sorted() }

    private static let table = LanguageTable()
}

/// English names by lower-case code.
private struct LanguageTable: Sendable {
    let languages: [String: String]
    /// Scripts (four letters) and regions (two letters or three digits).
    let subtags: [String: String]

    init() {
        let english = Locale(identifier: "en")
        // The library leaves out tl, which ISO 639-1 has and CLDR calls by its three-letter cousin.
        let codes = Locale.LanguageCode.isoLanguageCodes.map(\.identifier).filter { $0.utf8.count == 2 } + ["tl"]
        var languages: [String: String] = [:]
        for code in codes { languages[code] = english.localizedString(forLanguageCode: code) ?? code }
        self.languages = languages

        var subtags: [String: String] = [:]
        for region in Locale.Region.isoRegions.map(\.identifier) {
            subtags[region.lowercased()] = english.localizedString(forRegionCode: region) ?? region
        }
        for script in LanguageTable.scripts {
            subtags[script.lowercased()] = (english.localizedString(forScriptCode: script) ?? script) + " script"
        }
        // CLDR's own names say "Simplified Han", which no model or person does.
        subtags["hans"] = "Simplified"
        subtags["hant"] = "Traditional"
        self.subtags = subtags
    }

    func parts(of code: String) -> (language: String, subtag: String?)? {
        // Some letters outside ASCII have a lower case inside it.
        guard code.utf8.count <= 7, code.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
        let parts = code.lowercased().split(separator: "-", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let language = languages[parts[0]] else { return nil }
        guard parts.count == 2 else { return (language, nil) }
        return subtags[parts[1]].map { (language, $0) }
    }

    /// The scripts in use today. The library can check and name a script, but lists none.
    private static let scripts =
        """
        Adlm Arab Armn Bali Bamu Batk Beng Bopo Brai Cakm Cans Cham Cher Copt Cyrl Deva Ethi Geor Glag Goth Grek \
        Gujr Guru Hanb Hang Hani Hans Hant Hebr Hira Hrkt Java Jpan Kali Kana Khmr Knda Kore Lana Laoo Latn Lepc \
        Limb Lisu Mand Mlym Mong Mtei Mymr Newa Nkoo Olck Orya Osge Plrd Rohg Saur Sinh Sund Sylo Syrc Tagb Tale \
        Talu Taml Tavt Telu Tfng Tglg Thaa Thai Tibt Vaii Yiii
        """
        .split(separator: " ").map(String.init)
}
