// The control interface for tests, on the same listener: /_sim/state, /_sim/ledger, /_sim/faults, /_sim/reset.
// Thread: its loop.
import Engine
import Server

struct OpenAIAdmin {
    private let account: SimulatedAccount

    init(_ account: SimulatedAccount) { self.account = account }

    func answer(_ exchange: Exchange) async {
        await reply(exchange).send(over: exchange)
    }

    private func reply(_ exchange: Exchange) async -> SimReply {
        switch "\(exchange.head.method) \(exchange.head.path)" {
        case "GET /_sim/state":
            await account.batches.catchUp()
            return .json(200, account.state)
        case "GET /_sim/ledger":
            await account.batches.catchUp()
            return .json(200, ["paid": .array(account.books.ledger.map(\.json))])
        case "POST /_sim/faults": return await setFaults(exchange)
        case "POST /_sim/reset":
            await account.reset()
            return .json(200, ["reset": true])
        default:
            return .json(
                404, ["error": "GET /_sim/state, GET /_sim/ledger, POST /_sim/faults or POST /_sim/reset"])
        }
    }

    private func setFaults(_ exchange: Exchange) async -> SimReply {
        guard let bytes = try? await exchange.collectBody(limit: 1 << 20), let json = try? JSONValue.parse(bytes) else {
            return .json(400, ["error": "a fault plan must be a JSON object"])
        }
        do {
            try account.plan.apply(json)
            return .json(200, ["accepted": true])
        } catch {
            return .json(400, ["error": .string(error.description)])
        }
    }
}
