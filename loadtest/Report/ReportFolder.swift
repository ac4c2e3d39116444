// Writes reports to disk. Blocks for a small write at the end of a run. Thread: any.
import Engine
import Glibc

enum ReportFolder {
    /// Writes `NAME.json` and `NAME.html` into `folder`, which it creates if necessary; returns the page's path.
    static func write(_ name: String, json: JSONValue, html: String, to folder: String) throws(DriverError) -> String {
        if mkdir(folder, 0o755) != 0, errno != EEXIST {
            throw DriverError("cannot make the folder \(folder): \(reason())")
        }
        try write(json.bytes + [0x0A], to: "\(folder)/\(name).json")
        try write(Array(html.utf8), to: "\(folder)/\(name).html")
        return "\(folder)/\(name).html"
    }

    static func write(_ bytes: [UInt8], to path: String) throws(DriverError) {
        guard let file = fopen(path, "w") else { throw DriverError("cannot write \(path): \(reason())") }
        let wrote = fwrite(bytes, 1, bytes.count, file)
        guard fclose(file) == 0, wrote == bytes.count else { throw DriverError("cannot write \(path): \(reason())") }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
