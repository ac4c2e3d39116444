// One request to the simulated API: faults, key, act, reply. Thread: its loop; loop-bound.
import Engine
import Server

final class OpenAIHandler {
    private let account: SimulatedAccount
    /// The other host of a redirect; listens from the first one on.
    private var elsewhere: SimulatorServer?

    /// The prefix of the paths to which a redirect leads: the same act, without faults.
    private static let moved = "/_moved"
    private static let otherHost = "127.0.0.2"

    init(_ account: SimulatedAccount) { self.account = account }

    func close() async {
        await elsewhere?.close()
        elsewhere = nil
    }

    func answer(_ exchange: Exchange) async {
        let head = exchange.head
        if head.path.hasPrefix("/_sim/") { return await OpenAIAdmin(account).answer(exchange) }
        if head.path == "/login" { return await FaultReplies.login().send(over: exchange) }
        let isMoved = head.path.hasPrefix(OpenAIHandler.moved + "/")
        let path = isMoved ? head.path.dropFirst(OpenAIHandler.moved.count) : head.path[...]
        guard let (route, id) = OpenAIRoute.of(method: head.method, path: path) else {
            account.books.request("unknown")
            let error = APIError(404, "Invalid URL (\(head.method) \(head.path))")
            return await SimReply.json(404, error.json).send(over: exchange)
        }
        account.books.request(route.rawValue)
        await serve(route, id, exchange, isMoved: isMoved, needsKey: true)
    }

    /// A request at the other host of a redirect, which must not bring a key.
    private func answerElsewhere(_ exchange: Exchange) async {
        let head = exchange.head
        if head.header("Authorization") != nil { account.books.keyCameElsewhere() }
        guard head.path.hasPrefix(OpenAIHandler.moved + "/"),
            let (route, id) = OpenAIRoute.of(
                method: head.method, path: head.path.dropFirst(OpenAIHandler.moved.count))
        else { return await FaultReplies.page(404).send(over: exchange) }
        account.books.request("elsewhere")
        await serve(route, id, exchange, isMoved: true, needsKey: false)
    }

    private func serve(
        _ route: OpenAIRoute, _ id: String, _ exchange: Exchange, isMoved: Bool, needsKey: Bool
    ) async {
        var course = RequestCourse()
        var outcome: OpenAIActs.Outcome
        do {
            if !isMoved { await strike(&course, route, at: .arrival, exchange) { _ in true } }
            if course.isRefused { return await finish(nil, course, route, id, exchange) }
            if needsKey { try authorize(exchange.head) }
            let request = try await RequestIntake(account: account).read(route, id, exchange)
            if !isMoved, course.end == nil {
                await strike(&course, route, at: .request, exchange) { fault in
                    request.byteCount >= fault.bytesMin ?? 0 && fault.contains.map(request.contains) ?? true
                }
            }
            if course.isRefused { return await finish(nil, course, route, id, exchange) }
            if course.lateSeconds > 0 {
                account.books.reply(route.rawValue, "late")
                try await exchange.loop.sleep(seconds: course.gateway?.after ?? 0)
                if let gateway = course.gateway { await FaultReplies.page(gateway.status).send(over: exchange) }
                try await exchange.loop.sleep(seconds: course.lateSeconds - (course.gateway?.after ?? 0))
            }
            outcome = try await OpenAIActs(account: account).perform(request, course.list)
        } catch let error as APIError {
            outcome = OpenAIActs.Outcome(reply: FaultReplies.error(error))
        } catch is ClientGone {
            return account.books.reply(route.rawValue, "client gone")
        } catch {
            outcome = OpenAIActs.Outcome(reply: FaultReplies.error(APIError(500, "\(error)", type: "server_error")))
        }
        if !isMoved {
            let hasFiles = route == .batch && ObjectShape.hasFiles(outcome.reply)
            await strike(&course, route, at: .reply, exchange) { _ in hasFiles }
        }
        outcome.reply = course.objects.reply(outcome.reply)
        await finish(outcome, course, route, id, exchange)
    }

    private func strike(
        _ course: inout RequestCourse, _ route: OpenAIRoute, at moment: RouteFault.Moment, _ exchange: Exchange,
        _ applies: (RouteFault) -> Bool
    ) async {
        for fault in account.plan.strike(route: route.rawValue, at: moment, applies) {
            course.take(fault, clock: account.clock)
            if fault.kind == .slow { try? await exchange.loop.sleep(seconds: account.clock.scaled(fault.seconds)) }
        }
    }

    private func authorize(_ head: RequestHead) throws(APIError) {
        guard let value = head.header("Authorization"), value.hasPrefix("Bearer "), value.count > 7 else {
            throw .unauthorized
        }
        if let key = account.options.apiKey, value.dropFirst(7) != key { throw .wrongKey }
    }

    // MARK: The end of a request

    /// Sends the reply of the act, or that of the fault in its place.
    private func finish(
        _ outcome: OpenAIActs.Outcome?, _ course: RequestCourse, _ route: OpenAIRoute, _ id: String,
        _ exchange: Exchange
    ) async {
        let end = course.end
        if end?.kind == .lateReply { try? await exchange.loop.sleep(seconds: end?.seconds ?? 0) }
        let isOpen = exchange.isOpen
        let isLost = course.replacement != nil || end?.kind == .lostReply || end?.kind == .truncated
        if let paid = outcome?.paid, isLost || !isOpen { account.books.notDelivered(paid) }
        let good = outcome?.reply ?? SimReply.text(500, "")
        guard let reply = course.replacement.map({ replace($0, route, id, exchange) }) ?? .some(good) else {
            account.books.reply(route.rawValue, "dropped")
            return exchange.abort()
        }
        guard isOpen else { return account.books.reply(route.rawValue, "client gone") }
        switch end?.kind {
        case .lostReply:
            account.books.reply(route.rawValue, "lost")
            exchange.abort()
        case .truncated: await send(reply, "truncated", .truncated, route, exchange)
        case .cut: await send(reply, "cut", .cut, route, exchange)
        case .gzip: await send(reply.gzipped() ?? reply, "\(reply.status)", .whole, route, exchange)
        default: await send(reply, "\(reply.status)", .whole, route, exchange)
        }
    }

    private func send(
        _ reply: SimReply, _ outcome: String, _ form: SimReply.Transmission, _ route: OpenAIRoute, _ exchange: Exchange
    ) async {
        account.books.reply(route.rawValue, outcome)
        var reply = reply
        reply.headers += [
            ("openai-version", "2020-10-01"), ("openai-organization", "org-simulated"), ("openai-processing-ms", "1"),
        ]
        await reply.send(over: exchange, form)
    }

    /// The reply in place of the act's; nil: the connection ends.
    private func replace(
        _ fault: RouteFault, _ route: OpenAIRoute, _ id: String, _ exchange: Exchange
    ) -> SimReply? {
        switch fault.kind {
        case .error: return FaultReplies.refusal(fault, route, id: id)
        case .html: return FaultReplies.page(fault.status, headers: fault.headers)
        case .empty: return SimReply(status: fault.status, headers: fault.headers, body: .bytes([]))
        case .login: return FaultReplies.login()
        case .raw:
            return SimReply(
                status: fault.status, headers: [("Content-Type", fault.contentType)] + fault.headers,
                body: .bytes(Array(fault.body.utf8)))
        case .redirect: return FaultReplies.redirect(fault.status, to: location(fault.target, exchange.head))
        case .slow, .late, .lag, .ignoresAfter, .oddOrder, .noCreatedAt, .timesOff, .noFiles, .noCounts, .drop,
            .lostReply, .lateReply, .truncated, .cut, .gzip:
            return nil
        }
    }

    private func location(_ target: String, _ head: RequestHead) -> String {
        let path = OpenAIHandler.moved + head.path + (head.query.map { "?\($0)" } ?? "")
        switch target {
        case "path": return path
        case "host":
            if elsewhere == nil {
                elsewhere = try? SimulatorServer(on: account.loop, host: OpenAIHandler.otherHost, port: 0) { [self] in
                    await answerElsewhere($0)
                }
            }
            return "http://\(OpenAIHandler.otherHost):\(elsewhere?.port ?? 0)\(path)"
        case "login": return "/login"
        default: return target
        }
    }
}
