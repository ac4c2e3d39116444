// A signed request body in an unnamed file, ready to send. Frees: the mapping, with the last reference. Thread: any,
// one at a time.
import Engine

final class BatchBody {
    let lots: Int
    let pictures: Int
    /// Bytes before compression.
    let plainBytes: Int
    /// `Content-Type` and the other headers that the request needs.
    private let headers: [(String, String)]
    /// Bytes on the wire.
    let file: MappedFile

    init(_ file: SpoolFile, lots: Int, pictures: Int, plainBytes: Int, headers: [(String, String)]) throws {
        self.file = try file.mapped()
        (self.lots, self.pictures, self.plainBytes) = (lots, pictures, plainBytes)
        self.headers = [("Content-Type", "application/json")] + headers
    }

    var count: Int { file.count }

    func head(for target: Target) -> [UInt8] {
        target.head(
            "POST", "/api/v1/generate-descriptions", signing: nil, headers: headers, length: count)
    }

    /// A copy in memory; for small bodies.
    var bytes: [UInt8] { file.withBytes { [UInt8]($0) } }

    /// The whole request in memory; for small bodies.
    func request(for target: Target) -> [UInt8] { head(for: target) + bytes }
}
