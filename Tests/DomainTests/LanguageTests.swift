// The supported languages (C2.3).
import Engine
import Testing

@Suite("C2.3: languages", .timeLimit(.minutes(1)))
struct LanguageTests {
    /// ISO 639-1 from its registration authority, without withdrawn codes (bh, iw, mo, sh ...).
    private static let iso =
        """
        aa ab ae af ak am an ar as av ay az ba be bg bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en \
        eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja \
        jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb \
        nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq \
        sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu
        """
        .split(separator: " ").map(String.init)

    @Test("all 183 codes of ISO 639-1, and no others")
    func all() {
        #expect(Self.iso.count == 183)
        #expect(Languages.codes == Self.iso)
    }

    @Test(
        "with an optional script or region, in any case",
        arguments: [
            "en", "pt-BR", "zh-Hant", "zh-hans", "sr-Latn", "es-419", "en-GB", "uz-Cyrl", "tl", "ja-Hira", "zh-Bopo",
            "ks-Deva", "az-Arab", "cu-Glag", "tl-PH",
        ])
    func supported(code: String) {
        for code in [code, code.uppercased(), code.lowercased()] { #expect(Languages.isSupported(code), "\(code)") }
    }

    @Test(
        "anything else is not supported",
        arguments: [
            "", "e", "xx", "eng", "english", "en-", "-en", "en-XX1", "en-xyz", "en_US", "en-Abcd", "en-USA",
            "zh-Hant-TW", "-", "--", "en--US", "en-GB-", "-GB", "en-u", "en-x-a", "x-en", "en-Lat", "en-Latin",
            "en-0000", "e n", " en", "en-9", "en-ZZ", "ру", "en\0", "\u{212A}n", "iw", "mo", "sh", "in", "bh", "fil",
            "en-41", "en-4190",
        ])
    func unsupported(code: String) {
        #expect(!Languages.isSupported(code))
        #expect(Languages.englishName(code) == code)
    }

    @Test(
        "English names for prompts",
        arguments: [
            ("en", "English"), ("RU", "Russian"), ("de", "German"), ("pt-BR", "Portuguese (Brazil)"),
            ("zh-Hant", "Chinese, Traditional"), ("sr-latn", "Serbian (Latin)"), ("tl", "Tagalog"),
            ("es-419", "Spanish (Latin America)"), ("??", "??"),
        ])
    func names(code: String, name: String) {
        #expect(Languages.englishName(code) == name)
    }

    @Test("every code has a different name")
    func everyName() {
        for code in Languages.codes { #expect(Languages.englishName(code) != code) }
    }
}
