// The strict subset of JSON Schema, and answers that conform. Thread: any.
import Engine
import TestSupport
import Testing

@testable import LoadtestKit

@Suite("Strict schemas", .timeLimit(.minutes(1)))
struct SchemaRulesTests {
    /// An object with one property of this schema, and other members of the root.
    private static func root(_ property: String, _ rest: String = #""required":["a"],"additionalProperties":false"#)
        -> String
    {
        #"{"type":"object","properties":{"a":\#(property)},\#(rest)}"#
    }

    static let bad: [String] = [
        #"{"type":"array","items":{"type":"string"}}"#,
        #"{"anyOf":[{"type":"object","properties":{},"required":[],"additionalProperties":false}]}"#,
        root(#"{"type":"string"}"#, #""required":["a"]"#),
        root(#"{"type":"string"}"#, #""required":["a"],"additionalProperties":true"#),
        root(#"{"type":"string"}"#, #""required":[],"additionalProperties":false"#),
        root(#"{"type":"string"}"#, #""required":["a","b"],"additionalProperties":false"#),
        root("{}"),
        root(#"{"type":"text"}"#),
        root(#"{"type":"array"}"#),
        root(#"{"type":"string","minLength":1}"#),
        root(#"{"oneOf":[{"type":"string"}]}"#),
        root(#"{"type":["object","null"],"properties":{},"required":[]}"#),
        root(##"{"$ref":"#","title":"x"}"##),
    ]

    @Test("a schema outside the strict subset is refused", arguments: bad)
    func refused(_ text: String) throws {
        let schema = try JSONValue.parse(Array(text.utf8))
        let body = Sample.with(Sample.vision(["https://a/1.jpg"]), "text", Sample.format(schema))
        do {
            _ = try RequestRules(models: ModelCatalog(shutDown: [])).check(body)
            Issue.record("accepted")
        } catch {
            #expect(error.code == "invalid_json_schema")
            #expect(error.param == "text.format.schema")
        }
    }

    @Test("nested, nullable and referenced types are accepted, and the answer conforms")
    func accepted() throws {
        let text = ##"""
            {"type":"object","additionalProperties":false,"required":["damages","parts","grade","note","ok"],
             "properties":{"damages":{"type":"string"},"grade":{"type":"string","enum":["light","heavy"]},
              "parts":{"type":"array","items":{"$ref":"#/$defs/part"}},"ok":{"type":"boolean"},
              "note":{"anyOf":[{"type":"null"},{"type":"integer","minimum":3}]}},
             "$defs":{"part":{"type":"object","properties":{"name":{"type":["string","null"]}},"required":["name"],
              "additionalProperties":false}}}
            """##
        let schema = try JSONValue.parse(Array(text.utf8))
        try SchemaRules.check(schema, name: "a")
        var input = CheckedInput()
        input.pictures = [PictureReference(key: "00000000", url: nil, detail: "low", path: "input[0].content[1]")]
        let english = SimulatedAnswer.text(imageKeys: ["00000000"])
        let expected: JSONValue = [
            "damages": .string(english), "grade": "light", "parts": [["name": .string(english)]], "ok": false,
            "note": 3,
        ]
        let answer = AnswerValue(root: schema, input: input).value
        for (name, value) in expected.objectMembers { #expect(answer[name] == value, "\(name)") }
    }

    @Test("a recursive schema gives a finite answer")
    func recursive() throws {
        let text = ##"""
            {"type":"object","additionalProperties":false,"required":["next"],
             "properties":{"next":{"anyOf":[{"$ref":"#"},{"type":"null"}]}}}
            """##
        let schema = try JSONValue.parse(Array(text.utf8))
        try SchemaRules.check(schema, name: "a")
        #expect(AnswerValue(root: schema, input: CheckedInput()).value["next"] != nil)
    }
}
