// The spool returns its bytes, from memory or through its file.
import Engine
import Foundation
import TestSupport
import Testing

@testable import Server

@Suite("Spool", .timeLimit(.minutes(1)))
struct SpoolTests {
    private func drain(_ spool: Spool) async throws -> [UInt8] {
        var all: [UInt8] = []
        while let block = try await spool.next() { all += block }
        return all
    }

    @Test("small requests stay in memory, large ones go through an unlinked file", arguments: [1000, 100, 7])
    func same(memory: Int) async throws {
        try await onLoop { loop in
            let folder = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            defer { try? FileManager.default.removeItem(at: folder) }
            let spool = Spool(on: loop, directory: folder.path, memoryBytes: memory * 1024)
            var expected: [UInt8] = []
            for round in 0..<90 {
                let piece = [UInt8](repeating: UInt8(round), count: round * 97 + 5000)
                spool.append { $0 += piece }
                expected += piece
                // Overlaps writes with appends.
                if round % 10 == 9 { await loop.yield() }
            }
            let got = try await drain(spool)
            #expect(got == expected)
            #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
            spool.discard()
        }
    }

    @Test("after a reset only later bytes count, even during a write to the file")
    func reset() async throws {
        try await onLoop { loop in
            let spool = Spool(on: loop, directory: FileManager.default.temporaryDirectory.path, memoryBytes: 1024)
            for _ in 0..<3 {
                spool.append { $0 += [UInt8](repeating: 1, count: 900_000) }
                await loop.yield()
                spool.reset()
            }
            spool.append { $0 += [2, 3] }
            let got = try await drain(spool)
            #expect(got == [2, 3])
            spool.discard()
        }
    }

    @Test("a failed write is reported, and the producer does not wait for ever")
    func noDisk() async throws {
        try await onLoop { loop in
            let spool = Spool(on: loop, directory: "/nonexistent", memoryBytes: 10)
            let drained: Void? = try? await loop.park { (ticket: Ticket<Void>) in
                spool.whenDrained = { ticket.resume() }
                spool.append { $0 += [UInt8](repeating: 1, count: 100) }
            }
            #expect(drained != nil && spool.failure != nil && !spool.isCongested)
            await #expect(throws: SystemError.self) { _ = try await spool.next() }
            spool.discard()
        }
    }
}
