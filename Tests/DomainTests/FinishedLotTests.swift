// A lot in results and webhooks. Pure; any thread.
import Engine
import Testing

@Suite("A finished lot")
struct FinishedLotTests {
    @Test("C2.4: descriptions in the requested order, English only if requested")
    func descriptions() {
        let texts = ["ru": "R", "de": "D"]
        let all = FinishedLot.descriptions(languages: ["de", "EN", "ru"], english: "E") { texts[$0] }
        #expect(all.map(\.language) == ["de", "EN", "ru"])
        #expect(all.map(\.damages) == ["D", "E", "R"])
        let none = FinishedLot.descriptions(languages: ["ru"], english: "E") { texts[$0] }
        #expect(none.map(\.damages) == ["R"])
    }

    @Test("a finished lot has the members of the document's sample, a failed one has its reason")
    func json() {
        let lot = FinishedLot(
            lotID: "a\"b", error: nil, processedImages: 2, descriptions: [("en", "<p>x</p>")], missingImages: ["u"])
        #expect(
            lot.json.text
                == #"{"lot_id":"a\"b","status":"completed","processed_images":2,"descriptions":"#
                + #"[{"language":"en","damages":"<p>x</p>"}],"missing_images":["u"]}"#)
        let failed = FinishedLot(lotID: "a", error: "why", processedImages: 0, descriptions: [], missingImages: [])
        #expect(failed.json["status"] == "failed")
        #expect(failed.json["error"] == "why")
    }
}
