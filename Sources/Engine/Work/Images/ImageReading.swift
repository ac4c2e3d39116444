// One image as it streams in. Thread: the client's loop.

/// Reads an answer's body as an image: the type first, then the size (C2.5, C3).
final class ImageReading {
    /// Longest answer whose rest is read to its end, bytes, because that keeps the connection.
    static let worthReadingBytes = 64 * 1024

    private let answer: OutboundStream
    private let bytesMax: Int
    private var bytes: [UInt8] = []
    private var hasEnded = false

    init(_ answer: OutboundStream, bytesMax: Int) {
        self.answer = answer
        self.bytesMax = bytesMax
    }

    private var declaredLength: Int? { answer.header("content-length").flatMap { Int($0) } }

    /// Reads the type, and no more bytes than that needs.
    func type() async throws(ImageEnding) -> ImageType {
        while bytes.count < ImageType.signatureBytes, let more = try await next() {
            if bytes.isEmpty { bytes = more } else { bytes += more }
        }
        if let type = ImageType(firstBytes: bytes) { return type }
        await leave()
        throw .problem(.notAnImage)
    }

    func whole() async throws(ImageEnding) -> FetchedImage {
        let type = try await type()
        if let declaredLength {
            try check(declaredLength)
            if bytes.count < declaredLength { bytes.reserveCapacity(declaredLength) }
        }
        try check(bytes.count)
        while let more = try await next() {
            try check(bytes.count + more.count)
            bytes += more
        }
        return FetchedImage(type: type, bytes: bytes)
    }

    /// Returns the type of an image with an acceptable size. Drops its bytes.
    func measured() async throws(ImageEnding) -> ImageType {
        let type = try await type()
        if let declaredLength {
            try check(declaredLength)
            await leave()
            return type
        }
        var count = bytes.count
        try check(count)
        while let more = try await next() {
            count += more.count
            try check(count)
        }
        return type
    }

    /// Releases the answer; reads a short rest to keep the connection.
    func leave() async {
        guard !hasEnded else { return }
        guard let length = declaredLength, length <= ImageReading.worthReadingBytes else { return answer.cancel() }
        do { while try await next() != nil {} } catch {}  // the result does not depend on the rest
    }

    private func check(_ count: Int) throws(ImageEnding) {
        guard count > bytesMax else { return }
        answer.cancel()
        throw .problem(.tooLarge)
    }

    private func next() async throws(ImageEnding) -> [UInt8]? {
        do {
            if let more = try await answer.next() { return more }
        } catch {
            throw ImageEnding(error)
        }
        hasEnded = true
        return nil
    }
}
