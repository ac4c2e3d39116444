// Which pictures a lot is sent without after a refusal. Any thread.
import Testing

@testable import Engine

@Suite("The pictures of a lot")
struct LotPicturesTests {
    private func pictures(_ count: Int) -> LotPictures { LotPictures(urls: (1...count).map { "p\($0)" }) }

    /// The pictures that are sent after each refusal, until nothing more can be left out or `isRefused` is false.
    private func trials(
        _ count: Int, _ fault: ProviderFault = .picture(part: nil), isRefused: ([String]) -> Bool
    ) -> (tries: Int, last: LotPictures, isAccepted: Bool) {
        var (pictures, tries) = (pictures(count), 1)
        while isRefused(pictures.sent) {
            guard pictures.leaveOut(fault, because: "why") else { return (tries, pictures, false) }
            tries += 1
        }
        return (tries, pictures, true)
    }

    @Test("the picture that the error names is left out, with the reason")
    func named() {
        var lot = pictures(4)
        // Part 0 is the text.
        let isFirst = lot.leaveOut(.picture(part: 3), because: "image_parse_error")
        #expect(isFirst)
        #expect(lot.sent == ["p1", "p2", "p4"] && lot.missing == ["p3"] && lot.reason(of: "p3") == "image_parse_error")
        // The index counts the pictures that were sent.
        let isSecond = lot.leaveOut(.picture(part: 3), because: "too large")
        #expect(isSecond)
        #expect(lot.sent == ["p1", "p2"])
        let isThird = lot.leaveOut(.picture(part: 1), because: "x")
        let isAgain = lot.leaveOut(.picture(part: 1), because: "x")
        #expect(isThird && !isAgain)
        #expect(lot.sent.isEmpty && lot.missing.count == 4)
    }

    @Test("without a name one bad picture among any number is found in at most five tries", arguments: 1...30)
    func unnamed(_ count: Int) {
        for bad in 1...count {
            let end = trials(count) { $0.contains("p\(bad)") }
            #expect(end.isAccepted == (count > 1), "\(bad)")
            #expect(end.tries <= 5)
            #expect(end.last.missing.contains("p\(bad)") && end.last.missing.count <= max(1, (count + 3) / 4))
        }
    }

    @Test("a trouble that is no picture's ends after a few tries, and no picture stays missing for a trial")
    func never() {
        let end = trials(20) { _ in true }
        #expect(!end.isAccepted && end.tries == 5 && end.last.missing.isEmpty)
    }

    @Test("too many pictures, or too large ones together: fewer are sent")
    func together() {
        let some = trials(20, .pictures(atMost: nil)) { $0.count > 6 }
        #expect(some.isAccepted && some.last.sent == ["p1", "p2", "p3", "p4", "p5", "p6"])
        let one = trials(20, .pictures(atMost: 4)) { $0.count > 4 }
        #expect(one.tries == 2 && one.last.sent.count == 4)
        let none = trials(20, .pictures(atMost: nil)) { _ in true }
        #expect(!none.isAccepted && none.tries < 14)
    }

    @Test("reasons and trials survive a restart; rows of earlier versions have none")
    func kept() throws {
        var lot = pictures(4)
        lot.lose("p2", because: "not_found")
        let isLeftOut = lot.leaveOut(.picture(part: nil), because: "m")
        #expect(isLeftOut)
        let again = LotPictures(urls: lot.urls, missing: lot.missing, reasons: lot.reasonsText)
        #expect(again == lot)
        #expect(lot.reasonsText == #"{"p1":{"reason":"m","trial":0},"p2":{"reason":"not_found"}}"#)
        let old = LotPictures(urls: ["a", "b"], missing: ["b"])
        #expect(old.sent == ["a"] && old.reason(of: "b") == "unknown")
        #expect(pictures(1).reasonsText == nil)
    }

    @Test("a URL that the lot names twice is sent twice, and left out at once")
    func doubled() {
        var lot = LotPictures(urls: ["a", "b", "a"])
        #expect(lot.sent == ["a", "b", "a"])
        let isLeftOut = lot.leaveOut(.picture(part: 3), because: "m")
        #expect(isLeftOut)
        #expect(lot.sent == ["b"] && lot.missing == ["a", "a"])
    }
}
