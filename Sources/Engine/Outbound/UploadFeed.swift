// A request's body on its way to curl: holds one piece for curl's read callback while the source produces the next.
// Thread: the client's loop.

/// Pulls from a ``ByteSource`` no faster than the socket drains.
final class UploadFeed {
    enum Taken: Equatable { case bytes(Int), dry, end }

    let length: Int
    let isSeekable: Bool
    private var piece: [UInt8]
    private var offset = 0
    /// Bytes that the source has given so far.
    private var given: Int
    private var room: Ticket<Void>?

    /// Returns nil if there is no body.
    init?(_ body: OutboundBody) {
        switch body {
        case .none: return nil
        case .bytes(let bytes):
            (length, given, piece) = (bytes.count, bytes.count, bytes)
            isSeekable = true
        case .stream(let length, _):
            (self.length, given, piece) = (length, 0, [])
            isSeekable = false
        }
    }

    /// Called by curl's read callback. `dry` makes curl pause until more has arrived.
    func take(into target: UnsafeMutableRawBufferPointer) -> Taken {
        let count = min(target.count, piece.count - offset)
        if count == 0 { return given == length ? .end : .dry }
        piece.withUnsafeBytes { bytes in
            target.copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + count]))
        }
        offset += count
        if offset == piece.count { room?.resume() }
        return .bytes(count)
    }

    /// Called by curl's seek callback before it sends a body in memory again on another connection.
    func seek(to position: Int) -> Bool {
        guard isSeekable, (0...piece.count).contains(position) else { return false }
        offset = position
        return true
    }

    enum Problem: Error { case tooLong, tooShort }

    /// Moves all of `source` into the feed. Calls `arrived` for each piece, so that a paused transfer can resume.
    func pump(_ source: any ByteSource, on loop: Loop, arrived: () -> Void) async throws {
        while let next = try await source.next() {
            guard next.count <= length - given else { throw Problem.tooLong }
            if next.isEmpty { continue }
            while offset < piece.count { try await loop.park { room = $0 } }
            try Task.checkCancellation()
            piece = next
            offset = 0
            given += next.count
            arrived()
        }
        if given < length { throw Problem.tooShort }
    }
}
