// The images of some lots, fetched whole for their lines. Many are fetched at the same time, so that a distant server's
// latency counts once; their bytes are bounded. Loop-bound.

/// Results for a page of lots.
struct InlineImages {
    /// Images fetched at the same time for one job.
    static let inFlight = 16
    /// Bytes of a page above which no further lot is begun. Up to ``inFlight`` images that are under way come on top.
    static let pageBytesMax = 64 * 1024 * 1024

    private struct Item {
        let lot: Int
        let index: Int
        let url: String
    }

    /// Lots from the front that are finished, at least one; the others are left for the next page.
    private(set) var done: Int
    private var references: [[Int: ImageReference]]
    private var problems: [[Int: ImageProblem]]
    private var rooms: [InlineRoom]
    private var held = 0

    private init(_ lots: Int) {
        done = lots
        references = Array(repeating: [:], count: lots)
        problems = Array(repeating: [:], count: lots)
        rooms = Array(repeating: InlineRoom(), count: lots)
    }

    /// - Parameters:
    ///   - lots: the URLs of each lot.
    ///   - isFetched: false for an image that is sent by URL.
    static func fetch(
        _ lots: [[String]], with images: ImageFetcher, on loop: Loop,
        _ isFetched: @escaping (String) -> Bool = { _ in true }
    ) async throws(CancellationError) -> InlineImages {
        let items = lots.indices.flatMap { lot in
            lots[lot].indices.map { Item(lot: lot, index: $0, url: lots[lot][$0]) }
        }
        var page = InlineImages(lots.count)
        try await loop.forEach(items.count, atMost: inFlight) { index in
            let item = items[index]
            guard page.begins(item) else { return }
            if page.rooms[item.lot].isFull || !isFetched(item.url) {
                page.references[item.lot][item.index] = .url(item.url)
            } else {
                switch try? await images.fetch(item.url) {
                case .success(let image)?: page.add(image, item)
                case .failure(let problem)?: page.problems[item.lot][item.index] = problem
                case nil: break
                }
            }
        }
        return page
    }

    /// Whether the item is fetched; if not, its lot is left for the next page.
    private mutating func begins(_ item: Item) -> Bool {
        if item.index == 0, item.lot > 0, held >= InlineImages.pageBytesMax { done = min(done, item.lot) }
        return item.lot < done
    }

    private mutating func add(_ image: FetchedImage, _ item: Item) {
        let before = rooms[item.lot].bytes
        references[item.lot][item.index] = rooms[item.lot].reference(image, url: item.url)
        held += before - rooms[item.lot].bytes
    }

    /// Returns the images in their order, or why an image could not be fetched.
    func images(of lot: Int, count: Int) -> [Result<ImageReference, ImageProblem>] {
        (0..<count).map { index in
            references[lot][index].map { .success($0) } ?? .failure(problems[lot][index] ?? .unreachable)
        }
    }
}
