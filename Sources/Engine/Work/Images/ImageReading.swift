// One image as it streams in. Thread: the client's loop.

/// Reads an answer's body as an image: type first, then size (C2.5, C3).
final class ImageReading {
    /// What is left of an answer is read to its end up to this length, because that keeps its connection.
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

    /// Reads no more than is needed to tell.
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

    /// The type of an image whose size is acceptable; its bytes are dropped.
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

    /// Lets go of the answer, reading a short rest.
    func leave() async {
        guard !hasEnded else { return }
        guard let length = declaredLength, length <= ImageReading.worthReadingBytes else { return answer.cancel() }
        do { while try await next() != nil {} } catch {}  // the verdict does not depend on the rest
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
