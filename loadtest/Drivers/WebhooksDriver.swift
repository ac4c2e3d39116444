// Many deliveries to receivers in this process. Thread: the driver's loop; the receivers have their own loop.
import ArgumentParser
import Engine

struct WebhooksDriver: Driver {
    static let name = "webhooks"
    static let abstract = "Many webhook deliveries to receivers in this process."
    static let discussion = """
        Makes one job whose lots each name a different address, and cancels it at once: the service announces its end \
        to each of them, at no cost. Latencies are from the cancel to the deliveries' arrival. The receivers check \
        both signatures. --receivers spreads them over several ports, because a service limits its connections per \
        port.
        """

    @Option(help: "Deliveries, each to its own address.") var deliveries = 1000
    @Option(help: "Ports on which this process receives.") var receivers = 4
    @Option(help: "The numeric address on which it receives; the jobs name it.") var host = "127.0.0.1"
    @Option(help: "Seconds to wait for the deliveries.") var wait = 120.0

    func drive(_ bench: Bench) async throws -> DriverReport {
        try check(deliveries > 1 && receivers > 0, "--deliveries must be above 1, --receivers above 0")
        let (host, count) = (host, receivers)
        let key = bench.target.key
        let inbox = DeliveryInbox()
        let stands = try await Beside.start("receivers") { loop in
            try (0..<count).map { _ in
                var options = WebhooksOptions()
                options.sharedKey = key
                options.bodyBytesKept = 0
                options.received = { inbox.arrived($0) }
                return try WebhooksSimulator.start(on: loop, host: host, options: options)
            }
        }
        let result: Result<DriverReport, any Error>
        do { result = .success(try await measure(bench, stands, inbox)) } catch { result = .failure(error) }
        await stands.close { for stand in $0 { await stand.close() } }
        return try result.get()
    }

    private func measure(
        _ bench: Bench, _ stands: Beside<[WebhooksSimulator]>, _ inbox: DeliveryInbox
    ) async throws -> DriverReport {
        let ports = try await stands.run { stands, _ in stands.map(\.port) }
        let shown = host.contains(":") ? "[\(host)]" : host
        var spec = BatchSpec(lots: deliveries, filling: .pictures(1))
        spec.webhooks = ports.map { "http://\(shown):\($0)/ok/" }
        let job = try await bench.client.submit(try bench.make(spec))
        let use = bench.beginUse()
        let begin = Monotonic.seconds()
        try await bench.client.cancel(job)
        bench.progress.watch { [deliveries] in "\(inbox.count) of \(deliveries) deliveries" }
        while inbox.count < deliveries, Monotonic.seconds() - begin < wait {
            try await bench.loop.sleep(seconds: 0.02)
        }
        return report(bench, inbox, begin: begin, use)
    }

    private func report(_ bench: Bench, _ inbox: DeliveryInbox, begin: Double, _ use: ServerUse?) -> DriverReport {
        let arrivals = inbox.arrivals
        let last = arrivals.last ?? Monotonic.seconds()
        let seconds = max(last - begin, 1e-6)
        var recorder = LoadRecorder(
            origin: bench.origin, begin: begin, sliceSeconds: LoadRecorder.sliceSeconds(for: seconds))
        for moment in arrivals { recorder.completed(at: moment, seconds: moment - begin, bytes: 0) }
        recorder.finish(at: last)
        var report = bench.report(WebhooksDriver.name, settings)
        report.figures = [
            Figure("deliveries", Double(arrivals.count), .higher), Figure("seconds", seconds, .lower),
            Figure("deliveries_per_second", Double(arrivals.count) / seconds, .higher),
            Figure("first_delivery_ms", ((arrivals.first ?? last) - begin) * 1000, .lower),
        ]
        report.add("deliveries since the end of the job", recorder)
        report.figures += use?.end() ?? []
        let missing = deliveries - arrivals.count
        if missing > 0 { report.errors["not delivered within \(NumberText.short(wait)) s"] = missing }
        if inbox.repeated > 0 { report.errors["delivered more than once"] = inbox.repeated }
        if inbox.unsigned > 0 { report.errors["a wrong signature"] = inbox.unsigned }
        return report
    }

    private var settings: [(String, JSONValue)] {
        [("deliveries", .int(deliveries)), ("receivers", .int(receivers)), ("host", .string(host))]
    }
}

/// The deliveries received, as the driver's loop sees them. Thread: any.
private final class DeliveryInbox: Sendable {
    private struct State {
        var arrivals: [Double] = []
        var repeated = 0
        var unsigned = 0
    }

    private let state = Lock(State())

    func arrived(_ delivery: WebhookDelivery) {
        let now = Monotonic.seconds()
        // A service without Standard Webhooks headers is no error.
        let isSigned = delivery.signatureIsValid == true && delivery.standardSignatureIsValid != false
        state.withLock { state in
            if !isSigned { state.unsigned += 1 }
            if delivery.attempt > 1 { state.repeated += 1 } else { state.arrivals.append(now) }
        }
    }

    var count: Int { state.withLock { $0.arrivals.count } }
    var arrivals: [Double] { state.withLock { $0.arrivals } }
    var repeated: Int { state.withLock { $0.repeated } }
    var unsigned: Int { state.withLock { $0.unsigned } }
}
