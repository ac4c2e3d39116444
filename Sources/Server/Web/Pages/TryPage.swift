// GET and POST /try: describes one car while the reader waits, by the same rules and limits as the API. Loop-bound.
import Engine

enum TryPage {
    /// Largest form, bytes: twenty long addresses and the additional info.
    static let formBytesMax = 64 * 1024

    /// The reader's input.
    private struct Wish {
        var images = ""
        var info = ""
        var languages = "en, de"

        init() {}

        init(_ form: Form) {
            images = form["images"] ?? ""
            info = form["info"] ?? ""
            languages = form["languages"] ?? ""
        }

        /// The request's body, as a client would send it.
        var body: [UInt8] {
            let urls = images.split(whereSeparator: \.isWhitespace).map {
                JSONValue.object([("url", .string(String($0)))])
            }
            let codes = languages.split { $0 == "," || $0.isWhitespace }.map(String.init)
            var lot: [(String, JSONValue)] = [("lot_id", "web-try"), ("images", .array(urls))]
            if !info.trimmed.isEmpty { lot.append(("additional_info", .string(info.trimmed))) }
            let request: JSONValue = .object([
                ("languages", JSONValue(codes)), ("lots", .array([.object(lot)])),
            ])
            return request.bytes
        }
    }

    /// A sink that drops its lots.
    private final class Nowhere: LotSink {
        func accept(_ row: LotRow) {}
        func reset() {}
    }

    static func show(_ web: WebCall) { page(web, Wish(), nil) }

    static func run(_ web: WebCall, _ form: Form) async throws {
        let wish = Wish(form)
        let arrived = Monotonic.seconds()
        do {
            try web.api.requireOpen()
            let request = try read(wish.body, web.api)
            guard let lot = request.singleLot else { return }  // always one: the reader takes no more
            try web.call.count(.synchronous)
            let finished = try await SynchronousReply.describe(
                web.call, lot, languages: request.languages, arrivedSeconds: arrived)
            page(web, wish, .success(finished))
        } catch let error as ServiceError {
            page(web, wish, .failure(error))
        }
    }

    /// Checks the request by the rules for a signed one.
    private static func read(_ body: [UInt8], _ services: APIServices) throws(ServiceError) -> GenerationRequest {
        let sink = Nowhere()
        let reader = RequestReader(
            configuration: RequestReaderConfiguration(
                maxLots: 1, acceptNodeExample: false, addressPolicy: services.config.addressPolicy, hashesBody: true),
            keys: services.keys, sink: sink)
        try reader.feed(body)
        return try withExtendedLifetime(sink) { () throws(ServiceError) in
            try reader.finish(signature: services.keys.sign(body), respondAsync: false)
        }
    }

    // MARK: The page

    private static func page(_ web: WebCall, _ wish: Wish, _ outcome: Result<FinishedLot, ServiceError>?) {
        var status = 200
        if case .failure(let error)? = outcome { status = error.code.status }
        web.show("Try it", .tryIt, status: status) { html in
            html.element("h1", "Try it")
            html.element(
                "p",
                "Describes one car while you wait. It works and costs the same as an API request with a single lot.")
            form(wish, web.session, to: &html)
            switch outcome {
            case .success(let lot)?:
                html.element("h2", ["id": "result"], "Descriptions")
                html.element("p", "\(WebText.plural(lot.processedImages, "image")) used.")
                html.lotResult(FinishedView(lot))
            case .failure(let error)?:
                html.element("h2", ["id": "result"], error.code.title)
                html.element("p", ["class": "problem", "role": "alert"], error.message)
                details(error.details, to: &html)
            case nil: break
            }
        }
    }

    private static func details(_ details: JSONValue?, to html: inout HTML) {
        guard case .object(let members)? = details else { return }
        html.element("dl", ["class": "facts"]) { html in
            for (name, value) in members { html.fact(name, value.string ?? value.text) }
        }
    }

    private static func form(_ wish: Wish, _ session: WebSession, to html: inout HTML) {
        html.form("/try", session, busy: "Describing the damage. This may take some minutes.") { html in
            html.element("label", ["for": "images"], "Addresses of the images, one per line")
            html.element(
                "textarea",
                [
                    "id": "images", "name": "images", "rows": "4", "required": "", "spellcheck": "false",
                    "placeholder": "https://example.com/front.jpg",
                ], wish.images)
            html.element("label", ["for": "info"], "Additional info (optional)")
            html.void(
                "input",
                ["id": "info", "name": "info", "value": wish.info, "placeholder": "2021 BMW X5, front collision"])
            html.element("label", ["for": "languages"], "Languages")
            html.void(
                "input",
                [
                    "id": "languages", "name": "languages", "value": wish.languages, "required": "",
                    "aria-describedby": "languages-help",
                ])
            html.element(
                "p", ["class": "soft", "id": "languages-help"], "ISO 639-1 codes, at most \(Limits.languages)")
            html.element("button", ["type": "submit"], "Describe the damage")
        }
    }
}
