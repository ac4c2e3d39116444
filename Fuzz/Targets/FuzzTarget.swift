// The fuzz targets: each takes any bytes and reports a flaw in the service's result. Thread: any, one at a time.
// libFuzzer calls them from Fuzz/Driver, the tests from Tests/FuzzTests.

/// A part of the service that untrusted bytes reach, and its invariants for any bytes.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Request bodies: the reader, the canonical form and the signature, compared with a slow and simple reference.
    case json
    /// HTTP/1.1 over a real connection.
    case http
    /// OpenAI's answers: responses, lines of result files, errors, lists.
    case openai
    /// A model's text as HTML.
    case html
    /// URLs of images and webhooks.
    case url

    /// The violated invariant; nil if all hold. A trap is a flaw too.
    public func flaw(in input: [UInt8]) -> String? {
        switch self {
        case .json: RequestFlaws.find(in: input)
        case .http: HTTPFlaws.find(in: input)
        case .openai: AnswerFlaws.find(in: input)
        case .html: HTMLFlaws.find(in: input)
        case .url: URLFlaws.find(in: input)
        }
    }
}

/// Numbers derived from an input, so that each run treats it in the same way.
struct InputDice: RandomNumberGenerator {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ input: [UInt8]) {
        for byte in input { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33 ^ state << 31
    }

    /// A number from 0 to `bound`.
    mutating func upTo(_ bound: Int) -> Int { Int.random(in: 0...bound, using: &self) }

    /// Up to three positions at which to cut that many bytes, in order.
    mutating func cuts(of count: Int) -> [Int] { (0..<upTo(3)).map { _ in upTo(count) }.sorted() }
}
