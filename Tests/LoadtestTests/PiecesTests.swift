// The pure parts of the simulators, each alone. Thread: any.
import Engine
import Testing

@testable import LoadtestKit

@Suite("Parts of the simulators", .timeLimit(.minutes(1)))
struct PiecesTests {
    @Test("an upload reads the same for any cut of its bytes")
    func multipart() throws {
        let text =
            "--B\r\nContent-Disposition: form-data; name=\"purpose\"\r\n\r\nbatch\r\n"
            + "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jsonl\"\r\nContent-Type: x/y\r\n\r\n"
            + "{\"a\":1}\r\n--not a boundary\r\n\r\n--B\r\nContent-Disposition: form-data; name=\"empty\"\r\n\r\n"
            + "\r\n--B--\r\n"
        let bytes = Array(text.utf8)
        for cut in 1..<bytes.count {
            var reader = MultipartReader(boundary: "B")
            var parts: [(String, String?, [UInt8])] = []
            for piece in [bytes[..<cut], bytes[cut...]] {
                try reader.feed(Array(piece)) { event in
                    switch event {
                    case .part(let name, let filename): parts.append((name, filename, []))
                    case .data(let data): parts[parts.count - 1].2 += data
                    case .partEnded, .ended: break
                    }
                }
            }
            try reader.finish()
            #expect(parts.map(\.0) == ["purpose", "file", "empty"])
            #expect(parts.map(\.1) == [nil, "a.jsonl", nil])
            #expect(
                parts.map { String(decoding: $0.2, as: UTF8.self) } == [
                    "batch", "{\"a\":1}\r\n--not a boundary\r\n", "",
                ])
        }
    }

    @Test("an upload without its last boundary is incomplete")
    func multipartCut() throws {
        var reader = MultipartReader(boundary: "B")
        try reader.feed(Array("--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n--B".utf8)) { _ in }
        #expect(throws: MultipartReader.Malformed.self) { try reader.finish() }
    }

    static let contentTypes: [(String, String?)] = [
        ("multipart/form-data; boundary=abc", "abc"), ("Multipart/Form-Data; charset=x; boundary=\"a b\"", "a b"),
        ("multipart/mixed; boundary=abc", nil), ("multipart/form-data", nil),
    ]

    @Test("the boundary is found in a content type", arguments: contentTypes)
    func boundary(type: String, expected: String?) {
        #expect(MultipartReader.boundary(contentType: type) == expected)
    }

    @Test("Base64 survives a round trip, and only its canonical form is decoded")
    func base64() {
        for count in 0..<50 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count) }
            #expect(StrictBase64.decode(Base64.text(bytes).utf8) == bytes)
        }
        #expect(Base64.text(Array("foobar".utf8)) == "Zm9vYmFy")
        #expect(Base64.text(Array("fooba".utf8)) == "Zm9vYmE=")
        for bad in ["Zm9vYmE", "Zm9v YmE=", "Zm9vYmF=", "=m9v", "Zm9-"] {
            #expect(StrictBase64.decode(bad.utf8) == nil, "\(bad)")
        }
    }

    @Test("lines of a stored file are read whole, for any length")
    func spoolLines() throws {
        let file = try SpoolFile()
        let lengths = [0, 1, 5, 1 << 20, (1 << 20) - 1, 3_000_000, 0, 7]
        for (number, length) in lengths.enumerated() {
            try file.append([UInt8](repeating: UInt8(97 + number), count: length))
            if number < lengths.count - 1 { try file.append([0x0A]) }
        }
        var lines = SpoolLines(file)
        var found: [Int] = []
        while let line = try lines.next() {
            found.append(line.bytes.count)
            #expect(try file.read(at: line.range.lowerBound, length: line.range.count) == line.bytes)
        }
        #expect(found == lengths)
    }

    static let rangeHeaders: [(String?, ByteRange.Selection)] = [
        ("bytes=0-63", .part(0..<64)), ("bytes=90-", .part(90..<100)), ("bytes=-10", .part(90..<100)),
        ("bytes=50-500", .part(50..<100)), ("bytes=100-", .unsatisfiable), ("bytes=-0", .unsatisfiable),
        ("bytes=5-2", .whole), ("bytes=0-1,5-6", .whole), ("lines=0-1", .whole), (nil, .whole),
    ]

    @Test("ranges as in requests of browsers and of our image check", arguments: rangeHeaders)
    func ranges(header: String?, expected: ByteRange.Selection) {
        #expect(ByteRange.of(header, length: 100) == expected)
    }

    @Test("pictures are of their type and different for each name", arguments: PictureType.allCases)
    func pictures(type: PictureType) {
        let one = SamplePictures.bytes(type, name: "/car/1")
        #expect(PictureType.of(one) == type)
        #expect(one == SamplePictures.bytes(type, name: "/car/1"))
        #expect(one != SamplePictures.bytes(type, name: "/car/2"))
        #expect(one.count > 100)
    }

    @Test(
        "a fault plan with a mistake is refused and changes nothing",
        arguments: [
            #"{"route":[]}"#, #"{"routes":[{"fault":"explode"}]}"#, #"{"lines":[{"fault":"missing","when":1}]}"#,
            #"{"batches":[{"fault":"status"}]}"#, #"{"seed":9,"lines":{}}"#,
            #"{"routes":[{"route":"GET /v1/batch","fault":"drop"}]}"#, #"{"models":[{"refuse":[]}]}"#,
        ])
    func faultPlan(text: String) throws {
        var plan = FaultPlan()
        let json = try JSONValue.parse(Array(text.utf8))
        #expect(throws: FaultPlanError.self) { try plan.apply(json) }
        #expect(plan.seed == 1)
    }
}
