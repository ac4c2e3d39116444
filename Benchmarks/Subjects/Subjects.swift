// Public access to the parts of the service that benchmarks measure alone. Pure. Thread: any.
import Engine
import Server

/// C1.2 for one lot after the other, as they arrive in a body.
public struct CanonicalSubject: ~Copyable {
    private var writer = CanonicalWriter()
    private let keys = SignatureKeys(shared: "a-key-for-benchmarks-of-32-chars")
    private let nobody: Digest

    public init() {
        var hash = ContentHash()
        hash.update([])
        nobody = hash.finish()
    }

    /// The canonical form of a lot, which is JSON.
    public mutating func canonical(_ lot: [UInt8]) -> [UInt8] {
        writer.write(lot.span)
        return writer.output
    }

    /// The signature of the canonical form of all lots.
    public mutating func sign(_ lots: [[UInt8]]) -> Bool {
        var run = keys.begin()
        for lot in lots {
            writer.write(lot.span)
            run.update(writer.out.bytes.span)
        }
        return run.matches(nobody)
    }

    /// The signature of lots that are canonical already.
    public func signAlone(_ lots: [[UInt8]]) -> Bool {
        var run = keys.begin()
        for lot in lots { run.update(lot.span) }
        return run.matches(nobody)
    }
}

/// The work on a poll before its answer is looked up.
public struct PollSubject {
    private let parser = LLHTTPParser()
    private let keys = SignatureKeys(shared: "a-key-for-benchmarks-of-32-chars")
    private let request: [UInt8]

    public init() {
        let job = "0198f3a2-7c1e-7d4b-9a55-1f0e2d3c4b5a"
        request = Array(
            """
            GET /api/v1/batch-status/\(job) HTTP/1.1\r
            Host: localhost:5000\r
            User-Agent: python-requests/2.32.3\r
            Accept-Encoding: gzip, deflate\r
            Accept: */*\r
            Connection: keep-alive\r
            X-Signature: \(keys.sign(job))\r
            \r

            """.utf8)
    }

    /// Head, route, signature: true if all are correct.
    public func judge() -> Bool {
        var collector = HeadCollector(limit: 16 * 1024)
        var used = 0
        guard (try? collector.feed(request.span, consumed: &used)) == .complete,
            let head = try? RequestHead(collector.bytes, parser: parser), let job = BatchStatus.job(of: head)
        else { return false }
        return (try? keys.check(head.headerBytes("X-Signature"), over: job.span)) != nil
    }
}

/// Rows of lots for COPY, collected from a body as the service does.
public final class FrameSubject: LotSink {
    private let job = Identifier.random()
    private var rows: [LotRow] = []
    private var frames: [UInt8] = []

    public init(_ lots: [[UInt8]]) throws {
        let reader = RequestReader(
            configuration: RequestReaderConfiguration(),
            keys: SignatureKeys(shared: "a-key-for-benchmarks-of-32-chars"), sink: self)
        try reader.feed(Array(#"{"lots":["#.utf8) + lots.joined(separator: [UInt8(ascii: ",")]) + Array("]}".utf8))
    }

    public func accept(_ row: LotRow) { rows.append(row) }
    public func reset() { rows = [] }

    /// The texts of all rows, for the copy that no implementation can avoid.
    public var texts: [[UInt8]] { rows.map(\.bytes) }

    /// Frames all rows into one kept buffer; returns its size in bytes.
    public func frame() -> Int {
        frames.removeAll(keepingCapacity: true)
        for row in rows { LotFrame.append(job: job, row, to: &frames) }
        return frames.count
    }
}
