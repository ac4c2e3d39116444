// A car as the integrator sent it: the fields that the service keeps.

/// One validated lot of a request (C2.2).
public struct Lot: Equatable, Sendable {
    /// Its position in the request, from 0.
    public var position: Int
    /// 1 to 255 characters.
    public var lotID: String
    public var additionalInfo: String?
    public var webhook: String?
    /// At least one URL, as sent.
    public var images: [String]

    public init(position: Int, lotID: String, additionalInfo: String?, webhook: String?, images: [String]) {
        self.position = position
        self.lotID = lotID
        self.additionalInfo = additionalInfo
        self.webhook = webhook
        self.images = images
    }
}
