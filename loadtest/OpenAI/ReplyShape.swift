// Odd forms of lists and of the objects in them, as faults ask for. Values; any thread.
import Engine

/// The form of a list's pages.
struct ListShape {
    /// Objects younger than this are not listed, in seconds of the simulator's clock.
    var lagSeconds = 0.0
    /// Every page is the first, and more follow.
    var ignoresAfter = false
    /// The order depends on the ids only.
    var isOdd = false

    /// The listed items out of `items`, which are in their usual order.
    func listed<Item>(
        _ items: [Item], now: Double, id: (Item) -> String, createdAt: (Item) -> Double
    ) -> [Item] {
        var listed = lagSeconds > 0 ? items.filter { createdAt($0) <= now - lagSeconds } : items
        if isOdd { listed.sort { Hashing.hex(id($0), digits: 16) < Hashing.hex(id($1), digits: 16) } }
        return listed
    }

    func page(_ data: [JSONValue], hasMore: Bool) -> JSONValue {
        Paging.page(data, hasMore: ignoresAfter ? !data.isEmpty : hasMore)
    }
}

/// The form of the objects in a reply.
struct ObjectShape {
    var isWithoutCreation = false
    /// Added to all times, in seconds.
    var timesOff = 0.0
    var isWithoutFiles = false
    var isWithoutCounts = false

    private var isUsual: Bool { !isWithoutCreation && timesOff == 0 && !isWithoutFiles && !isWithoutCounts }

    /// A good JSON reply in this form; other replies stay as they are.
    func reply(_ reply: SimReply) -> SimReply {
        guard !isUsual, reply.status == 200, case .bytes(let bytes) = reply.body,
            let json = try? JSONValue.parse(bytes)
        else { return reply }
        var changed = reply
        changed.body = .bytes(shaped(json).bytes)
        return changed
    }

    private func shaped(_ json: JSONValue) -> JSONValue {
        guard case .object(let members) = json else { return json }
        if json["object"]?.string == "list" {
            return .object(
                members.map { name, value in
                    (name, name == "data" ? .array((value.array ?? []).map(shaped)) : value)
                })
        }
        return .object(members.compactMap(shaped))
    }

    private func shaped(_ name: String, _ value: JSONValue) -> (String, JSONValue)? {
        if name == "created_at", isWithoutCreation { return nil }
        if name == "request_counts", isWithoutCounts { return nil }
        if isWithoutFiles, ["output_file_id", "error_file_id"].contains(name) { return (name, .null) }
        if name.hasSuffix("_at"), let time = value.int { return (name, .int(time + Int(timesOff))) }
        return (name, value)
    }

    /// True if a reply names files.
    static func hasFiles(_ reply: SimReply) -> Bool {
        guard reply.status == 200, case .bytes(let bytes) = reply.body, let json = try? JSONValue.parse(bytes) else {
            return false
        }
        return ["output_file_id", "error_file_id"].contains { !(json[$0]?.string ?? "").isEmpty }
    }
}
