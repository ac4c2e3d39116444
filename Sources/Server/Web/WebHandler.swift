// Entry of the web interface: checks the session and turns errors into pages. Loop-bound.
import Engine

final class WebHandler {
    private let services: WebServices

    init(_ services: WebServices) { self.services = services }

    func serve(_ route: WebRoute, _ call: Call) {
        switch route {
        case .document: ReferencePage.document.answer(call)
        case .page: ReferencePage.page.answer(call)
        case .style: SiteAssets.style.answer(call)
        case .script: SiteAssets.script.answer(call)
        case .playground: SiteAssets.playground.answer(call)
        case .icon: SiteAssets.icon.answer(call)
        case .signIn: SignIn.show(call, services)
        case .doSignIn: call.run { [services] in try await SignIn.attempt(call, services) }
        case .signOut: acting(call) { web, _ in SignIn.signOut(web) }
        case .jobs: seeing(call) { try await JobsPage.answer($0) }
        case .job(let job): seeing(call) { try await JobPage.answer($0, job) }
        case .lots(let job): seeing(call) { try await LotsPage.answer($0, job) }
        case .lot(let job): seeing(call) { try await LotPage.answer($0, job) }
        case .webhooks(let job): seeing(call) { try await DeliveriesPage.answer($0, job) }
        case .download(let job): seeing(call) { try await JobActions.download($0, job) }
        case .cancel(let job): acting(call) { web, _ in try await JobActions.cancel(web, job) }
        case .redeliver(let id): acting(call) { web, _ in try await JobActions.redeliver(web, id) }
        case .events: seeing(call) { try await JobEvents.answer($0) }
        case .system: seeing(call) { try await SystemPage.answer($0) }
        case .tryIt: seeing(call) { TryPage.show($0) }
        case .doTryIt: acting(call, limit: TryPage.formBytesMax) { web, form in try await TryPage.run(web, form) }
        }
    }

    /// Shows a page to a signed-in user; sends others to the sign-in page.
    private func seeing(_ call: Call, _ body: @escaping (WebCall) async throws -> Void) {
        guard let session = services.session(of: call) else { return SignIn.demand(call) }
        let web = WebCall(call, session, services)
        call.run { try await web.told { try await body(web) } }
    }

    /// Runs an action from a form of this service, which carries the session's token.
    private func acting(
        _ call: Call, limit: Int = Form.bytesMax, _ body: @escaping (WebCall, Form) async throws -> Void
    ) {
        guard let session = services.session(of: call) else { return SignIn.demand(call) }
        let web = WebCall(call, session, services)
        call.run {
            guard let form = try await Form.read(call, limit: limit) else { return }
            try await web.told {
                guard form.isOurs, session.owns(form["csrf"]) else {
                    throw ServiceError(.invalidSignature, "The form is old or from another site; reload the page")
                }
                try await body(web, form)
            }
        }
    }
}

extension Call {
    /// Whether the browser speaks TLS with this service, or with a trusted proxy.
    var isSecure: Bool {
        WebOrigin.isSecure(
            exchange.remote, forwardedProto: exchange.head.header("X-Forwarded-Proto"),
            trusted: services.config.trustedProxies)
    }

    /// Whether the client is a browser that wants a page, not a program that wants JSON (C4.1).
    var wantsPage: Bool { exchange.head.header("Accept")?.contains("text/html") == true }

    /// - Parameter images: see ``WebHeaders/policy(images:)``.
    func show(_ status: Int, _ page: String, images: [String] = [], headers: [(String, String)] = []) {
        exchange.respond(
            Reply(
                status: status,
                headers: [("Content-Type", "text/html; charset=utf-8")] + WebHeaders.page(images: images)
                    + WebHeaders.kept + headers,
                body: Array(page.utf8)))
    }

    /// Redirects to a page of this service, with GET.
    func redirect(_ path: String, headers: [(String, String)] = []) {
        exchange.respond(
            Reply(status: 303, headers: [("Location", path)] + WebHeaders.kept + headers, body: []))
    }
}

/// A call of a signed-in user.
final class WebCall {
    let call: Call
    let session: WebSession
    let services: WebServices

    var api: APIServices { call.services }
    var query: QueryParameters { get throws(ServiceError) { try QueryParameters(call.exchange.head.query) } }

    init(_ call: Call, _ session: WebSession, _ services: WebServices) {
        self.call = call
        self.session = session
        self.services = services
    }

    func show(
        _ title: String, _ section: WebSection, status: Int = 200, images: [String] = [], _ body: (inout HTML) -> Void
    ) {
        call.show(status, WebPage.make(title, section: section, session: session, body), images: images)
    }

    /// Loads the job that a path names.
    /// - Throws: 404 if there is no such job; 503; `DatabaseError`.
    func job(_ raw: String) async throws -> JobView {
        guard let id = Identifier(raw) else { throw Call.jobNotFound }
        try api.requireDatabase()
        guard let job = try await FindJob.run(api.database, job: id) else { throw Call.jobNotFound }
        return job
    }

    /// Runs `body` and turns errors of the service into a page.
    func told(_ body: () async throws -> Void) async throws {
        do { try await body() } catch let error as ServiceError {
            fail(error)
        } catch let error as DatabaseError {
            call.log(error)
            fail(ServiceError(error))
        }
    }

    private func fail(_ error: ServiceError) {
        guard call.wantsPage else { return call.fail(error) }
        let wait = error.retryAfter.map { [("Retry-After", String($0))] } ?? []
        let page = WebPage.make(error.code.title, section: nil, session: session) { html in
            html.element("h1", error.code.title)
            html.element("p", error.message)
            html.element("p", ["class": "soft"], "\(error.code.rawValue), request \(call.exchange.requestID)")
            html.element("p") { $0.link("/jobs", "All jobs") }
        }
        // 202 is for programs that poll; a page answers 409 if its result is not ready.
        call.show(error.code.status == 202 ? 409 : error.code.status, page, headers: wait)
    }
}
