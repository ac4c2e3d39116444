// The input of one line: a lot's texts and images, and the request made from them. Loop-bound.

/// The input of one lot to one stage.
struct LineInput {
    var stage: WorkStage
    var position: Int
    /// Vision: the integrator's text. Translation: the English description.
    var text: String?
    private(set) var images: [ImageReference] = []
    var isInline = false
    /// The lot's images, sent and missing ones.
    private(set) var pictures = LotPictures(urls: [])
    /// The missing images have changed since the check.
    private var isCorrected = false
    /// Images in memory, by URL.
    private var loaded: [String: ImageReference] = [:]

    init(stage: WorkStage, position: Int, text: String?) {
        (self.stage, self.position, self.text) = (stage, position, text)
    }

    static let noImages = "None of the lot's images could be used"

    /// Largest sum of a lot's images that are sent inline, bytes: the API's limit per request, which it measures on its
    /// own copies. Further images are sent as URLs. The bound also limits the memory of a line.
    static let inlineBytesMax = 50_000_000

    /// A vision line needs at least one image.
    var lacksImages: Bool { stage == .vision && images.isEmpty }

    /// Bytes of the images that are sent inline.
    var inlineBytes: Int {
        images.reduce(0) { sum, image in
            switch image {
            case .url: sum
            case .data(_, let bytes): sum + bytes.count
            }
        }
    }

    /// The new row of the image stage; nil if it stays as it is.
    var correction: StageResult? { isCorrected ? StageResult(position: position, pictures) : nil }

    /// Sets the images to send. `loaded` are those in memory; the others are sent by URL.
    mutating func use(_ pictures: LotPictures, loaded: [String: ImageReference] = [:], isCorrected: Bool = false) {
        self.pictures = pictures
        self.loaded = loaded
        self.isCorrected = isCorrected
        images = pictures.sent.map { loaded[$0] ?? .url($0) }
    }

    /// Leaves out the images that `error` is about.
    /// - Returns: false if nothing more can be left out.
    mutating func leaveOut(_ error: OpenAIError) -> Bool {
        var fewer = pictures
        let isLeft = fewer.leaveOut(error.fault, because: error.reason)
        use(fewer, loaded: loaded, isCorrected: true)
        return isLeft
    }
}

extension StageResult {
    /// The row of the image stage for `pictures`.
    init(position: Int, _ pictures: LotPictures) {
        self.init(
            position: position, succeeded: true, images: pictures.sent.count,
            payload: JSONValue(pictures.missing).text, missingReasons: pictures.reasonsText)
    }
}

extension LotPictures {
    init(_ lot: VisionInput) throws(JSONError) {
        self.init(
            urls: try JSONValue.strings(lot.images), missing: try JSONValue.strings(lot.missing),
            reasons: lot.missingReasons)
    }
}

extension LeasedJob {
    /// Loads the input of one lot; nil if the lot does not exist any more.
    func lineInput(
        _ stage: WorkStage, position: Int, inline: Bool, _ job: JobRecord
    ) async throws -> LineInput? {
        try await lineInputs(stage, positions: [position], inline: inline, readWithin: Self.askSeconds, job).inputs
            .first
    }

    /// Loads the inputs in the order of the positions.
    /// - Parameter readWithin: longest time until the provider reads the images, seconds; by default the life of a
    ///   batch. Images whose URLs end before are sent inline.
    /// - Returns: the inputs of the first `done` positions, at least one; images in memory may leave no room for more.
    func lineInputs(
        _ stage: WorkStage, positions: [Int], inline: Bool, readWithin: Double = BatchMachine.lifeSeconds,
        _ job: JobRecord
    ) async throws -> (inputs: [LineInput], done: Int) {
        switch stage {
        case .translation:
            let texts = try await read { try await LotInputs.translation($0, job: job.id, positions: positions) }
            return (
                texts.map { LineInput(stage: stage, position: $0.position, text: $0.english) }, positions.count
            )
        case .vision:
            let lots = try await read { try await LotInputs.vision($0, job: job.id, positions: positions) }
            let pictures = try lots.map { try LotPictures($0) }
            if inline || context.configuration.imageMode == .inline {
                return try await fetchedInputs(lots, pictures, positions, isInline: true) { _ in true }
            }
            let end = min(context.configuration.deadline.end(of: job), Timestamp.now() + readWithin)
            let ending = Set(pictures.flatMap(\.sent).filter { URLExpiry.ends($0, before: end) })
            if ending.isEmpty { return (zip(lots, pictures).map(urlInput), positions.count) }
            return try await fetchedInputs(lots, pictures, positions, isInline: false) { ending.contains($0) }
        }
    }

    private func urlInput(_ lot: VisionInput, _ pictures: LotPictures) -> LineInput {
        var input = LineInput(stage: .vision, position: lot.position, text: lot.additionalInfo)
        input.use(pictures)
        return input
    }

    /// Fetches the images for which `isFetched` holds; the others are sent by URL.
    private func fetchedInputs(
        _ lots: [VisionInput], _ pictures: [LotPictures], _ positions: [Int], isInline: Bool,
        _ isFetched: @escaping (String) -> Bool
    ) async throws -> ([LineInput], Int) {
        let usable = pictures.map(\.sent)
        let fetched = try await InlineImages.fetch(usable, with: context.images, on: context.loop, isFetched)
        let inputs = (0..<fetched.done).map { lot in
            var input = LineInput(stage: .vision, position: lots[lot].position, text: lots[lot].additionalInfo)
            input.isInline = isInline
            var (left, loaded) = (pictures[lot], [String: ImageReference]())
            for (url, image) in zip(usable[lot], fetched.images(of: lot, count: usable[lot].count)) {
                switch image {
                case .success(let reference): loaded[url] = reference
                case .failure(let problem): left.lose(url, because: problem.reason)
                }
            }
            input.use(left, loaded: loaded, isCorrected: left != pictures[lot])
            return input
        }
        let next = fetched.done < lots.count ? lots[fetched.done].position : nil
        return (inputs, next.flatMap { positions.firstIndex(of: $0) } ?? positions.count)
    }

    /// Returns the properties of the stage's answers.
    func fields(of stage: WorkStage, _ job: JobRecord) -> [String] {
        switch stage {
        case .vision: VisionRequest.fields
        case .translation: job.translatedLanguages
        }
    }

    func body(of input: LineInput, _ parameters: ModelParameters, _ job: JobRecord) -> [UInt8] {
        switch input.stage {
        case .vision:
            VisionRequest.body(
                additionalInfo: input.text, images: input.images, model: parameters,
                configuration: context.openAI.configuration)
        case .translation:
            TranslationRequest.body(
                english: input.text ?? "",
                languages: job.translatedLanguages.map { ($0, context.languageName($0)) }, model: parameters,
                configuration: context.openAI.configuration)
        }
    }

    /// Returns the parameters of a batch's lines: those of the stage's first answer, with more output tokens in later
    /// rounds.
    func parameters(of batch: ProviderBatch) -> ModelParameters {
        var parameters = context.openAI.choice(for: batch.stage).parameters(of: batch.model)
        for _ in 0..<max(0, batch.round - 1) { parameters = parameters.roomier }
        return parameters
    }
}
