// The table of `loadtest chaos provider`, and the ledger that judges it. Pure; any thread.
import Engine
import Testing

@testable import LoadtestKit

@Suite("loadtest chaos provider: table and ledger")
struct ProviderTableTests {
    @Test("every row has its own name and a plan that the simulator takes")
    func plans() throws {
        let cases = try ProviderTable.cases(nil, matching: nil)
        #expect(Set(cases.map(\.name)).count == cases.count)
        for row in cases {
            var plan = FaultPlan()
            let text = row.faults.replacing("JOB", with: "1")
            #expect(throws: Never.self, "\(row.name)") { try plan.apply(JSONValue.parse(Array(text.utf8))) }
            #expect(!plan.routes.isEmpty || !plan.lines.isEmpty || !plan.batches.isEmpty || !plan.models.isEmpty)
        }
        for (list, entries) in [
            ("routes", StormFaults.routes), ("lines", StormFaults.lines), ("batches", StormFaults.batches),
        ] {
            var plan = FaultPlan()
            try plan.apply(JSONValue.parse(Array(#"{"\#(list)": [\#(entries.joined(separator: ","))]}"#.utf8)))
        }
    }

    @Test("groups are chosen by name; an unknown one is an error")
    func groups() throws {
        #expect(try ProviderTable.cases(["creation"], matching: "dropped").allSatisfy { $0.name.contains("dropped") })
        #expect(throws: DriverError.self) { try ProviderTable.cases(["creations"], matching: nil) }
    }

    private func paid(
        _ mark: String?, reference: String, batch: String? = "batch_1", translation: Bool = false, usable: Bool = true,
        delivered: Bool = true
    ) -> PaidAnswer {
        PaidAnswer(
            batch: batch, customID: batch == nil ? nil : "v-1", model: "o3", digest: "d", reference: reference,
            isTranslation: translation, mark: mark, inputTokens: 10, outputTokens: 1, isUsable: usable, at: 0,
            isDelivered: delivered)
    }

    @Test("what is paid twice, lost and to be booked")
    func ledger() {
        let ledger = ProviderLedger([
            paid("a", reference: "1"), paid("a", reference: "2", batch: nil, delivered: false),
            paid("b", reference: "3", usable: false), paid("b", reference: "3"),
            paid(nil, reference: "3", translation: true), paid(nil, reference: "9", translation: true),
            paid("c", reference: "4"),
        ]) { $0 != "c" }
        #expect(ledger.paidTwice == 1 && ledger.linesPaidTwice == 0)
        #expect(ledger.lines == 4 && ledger.calls == 1 && ledger.unknown == 1)
        #expect(ledger.inputTokens == 40 && ledger.mostOfOne == 2)
        #expect(ledger.lost { $0.mark == "a" }.map(\.mark) == ["b", "b"])
        #expect(ledger.lost { !$0.isTranslation }.map(\.isTranslation) == [true])
    }

    @Test("batches with equal metadata or lines count once; failed ones do not")
    func doubles() {
        func batch(_ id: String, _ status: String, _ metadata: JSONValue, _ digest: String) -> JSONValue {
            ["id": .string(id), "status": .string(status), "metadata": metadata, "input_digest": .string(digest)]
        }
        let state: JSONValue = [
            "batches": [
                batch("0", "completed", ["s": "1"], "x"), batch("1", "completed", ["s": "1"], "x"),
                batch("2", "failed", ["s": "1"], "x"), batch("3", "in_progress", ["s": "1"], ""),
                batch("4", "completed", .null, "y"),
            ]
        ]
        #expect(BatchDoubles.count(state, since: 0) == 2)
        #expect(BatchDoubles.count(state, since: 1) == 1)
        #expect(BatchDoubles.count(state, since: 3) == 0)
    }
}
