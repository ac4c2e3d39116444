// The supported languages of descriptions (C2.3), from Foundation's copy of the ISO and CLDR tables.
// Immutable after the start. Thread: any.
import FoundationEssentials
import FoundationInternationalization

/// ISO 639-1 codes with an optional script or region subtag: `pt-BR`, `zh-Hant`, `es-419`. Case is ignored.
public enum Languages {
    /// Reads the tables at start-up, so that no request has to.
    public static func load() { _ = (codeSet, regions, englishName("zh-Hant")) }

    public static func isSupported(_ code: String) -> Bool {
        // Some letters outside ASCII have a lower case inside ASCII.
        guard code.utf8.count <= 7, code.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        let parts = code.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, codeSet.contains(String(parts[0])) else { return false }
        return parts.count == 1 || isScript(parts[1]) || regions.contains(String(parts[1]))
    }

    /// The English name for prompts, such as `Portuguese (Brazil)` or `Chinese,
    /// Traditional`; the code itself if it is unknown.
    public static func englishName(_ code: String) -> String {
        guard isSupported(code) else { return code }
        return english.localizedString(forIdentifier: code) ?? code
    }

    /// All two-letter codes, sorted.
    public static var codes: [String] { codeSet.sorted() }

    private static let english = Locale(identifier: "en")

    /// The library lists only the codes that it uses itself: `tl` is missing because the library uses its
    /// three-letter code. The library also knows old codes of listed languages (`iw`, `mo`, `sh`); these have the
    /// name or the three-letter code of the listed language and are left out.
    private static let codeSet: Set<String> = {
        let listed = Locale.LanguageCode.isoLanguageCodes.map(\.identifier).filter { $0.utf8.count == 2 }
        let names = Set(listed.compactMap { english.localizedString(forLanguageCode: $0) })
        let letters = (UInt8(ascii: "a")...UInt8(ascii: "z")).map { String(UnicodeScalar($0)) }
        let unlisted = letters.flatMap { first in letters.map { first + $0 } }.filter { code in
            guard let three = Locale.LanguageCode(code).identifier(.alpha3),
                let name = english.localizedString(forLanguageCode: code)
            else { return false }
            return Locale.LanguageCode(three).identifier(.alpha2) == nil && !names.contains(name)
        }
        return Set(listed).union(unlisted)
    }()

    /// Two letters, or three digits for a region of the world.
    private static let regions = Set(Locale.Region.isoRegions.map { $0.identifier.lowercased() })

    /// The library recognises a script (four letters, ISO 15924) but lists none.
    private static func isScript(_ subtag: Substring) -> Bool {
        subtag.utf8.count == 4 && subtag.utf8.allSatisfy(ASCII.isLetter) && Locale.Script(String(subtag)).isISOScript
    }
}
