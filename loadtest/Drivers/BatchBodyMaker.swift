// Makes signed bodies, with the same bytes for the same arguments. The canonical text is hashed only, never stored.
// Thread: any; blocks while it works.
import Engine

struct BatchBodyMaker {
    /// Buffer size before a write to the file.
    private static let blockBytes = 1 << 20
    /// The last lots adjust the total size to the target.
    private static let steeringLots = 200

    private let spec: BatchSpec
    private var random: SeededRandom
    private var file: SpoolFile
    private var block: [UInt8] = []
    private var canonical: [UInt8] = []
    private var canonicalRun: KeyedHash.Run
    private var rawRun: KeyedHash.Run
    private var written = 0
    private var pictures = 0
    /// The text after a comma, and after a colon.
    private let space: [UInt8]

    private init(_ spec: BatchSpec, _ keys: SignatureKeys) throws {
        self.spec = spec
        random = SeededRandom(seed: UInt64(bitPattern: Int64(spec.seed)))
        file = try SpoolFile()
        canonicalRun = keys.shared.begin()
        rawRun = keys.shared.begin()
        space = spec.wire == .ascii ? [0x20] : []
    }

    /// - Throws: ``DriverError`` for an impossible body, `SpoolFile.Failure` when the disk is full.
    static func make(_ spec: BatchSpec, keys: SignatureKeys) throws -> BatchBody {
        try spec.validate()
        var maker = try BatchBodyMaker(spec, keys)
        return try maker.make()
    }

    private mutating func make() throws -> BatchBody {
        let signatureAt = writeOpening()
        for number in 0..<spec.lots {
            if number > 0 {
                block += ",".utf8
                block += space
                canonical += ",".utf8
            }
            writeLot(number)
            canonicalRun.update(canonical)
            canonical.removeAll(keepingCapacity: true)
            if block.count >= BatchBodyMaker.blockBytes { try flush() }
        }
        block += "]}".utf8
        canonicalRun.update(Array("]".utf8))
        try flush()
        if let signatureAt { try file.overwrite(Array(canonicalRun.finish().hex.utf8), at: signatureAt) }
        return try finish()
    }

    private mutating func finish() throws -> BatchBody {
        var headers: [(String, String)] = []
        if spec.signs == .header { headers.append(("X-Signature", "sha256=" + rawRun.finish().hex)) }
        let plain = file.count
        if spec.isCompressed {
            file = try Gzip.compress(file)
            headers.append(("Content-Encoding", "gzip"))
        }
        return try BatchBody(file, lots: spec.lots, pictures: pictures, plainBytes: plain, headers: headers)
    }

    /// Writes everything before the lots. Returns the offset of the signature's placeholder; nil without a signature.
    private mutating func writeOpening() -> Int? {
        var signatureAt: Int?
        block += "{".utf8
        if spec.signs == .body {
            name("signature")
            block += "\"sha256=".utf8
            signatureAt = block.count
            block += [UInt8](repeating: UInt8(ascii: "0"), count: 64) + "\",".utf8 + space
        }
        name("version")
        block += "\"1.0.0\",".utf8
        block += space
        name("languages")
        block += "[".utf8
        for (index, language) in spec.languages.enumerated() {
            if index > 0 { block += ",".utf8 + space }
            block += "\"\(language)\"".utf8
        }
        block += "],".utf8
        block += space
        name("lots")
        block += "[".utf8
        canonical += "[".utf8
        return signatureAt
    }

    private mutating func name(_ name: StaticString) {
        block.append(0x22)
        block.append(contentsOf: UnsafeBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
        block += "\":".utf8
        block += space
    }

    private mutating func flush() throws {
        rawRun.update(block)
        try file.append(block)
        written += block.count
        block.removeAll(keepingCapacity: true)
    }

    // MARK: Lots

    /// Target size of lot `number` in bytes; nil: any size.
    private mutating func size(of number: Int) -> Int? {
        guard case .bytes(let total) = spec.filling else { return nil }
        let left = spec.lots - number
        let share = Double(total - written - block.count - 2) / Double(left)
        let factor = left > BatchBodyMaker.steeringLots ? 0.7 + 0.6 * fraction() : 0.97
        return max(BatchSpec.lotBytesMin / 2, Int(share * factor))
    }

    private mutating func writeLot(_ number: Int) {
        let start = block.count
        let size = size(of: number)
        let id = Array("lot-\(number)-\(hex(6))".utf8)
        let hook = spec.webhooks.isEmpty ? nil : spec.webhooks[number % spec.webhooks.count] + String(number)
        block += "{".utf8
        name("lot_id")
        quote(id, id: &block)
        if let hook {
            block += ",".utf8 + space
            name("webhook")
            quote(Array(hook.utf8), id: &block)
        }
        block += ",".utf8
        block += space
        name("additional_info")
        canonical += #"{"additional_info":"#.utf8
        // From this size on, half of the lot is left for pictures.
        writeText(bytes: size.map { max(20, $0 * 2 / 5) } ?? 60)
        block += ",".utf8
        block += space
        name("images")
        canonical += #","images":"#.utf8
        writePictures(lot: number, until: size.map { start + $0 })
        block += "}".utf8
        canonical += #","lot_id":"#.utf8
        quote(id, id: &canonical)
        if let hook {
            canonical += #","webhook":"#.utf8
            quote(Array(hook.utf8), id: &canonical)
        }
        canonical += "}".utf8
    }

    private func quote(_ text: [UInt8], id out: inout [UInt8]) {
        out.append(0x22)
        out += text
        out.append(0x22)
    }

    private mutating func writeText(bytes: Int) {
        block.append(0x22)
        canonical.append(0x22)
        let start = textLength
        write(LotText.cars[below(LotText.cars.count)])
        let words = LotText.languages[below(LotText.languages.count)]
        while textLength - start < bytes {
            block.append(0x20)
            canonical.append(0x20)
            write(words[below(words.count)])
        }
        block.append(0x22)
        canonical.append(0x22)
    }

    /// Measures the canonical text if the body's size does not matter, so that both forms have the same content.
    private var textLength: Int {
        guard case .bytes = spec.filling else { return canonical.count }
        return block.count
    }

    private mutating func write(_ word: LotWord) {
        block += spec.wire == .utf8 ? word.utf8 : word.ascii
        canonical += word.ascii
    }

    /// At least one picture; then up to the given size or number.
    private mutating func writePictures(lot: Int, until end: Int?) {
        block += "[".utf8
        canonical += "[".utf8
        var count = 0
        var room = true
        while room {
            if count > 0 {
                block += ",".utf8
                block += space
                canonical += ",".utf8
            }
            let url = pictureURL(number: count)
            block += "{".utf8
            name("url")
            quote(url, id: &block)
            block += "}".utf8
            canonical += #"{"url":"#.utf8
            quote(url, id: &canonical)
            canonical += "}".utf8
            count += 1
            // The next picture would be about as long.
            if let end { room = block.count + url.count + 16 < end } else { room = count < picturesWanted }
        }
        block += "]".utf8
        canonical += "]".utf8
        pictures += count
    }

    private var picturesWanted: Int {
        guard case .pictures(let count) = spec.filling else { return 1 }
        return count
    }

    private mutating func pictureURL(number: Int) -> [UInt8] {
        switch spec.pictures {
        case .nowhere:
            return Array("https://img\(below(8)).pictures.invalid/auction/\(hex(10))/photo_\(number + 1).jpg".utf8)
        case .numbered(let before, let after):
            return Array("\(before)\(pictures + number)\(after)".utf8)
        }
    }

    // MARK: Chance

    private mutating func below(_ bound: Int) -> Int { Int(random.next() % UInt64(bound)) }

    private mutating func fraction() -> Double { Double(random.next() >> 11) / Double(1 << 53) }

    private mutating func hex(_ digits: Int) -> String {
        let word = random.next()
        return String(decoding: (0..<digits).map { Hex.digit(UInt8(word >> (4 * $0) & 15)) }, as: UTF8.self)
    }
}
