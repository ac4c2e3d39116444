// Options of several drivers. Thread: any; the driver creates and closes its `PictureSite`.
import ArgumentParser
import Engine

/// The size of a generated batch.
struct BodyOptions: ParsableArguments {
    @Option(help: "Lots in the body.") var lots = 50_000
    @Option(help: "The body's size in MB of 1,000,000 bytes.") var megabytes = 200.0
    @Option(help: "The same seed gives the same bytes.") var seed = 1
    @Option(help: "Form of the text: utf8 (raw) or ascii (escaped, as Python writes it).") var wire = WireForm.utf8
    @Option(help: "Place of the signature: body or header.") var sign = SignaturePlace.body
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

/// The pictures of a job that the service really processes.
struct PictureOptions: ParsableArguments {
    @Option(
        help: """
            The pictures' URL: with {n} for a running number, or that of a `loadtest images`. Default: this process \
            serves them on 127.0.0.1.
            """)
    var imagesURL: String?

    var setting: (String, JSONValue) { ("images_url", imagesURL.map { .string($0) } ?? "served by the driver") }

    /// Starts to serve pictures if the options name none.
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

    /// Runs `body`, then closes the site, also after an error.
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
    /// Makes a body and shows progress, because a large one takes seconds.
    func make(_ spec: BatchSpec) throws -> BatchBody {
        progress.show("making a body of \(NumberText.grouped(spec.lots)) lots")
        do { return try BatchBodyMaker.make(spec, keys: target.keys) } catch let error as SpoolFile.Failure {
            throw DriverError(error.reason)
        }
    }
}
