// The languages a description can be asked for in (C2.3), as Foundation's copy of the ISO and CLDR tables has them.
// Immutable after the start. Thread: any.
import FoundationEssentials
import FoundationInternationalization

/// ISO 639-1 codes with an optional script or region subtag: `pt-BR`, `zh-Hant`, `es-419`. Case does not matter.
public enum Languages {
    /// Reads the tables now, so that no request pays for it.
    public static func load() { _ = (codeSet, regions, englishName("zh-Hant")) }

    public static func isSupported(_ code: String) -> Bool {
        // Some letters outside ASCII have a lower case inside it.
        guard code.utf8.count <= 7, code.utf8.allSatisfy({ $0 < 0x80 }) else { return false }
        let parts = code.lowercased().split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, codeSet.contains(String(parts[0])) else { return false }
        return parts.count == 1 || isScript(parts[1]) || regions.contains(String(parts[1]))
    }

    /// The English name for prompts, such as `Portuguese (Brazil)` or `Chinese, Traditional`; the code itself if
    /// unknown.
    public static func englishName(_ code: String) -> String {
        guard isSupported(code) else { return code }
        return english.localizedString(forIdentifier: code) ?? code
    }

    /// All two-letter codes, in order.
    public static var codes: [String] { codeSet.sorted() }

    private static let english = Locale(identifier: "en")

    /// The library lists the codes that it uses itself, and so not `tl`, for which it has one of three letters. Other
    /// codes that it knows are old ones of listed languages (`iw`, `mo`, `sh`), with the name or the three-letter code
    /// of those.
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

    /// Two letters, or three digits for parts of the world.
    private static let regions = Set(Locale.Region.isoRegions.map { $0.identifier.lowercased() })

    /// The library can tell a script (four letters, ISO 15924) and lists none.
    private static func isScript(_ subtag: Substring) -> Bool {
        subtag.utf8.count == 4 && subtag.utf8.allSatisfy(ASCII.isLetter) && Locale.Script(String(subtag)).isISOScript
    }
}
