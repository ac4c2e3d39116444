// The fields of a request, and the reports of their errors (C2.2, C2.3, C3.2 to C3.4).
import Testing

@testable import Engine

@Suite("C2, C3: fields", .timeLimit(.minutes(1)))
struct RequestFieldTests {
    private let image = #""images":[{"url":"https://example.com/1.jpg"}]"#

    @Test("C2.2: a request with all fields, and the stored values")
    func complete() throws {
        let outcome = Trial().lots(
            #"[{"webhook":"https:\/\/example.com\/hook","lot_id":"a\u00e9","additional_info":"é\n\"x\"","#
                + #""extra":{"a":[]},"#
                + #""images":[{"url":"https://example.com/1.jpg","alt":1},{"url":"https://example.com/\u00e9"}]}]"#,
            #","version":"1.2","languages":["EN","pt-br","zh-Hant"],"other":[1,{"lots":[]}]"#)
        let request = try #require(outcome.request)
        #expect(request.version == "1.2")
        #expect(request.languages == ["EN", "pt-br", "zh-Hant"])
        #expect(request.lotCount == 1)
        #expect(request.imageCount == 2)
        #expect(request.webhookConfigured)
        #expect(!request.isSynchronous)
        let images = ["https://example.com/1.jpg", "https://example.com/\u{e9}"]
        let lot = Lot(
            position: 0, lotID: "aé", additionalInfo: "é\n\"x\"", webhook: "https://example.com/hook", images: images)
        #expect(request.singleLot == lot)
        let row = try #require(outcome.rows.first)
        #expect(try JSONValue.parse(row.images) == JSONValue(images))
        #expect(row.additionalInfo == Array("é\n\"x\"".utf8))
        #expect(row.webhook == Array("https://example.com/hook".utf8))
    }

    @Test(
        "C2.2: images in any spelling are stored as their URLs, in order",
        arguments: [
            (#"[{"url":"http://a/1"},{"url":"http://a/2"}]"#, #"["http://a/1","http://a/2"]"#),
            (#"[ { "url" : "http://a/1" } , {"url": "http://a/2"}]"#, #"["http://a/1","http://a/2"]"#),
            (#"[{"url":"http://a/1","alt":"x"},{"z":{"url":5},"url":"http://a/2"}]"#, #"["http://a/1","http://a/2"]"#),
            (#"[{"url":5,"url":"http://a/1"},{"url":"x","a":1,"url":"http://a/2"}]"#, #"["http://a/1","http://a/2"]"#),
            (#"[{"\u0075rl":"http:\/\/a\/é"}]"#, #"["http://a/\u00e9"]"#),
            (#"[5],"images":[{"url":"http://a/1"}]"#, #"["http://a/1"]"#),
            (#"[{"url":"ftp://x"},{}],"\u0069mages":[{"url":"http://a/1"}]"#, #"["http://a/1"]"#),
        ])
    func imageSpellings(images: String, stored: String) {
        let other = #"{"images":\#(images),"lot_id":"a","additional_info":"x"}"#
        for lot in [#"{"lot_id":"a","images":\#(images)}"#, other] {
            let outcome = Trial().lots("[\(lot)]")
            #expect(outcome.error == nil)
            #expect(outcome.rows.map { String(decoding: $0.images, as: UTF8.self) } == [stored])
        }
    }

    @Test("C2.2: defaults; null equals a missing field")
    func defaults() {
        for others in ["", #","version":null,"languages":null"#] {
            let request = Trial().lots("[\(Trial.lot("a", #","webhook":null,"additional_info":null"#))]", others)
                .request
            #expect(request?.version == "1.0.0")
            #expect(request?.languages == ["en"])
            #expect(request?.singleLot?.webhook == nil)
            #expect(request?.singleLot?.additionalInfo == nil)
            #expect(request?.isSynchronous == true)
        }
    }

    @Test("C2.1: one lot without webhook is synchronous, unless respond-async is preferred")
    func modes() {
        let one = #"{"lots":\#(Trial.batch(1))}"#
        #expect(Trial().signed(one).request?.isSynchronous == true)
        #expect(Trial(respondAsync: true).signed(one).request?.isSynchronous == false)
        #expect(Trial().lots(Trial.batch(2)).request?.isSynchronous == false)
        #expect(Trial().lots("[\(Trial.lot("a", #","webhook":"http://h/""#))]").request?.isSynchronous == false)
    }

    @Test(
        "C2.2: wrong types and values are INVALID_FIELD with their path",
        arguments: [
            (#"[5]"#, "lots[0]"), (#"[]"#, "lots"), (#"{}"#, "lots"), (#""x""#, "lots"),
            (#"[{"lot_id":1,IMAGE}]"#, "lots[0].lot_id"), (#"[{"lot_id":null,IMAGE}]"#, "lots[0].lot_id"),
            (#"[{"lot_id":"",IMAGE}]"#, "lots[0].lot_id"), (#"[{"lot_id":"a\u0000",IMAGE}]"#, "lots[0].lot_id"),
            (#"[{"lot_id":"\ud800",IMAGE}]"#, "lots[0].lot_id"), (#"[{"lot_id":"a","images":[]}]"#, "lots[0].images"),
            (#"[{"lot_id":"a","images":{}}]"#, "lots[0].images"),
            (#"[{"lot_id":"a","images":null}]"#, "lots[0].images"),
            (#"[{"lot_id":"a","images":["x"]}]"#, "lots[0].images[0]"),
            (#"[{"lot_id":"a","images":[{"url":"http://x/"},{"url":1}]}]"#, "lots[0].images[1].url"),
            (#"[{"lot_id":"a","images":[{"url":"http://x/\u0000"}]}]"#, "lots[0].images[0].url"),
            (#"[{"lot_id":"a",IMAGE,"webhook":1}]"#, "lots[0].webhook"),
            (#"[{"lot_id":"a",IMAGE,"webhook":"http://x/\udc00"}]"#, "lots[0].webhook"),
            (#"[{"lot_id":"a",IMAGE,"additional_info":[]}]"#, "lots[0].additional_info"),
            (#"[{"lot_id":"a",IMAGE,"additional_info":"\u0000"}]"#, "lots[0].additional_info"),
        ])
    func invalid(lots: String, path: String) {
        let error = Trial().lots(lots.replacing("IMAGE", with: image)).error
        #expect(error?.code == .invalidField)
        #expect(error?.fields == [path])
        #expect(error?.details?["path"]?.string == path)
        #expect(error?.details?["count"]?.int == 1)
    }

    @Test(
        "C2.2: missing fields are MISSING_FIELD with their path",
        arguments: [
            (#"[{IMAGE}]"#, ["lots[0].lot_id"]), (#"[{"lot_id":"a"}]"#, ["lots[0].images"]),
            (#"[{"lot_id":"a",IMAGE},{}]"#, ["lots[1].lot_id", "lots[1].images"]),
            (#"[{"lot_id":"a","images":[{},{"URL":""}]}]"#, ["lots[0].images[0].url", "lots[0].images[1].url"]),
        ])
    func missing(lots: String, paths: [String]) {
        let error = Trial().lots(lots.replacing("IMAGE", with: image)).error
        #expect(error?.code == .missingField)
        #expect(error?.fields == paths)
        #expect(error?.details?["count"]?.int == paths.count)
    }

    @Test("C2.2: a lot_id has 1 to 255 characters, with any number of bytes")
    func idLength() {
        #expect(Trial().lots("[\(Trial.lot(String(repeating: "é", count: 255)))]").request != nil)
        #expect(Trial().lots("[\(Trial.lot(String(repeating: "é", count: 256)))]").error?.code == .invalidField)
        #expect(Trial().lots("[\(Trial.lot(String(repeating: "😀", count: 255)))]").request != nil)
        #expect(Trial().lots("[\(Trial.lot(String(repeating: "a", count: 256)))]").error?.code == .invalidField)
    }

    @Test("C1.2: the last of repeated fields is checked")
    func repeatedField() {
        let outcome = Trial().lots(#"[{"lot_id":1,"lot_id":"b","images":5,\#(image)}]"#)
        #expect(outcome.request?.singleLot?.lotID == "b")
        #expect(Trial().lots(#"[{"lot_id":"b",\#(image),"lot_id":1}]"#).error?.code == .invalidField)
    }

    @Test(
        "C2.2, C3.2 to C3.4: all errors of one kind are reported together: the first 100 and their number",
        arguments: [
            (.missingField, #"{"lot_id":"N"}"#, "fields", "lots[N].images"),
            (.invalidField, #"{"lot_id":N,IMAGE}"#, "fields", "lots[N].lot_id"),
            (.invalidImageURLs, #"{"lot_id":"N","images":[{"url":"ftp://h/N"}]}"#, "invalid_urls", "ftp://h/N"),
            (.invalidImageURLs, #"{"lot_id":"N","images":[{"url":"ftp://h/N"}]}"#, "fields", "lots[N].images[0].url"),
            (.invalidWebhookURL, #"{"lot_id":"N",IMAGE,"webhook":"ftp://h/N"}"#, "invalid_urls", "ftp://h/N"),
            (.duplicateLotID, #"{"lot_id":"N",IMAGE},{"lot_id":"N",IMAGE}"#, "duplicate_lot_ids", "N"),
        ] as [(ServiceError.Code, String, String, String)])
    func together(code: ServiceError.Code, lot: String, member: String, entry: String) {
        let lots = (0..<150).map { lot.replacing("N", with: "\($0)").replacing("IMAGE", with: image) }
        let error = Trial(maxLots: 1000).lots("[\(lots.joined(separator: ","))]").error
        #expect(error?.code == code)
        #expect(error?.details?["count"]?.int == 150)
        let listed = error?.details?[member]?.array?.compactMap(\.string)
        #expect(listed == (0..<100).map { entry.replacing("N", with: "\($0)") })
    }

    @Test("C2.2: wrong members beside the lots are reported together with those in them")
    func besideLots() {
        let error = Trial().lots("[\(Trial.lot("a")),5]", #","version":1,"languages":["en",2]"#).error
        #expect(error?.code == .invalidField)
        #expect(error?.fields == ["lots[1]", "version", "languages[1]"])
    }

    @Test("no row is passed on after an invalid lot")
    func handOver() {
        let outcome = Trial().lots("[\(Trial.lot("a")),{},\(Trial.lot("b"))]")
        #expect(outcome.rows.map(\.position) == [0])
    }

    @Test(
        "C2.2, C2.3: languages",
        arguments: [
            ("[]", .invalidField), (#""en""#, .invalidField), (#"["en",1]"#, .invalidField),
            (#"["en","EN"]"#, .invalidField),
            (#"["en\u0000"]"#, .invalidField), (#"["\ud800"]"#, .invalidField), (#"["xx"]"#, .unsupportedLanguage),
            (#"["english"]"#, .unsupportedLanguage), (#"[""]"#, .unsupportedLanguage),
            (#"["en_US"]"#, .unsupportedLanguage),
            (#"["en","fr","de","ru","es","it","pt","nl","sv","da","fi"]"#, .tooManyLanguages),
            (#"["en","fr","de","ru","es","it","pt","nl","sv","da"]"#, nil), (#"["pt-BR","pt"]"#, nil),
        ] as [(String, ServiceError.Code?)])
    func languages(value: String, code: ServiceError.Code?) {
        #expect(Trial().lots(Trial.batch(1), #","languages":\#(value)"#).error?.code == code)
    }

    @Test("C2.2: a member too long to be stored is reported as such, for any content")
    func tooLong() {
        let codes = (0..<10_000).map { #""x\#($0)""# }.joined(separator: ",")
        let bound = ReaderBounds.memberBytes
        let version = String(repeating: "1", count: bound)
        for (name, value) in [("languages", "[\(codes)]"), ("version", #""\#(version)""#)] {
            let error = Trial().lots(Trial.batch(1), #","\#(name)":\#(value)"#).error
            #expect(error?.code == .invalidField)
            #expect(error?.message == "Invalid field: \(name) must not be longer than \(bound) bytes")
        }
    }

    @Test("C2.3: unsupported languages are listed as sent")
    func unsupportedLanguages() {
        let error = Trial().lots(Trial.batch(1), #","languages":["en","XX","klingon"]"#).error
        #expect(error?.details?["unsupported_languages"] == ["XX", "klingon"])
    }

    @Test(
        "C2.2: versions",
        arguments: [
            (#""1.0.0""#, nil), (#""1""#, nil), (#""1.99""#, nil), (#""2.0.0""#, .unsupportedVersion),
            (#""""#, .unsupportedVersion),
            (#""10.0""#, .unsupportedVersion), (#""v1""#, .unsupportedVersion), ("1.0", .invalidField),
            ("[]", .invalidField),
            (#""1.\u0000""#, .invalidField), (#""1.\#(String(repeating: "0", count: 64))""#, .invalidField),
        ] as [(String, ServiceError.Code?)])
    func versions(value: String, code: ServiceError.Code?) {
        #expect(Trial().lots(Trial.batch(1), #","version":\#(value)"#).error?.code == code)
    }

    @Test("C3.2: repeated lot_ids are listed once each, in any spelling")
    func duplicates() {
        let ids = ["a", "b", #"\u0061"#, "c", "b", "b"]
        let error = Trial().lots("[" + ids.map { Trial.lot($0) }.joined(separator: ",") + "]").error
        #expect(error?.code == .duplicateLotID)
        #expect(error?.details?["duplicate_lot_ids"] == ["a", "b"])
        #expect(error?.details?["count"]?.int == 2)
    }

    @Test("C3.3: forbidden URLs are listed")
    func urls() {
        let images = #"[{"lot_id":"a","images":[{"url":"ftp://x/1"},{"url":"https://x/2"},{"url":""}]}]"#
        let error = Trial().lots(images).error
        #expect(error?.code == .invalidImageURLs)
        #expect(error?.message == "Invalid image URLs detected")
        #expect(error?.details?["invalid_urls"] == ["ftp://x/1", ""])
        #expect(error?.details?["count"]?.int == 2)
        #expect(error?.fields == ["lots[0].images[0].url", "lots[0].images[2].url"])
        let hooks = (0..<3).map { Trial.lot("\($0)", #","webhook":"gopher://x""#) }.joined(separator: ",")
        let webhook = Trial().lots("[\(hooks)]").error
        #expect(webhook?.code == .invalidWebhookURL)
        #expect(webhook?.details?["count"]?.int == 3)
    }
}
