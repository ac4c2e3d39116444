// Downloads a picture that a request names by URL, as the real API does first. Thread: its loop.
import Engine

struct PictureDownloader {
    let http: HTTPClient
    static let bytesMax = 20 * 1024 * 1024
    static let seconds = 10.0

    /// The error in the API's words, without the URL at its end; nil for a usable picture.
    func problem(_ url: String) async -> String? {
        var request = OutboundRequest(url: url)
        request.timeoutSeconds = PictureDownloader.seconds
        request.maxResponseBytes = PictureDownloader.bytesMax
        request.maxRedirects = 3
        do {
            let answer = try await http.send(request)
            guard (200...299).contains(answer.status) else { return "Error while downloading" }
            return PictureType.of(answer.body) == nil ? "The file is not a supported picture:" : nil
        } catch {
            return error.kind == .timedOut ? "Timeout while downloading" : "Error while downloading"
        }
    }
}
