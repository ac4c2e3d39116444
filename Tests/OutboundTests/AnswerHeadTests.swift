// The fields of an answer's head.
import Testing

@testable import Engine

@Suite("The head of an answer")
struct AnswerHeadTests {
    private static func head(_ lines: [String]) -> AnswerHead {
        var head = AnswerHead()
        for line in lines { Array(line.utf8).withUnsafeBytes { head.add($0) } }
        return head
    }

    @Test("a field is found by its whole name in any case, the first of several, without white space around it")
    func first() {
        let head = Self.head([
            "Content-Length-X: 1\r\n", "content-length:  42 \t\r\n", "Content-Length: 43\r\n", "Empty:\r\n", "A:b:c\n",
            "no field\r\n", "X-Last: \u{e9} \r\n",
        ])
        #expect(head.first("Content-Length") == "42")
        #expect(head.first("CONTENT-LENGTH-x") == "1")
        #expect(head.first("empty") == "" && head.first("a") == "b:c" && head.first("x-last") == "\u{e9}")
        #expect(head.first("content") == nil && head.first("no field") == nil && head.first("") == nil)
        let names = ["Content-Length-X", "content-length", "Content-Length", "Empty", "A", "X-Last"]
        #expect(head.fields.map(\.name) == names)
        #expect(head.fields.map(\.value) == ["1", "42", "43", "", "b:c", "\u{e9}"])
    }

    @Test("an empty head has no fields, and a cleared one neither")
    func empty() {
        var head = AnswerHead()
        #expect(head.first("a") == nil && head.fields.isEmpty)
        Array("A: b\r\n".utf8).withUnsafeBytes { head.add($0) }
        head.clear()
        #expect(head.first("a") == nil && head.fields.isEmpty)
    }
}
