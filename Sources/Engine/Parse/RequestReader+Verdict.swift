// Judges a complete body in the contract's order: no error about lots is reported
// before the signature holds (C1.7). Pure.

extension RequestReader {
    func verdict(header: String?, respondAsync: Bool) throws(ServiceError) -> GenerationRequest {
        try checkSignature(header: header)
        let tally = machine.lots.tally
        let isSynchronous = tally.lots == 1 && !tally.namesWebhook && !respondAsync
        if tally.lots > 0 { self.isSynchronous = isSynchronous }
        try checkSize(tally)
        var problems = tally.problems
        let version = machine.kept.version(&problems)
        let languages = machine.kept.languages(&problems)
        try problems.throwFields()
        try checkLanguageCount(languages)
        try checkVersion(version)
        try checkLanguages(languages)
        try checkDuplicates(tally.duplicates)
        try problems.throwURLs()
        let request = GenerationRequest(
            version: version, languages: languages, lotCount: tally.lots, imageCount: tally.images,
            webhookConfigured: tally.namesWebhook, singleLot: tally.first.flatMap(RequestReader.lot),
            isSynchronous: isSynchronous, fingerprints: machine.raw?.fingerprints ?? [])
        try checkImageCount(request)
        return request
    }

    /// C1.1 to C1.4. Without any signature, 401 comes before the error about missing
    /// `lots`, which the signature would cover.
    private func checkSignature(header: String?) throws(ServiceError) {
        let header = header.flatMap { $0.isEmpty ? nil : $0 }
        let signature = header ?? machine.kept.signature
        guard signature?.isEmpty == false else {
            throw ServiceError(
                .missingSignature,
                "Missing HMAC signature: send it in the X-Signature header or the body's signature member")
        }
        guard machine.lots.wasSeen else {
            var missing = RequestProblems.Fields()
            missing.add { "lots" }
            throw RequestProblems.missingField(missing)
        }
        let claim = try SignatureKeys.parse(signature)
        if machine.lots.signed.matchesCanonical(claim) { return }
        // A raw-body signature can only be in the header: the body cannot contain its own signature.
        if header != nil, machine.raw?.matches(claim) == true { return }
        guard machine.lots.signed.matchesNodeExample(claim) else {
            suspect = machine.lots.suspect(claim)
            throw SignatureKeys.invalid
        }
        if !configuration.acceptNodeExample { throw RequestReader.nodeDefect }
    }

    private static let nodeDefect = ServiceError(
        .invalidSignature,
        """
        Invalid HMAC signature: it signs every lot as {}, the known defect of the Node example, whose \
        JSON.stringify(lots, Object.keys(lots).sort()) drops all members. Sign the raw request body instead and send \
        the signature in the X-Signature header
        """)

    private func checkSize(_ tally: LotsTally) throws(ServiceError) {
        guard tally.lots > configuration.maxLots else { return }
        throw ServiceError(
            .batchSizeExceeded, "Batch size exceeds maximum limit of \(grouped(configuration.maxLots)) lots",
            details: ["provided_lots": .int(tally.lots), "max_allowed": .int(configuration.maxLots)])
    }

    private func checkLanguageCount(_ languages: [String]) throws(ServiceError) {
        guard languages.count > Limits.languages else { return }
        throw ServiceError(
            .tooManyLanguages, "Number of languages exceeds maximum limit of \(Limits.languages)",
            details: ["provided_languages": .int(languages.count), "max_allowed": .int(Limits.languages)])
    }

    private func checkVersion(_ version: String) throws(ServiceError) {
        guard version.prefix(while: { $0 != "." }) != "1" else { return }
        throw ServiceError(
            .unsupportedVersion, "Unsupported version: only major version 1 is supported",
            details: ["version": .string(version), "supported_major": "1"])
    }

    private func checkLanguages(_ languages: [String]) throws(ServiceError) {
        let unknown = languages.filter { !Languages.isSupported($0) }
        guard !unknown.isEmpty else { return }
        let shown = unknown.map { String($0.prefix(ReaderBounds.echoCharacters)) }
        throw ServiceError(
            .unsupportedLanguage, "Unsupported language codes detected",
            details: ["unsupported_languages": JSONValue(shown), "count": .int(shown.count)])
    }

    private func checkDuplicates(_ duplicates: DuplicateFinder) throws(ServiceError) {
        guard duplicates.count > 0 else { return }
        throw ServiceError(
            .duplicateLotID, "Duplicate lot_id values detected",
            details: ["duplicate_lot_ids": JSONValue(duplicates.ids), "count": .int(duplicates.count)])
    }

    private func checkImageCount(_ request: GenerationRequest) throws(ServiceError) {
        guard request.isSynchronous, request.imageCount > Limits.imagesPerSynchronousLot else { return }
        throw ServiceError(
            .tooManyImages,
            "Number of images exceeds maximum limit of \(Limits.imagesPerSynchronousLot) per lot in synchronous mode",
            details: [
                "provided_images": .int(request.imageCount), "max_allowed": .int(Limits.imagesPerSynchronousLot),
            ])
    }

    /// Converts the row of a single lot to texts for synchronous mode.
    private static func lot(_ row: LotRow) -> Lot? {
        guard let images = try? JSONValue.parse(row.bytes.span.extracting(row.images)).array else { return nil }
        return Lot(
            position: row.position, lotID: row.text(row.lotID), additionalInfo: row.additionalInfo.map(row.text),
            webhook: row.webhook.map(row.text), images: images.compactMap(\.string))
    }
}

/// Formats 50000 as `50,000`.
private func grouped(_ number: Int) -> String {
    var out = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index % 3 == 0 { out.append(",") }
        out.append(digit)
    }
    return String(out.reversed())
}
