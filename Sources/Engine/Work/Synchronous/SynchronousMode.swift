// Describes one lot while its client waits (C2). Loop-bound; one per shard.
import Logging

/// Runs images, vision and translations, concurrently where possible.
public final class SynchronousMode {
    /// Most image bytes in memory for all requests of a shard; a request with 20 images of 10 MB fits.
    static let imageBytesMax = 512 * 1024 * 1024

    private let loop: Loop
    private let images: ImageFetcher
    private let openAI: OpenAIClient
    private let inlineImages: Bool
    private let budget: LoopBudget
    private let logger = Logger(label: "synchronous")

    /// - Parameter inlineImages: true to send images inline; false to check them and send their URLs (C5.5).
    public init(on loop: Loop, images: ImageFetcher, openAI: OpenAIClient, inlineImages: Bool) {
        self.loop = loop
        self.images = images
        self.openAI = openAI
        self.inlineImages = inlineImages
        budget = LoopBudget(SynchronousMode.imageBytesMax, on: loop)
    }

    /// - Parameters:
    ///   - languages: as sent; the answer has the same order (C2.4).
    ///   - secondsLeft: seconds until the client must have its reply.
    /// - Throws: `ServiceError`; `CancellationError` when the client disconnects.
    public func describe(
        _ lot: Lot, languages: [String], secondsLeft: @escaping () -> Double
    ) async throws -> FinishedLot {
        let (english, missing) = try await vision(lot, inline: inlineImages, secondsLeft)
        let codes = languages.filter { $0.lowercased() != "en" }
        let texts = try await loop.gather(codes) { [self] code in
            (code, try await translate(english, code, secondsLeft()))
        }
        let translations = Dictionary(texts) { first, _ in first }
        return FinishedLot(
            lotID: lot.lotID, error: nil, processedImages: lot.images.count - missing.count,
            descriptions: FinishedLot.descriptions(languages: languages, english: english) { translations[$0] },
            missingImages: missing)
    }

    // MARK: Steps

    private func vision(
        _ lot: Lot, inline: Bool, _ secondsLeft: () -> Double
    ) async throws -> (english: String, missing: [String]) {
        let until = Timestamp.now() + secondsLeft()
        let inlined = Set(lot.images.filter { inline || URLExpiry.ends($0, before: until) })
        var reserved = lot.images.count { inlined.contains($0) } * Limits.imageBytes
        try await budget.take(reserved)
        defer { budget.give(reserved) }
        var gathered = try await gather(lot.images) { inlined.contains($0) }
        while true {
            do throws(OpenAIError) {
                let english = try await ask(lot.additionalInfo, gathered.usable, secondsLeft())
                return (english, gathered.pictures.missing)
            } catch {
                // OpenAI could not fetch images that this service could fetch: send them inline (C5.4).
                if error.imageDownload, !inline { break }
                try leaveOut(error, from: &gathered)
            }
        }
        budget.give(reserved)
        reserved = 0
        return try await vision(lot, inline: true, secondsLeft)
    }

    /// Leaves out the images that the provider refuses, so that the others are described. A refusal costs nothing, and
    /// each one leaves fewer images.
    private func leaveOut(_ error: OpenAIError, from gathered: inout Gathered) throws(ServiceError) {
        guard error.fault.isOfPictures else { throw ServiceError(error) }
        let isLeft = gathered.pictures.leaveOut(error.fault, because: error.reason)
        logger.warning("a picture is left out", metadata: ["reason": "\(error.reason)"])
        guard !isLeft else { return }
        if gathered.pictures.sent.isEmpty { throw ServiceError.noUsableImage(gathered.pictures) }
        throw ServiceError(error)
    }

    private func ask(_ info: String?, _ images: [ImageReference], _ seconds: Double) async throws(OpenAIError) -> String
    {
        let configuration = openAI.configuration
        let reply = try await openAI.ask(.vision, fields: VisionRequest.fields, deadlineSeconds: seconds) { model in
            VisionRequest.body(additionalInfo: info, images: images, model: model, configuration: configuration)
        }
        return reply.answer[VisionRequest.fields[0]] ?? ""
    }

    private func translate(_ english: String, _ code: String, _ seconds: Double) async throws(ServiceError) -> String {
        let configuration = openAI.configuration
        let language = [(code: code, name: Languages.englishName(code))]
        do throws(OpenAIError) {
            let reply = try await openAI.ask(.translation, fields: [code], deadlineSeconds: seconds) { model in
                TranslationRequest.body(
                    english: english, languages: language, model: model, configuration: configuration)
            }
            return reply.answer[code] ?? ""
        } catch {
            throw ServiceError(error)
        }
    }

    // MARK: Images

    /// The images of a lot.
    private struct Gathered {
        var pictures: LotPictures
        var references: [String: ImageReference] = [:]
        /// Those that are sent.
        var usable: [ImageReference] { pictures.sent.compactMap { references[$0] } }
    }

    /// - Parameter inlines: true for the images that are sent inline, as far as they fit together into one request.
    private func gather(_ urls: [String], inlines: @escaping (String) -> Bool) async throws -> Gathered {
        let outcomes = try await loop.gather(urls) { [self] url in try await reading(url, inline: inlines(url)) }
        var gathered = Gathered(pictures: LotPictures(urls: urls))
        var problems: [(url: String, problem: ImageProblem)] = []
        var room = InlineRoom()
        for (url, outcome) in zip(urls, outcomes) {
            switch outcome {
            case .success(let image):
                gathered.references[url] = image.map { room.reference($0, url: url) } ?? .url(url)
            case .failure(let problem):
                problems.append((url, problem))
                gathered.pictures.lose(url, because: problem.reason)
            }
        }
        guard !gathered.pictures.sent.isEmpty else { throw ServiceError.noUsableImage(problems) }
        return gathered
    }

    /// Returns the image, or nil if it was only checked.
    private func reading(
        _ url: String, inline: Bool
    ) async throws(CancellationError) -> Result<FetchedImage?, ImageProblem> {
        if inline { return try await images.fetch(url).map(Optional.some) }
        return try await images.check(url).map { _ in nil }
    }
}
