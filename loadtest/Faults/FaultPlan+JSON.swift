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

    private static func route(_ json: JSONValue) throws(FaultPlanError) -> RouteFault {
        let names: Set<String> = ["route", "status", "code", "message", "retry_after", "seconds"]
        let odds = try odds(json, allowed: names)
        guard let kind = json["fault"]?.string.flatMap(RouteFaultKind.init(rawValue:)) else {
            throw FaultPlanError(description: "unknown route fault \(json["fault"]?.text ?? "(none)")")
        }
        return RouteFault(
            route: json["route"]?.string ?? "*", kind: kind, status: json["status"]?.int ?? 500,
            code: json["code"]?.string, message: json["message"]?.string, retryAfter: json["retry_after"]?.number,
            seconds: json["seconds"]?.number ?? 1, odds: odds)
    }

    private static func line(_ json: JSONValue) throws(FaultPlanError) -> LineFault {
        let odds = try odds(json, allowed: ["contains", "attempts", "status"])
        let name = json["fault"]?.string ?? ""
        let kind: LineFaultKind
        switch name {
        case "missing": kind = .missing
        case "doubled": kind = .doubled
        case "unknown_id": kind = .unknownID
        case "error": kind = .error(status: json["status"]?.int ?? 500)
        default:
            guard let fault = AnswerFault(rawValue: name) else {
                throw FaultPlanError(description: "unknown line fault '\(name)'")
            }
            kind = .answer(fault)
        }
        return LineFault(kind: kind, contains: json["contains"]?.string, attempts: json["attempts"]?.int, odds: odds)
    }

    private static func batch(_ json: JSONValue) throws(FaultPlanError) -> BatchFault {
        let odds = try odds(json, allowed: ["code", "fraction", "min_lines", "max_lines"])
        guard let kind = json["fault"]?.string.flatMap(BatchFaultKind.init(rawValue:)) else {
            throw FaultPlanError(description: "unknown batch fault \(json["fault"]?.text ?? "(none)")")
        }
        let (least, most) = (json["min_lines"]?.int ?? 0, json["max_lines"]?.int ?? .max)
        guard least <= most else { throw FaultPlanError(description: "min_lines is above max_lines") }
        let isBounded = json["min_lines"] != nil || json["max_lines"] != nil
        return BatchFault(
            kind: kind, code: json["code"]?.string ?? "token_limit_exceeded", fraction: json["fraction"]?.number ?? 0.5,
            lines: isBounded ? least...most : nil, odds: odds)
    }
}
