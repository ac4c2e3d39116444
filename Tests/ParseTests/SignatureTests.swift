// The keys and their HMACs (C1.1, C1.6).
import Engine
import Testing

@Suite("C1.1, C1.6: signatures", .timeLimit(.minutes(1)))
struct SignatureTests {
    private func bytes(_ count: Int, _ byte: UInt8) -> [UInt8] { [UInt8](repeating: byte, count: count) }

    @Test("RFC 4231's vectors: short, long and over-long keys")
    func vectors() {
        let cases: [(key: [UInt8], data: [UInt8], hex: String)] = [
            (
                bytes(20, 0x0B), Array("Hi There".utf8),
                "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
            ),
            (
                Array("Jefe".utf8), Array("what do ya want for nothing?".utf8),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
            ),
            (
                bytes(20, 0xAA), bytes(50, 0xDD), "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
            ),
            (
                bytes(131, 0xAA), Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
            ),
        ]
        for (key, data, hex) in cases {
            let hash = KeyedHash(key: key)
            #expect(hash.digest(of: data).hex == hex)
            var run = hash.begin()
            for byte in data { run.update([byte]) }
            #expect(run.finish().hex == hex)
        }
    }

    @Test("a run may be finished, copied and continued")
    func running() {
        let keys = SignatureKeys(shared: "key")
        var run = keys.shared.begin()
        run.update(Array("ab".utf8))
        #expect(run.finish() == keys.shared.digest(of: Array("ab".utf8)))
        var other = run
        run.update(Array("c".utf8))
        other.update(Array("d".utf8))
        #expect(run.finish() == keys.shared.digest(of: Array("abc".utf8)))
        #expect(other.finish() == keys.shared.digest(of: Array("abd".utf8)))
    }

    private let keys = SignatureKeys(shared: "the shared key", previous: "the previous key")
    private let job = "550e8400-e29b-41d4-a716-446655440000"

    private func code(_ header: String?) -> ServiceError.Code? {
        do { try keys.check(header, over: job) } catch { return error.code }
        return nil
    }

    @Test("both keys are accepted, hex in either case; we sign with the shared one")
    func accepted() {
        let signature = keys.sign(job)
        #expect(code(signature) == nil)
        #expect(code("sha256=" + signature.dropFirst(7).uppercased()) == nil)
        #expect(code(SignatureKeys(shared: "the previous key").sign(job)) == nil)
        #expect(signature == SignatureKeys(shared: "the shared key").sign(job))
    }

    @Test("a missing one is 401; a wrong or malformed one 403, with a separate message for malformed")
    func refused() {
        #expect(code(nil) == .missingSignature)
        #expect(code("") == .missingSignature)
        #expect(code(SignatureKeys(shared: "another key").sign(job)) == .invalidSignature)
        #expect(code(keys.sign(job + "/")) == .invalidSignature)
        let good = keys.sign(job)
        let (digits, allButOne) = (String(good.dropFirst(7)), String(good.dropLast()))
        let malformed: [String] = [
            "x", "sha256=", digits, allButOne, "\(good)0", "\(allButOne)g", "SHA256=\(digits)", "sha1=\(digits)",
            " \(good)",
        ]
        for header in malformed {
            do {
                try keys.check(header, over: job)
                Issue.record("accepted \(header)")
            } catch {
                #expect(error.code == .invalidSignature)
                #expect(error.message.contains("Malformed"))
            }
        }
    }
}
