// What goes into one line: a lot's texts and images, and the request made of them. Loop-bound.

/// The input of one lot to one stage.
struct LineInput {
    var stage: WorkStage
    var position: Int
    /// Vision: the integrator's text. Translation: the English description.
    var text: String?
    var images: [ImageReference] = []
    var isInline = false
    /// All of the lot's images that cannot be used, if that changed since the check.
    var correctedMissing: [String]?

    static let noImages = "None of the lot's images could be used"

    /// Largest sum of a lot's images that go into its line, bytes: what the API takes in one request. Further ones are
    /// named by URL. It bounds the memory of a line as well.
    static let inlineBytesMax = 50 * 1024 * 1024

    /// The image stage's row as it should be now; nil: as it is.
    var correction: StageResult? {
        correctedMissing.map {
            StageResult(position: position, succeeded: true, images: images.count, payload: JSONValue($0).text)
        }
    }
}

extension JobRunner {
    /// nil if the lot is not there any more.
    func lineInput(
        _ stage: WorkStage, position: Int, inline: Bool, _ job: JobRecord
    ) async throws -> LineInput? {
        let inline = inline || context.configuration.imageMode == .inline
        return try await lineInputs(stage, positions: [position], inline: inline, job).first
    }

    /// In the order of the positions.
    func lineInputs(
        _ stage: WorkStage, positions: [Int], inline: Bool, _ job: JobRecord
    ) async throws -> [LineInput] {
        switch stage {
        case .translation:
            return try await LotInputs.translation(context.database, job: job.id, positions: positions).map {
                LineInput(stage: stage, position: $0.position, text: $0.english)
            }
        case .vision:
            var inputs: [LineInput] = []
            for lot in try await LotInputs.vision(context.database, job: job.id, positions: positions) {
                inputs.append(try await visionInput(lot, inline: inline))
            }
            return inputs
        }
    }

    private func visionInput(_ lot: VisionInput, inline: Bool) async throws -> LineInput {
        let missing = Set(Self.strings(lot.missing))
        let all = Self.strings(lot.images)
        let urls = all.filter { !missing.contains($0) }
        var input = LineInput(stage: .vision, position: lot.position, text: lot.additionalInfo, isInline: inline)
        guard inline else {
            input.images = urls.map { .url($0) }
            return input
        }
        var fetched: [Int: ImageReference] = [:]
        var room = LineInput.inlineBytesMax
        let images = context.images
        try await context.loop.forEach(urls.count, atMost: 8) { index in
            if room <= 0 {
                fetched[index] = .url(urls[index])
            } else if case .success(let image)? = try? await images.fetch(urls[index]) {
                let fits = image.bytes.count <= room
                room -= image.bytes.count
                fetched[index] =
                    fits ? .data(type: image.type.mediaType, bytes: image.bytes) : .url(urls[index])
            }
        }
        input.images = urls.indices.compactMap { fetched[$0] }
        if fetched.count < urls.count {
            let gone = Set(urls.indices.filter { fetched[$0] == nil }.map { urls[$0] })
            input.correctedMissing = all.filter { missing.contains($0) || gone.contains($0) }
        }
        return input
    }

    /// The properties of the stage's answers.
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

    /// The parameters of a shard's lines: those its canary was answered with, with more room in later rounds.
    func parameters(of shard: ShardRecord) -> ModelParameters {
        let configuration = context.openAI.configuration
        let current = context.openAI.choice(for: shard.stage).current
        var parameters = current.name == shard.model ? current : configuration.parameters(for: shard.model)
        for _ in 0..<max(0, shard.round - 1) {
            parameters = parameters.roomier(ceiling: configuration.outputTokensCeiling)
        }
        return parameters
    }
}
