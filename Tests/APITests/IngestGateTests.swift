// Bodies are admitted up to a sum of what they may hold.
import Testing

@testable import Server

@Suite("Ingest gate", .timeLimit(.minutes(1)))
struct IngestGateTests {
    @Test("C4.5: beyond the bound nobody enters, and each place that is left is given again once")
    func bound() throws {
        let gate = IngestGate()
        var places: [IngestGate.Place] = []
        while let place = gate.enter(length: nil) { places.append(place) }
        #expect(places.count == IngestGate.bytesMax / IngestGate.bodyBytesMax)
        let first = try #require(places.first)
        first.leave()
        first.leave()
        #expect(gate.enter(length: nil) != nil)
        #expect(gate.enter(length: 1) == nil)
    }
}
