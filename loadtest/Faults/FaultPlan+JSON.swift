// Reads a fault plan from JSON; each mistake is an error. Thread: any.
import Engine

/// The mistake in a fault plan.
public struct FaultPlanError: Error, CustomStringConvertible {
    public let description: String
}

extension FaultPlan {
    /// Replaces the members that `json` names.
    mutating func apply(_ json: JSONValue) throws(FaultPlanError) {
        guard let members = json.members else { throw FaultPlanError(description: "a fault plan is no JSON object") }
        var changed = self
        for (name, value) in members {
            switch name {
            case "seed": changed.seed = value.int ?? 1
            case "routes": changed.routes = try FaultPlan.list(value, name, FaultPlan.route)
            case "lines": changed.lines = try FaultPlan.list(value, name, FaultPlan.line)
            case "batches": changed.batches = try FaultPlan.list(value, name, FaultPlan.batch)
            case "models":
                changed.models = try FaultPlan.list(value, name) { (json) throws(FaultPlanError) in try ModelRule(json)
                }
            case "fail_image_substring": changed.failImageSubstring = value.string
            case "enqueued_tokens": changed.enqueuedTokens = value.int
            case "shutdown": changed.shutDown = value.array?.compactMap(\.string) ?? []
            default: throw FaultPlanError(description: "a fault plan has no member '\(name)'")
            }
        }
        self = changed
    }

    private static func list<Entry>(
        _ value: JSONValue, _ name: String, _ read: (JSONValue) throws(FaultPlanError) -> Entry
    ) throws(FaultPlanError) -> [Entry] {
        guard let elements = value.array else { throw FaultPlanError(description: "'\(name)' is not a list") }
        var entries: [Entry] = []
        for element in elements { entries.append(try read(element)) }
        return entries
    }

    private static func odds(_ json: JSONValue, allowed: Set<String>) throws(FaultPlanError) -> FaultOdds {
        for (name, _) in json.members ?? [] where !allowed.union(["fault", "times", "probability"]).contains(name) {
            throw FaultPlanError(description: "a fault has no member '\(name)' here")
        }
        return FaultOdds(times: json.present("times")?.int, probability: json.present("probability")?.number ?? 1)
    }

    private static let errorNames: Set<String> = ["status", "code", "type", "param", "message", "retry_after"]

    private static func error(_ json: JSONValue) -> ErrorMembers {
        ErrorMembers(
            code: json.present("code"), type: json["type"]?.string, param: json["param"]?.string,
            message: json["message"]?.string, retryAfter: json.present("retry_after"))
    }

    private static func route(_ json: JSONValue) throws(FaultPlanError) -> RouteFault {
        let names: Set<String> = [
            "route", "headers", "body", "content_type", "seconds", "seconds_max", "to", "contains", "min_bytes", "acts",
            "gateway", "gateway_seconds",
        ]
        let odds = try odds(json, allowed: names.union(errorNames))
        // `status` is the older name of `error`.
        let name = json["fault"]?.string == "status" ? "error" : json["fault"]?.string
        guard let kind = name.flatMap(RouteFaultKind.init(rawValue:)) else {
            throw FaultPlanError(description: "unknown route fault \(json["fault"]?.text ?? "(none)")")
        }
        let route = json["route"]?.string ?? "*"
        guard route == "*" || OpenAIRoute(rawValue: route) != nil else {
            throw FaultPlanError(description: "there is no route '\(route)'")
        }
        var fault = RouteFault(route: route, kind: kind)
        fault.status = json["status"]?.int ?? (kind == .redirect ? 302 : kind == .login ? 200 : 500)
        fault.error = error(json)
        fault.headers = (json["headers"]?.members ?? []).map { ($0.0, $0.1.string ?? $0.1.text) }
        fault.body = json["body"]?.string ?? ""
        fault.contentType = json["content_type"]?.string ?? fault.contentType
        fault.seconds = json["seconds"]?.number ?? 1
        fault.secondsMax = json["seconds_max"]?.number
        fault.target = json["to"]?.string ?? fault.target
        fault.contains = json["contains"]?.string
        fault.bytesMin = json["min_bytes"]?.int
        fault.gateway = json["gateway"]?.int.map { ($0, json["gateway_seconds"]?.number ?? 0) }
        fault.acts = json["acts"]?.bool ?? false
        fault.odds = odds
        return fault
    }

    private static func line(_ json: JSONValue) throws(FaultPlanError) -> LineFault {
        let names: Set<String> = ["contains", "attempts", "picture", "index"]
        let odds = try odds(json, allowed: names.union(errorNames))
        let name = json["fault"]?.string ?? ""
        guard let kind = LineFaultKind(name) else {
            throw FaultPlanError(description: "unknown line fault '\(name)'")
        }
        return LineFault(
            kind: kind, status: json["status"]?.int ?? (kind == .picture ? 400 : 500), error: error(json),
            picture: json["picture"]?.string, pictureIndex: json["index"]?.int, contains: json["contains"]?.string,
            attempts: json["attempts"]?.int, odds: odds)
    }

    private static func batch(_ json: JSONValue) throws(FaultPlanError) -> BatchFault {
        let odds = try odds(json, allowed: ["code", "message", "fraction", "min_lines", "max_lines"])
        guard let kind = json["fault"]?.string.flatMap(BatchFaultKind.init(rawValue:)) else {
            throw FaultPlanError(description: "unknown batch fault \(json["fault"]?.text ?? "(none)")")
        }
        let (least, most) = (json["min_lines"]?.int ?? 0, json["max_lines"]?.int ?? .max)
        guard least <= most else { throw FaultPlanError(description: "min_lines is above max_lines") }
        let isBounded = json["min_lines"] != nil || json["max_lines"] != nil
        return BatchFault(
            kind: kind, code: json["code"]?.string ?? "token_limit_exceeded", message: json["message"]?.string,
            fraction: json["fraction"]?.number ?? 0.5, lines: isBounded ? least...most : nil, odds: odds)
    }
}
