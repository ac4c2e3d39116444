// The running attempts of a webhook sender, so that its claims skip full receivers and jobs. A value.

/// Running attempts, and the limits per receiver and per job.
public struct DeliveryLoad: Sendable {
    public var perReceiverMax: Int
    public var perJobMax: Int
    public private(set) var receivers: [String: Int] = [:]
    public private(set) var jobs: [Identifier: Int] = [:]

    public init(perReceiverMax: Int, perJobMax: Int) {
        self.perReceiverMax = perReceiverMax
        self.perJobMax = perJobMax
    }

    public func hasRoom(for delivery: DeliveryRecord) -> Bool {
        receivers[delivery.receiver, default: 0] < perReceiverMax && jobs[delivery.job, default: 0] < perJobMax
    }

    public mutating func began(_ delivery: DeliveryRecord) {
        receivers[delivery.receiver, default: 0] += 1
        jobs[delivery.job, default: 0] += 1
    }

    public mutating func ended(_ delivery: DeliveryRecord) {
        let receiver = receivers[delivery.receiver, default: 1] - 1
        receivers[delivery.receiver] = receiver > 0 ? receiver : nil
        let job = jobs[delivery.job, default: 1] - 1
        jobs[delivery.job] = job > 0 ? job : nil
    }

    var fullReceivers: [String] { receivers.filter { $0.value >= perReceiverMax }.map(\.key) }
    var fullJobs: [Identifier] { jobs.filter { $0.value >= perJobMax }.map(\.key) }
}
