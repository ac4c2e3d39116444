// Bodies are admitted up to a bound on their total memory.
import Engine
import Testing

@testable import Server

@Suite("Ingest gate", .timeLimit(.minutes(1)))
struct IngestGateTests {
    private static func client(_ number: UInt32) -> IPAddress { IPAddress(v4: 0xCB00_7100 + number) }

    /// Admits `client` until it is refused, with bodies of unknown length.
    private func fill(_ gate: IngestGate, _ client: IPAddress) -> [IngestGate.Place] {
        var places: [IngestGate.Place] = []
        while let place = gate.enter(client, length: nil) { places.append(place) }
        return places
    }

    @Test("C4.5: beyond the bound all bodies are refused, and each freed place is reused once")
    func bound() throws {
        let gate = IngestGate()
        let places = (1...8).flatMap { fill(gate, Self.client($0)) }
        #expect(places.count == IngestGate.bytesMax / IngestGate.bodyBytesMax)
        let (first, stranger) = (try #require(places.first), Self.client(9))
        first.leave()
        first.leave()
        #expect(gate.enter(stranger, length: nil) != nil)
        #expect(gate.enter(stranger, length: 1) == nil)
    }

    @Test("C4.5: one client with many slow bodies leaves room for the others")
    func share() throws {
        let gate = IngestGate()
        let places = fill(gate, Self.client(1))
        #expect(places.count == IngestGate.clientBytesMax / IngestGate.bodyBytesMax)
        #expect(gate.enter(Self.client(1), length: 1) == nil)
        #expect(gate.enter(Self.client(2), length: nil) != nil)
        try #require(places.last).leave()
        #expect(gate.enter(Self.client(1), length: nil) != nil)
        #expect(gate.enter(Self.client(1), length: nil) == nil)
    }
}
