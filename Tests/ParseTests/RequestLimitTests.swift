// Sizes, nesting, the order of errors, and bodies split anywhere (C1.7, C3).
import Testing

@testable import Engine

@Suite("C3: limits and slices", .timeLimit(.minutes(1)))
struct RequestLimitTests {
    @Test("C3: all lots beyond the limit are counted and covered by the signature, but not passed on")
    func tooManyLots() {
        let outcome = Trial().lots(Trial.batch(75))
        #expect(outcome.error?.code == .batchSizeExceeded)
        #expect(outcome.error?.details == ["provided_lots": 75, "max_allowed": 50])
        #expect(outcome.rows.count == 50)
        #expect(Trial().lots(Trial.batch(50)).request?.lotCount == 50)
    }

    @Test("C3: the message names the limit as the document does")
    func batchMessage() {
        let lots = "[" + [String](repeating: "{}", count: 50_001).joined(separator: ",") + "]"
        let error = Trial(maxLots: 50_000).lots(lots).error
        #expect(error?.message == "Batch size exceeds maximum limit of 50,000 lots")
    }

    @Test("C3: a lot may have 1 MB as received, and no byte more")
    func lotSize() {
        func lot(_ bytes: Int) -> String {
            let bare = Trial.lot("a", #","x":"""#)
            return Trial.lot("a", #","x":"\#(String(repeating: "x", count: bytes - bare.utf8.count))""#)
        }
        #expect(Trial().lots("[\(lot(Limits.lotBytes))]").request != nil)
        let error = Trial().lots("[\(Trial.lot("b")), \(lot(Limits.lotBytes + 1))]").error
        #expect(error?.code == .lotTooLarge)
        #expect(error?.details?["path"]?.string == "lots[1]")
    }

    @Test("C3: nesting 64, the lot itself being 1")
    func nesting() {
        func lot(_ depth: Int) -> String {
            let inner = String(repeating: "[", count: depth - 1) + String(repeating: "]", count: depth - 1)
            return "[\(Trial.lot("a", #","x":\#(inner)"#))]"
        }
        #expect(Trial().lots(lot(64)).request != nil)
        #expect(Trial().lots(lot(65)).error?.code == .invalidJSON)
        let endless = #"{"unknown":"# + String(repeating: "[", count: 100_000)
        #expect(Trial().unsigned(endless).error?.code == .invalidJSON)
    }

    @Test("C3: more than 20 images are too many only for synchronous mode")
    func images() {
        func lot(_ count: Int, _ others: String = "") -> String {
            let images = (0..<count).map { #"{"url":"https://example.com/\#($0).jpg"}"# }.joined(separator: ",")
            return #"[{"lot_id":"a","images":[\#(images)]\#(others)}]"#
        }
        #expect(Trial().lots(lot(20)).request != nil)
        let error = Trial().lots(lot(21)).error
        #expect(error?.code == .tooManyImages)
        #expect(error?.details == ["provided_images": 21, "max_allowed": 20])
        #expect(Trial().lots(lot(21, #","webhook":"https://h/""#)).request?.imageCount == 21)
        #expect(Trial(respondAsync: true).signed(#"{"lots":\#(lot(21))}"#).request != nil)
    }

    @Test("errors have the contract's order")
    func order() {
        let lots = "[{},\(Trial.lot("a")),\(Trial.lot("a", #","webhook":"x""#)),5]"
        func code(_ lots: String, languages: String, version: String, maxLots: Int = 50) -> ServiceError.Code? {
            Trial(maxLots: maxLots).lots(lots, #","languages":\#(languages),"version":"\#(version)""#).error?.code
        }
        let many = #"["en","fr","de","ru","es","it","pt","nl","sv","da","xx"]"#
        #expect(code(lots, languages: many, version: "2", maxLots: 3) == .batchSizeExceeded)
        #expect(code(lots, languages: many, version: "2") == .missingField)
        let wrong = lots.replacing("{},", with: "")
        #expect(code(wrong, languages: many, version: "2") == .invalidField)
        let typed = wrong.replacing(",5", with: "")
        #expect(code(typed, languages: many, version: "2") == .tooManyLanguages)
        #expect(code(typed, languages: #"["xx"]"#, version: "2") == .unsupportedVersion)
        #expect(code(typed, languages: #"["xx"]"#, version: "1") == .unsupportedLanguage)
        #expect(code(typed, languages: #"["en"]"#, version: "1") == .duplicateLotID)
    }

    @Test("an unknown member of any size is skipped, and must still be JSON")
    func unknownMembers() {
        let long = String(repeating: "y", count: 2 * Limits.lotBytes)
        let body = #"{"\#(long)":1,"a":"\#(long)","lots":\#(Trial.batch(1)),"b":[1,{"c":null}]}"#
        #expect(Trial().signed(body).request?.lotCount == 1)
        #expect(Trial().signed(body.replacing("null", with: "nil")).error?.code == .invalidJSON)
    }

    @Test(
        "bodies other than a JSON object",
        arguments: [
            "[]", "1", "\"lots\"", "{}{}", #"{"lots":[],}"#, #"{"lots":[{},]}"#, #"{"lots":[,{}]}"#,
            #"{"lots":[{} {}]}"#,
            #"{"lots"}"#, #"{"lots":}"#, #"{"a":NaN,"lots":[]}"#, #"{"lots":[{"a":Infinity}]}"#, "\u{FEFF}{}",
            #"{"lots":[]"#,
            #"{'lots':[]}"#, #"{"lots":[]]}"#, #"{"lots":tru}"#, #"{"lots":1.}"#,
        ])
    func notAnObject(body: String) {
        #expect(Trial().signed(body).error?.code == .invalidJSON)
    }

    @Test("after an error a reader stays failed")
    func staysFailed() {
        let reader = RequestReader(
            configuration: RequestReaderConfiguration(), keys: Trial.keys, sink: CollectingSink())
        #expect(throws: ServiceError.self) { try reader.feed([0x5D]) }
        #expect(throws: ServiceError.self) { try reader.feed(Array("{}".utf8)) }
        #expect(throws: ServiceError.self) { try reader.finish(signature: Trial.keys.sign("{}")) }
    }
}

@Suite("Bodies in pieces", .timeLimit(.minutes(1)))
struct RequestSliceTests {
    private static let body =
        #" { "version" : "1.0" , "l\u006fts" :[ {"lot_id":"a\ud83d\ude00é😀€" , "n":[-0,1e5,-1.5E-7,true,null], "#
        + #""images":[{"url":"https://example.com/é.jpg"}]},"# + "\n"
        + #"{"images":[{"url":"http://x/"}],"lot_id":"b","webhook":"http://h/","z":{"b":{},"a":[[]]}} ] ,"x":12,"#
        + #""languages":["en","ru"]}  "#
    private static let canonical =
        #"[{"images":[{"url":"https://example.com/\u00e9.jpg"}],"lot_id":"a\ud83d\ude00\u00e9\ud83d\ude00\u20ac","#
        + #""n":[0,100000.0,-1.5e-07,true,null]},{"images":[{"url":"http://x/"}],"lot_id":"b","webhook":"http://h/","#
        + #""z":{"a":[[]],"b":{}}}]"#

    private func check(_ cuts: [Int], _ signature: String) {
        let outcome = Trial().read(Array(Self.body.utf8), header: signature, cuts: cuts)
        #expect(outcome.request?.languages == ["en", "ru"], "\(cuts) \(String(describing: outcome.error))")
        #expect(outcome.rows.map(\.lotID) == [Array("a😀é😀€".utf8), Array("b".utf8)], "\(cuts)")
    }

    @Test("a body cut at any byte, or into single bytes, reads the same")
    func everyCut() {
        let signature = Trial.keys.sign(Self.canonical)
        for cut in 0...Self.body.utf8.count { check([cut], signature) }
        check(Array(0..<Self.body.utf8.count), signature)
    }

    @Test("a body in random pieces reads the same, by both kinds of signature")
    func randomCuts() {
        var random = SeededGenerator(seed: 5)
        let signatures = [Trial.keys.sign(Self.canonical), Trial.keys.sign(Self.body)]
        for round in 0..<300 {
            let cuts = (0..<Int.random(in: 1...12, using: &random))
                .map { _ in Int.random(in: 0...Self.body.utf8.count, using: &random) }
            check(cuts.sorted(), signatures[round % 2])
        }
    }

    @Test("C1.2: generated lots in random pieces have CPython's signature", .enabled(if: CPython.isInstalled))
    func generated() throws {
        var generator = JSONGenerator(seed: 99)
        let values = (0..<1500).map { _ in generator.document() }
        let expected = try CPython.canonical(values.map { Array($0.utf8) })
        for (value, canonical) in zip(values, expected) {
            let body = Array(#"{"lots":[\#(value),{}]}"#.utf8)
            let cuts = (0..<3).map { _ in Int.random(in: 0...body.count, using: &generator.random) }.sorted()
            let outcome = Trial().read(body, header: Trial.keys.sign("[\(canonical),{}]"), cuts: cuts)
            // The signature matches, so the fields are checked next.
            #expect(outcome.error?.code == .missingField, "\(value)")
        }
    }
}
