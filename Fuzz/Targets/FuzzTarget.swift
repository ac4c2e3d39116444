// What is fuzzed: each target takes any bytes and says what is wrong with what the service made of them. Thread: any,
// one at a time. libFuzzer calls them from Fuzz/Driver, the tests from Tests/FuzzTests.

/// A part of the service that strangers' bytes reach, and what must hold of it whatever they are.
public enum FuzzTarget: String, CaseIterable, Sendable {
    /// Requests' bodies: the reader, the canonical form and the signature, beside a slow and plain reference.
    case json
    /// HTTP/1.1 over a real connection.
    case http
    /// What OpenAI answers: responses, lines of result files, errors, lists.
    case openai
    /// A model's text as HTML.
    case html
    /// URLs of images and webhooks.
    case url

    /// What did not hold; nil if all did. A trap is a flaw too.
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

/// Numbers made of an input, so that what is done with it is the same each time.
struct InputDice {
    private var state: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ input: [UInt8]) {
        for byte in input { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
    }

    /// 0 to `bound`.
    mutating func upTo(_ bound: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % (bound + 1)
    }

    /// Up to three places at which to cut so many bytes, in order.
    mutating func cuts(of count: Int) -> [Int] { (0..<upTo(3)).map { _ in upTo(count) }.sorted() }
}
