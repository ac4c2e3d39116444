// The rule of the simulated answers, and its Python version. Thread: any.
import Engine
import Foundation
import LoadtestKit
import Testing

@Suite("The rule of the simulated answers", .timeLimit(.minutes(1)))
struct AnswerRuleTests {
    static let languages = ["en", "ru", "de", "fr", "es", "pl", "it", "uk", "pt-BR", "zh-Hant", "en-GB", "ka"]

    @Test("only pictures and their order decide a description")
    func vision() {
        let one = SimulatedAnswer.text(imageURLs: ["https://a/1.jpg", "https://a/2.jpg"])
        #expect(one == SimulatedAnswer.text(imageURLs: ["https://a/1.jpg", "https://a/2.jpg"]))
        #expect(one != SimulatedAnswer.text(imageURLs: ["https://a/2.jpg", "https://a/1.jpg"]))
        #expect(Set((0..<1000).map { SimulatedAnswer.text(imageURLs: ["https://a/\($0).jpg"]) }).count == 1000)
    }

    @Test("a translation depends on the description and its language, for any position in the prompt")
    func translation() {
        let english = SimulatedAnswer.text(imageURLs: ["https://a/1.jpg"])
        let russian = SimulatedAnswer.text(english: english, language: "ru")
        #expect(russian == SimulatedAnswer.text(english: "Use <p> only.\n{\"html\":\"\(english)\"}", language: "ru"))
        #expect(Set(Self.languages.map { SimulatedAnswer.text(english: english, language: $0) }).count == 12)
        #expect(SimulatedAnswer.text(english: english, language: "ka").hasPrefix("<p>[ka] "))
        #expect(russian.hasPrefix("<p>") && !russian.contains("["))
    }

    @Test("C2.4: a description passes the cleaning of HTML unchanged", arguments: languages)
    func clean(language: String) {
        for number in 0..<50 {
            let english = SimulatedAnswer.text(imageURLs: ["https://a/\(number).jpg"])
            let text = SimulatedAnswer.text(english: english, language: language)
            #expect(DamageHTML.clean(text) == text)
            #expect(JSONValue.string(text).text == "\"\(text)\"")
        }
    }

    @Test("the hostile form of a text contains hostile markup")
    func hostile() {
        let text = SimulatedAnswer.text(imageURLs: ["https://a/1.jpg"])
        let cleaned = DamageHTML.clean(SimulatedAnswer.hostile(text))
        #expect(cleaned.contains(text.dropFirst(3).dropLast(4)))
        #expect(!cleaned.contains("onclick") && !cleaned.contains("<script") && !cleaned.contains("javascript:"))
    }

    @Test("predict.py predicts the same", .enabled(if: FileManager.default.fileExists(atPath: "/usr/bin/env")))
    func twin() throws {
        var asked: [JSONValue] = []
        var expected: [String] = []
        for number in 0..<40 {
            let urls = (0...number % 3).map { "https://a/\(number)/\($0).jpg?ü=1" }
            let english = SimulatedAnswer.text(imageURLs: urls)
            asked.append(["images": JSONValue(urls)])
            expected.append(english)
            let source = number % 4 == 0 ? "no paragraph \(number)" : "before <p>x</p> \(english) after"
            for language in Self.languages {
                asked.append(["english": .string(source), "language": .string(language)])
                expected.append(SimulatedAnswer.text(english: source, language: language))
            }
        }
        #expect(try answers(of: asked) == expected)
    }

    private func answers(of asked: [JSONValue]) throws -> [String] {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", repository.appendingPathComponent("loadtest/predict.py").path]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        process.environment = ["PATH": "/usr/bin:/bin:/usr/local/bin", "PYTHONIOENCODING": "utf-8", "PYTHONUTF8": "1"]
        try process.run()
        // Small enough for the buffers of both pipes: written here while the other end is read below.
        let text = asked.map(\.text).joined(separator: "\n") + "\n"
        let writer = Thread {
            input.fileHandleForWriting.write(Data(text.utf8)); try? input.fileHandleForWriting.close()
        }
        writer.start()
        let bytes = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return try String(decoding: bytes, as: UTF8.self).split(separator: "\n").map {
            try JSONValue.parse(Array($0.utf8)).string ?? ""
        }
    }
}
