// The way through a provider's list: when it ends, whatever the provider does with `after` and with the order. Pure.

/// Decides after each page whether to ask for the next one.
struct ListWalk {
    /// Most pages per walk.
    static let pagesMax = 1000
    /// Most objects per walk.
    static let objectsMax = 200_000
    /// A page ends the walk only if all of its objects are older than the sought ones by this much, seconds: the
    /// provider's clock may differ from ours.
    static let marginSeconds = 12 * 3600

    /// Objects created before this time are not sought, seconds since 1970; nil: the list is read to its end.
    private let since: Int?
    private var known: Set<String> = []
    private var pages = 0
    private var isNewestFirst = true
    private var newest: Int?
    private var oldest: Int?

    /// - Parameter since: by our clock.
    init(since: Timestamp? = nil) { self.since = since.map { Int($0.seconds) - Self.marginSeconds } }

    /// Whether another page is to be read after one with these objects.
    /// - Throws: if the list is longer than any walk; what it lacks is unknown then.
    mutating func goesOn(after page: [(id: String, createdAt: Int)]) throws(OpenAIError) -> Bool {
        pages += 1
        let before = known.count
        for object in page { known.insert(object.id) }
        // A list that ignores `after` brings the same objects for ever.
        guard known.count > before else { return false }
        if isPast(page.map(\.createdAt)) { return false }
        if pages >= Self.pagesMax || known.count >= Self.objectsMax {
            throw OpenAIError(.malformed("its list has no end"), mayHaveArrived: false)
        }
        return true
    }

    /// All further objects are too old. Only a list that has been seen to go from new to old shows that; the API
    /// promises no order, and a missing time tells nothing.
    private mutating func isPast(_ times: [Int]) -> Bool {
        for time in times {
            if time <= 0 || time > oldest ?? time { isNewestFirst = false }
            newest = newest ?? time
            oldest = time
        }
        guard let since, isNewestFirst, let newest, let oldest, newest > oldest else { return false }
        return times.allSatisfy { $0 < since }
    }
}

extension OpenAIClient {
    /// Returns the account's batches, page after page, that `isSought` accepts.
    /// - Parameter since: older ones may be left out.
    func batches(
        since: Timestamp?, where isSought: (BatchObject) -> Bool
    ) async throws(OpenAIError) -> [BatchObject] {
        var (found, walk) = ([String: BatchObject](), ListWalk(since: since))
        var after: String?
        repeat {
            let page = try await listBatches(after: after)
            for batch in page.batches where isSought(batch) { found[batch.id] = batch }
            let goesOn = try walk.goesOn(after: page.batches.map { ($0.id, $0.createdAt) })
            after = goesOn ? page.next : nil
        } while after != nil
        return found.values.sorted { ($0.createdAt, $0.id) < ($1.createdAt, $1.id) }
    }

    /// Returns the account's files that `isSought` accepts, each once.
    /// - Parameter purpose: nil: files of all purposes.
    func files(
        purpose: String? = "batch", where isSought: (FileObject) -> Bool
    ) async throws(OpenAIError) -> [FileObject] {
        var (found, seen, walk) = ([FileObject](), Set<String>(), ListWalk())
        var after: String?
        repeat {
            let page = try await listFiles(purpose: purpose, after: after)
            for file in page.files where isSought(file) && seen.insert(file.id).inserted { found.append(file) }
            let goesOn = try walk.goesOn(after: page.files.map { ($0.id, $0.createdAt) })
            after = goesOn ? page.next : nil
        } while after != nil
        return found
    }
}
