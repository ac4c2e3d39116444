// The bound on the images that one request carries. A value; any thread.

/// The bytes of images that a request may still carry inline; further images go by URL.
struct InlineRoom {
    /// Most images of a request.
    static let imagesMax = 1500

    private(set) var bytes = LineInput.inlineBytesMax

    /// No photograph of a usual size fits any more.
    var isFull: Bool { bytes < 10_000 }

    /// Returns the image as data if it fits, else its URL.
    mutating func reference(_ image: FetchedImage, url: String) -> ImageReference {
        guard image.bytes.count <= bytes else { return .url(url) }
        bytes -= image.bytes.count
        return .data(type: image.type.mediaType, bytes: image.bytes)
    }

    /// Returns the first of `urls` that fit into one request. A URL that occurs twice is sent twice or not at all.
    static func fitting(_ urls: [String]) -> Set<String> {
        guard urls.count > imagesMax else { return Set(urls) }
        let counts = urls.reduce(into: [:]) { $0[$1, default: 0] += 1 }
        var fitting: Set<String> = []
        var room = imagesMax
        for url in urls where !fitting.contains(url) {
            guard let count = counts[url], count <= room else { continue }
            fitting.insert(url)
            room -= count
        }
        return fitting
    }
}
