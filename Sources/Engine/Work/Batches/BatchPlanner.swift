// Cuts the lots that a stage still lacks into provider batches. Pure.

/// A lot that a stage still lacks, with the estimated weight of its line.
public struct PlannedLine: Sendable, Equatable {
    public var position: Int
    /// Bytes of its JSONL line, estimated from the lot.
    public var bytes: Int
    /// Input tokens that it will take in the provider's queue, estimated.
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

/// The weight of a line, estimated before it is built. The estimate is generous: the file is measured again when it is
/// built, and the tokens only bound the provider's queue.
private enum LineWeight {
    /// Instructions, schema and JSON around the lot, bytes.
    static let overheadBytes = 4096
    /// Bytes per byte of text: escaping may double it.
    static let escapedPerByte = 2
    /// Base64 bytes of an image that is sent inline: a photograph of 500 KB.
    static let inlineImageBytes = 700_000
    /// JSON around an image's URL, bytes.
    static let imagePartBytes = 64
    /// Input tokens of the instructions.
    static let visionTokens = 600
    static let translationTokens = 500
    /// Bytes of text per input token; English has about four.
    static let bytesPerToken = 3
}

extension PlannedLine {
    /// Estimates the weight of the lot's line.
    /// - Parameters:
    ///   - inlineAll: the images of all lots are sent inline.
    ///   - imageTokens: most input tokens of an image. Its size is not known yet, so the bound of the provider's queue
    ///     holds only if each image counts as a large one.
    init(_ lot: RemainingLot, _ stage: WorkStage, inlineAll: Bool, imageTokens: Int) {
        let text = LineWeight.overheadBytes + lot.textBytes * LineWeight.escapedPerByte
        let textTokens = lot.textBytes / LineWeight.bytesPerToken
        switch stage {
        case .vision:
            let images =
                lot.imageDownloadFailed || inlineAll
                ? lot.imageCount * LineWeight.inlineImageBytes
                : lot.imageListBytes + lot.imageCount * LineWeight.imagePartBytes
            self.init(
                position: lot.position, bytes: text + images,
                tokens: LineWeight.visionTokens + textTokens + lot.imageCount * imageTokens,
                needsInlineImages: lot.imageDownloadFailed)
        case .translation:
            self.init(
                position: lot.position, bytes: text, tokens: LineWeight.translationTokens + textTokens,
                needsInlineImages: false)
        }
    }
}

/// Bounds of one provider batch.
public struct BatchBounds: Sendable {
    public var lines: Int
    public var bytes: Int
    public var tokens: Int

    public init(lines: Int = Limits.batchFileLines, bytes: Int = Limits.batchFileBytes, tokens: Int = .max) {
        self.lines = lines
        self.bytes = bytes
        self.tokens = tokens
    }

    /// Returns smaller bounds for lines that are sent again, so that a bad line spoils fewer others.
    public func inRound(_ round: Int) -> BatchBounds {
        BatchBounds(lines: max(1, lines >> (3 * max(0, round - 1))), bytes: bytes, tokens: tokens)
    }
}

/// A provider batch that is to be made.
public struct PlannedBatch: Sendable, Equatable {
    public var positions: [Int]
    public var bytes: Int
    public var tokens: Int
    public var inlineImages: Bool
}

public enum BatchPlanner {
    /// Cuts `lines` in their order. A batch has lines of one kind, and at least one line even if that line alone
    /// exceeds a bound.
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
