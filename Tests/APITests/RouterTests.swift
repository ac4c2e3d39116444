// Paths and query parameters.
import Engine
import Testing

@testable import Server

@Suite("Routes", .timeLimit(.minutes(1)))
struct RouterTests {
    @Test("the document's endpoints, ids exactly as in the path (C1.5)")
    func found() {
        #expect(
            SiteRoute.router.route(method: "POST", path: "/api/v1/generate-descriptions")
                == .found(.api(.generateDescriptions)))
        #expect(
            SiteRoute.router.route(method: "GET", path: "/api/v1/batch-status/%41")
                == .found(.api(.batchStatus(job: "%41"))))
        #expect(
            SiteRoute.router.route(method: "HEAD", path: "/api/v1/batch-results/x")
                == .found(.api(.batchResults(job: "x"))))
        #expect(
            SiteRoute.router.route(method: "GET", path: "/api/v1/batch-results/x/download")
                == .found(.api(.download(job: "x"))))
        #expect(
            SiteRoute.router.route(method: "POST", path: "/api/v1/batch-jobs/x/cancel")
                == .found(.api(.cancel(job: "x"))))
        #expect(SiteRoute.router.route(method: "GET", path: "/api/v1/batch-jobs") == .found(.api(.batchJobs)))
        #expect(
            SiteRoute.router.route(method: "GET", path: "/api/v1/batch-jobs/x/webhook-deliveries")
                == .found(.api(.webhookDeliveries(job: "x"))))
        #expect(
            SiteRoute.router.route(method: "POST", path: "/api/v1/webhook-deliveries/%41/redeliver")
                == .found(.api(.redeliver(delivery: "%41"))))
        #expect(SiteRoute.router.route(method: "GET", path: "/health/ready") == .found(.api(.ready)))
    }

    @Test(
        "C4.2: other paths are not found",
        arguments: ["", "//", "*", "/api/v1/batch-status/", "/api/v1/batch-status", "/api/v1/batch-jobs/", "//health"])
    func unknown(path: String) {
        #expect(SiteRoute.router.route(method: "GET", path: path) == .unknown)
    }

    @Test("C4.2: other methods get the allowed one")
    func wrongMethod() {
        #expect(
            SiteRoute.router.route(method: "GET", path: "/api/v1/generate-descriptions") == .wrongMethod(allow: "POST"))
        #expect(
            SiteRoute.router.route(method: "DELETE", path: "/api/v1/batch-jobs") == .wrongMethod(allow: "GET, HEAD"))
    }

    @Test("C4.2: invalid parameters are named")
    func parameters() throws {
        let query = try QueryParameters("limit=20&status=pro%63essing&a=1&a=2&t=2025-08-05T07:30:00+02:00&bad=x")
        #expect(try query.integer("limit", 10, 1...100) == 20)
        #expect(try query.integer("offset", 7, 0...9) == 7)
        #expect(try query.text("status") == "processing")
        #expect(try query.time("t") == Timestamp(iso: "2025-08-05T05:30:00Z"))
        for name in ["a", "bad", "limit"] {
            do {
                _ = try query.integer(name, 0, 0...5)
                Issue.record("\(name) accepted")
            } catch {
                #expect(error.code == .invalidParameter)
                #expect(error.details?["parameter"] == .string(name))
            }
        }
        #expect(throws: ServiceError.self) { _ = try QueryParameters("a=%zz") }
        #expect(throws: ServiceError.self) { _ = try query.time("bad") }
    }
}
