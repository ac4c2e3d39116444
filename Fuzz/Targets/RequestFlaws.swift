// The `json` target: the request reader's verdict on a body, compared with the simple reference. Thread: any.
import Engine

enum RequestFlaws {
    private static let keys = SignatureKeys(shared: "a-key-for-fuzzing-of-32-characters")

    static func find(in input: [UInt8]) -> String? {
        documentFlaw(input) ?? requestFlaw(Array(#"{"lots":"#.utf8) + input + [UInt8(ascii: "}")])
    }

    // MARK: Documents

    /// Both agree on the validity and on the canonical form; a written value is valid JSON again.
    private static func documentFlaw(_ input: [UInt8]) -> String? {
        let reference = ReferenceJSON(input).flatMap { $0.depth <= 128 ? $0 : nil }
        let value = try? JSONValue.parse(input)
        guard (reference == nil) == (value == nil) else { return "only one of the two accepts it as JSON" }
        guard let reference, let value else { return nil }
        var writer = CanonicalWriter()
        writer.write(input.span)
        let canonical = String(decoding: writer.output, as: UTF8.self)
        guard canonical == reference.canonical else {
            return "canonical form: \(canonical), the reference's: \(reference.canonical)"
        }
        guard ReferenceJSON(value.bytes) != nil else { return "a written value is no JSON: \(value.text)" }
        guard (try? JSONValue.parse(value.bytes).bytes) == value.bytes else { return "a value changed when read again" }
        return nil
    }

    // MARK: Requests

    /// A reader's verdict on a body.
    private struct Ruling: Equatable {
        var error: ServiceError?
        var request: GenerationRequest?
        var rows: [[UInt8]] = []
    }

    private final class Sink: LotSink {
        var rows: [[UInt8]] = []
        func accept(_ row: LotRow) { rows.append(row.bytes) }
        func reset() { rows = [] }
    }

    private static func requestFlaw(_ body: [UInt8]) -> String? {
        let reference = ReferenceJSON(body).flatMap { isWithinDepth($0) ? $0 : nil }
        let signature = keys.sign(reference?.member("lots")?.canonical ?? "")
        let whole = verdict(on: body, cuts: [], signature)
        switch (whole.error?.code, reference) {
        case (.invalidJSON, nil): break
        case (.invalidJSON, _): return "valid JSON, but refused"
        case (_, nil): return "invalid JSON, but accepted"
        case (.invalidSignature, _), (.missingSignature, _):
            return "the signature over the reference's form does not match"
        default: break
        }
        if whole.error == nil, whole.request == nil { return "neither accepted nor refused" }
        var dice = InputDice(body)
        let cuts = dice.cuts(of: body.count)
        guard verdict(on: body, cuts: cuts, signature) == whole else { return "other verdict when cut at \(cuts)" }
        return nil
    }

    /// C3: a lot may be 64 deep; so may every other member's value.
    private static func isWithinDepth(_ body: ReferenceJSON) -> Bool {
        guard case .object(let members) = body else { return false }
        return members.allSatisfy { member in
            guard case .array(let lots) = member.value, member.key == "lots".unicodeScalars.map(\.value) else {
                return member.value.depth <= Limits.lotNesting
            }
            return lots.allSatisfy { $0.depth <= Limits.lotNesting }
        }
    }

    private static func verdict(on body: [UInt8], cuts: [Int], _ signature: String) -> Ruling {
        let sink = Sink()
        let reader = RequestReader(configuration: RequestReaderConfiguration(maxLots: 8), keys: keys, sink: sink)
        var verdict = Ruling()
        do throws(ServiceError) {
            var start = 0
            for end in cuts + [body.count] {
                try reader.feed(body.span.extracting(start..<end))
                start = end
            }
            verdict.request = try reader.finish(signature: signature)
        } catch {
            verdict.error = error
        }
        verdict.rows = sink.rows
        return verdict
    }
}
