// The API's document and its page without a server: complete, and everything escaped.
import Engine
import Foundation
import Testing

@testable import Server

@Suite("The API's document", .timeLimit(.minutes(1)))
struct OpenAPITests {
    private static let document = APIDocument.value

    @Test("C9: the document has exactly the router's endpoints")
    func endpoints() {
        let routed = SiteRoute.documented.map { "\($0.method.lowercased()) \(Self.shape($0.path))" }
        let documented = APIDocument.operations.map { "\($0.method) \(Self.shape($0.path))" }
        #expect(Set(routed).symmetricDifference(documented) == [])
        #expect(Set(documented).count == documented.count)
    }

    /// A path without the names of its ids: `:job` here, `{job_id}` there.
    private static func shape(_ path: String) -> String {
        path.split(separator: "/", omittingEmptySubsequences: false)
            .map { $0.hasPrefix(":") || $0.hasPrefix("{") ? "*" : String($0) }.joined(separator: "/")
    }

    @Test(
        "C4: every error code has a schema with its own example, and an operation with it",
        arguments: ServiceError.Code.allCases)
    func codes(code: ServiceError.Code) throws {
        let schema = try #require(Self.document["components"]?["schemas"]?[code.schemaName])
        #expect(schema["properties"]?["code"]?["const"] == .string(code.rawValue))
        #expect(schema["description"]?.string?.isEmpty == false)
        let example = try #require(schema["examples"]?.array?.first)
        #expect(example["code"] == .string(code.rawValue) && example["error"] == .string(code.title))
        let users = APIDocument.operations.filter {
            $0.json["responses"]?[String(code.status)]?.text.contains("/\(code.schemaName)\"") == true
        }
        #expect(!users.isEmpty)
    }

    @Test("C6.1: every end of a job has a webhook")
    func webhooks() {
        for status in JobStatus.allCases {
            guard let event = status.endEvent else { continue }
            let schema = Self.document["webhooks"]?[event]?["post"]?["requestBody"]?["content"]?["application/json"]
            #expect(schema?["schema"]?["$ref"]?.string != nil, "\(event)")
        }
    }

    /// With `UPDATE_OPENAPI_SNAPSHOT=1` it writes the snapshot instead: review the diff before the commit.
    @Test("docs/openapi.json is the served document, so that a review shows each change of the API")
    func snapshot() throws {
        let place = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "docs/openapi.json")
        let served = try JSONValue.parse(ReferencePage.document.body).indented + "\n"
        if ProcessInfo.processInfo.environment["UPDATE_OPENAPI_SNAPSHOT"] != nil {
            try served.write(to: place, atomically: true, encoding: .utf8)
        }
        let kept = try String(contentsOf: place, encoding: .utf8)
        let difference = served.split(separator: "\n").difference(from: kept.split(separator: "\n"))
        #expect(difference.isEmpty, "renew the snapshot with: make openapi")
    }

    @Test("every reference has a target")
    func references() {
        var all: [String] = []
        Self.collect(Self.document, into: &all)
        let lost = Set(all).filter { reference in
            var place: JSONValue? = Self.document
            for step in reference.dropFirst(2).split(separator: "/") { place = place?[String(step)] }
            return place == nil
        }
        #expect(lost == [] && all.count > 100)
    }

    private static func collect(_ value: JSONValue, into all: inout [String]) {
        switch value {
        case .object(let members):
            for (name, each) in members {
                if name == "$ref", let reference = each.string { all.append(reference) }
                collect(each, into: &all)
            }
        case .array(let elements): for each in elements { collect(each, into: &all) }
        case .null, .bool, .int, .double, .string: break
        }
    }
}

@Suite("The page", .timeLimit(.minutes(1)))
struct PageTests {
    @Test("text never becomes markup, and every element is closed")
    func escaped() {
        var html = HTML()
        html.element("p", ["title": "\"><script>&'"]) { Prose.write("<b> & `<i>` **<u>** `", to: &$0) }
        #expect(
            html.text == """
                <p title="&quot;&gt;&lt;script&gt;&amp;&#39;"><p>&lt;b&gt; &amp; <code>&lt;i&gt;</code> \
                <strong>&lt;u&gt;</strong> `</p></p>
                """)
    }

    @Test("prose: paragraphs, lists, headings")
    func prose() {
        var html = HTML()
        Prose.write("## A\n\none\ntwo\n\n- x\n- y\n  z\n\n1. q\n2. r", headings: 3, to: &html)
        #expect(
            html.text == """
                <h3>A</h3><p>one two</p><ul><li>x</li><li>y   z</li></ul><ol><li>q</li><li>r</li></ol>
                """)
    }

    @Test("a hostile document gives a harmless page")
    func hostile() {
        let evil = "<script>alert(1)</script>"
        let schema: JSONValue = .object([
            ("type", "object"), ("description", .string(evil)),
            (
                "properties",
                .object([(evil, .object([("type", .string(evil)), ("examples", .array([.string(evil)]))]))])
            ),
        ])
        let operation: JSONValue = .object([("summary", .string(evil)), ("tags", .array([.string(evil)]))])
        let page = ReferencePage.make([
            "info": ["title": .string(evil), "description": .string(evil)],
            "components": ["schemas": .object([(evil, schema)])],
            "paths": .object([(evil, .object([("get", operation)]))]),
            "tags": [["name": .string(evil), "description": .string(evil)]],
        ])
        let scripts = page.matches(of: /<script[^>]*>/).map { String($0.0) }
        #expect(scripts == ["/site.js", "/playground.js"].map { "<script src=\"\($0)\" defer=\"\">" })
        #expect(page.contains("&lt;script&gt;"))
    }
}
