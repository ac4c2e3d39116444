// Draws a car in colours that depend on a name and writes it as a PNG through zlib. Thread: any. Frees: nothing.
import CShims

enum PNGWriter {
    private static let width = 160
    private static let height = 120

    /// A car in front of a wall: both in colours of the name's digest, the name in a text chunk.
    static func car(name: String) -> [UInt8] {
        let digest = Hashing.sha256(Array(name.utf8))
        let scene = Scene(body: Array(digest[0..<3]), wall: digest[3..<6].map { $0 / 2 + 127 })
        var raw: [UInt8] = []
        raw.reserveCapacity((3 * width + 1) * height)
        for y in 0..<height {
            raw.append(0)  // no filter
            for x in 0..<width { raw.append(contentsOf: scene.colour(x, y)) }
        }
        let header = SamplePictures.big(UInt32(width)) + SamplePictures.big(UInt32(height)) + [8, 2, 0, 0, 0]
        return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
            + chunk("tEXt", Array("Comment".utf8) + [0] + Array(name.utf8)) + chunk("IDAT", deflated(raw))
            + chunk("IEND", [])
    }

    private static func chunk(_ type: String, _ content: [UInt8]) -> [UInt8] {
        let checked = Array(type.utf8) + content
        let sum = crc32(0, checked, UInt32(checked.count))
        return SamplePictures.big(UInt32(content.count)) + checked + SamplePictures.big(UInt32(truncatingIfNeeded: sum))
    }

    private static func deflated(_ raw: [UInt8]) -> [UInt8] {
        var length = compressBound(UInt(raw.count))
        return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, initialized in
            let done = compress2(buffer.baseAddress, &length, raw, UInt(raw.count), 1)
            precondition(done == Z_OK, "zlib refused a buffer of its own bound")
            initialized = Int(length)
        }
    }

    private struct Scene {
        let body: [UInt8]
        let wall: [UInt8]
        private static let road: [UInt8] = [90, 90, 95]
        private static let tyre: [UInt8] = [20, 20, 20]

        func colour(_ x: Int, _ y: Int) -> [UInt8] {
            for centre in [width / 4, width * 3 / 4] {
                let (dx, dy) = (x - centre, y - height * 3 / 4)
                if dx * dx + dy * dy < height * height / 100 { return Scene.tyre }
            }
            if y >= height * 3 / 4 { return Scene.road }
            if y >= height / 2 { return (width / 10..<width * 9 / 10).contains(x) ? body : wall }
            // The cabin narrows towards the roof.
            let slope = (height / 2 - y) / 2
            let isCabin = y >= height / 4 && (width / 4 + slope..<width * 3 / 4 - slope).contains(x)
            return isCabin ? body : wall
        }
    }
}
