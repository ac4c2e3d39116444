// Options that several drivers share. Thread: any; `PictureSite` is made and closed by its driver.
import ArgumentParser
import Engine

/// A made-up batch by its size.
struct BodyOptions: ParsableArguments {
    @Option(help: "Lots in the body.") var lots = 50_000
    @Option(help: "The body's size in MB of 1,000,000 bytes.") var megabytes = 200.0
    @Option(help: "The same seed gives the same bytes.") var seed = 1
    @Option(help: "How text is written: utf8 (raw) or ascii (escaped, as Python does).") var wire = WireForm.utf8
    @Option(help: "Where the signature stands: body or header.") var sign = SignaturePlace.body
    @Option(help: "Languages, separated by commas.") var languages = "en,ru,de"
    @Flag(help: "Send the body compressed, with Content-Encoding: gzip.") var gzip = false

    var spec: BatchSpec {
        BatchSpec(
            lots: lots, filling: .bytes(Int(megabytes * 1e6)), seed: seed, wire: wire, signs: sign, isCompressed: gzip,
            languages: languageList(languages))
    }

    var settings: [(String, JSONValue)] {
        [
            ("lots", .int(lots)), ("megabytes", .double(megabytes)), ("seed", .int(seed)),
            ("wire", .string(wire.rawValue)), ("sign", .string(sign.rawValue)), ("languages", .string(languages)),
            ("gzip", .bool(gzip)),
        ]
    }
}

func languageList(_ text: String) -> [String] { text.split(separator: ",").map(String.init) }

/// Where the pictures of a job are that is really worked on.
struct PictureOptions: ParsableArguments {
    @Option(
        help: """
            Where the pictures are: an address with {n} for a running number, or that of a `loadtest images`. Without \
            it they are served by this process, on 127.0.0.1.
            """)
    var imagesURL: String?

    var setting: (String, JSONValue) { ("images_url", imagesURL.map { .string($0) } ?? "served by the driver") }

    /// Begins to serve pictures if none are named.
    func open() async throws -> PictureSite {
        if let imagesURL { return PictureSite(addresses: try PictureAddresses(imagesURL), site: nil) }
        let site = try await Beside.start("pictures") { try ImagesSimulator.start(on: $0) }
        let url = try await site.run { images, _ in images.baseURL }
        return PictureSite(addresses: try PictureAddresses(url), site: site)
    }
}

/// Pictures, served here or elsewhere.
struct PictureSite {
    let addresses: PictureAddresses
    fileprivate let site: Beside<ImagesSimulator>?

    func close() async { await site?.close { await $0.close() } }

    /// Runs `body`, and closes the site whatever comes of it.
    func using<Value>(_ body: (PictureAddresses) async throws -> Value) async throws -> Value {
        do {
            let value = try await body(addresses)
            await close()
            return value
        } catch {
            await close()
            throw error
        }
    }
}

extension Bench {
    /// Makes a body, and says so: a large one takes seconds.
    func make(_ spec: BatchSpec) throws -> BatchBody {
        progress.show("making a body of \(NumberText.grouped(spec.lots)) lots")
        do { return try BatchBodyMaker.make(spec, keys: target.keys) } catch let error as SpoolFile.Failure {
            throw DriverError(error.reason)
        }
    }
}
