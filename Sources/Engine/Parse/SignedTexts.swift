// The texts that a request's signature may cover, hashed while the lots stream in (C1.2, C1.4). Pure. Thread: any.

/// Collects short pieces before hashing them, because a body can hold many millions of tiny lots.
struct SignedTexts {
    private static let gatheredBytes = 4096

    /// Above this many lots the Node form is not tried, because the check would block the thread.
    private static let nodeExampleLots = 1_000_000

    private var canonicalRun: SignatureRun
    private var pending: [UInt8] = []
    private let start: SignatureRun
    private var objects = 0
    private var isArrayOfObjects = true

    init(keys: SignatureKeys) {
        start = keys.begin()
        canonicalRun = start
    }

    /// Adds the next piece of the canonical text.
    mutating func append(_ bytes: Span<UInt8>) {
        if pending.count + bytes.count > SignedTexts.gatheredBytes { flush() }
        if bytes.count < SignedTexts.gatheredBytes { pending.append(bytes) } else { canonicalRun.update(bytes) }
    }

    mutating func append(_ byte: UInt8) { pending.append(byte) }

    /// Counts an element of `lots` for the Node form, which writes an object as `{}` and other values unchanged.
    mutating func count(isObject: Bool) {
        objects += 1
        if !isObject { isArrayOfObjects = false }
    }

    mutating func notAnArray() { isArrayOfObjects = false }

    /// Returns true if `claim` signs the canonical text (C1.2).
    func matchesCanonical(_ claim: Digest) -> Bool {
        var run = canonicalRun
        run.update(pending)
        return run.matches(claim)
    }

    /// Returns true if `claim` signs the text that the document's Node example makes of these lots, `[{},{}]` (C1.4).
    /// Called once, after the other checks.
    func matchesNodeExample(_ claim: Digest) -> Bool {
        guard isArrayOfObjects, objects <= SignedTexts.nodeExampleLots else { return false }
        var run = start
        var left = objects
        run.update(objects == 0 ? "[" : "[{}")
        let chunk = [UInt8]([[UInt8]](repeating: Array(",{}".utf8), count: 1024).joined())
        left -= min(left, 1)
        while left > 0 {
            let now = min(left, 1024)
            run.update(chunk.span.extracting(0..<3 * now))
            left -= now
        }
        run.update("]")
        return run.matches(claim)
    }

    private mutating func flush() {
        canonicalRun.update(pending)
        pending.removeAll(keepingCapacity: true)
    }
}
