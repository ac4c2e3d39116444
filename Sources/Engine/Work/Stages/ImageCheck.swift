// image_prefetch: checks which of a lot's images can be used (C2.5). Loop-bound.
import Logging

extension LeasedJob {
    func begin(_ job: JobRecord) async throws {
        try await commit(.start) { session in
            try await JobProgress.enter(session, job: job.id, status: .processing, stage: .imagePrefetch)
            try await note("started", session)
        }
        log.info("Background worker: job started", metadata: ["lots": "\(job.totalLots)"])
    }

    /// Checks the images of one window of lots.
    /// - Parameter cursor: the end of the previous window.
    /// - Returns: the end of this window.
    func checkImages(_ job: JobRecord, from cursor: Int) async throws -> Int {
        guard cursor < job.totalLots else {
            try await advance(from: nil, job)
            return cursor
        }
        let end = min(cursor + context.configuration.imagePageLots, job.totalLots)
        let page = try await read { try await ImageWork.page($0, job: job.id, positions: cursor..<end) }
        let lots = try page.map { try JSONValue.strings($0.images) }
        // In the order of the lots, not of the hosts, so that images of one host do not all follow each other.
        var seen: Set<String> = []
        CrashPoint.imagesChecking.pass()
        let problems = try await problems(of: lots.joined().filter { seen.insert($0).inserted })
        CrashPoint.imagesChecked.pass()
        var results: [StageResult] = []
        var ends: [LotEnd] = []
        for (lot, urls) in zip(page, lots) {
            var pictures = LotPictures(urls: urls)
            for url in urls { if let problem = problems[url] { pictures.lose(url, because: problem.reason) } }
            // The API takes no more images in one request.
            let fitting = InlineRoom.fitting(pictures.sent)
            for url in pictures.sent where !fitting.contains(url) { pictures.lose(url, because: "too_many") }
            var result = StageResult(position: lot.position, pictures)
            result.succeeded = !pictures.sent.isEmpty
            results.append(result)
            if pictures.sent.isEmpty {
                ends.append(LotEnd(position: lot.position, error: LineInput.noImages))
            }
        }
        if !results.isEmpty {
            try await commit(.images) { session in
                _ = try await StoreResults.run(session, job: job.id, stage: .images, results)
                try await self.end(ends, of: job, session)
            }
        }
        return end
    }

    /// Returns the URLs that cannot be used; each URL is checked once.
    private func problems(of urls: [String]) async throws -> [String: ImageProblem] {
        var problems: [String: ImageProblem] = [:]
        let images = context.images
        try await context.loop.forEach(urls.count, atMost: context.configuration.imagesInFlight) { index in
            if case .failure(let problem)? = try? await images.check(urls[index]) { problems[urls[index]] = problem }
        }
        return problems
    }
}
