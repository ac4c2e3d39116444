// GET /health, /health/ready (C9). Loop-bound.
import Engine

enum Health {
    static func answer(_ call: Call) async {
        let report = await call.services.health.make()
        call.reply(report.healthy ? 200 : 503, report.reply)
    }
}

/// Whether a load balancer should send requests to this instance.
enum Ready {
    static func answer(_ call: Call) {
        do throws(ServiceError) {
            try call.services.requireOpen()
            try call.services.requireDatabase()
            call.reply(200, ["status": "ready"])
        } catch { call.fail(error) }
    }
}
