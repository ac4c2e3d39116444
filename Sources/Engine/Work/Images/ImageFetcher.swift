// Fetches external images: whole (inline mode), or only their first bytes (URL mode). Thread: the client's loop.

/// Limits of an ``ImageFetcher``.
public struct ImageFetcherConfiguration: Sendable {
    /// Largest image, bytes (C3).
    public var bytesMax = Limits.imageBytes
    /// Most redirects per URL (C7).
    public var redirects = Limits.imageRedirects
    /// Time limit of the whole exchange, seconds.
    public var timeoutSeconds = 30.0
    public var connectSeconds = 5.0
    /// Longest wait for a connection, seconds, in addition to `timeoutSeconds`, because
    /// a job can have many images on one host.
    public var queueSeconds = 600.0
    /// For jobs: fails at once if the host has not answered recent requests.
    public var avoidsSilentHosts = true

    public init() {}
}

/// Fetches and checks images (C2.5). Loop-bound.
public final class ImageFetcher {
    private let http: HTTPClient
    private let policy: AddressPolicy
    private let configuration: ImageFetcherConfiguration

    /// Bytes that a check requests: enough for the type, and cheap.
    static let probeBytes = 64

    public init(http: HTTPClient, policy: AddressPolicy, configuration: ImageFetcherConfiguration = .init()) {
        self.http = http
        self.policy = policy
        self.configuration = configuration
    }

    /// Fetches the whole image. One that is too large or of another type is dropped as soon as that is known.
    /// - Throws: only `CancellationError`, so that a cancelled fetch never counts as a missing image.
    public func fetch(_ url: String) async throws(CancellationError) -> Result<FetchedImage, ImageProblem> {
        do throws(ImageEnding) {
            return .success(try await reading(url).whole())
        } catch {
            return .failure(try error.problem())
        }
    }

    /// Checks that the image exists, has an accepted type and is not too large.
    /// Reads as few bytes as its server allows.
    /// - Throws: only `CancellationError`.
    public func check(_ url: String) async throws(CancellationError) -> Result<ImageType, ImageProblem> {
        do throws(ImageEnding) {
            return .success(try await probe(url))
        } catch {
            return .failure(try error.problem())
        }
    }

    private func probe(_ url: String) async throws(ImageEnding) -> ImageType {
        let answer = try await open(url, [("Range", "bytes=0-\(ImageFetcher.probeBytes - 1)")])
        let reading = ImageReading(answer, bytesMax: configuration.bytesMax)
        switch answer.status {
        case 206:
            guard let range = ContentRange(answer.header("content-range")), range.first == 0, let total = range.total
            else { break }
            let type = try await reading.type()
            await reading.leave()
            if total > configuration.bytesMax { throw .problem(.tooLarge) }
            return type
        case 200..<300: return try await reading.measured()  // the server ignores ranges: this is the whole image
        case 416: break
        default:
            await reading.leave()
            throw .problem(.status(answer.status))
        }
        answer.cancel()
        return try await self.reading(url).measured()
    }

    /// Sends a plain request and returns its answer, if that is 2xx.
    private func reading(_ url: String) async throws(ImageEnding) -> ImageReading {
        let answer = try await open(url, [])
        let reading = ImageReading(answer, bytesMax: configuration.bytesMax)
        if (200..<300).contains(answer.status) { return reading }
        await reading.leave()
        throw .problem(.status(answer.status))
    }

    private func open(_ url: String, _ headers: [(String, String)]) async throws(ImageEnding) -> OutboundStream {
        if WebURL.problem(url, policy: policy) != nil { throw .problem(.forbidden) }
        // Servers with content negotiation would otherwise send other types.
        let accept = ("Accept", ImageType.allCases.map(\.mediaType).joined(separator: ","))
        var request = OutboundRequest(url: url, headers: [accept] + headers)
        request.addresses = policy
        request.maxRedirects = configuration.redirects
        request.timeoutSeconds = configuration.timeoutSeconds
        request.connectSeconds = configuration.connectSeconds
        request.queueSeconds = configuration.queueSeconds
        request.avoidsSilentHosts = configuration.avoidsSilentHosts
        do { return try await http.open(request) } catch { throw ImageEnding(error) }
    }
}

/// Reasons why reading an image ends early.
enum ImageEnding: Error {
    case problem(ImageProblem)
    case cancelled

    init(_ error: OutboundError) {
        switch error.kind {
        case .forbiddenAddress, .invalidURL: self = .problem(.forbidden)
        case .tooLarge: self = .problem(.tooLarge)
        case .resolveFailed, .connectFailed, .tlsFailed, .timedOut, .tooManyRedirects, .interrupted, .sourceFailed:
            self = .problem(.unreachable)
        case .cancelled: self = .cancelled
        }
    }

    func problem() throws(CancellationError) -> ImageProblem {
        switch self {
        case .problem(let problem): return problem
        case .cancelled: throw CancellationError()
        }
    }
}
