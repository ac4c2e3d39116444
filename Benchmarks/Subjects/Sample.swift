// Lots as clients send them, generated the same way each time. Pure. Thread: any.

/// Deterministic text: uses neither the clock nor the system's randomness.
public struct Sample {
    private var state: UInt64 = 20_250_805

    private static let words: [[String]] = [
        ["bumper", "fender", "headlight", "scratched", "dented", "airbag", "windshield", "quarter", "mileage"],
        ["бампер", "крыло", "фара", "царапина", "вмятина", "подушка", "стекло", "дверь", "пробег"],
        ["Kotflügel", "Stoßstange", "Rückspiegel", "Tür", "gerissen", "Škoda", "naïve", "№", "日本", "🚗"],
    ]

    public init() {}

    /// One lot of about 4 KB: an id, a text in one of three scripts, 30 images.
    public mutating func lot(_ number: Int) -> String {
        let words = Sample.words[number % 3]
        let info = (0..<180).map { _ in words[pick(words.count)] }.joined(separator: " ")
        let images = (0..<30).map {
            #"{"url":"https://img\#(pick(8)).example.com/auction/\#(String(next(), radix: 16))/photo_\#($0).jpg"}"#
        }
        return #"{"lot_id":"lot-\#(number)","additional_info":"\#(info)","images":[\#(images.joined(separator: ","))]}"#
    }

    public mutating func lots(_ count: Int) -> [[UInt8]] { (0..<count).map { Array(lot($0).utf8) } }

    private mutating func pick(_ count: Int) -> Int { Int(next() % UInt64(count)) }

    private mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 24
    }
}
