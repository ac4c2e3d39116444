// Files on the loop.
import Engine
import Foundation
import TestSupport
import Testing

@Suite("Files on the loop", .timeLimit(.minutes(1)))
struct LoopFileTests {
    private var directory: String { FileManager.default.temporaryDirectory.path }

    @Test("a spool file stores bytes at any offset, returns them, and has no name")
    func spool() async throws {
        let directory = directory + "/spool-\(Identifier.random())"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try await onLoop { loop in
            let file = try await LoopFile.spool(in: directory, on: loop)
            #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
            let big = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
            try await file.write(big, at: 0)
            try await file.write([1, 2, 3], at: 1000)
            try await file.write([], at: 5)
            #expect(try await file.read(at: 999, count: 5) == [big[999], 1, 2, 3, big[1003]])
            #expect(try await file.read(at: 0, count: 3_000_000).suffix(1_000_000) == big.suffix(1_000_000))
            #expect(try await file.read(at: 2_999_990, count: 100).count == 10)
            #expect(try await file.read(at: 4_000_000, count: 100) == [])
            await file.close()
            await file.close()
            await #expect(throws: SystemError.self) { try await file.read(at: 0, count: 1) }
        }
    }

    @Test("named files: created, read, missing; a dropped one is closed too")
    func named() async throws {
        let path = directory + "/file-\(Identifier.random())"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try await onLoop { loop in
            do {
                let forgotten = try await LoopFile.open(path, .create, on: loop)
                try await forgotten.write([1, 2, 3], at: 0)
            }
            let file = try await LoopFile.open(path, .read, on: loop)
            #expect(try await file.read(at: 0, count: 10) == [1, 2, 3])
            await #expect(throws: SystemError.self) { try await file.write([1], at: 0) }
            await file.close()
            await #expect(throws: SystemError.self) { try await LoopFile.open(path + "-none", .read, on: loop) }
            await #expect(throws: SystemError.self) { try await LoopFile.spool(in: path + "-none", on: loop) }
        }
    }
}
