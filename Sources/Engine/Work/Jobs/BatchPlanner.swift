// Cuts the lots that a stage still lacks into batches. Pure.

/// A lot that a stage still lacks, with what its line will weigh.
public struct PlannedLine: Sendable, Equatable {
    public var position: Int
    /// Bytes of its JSONL line, estimated from the lot.
    public var bytes: Int
    /// Input tokens it will hold in the provider's queue, estimated.
    public var tokens: Int
    /// The provider could not download one of its images last time: send them inline.
    public var needsInlineImages: Bool

    public init(position: Int, bytes: Int, tokens: Int, needsInlineImages: Bool) {
        self.position = position
        self.bytes = bytes
        self.tokens = tokens
        self.needsInlineImages = needsInlineImages
    }
}

/// What one batch may hold.
public struct BatchBounds: Sendable {
    public var lines: Int
    public var bytes: Int
    public var tokens: Int

    public init(lines: Int = Limits.batchFileLines, bytes: Int = Limits.batchFileBytes, tokens: Int = .max) {
        self.lines = lines
        self.bytes = bytes
        self.tokens = tokens
    }

    /// Lines that are sent again go in smaller batches: what spoils one spoils fewer of them.
    public func inRound(_ round: Int) -> BatchBounds {
        BatchBounds(lines: max(1, lines >> (3 * max(0, round - 1))), bytes: bytes, tokens: tokens)
    }
}

/// One batch to be.
public struct PlannedBatch: Sendable, Equatable {
    public var positions: [Int]
    public var bytes: Int
    public var tokens: Int
    public var inlineImages: Bool
}

public enum BatchPlanner {
    /// Cuts `lines` in their order; a batch holds lines of one kind, and at least one line even if that alone is over a
    /// bound.
    public static func cut(_ lines: [PlannedLine], bounds: BatchBounds, inlineAll: Bool) -> [PlannedBatch] {
        let inline = lines.filter { inlineAll || $0.needsInlineImages }
        let plain = lines.filter { !(inlineAll || $0.needsInlineImages) }
        return cut(plain, bounds, inlineImages: false) + cut(inline, bounds, inlineImages: true)
    }

    private static func cut(_ lines: [PlannedLine], _ bounds: BatchBounds, inlineImages: Bool) -> [PlannedBatch] {
        var batches: [PlannedBatch] = []
        var current = PlannedBatch(positions: [], bytes: 0, tokens: 0, inlineImages: inlineImages)
        for line in lines {
            let full =
                current.positions.count >= bounds.lines || current.bytes + line.bytes > bounds.bytes
                || current.tokens + line.tokens > bounds.tokens
            if full, !current.positions.isEmpty {
                batches.append(current)
                current = PlannedBatch(positions: [], bytes: 0, tokens: 0, inlineImages: inlineImages)
            }
            current.positions.append(line.position)
            current.bytes += line.bytes
            current.tokens += line.tokens
        }
        if !current.positions.isEmpty { batches.append(current) }
        return batches
    }
}
