// The cut of lots into provider batches. Any thread.
import Testing

@testable import Engine

@Suite("The batch planner")
struct BatchPlannerTests {
    func lines(_ count: Int, bytes: Int = 10, tokens: Int = 1) -> [PlannedLine] {
        (0..<count).map { PlannedLine(position: $0, bytes: bytes, tokens: tokens, needsInlineImages: false) }
    }

    @Test("C5.4: cuts by lines, bytes and tokens, keeps the order, loses nothing")
    func cuts() {
        let byLines = BatchPlanner.cut(lines(7), bounds: BatchBounds(lines: 3), inlineAll: false)
        #expect(byLines.map(\.positions) == [[0, 1, 2], [3, 4, 5], [6]])
        let byBytes = BatchPlanner.cut(lines(4, bytes: 40), bounds: BatchBounds(bytes: 100), inlineAll: false)
        #expect(byBytes.map(\.positions) == [[0, 1], [2, 3]])
        let byTokens = BatchPlanner.cut(lines(3, tokens: 5), bounds: BatchBounds(tokens: 9), inlineAll: false)
        #expect(byTokens.map(\.positions) == [[0], [1], [2]])
    }

    @Test("C3.5: a file holds 190,000,000 bytes and not one more")
    func fileBytes() {
        let fitting = BatchPlanner.cut(lines(3, bytes: 95_000_000), bounds: BatchBounds(), inlineAll: false)
        #expect(fitting.map(\.positions) == [[0, 1], [2]])
        let over = BatchPlanner.cut(lines(2, bytes: 95_000_001), bounds: BatchBounds(), inlineAll: false)
        #expect(over.map(\.positions) == [[0], [1]])
    }

    @Test("a line over the bound gets its own batch")
    func oversized() {
        let batches = BatchPlanner.cut(lines(2, bytes: 500), bounds: BatchBounds(bytes: 100), inlineAll: false)
        #expect(batches.map(\.positions) == [[0], [1]])
    }

    @Test("lots whose images the provider could not download are sent inline, in separate batches")
    func inline() {
        var mixed = lines(3)
        mixed[1].needsInlineImages = true
        let batches = BatchPlanner.cut(mixed, bounds: BatchBounds(), inlineAll: false)
        #expect(batches.map(\.positions) == [[0, 2], [1]])
        #expect(batches.map(\.inlineImages) == [false, true])
        #expect(BatchPlanner.cut(mixed, bounds: BatchBounds(), inlineAll: true).map(\.inlineImages) == [true])
    }

    @Test("a vision line counts each image as the largest one that the model and the detail allow")
    func imageTokens() {
        let lot = RemainingLot(
            position: 0, textBytes: 300, imageListBytes: 900, imageCount: 10, lastReason: nil,
            imageDownloadFailed: false, curable: true, failures: 0)
        var configuration = OpenAIConfiguration(apiKey: "k")
        func tokens(_ model: String) -> Int {
            let images = configuration.imageTokens(for: model)
            return PlannedLine(lot, .vision, inlineAll: false, imageTokens: images).tokens
        }
        #expect(tokens("gpt-5.6-terra") == 30_700)
        #expect(tokens("gpt-4.1-mini") == 700 + 24_880)
        configuration.imageDetail = .original
        #expect(tokens("gpt-5.6-terra") == 360_700)
        #expect(tokens("gpt-4.1-mini") == 700 + 24_880)
        configuration.imageDetail = .low
        #expect(tokens("gpt-5.6-terra") == 3770)
    }

    @Test("fifty thousand lots in one batch, the next one in a second batch")
    func fullBatch() {
        let batches = BatchPlanner.cut(lines(50_001), bounds: BatchBounds(), inlineAll: false)
        #expect(batches.map(\.positions.count) == [50_000, 1])
    }
}
