// The pictures of one lot: which are sent, and why the others are not. A value; any thread.

/// Keeps the list of missing pictures (C2.5) with their reasons, and decides which pictures are left out after a
/// refusal of the provider.
struct LotPictures: Equatable, Sendable {
    struct Absence: Equatable, Sendable {
        /// For operators and later for integrators: `not_found`, or the provider's words.
        var reason: String
        /// Set if the provider named no picture: this one is left out to find out whether the others are accepted.
        /// The number counts the trials, from 0.
        var trial: Int?
    }

    /// Trials in which a part of the pictures is left out because the provider named none.
    static let trialsMax = 4

    /// The lot's URLs, in their order.
    let urls: [String]
    private var absences: [String: Absence]

    /// - Parameters:
    ///   - missing: the URLs that cannot be used.
    ///   - reasons: ``reasonsText``; nil in rows of earlier versions.
    init(urls: [String], missing: [String] = [], reasons: String? = nil) {
        self.urls = urls
        let known = reasons.flatMap { try? JSONValue.parse(Array($0.utf8)) }
        absences = [:]
        for url in missing {
            let text = known?[url]?["reason"]?.string ?? "unknown"
            absences[url] = Absence(reason: text, trial: known?[url]?["trial"]?.int)
        }
    }

    /// The URLs that are sent, in order. A URL that the lot names twice is sent twice.
    var sent: [String] { urls.filter { absences[$0] == nil } }
    var missing: [String] { urls.filter { absences[$0] != nil } }

    func reason(of url: String) -> String? { absences[url]?.reason }

    /// The reasons as JSON, `{url: {"reason", "trial"}}`; nil if no picture is missing.
    var reasonsText: String? {
        let members: [(String, JSONValue)] = distinct(missing).map { url in
            var members: [(String, JSONValue)] = [("reason", JSONValue(absences[url]?.reason))]
            if let trial = absences[url]?.trial { members.append(("trial", .int(trial))) }
            return (url, .object(members))
        }
        return members.isEmpty ? nil : JSONValue.object(members).text
    }

    mutating func lose(_ url: String, because reason: String) {
        absences[url] = Absence(reason: reason)
    }

    /// Leaves out what the refusal is about.
    /// - Parameter reason: the provider's words.
    /// - Returns: false if nothing more can be left out: the lot fails. Then no picture is missing only for a trial.
    mutating func leaveOut(_ fault: ProviderFault, because reason: String) -> Bool {
        switch fault {
        case .picture(let part):
            if let part, sent.indices.contains(part - ResponsesBody.firstPicturePart) {
                let url = sent[part - ResponsesBody.firstPicturePart]
                endTrials()
                lose(url, because: reason)
            } else {
                return tryWithoutSome(because: reason)
            }
        case .pictures(let allowed): return reduce(to: allowed, because: reason)
        case .lot, .form, .model, .account, .service, .between: return false
        }
        return !sent.isEmpty
    }

    /// Leaves out another quarter each time, at least one picture; those of the trial before come back. One bad picture
    /// is found so; the lot loses at most a quarter of its pictures.
    private mutating func tryWithoutSome(because reason: String) -> Bool {
        let trial = (absences.values.compactMap(\.trial).max() ?? -1) + 1
        endTrials()
        let suspects = distinct(sent)
        guard suspects.count > 1 else {
            for url in suspects { lose(url, because: reason) }
            return false
        }
        let groups = min(LotPictures.trialsMax, suspects.count)
        guard trial < groups else { return false }
        let group = suspects.count * trial / groups..<suspects.count * (trial + 1) / groups
        for url in suspects[group] { absences[url] = Absence(reason: reason, trial: trial) }
        return true
    }

    /// Keeps the first pictures: as many as the provider allows, or three quarters.
    private mutating func reduce(to allowed: Int?, because reason: String) -> Bool {
        let now = distinct(sent)
        guard now.count > 1 else { return false }
        let least = max(1, now.count * 3 / 4)
        let kept = allowed.map { $0 < now.count ? max(1, $0) : least } ?? least
        for url in now[kept...] { lose(url, because: reason) }
        return true
    }

    private mutating func endTrials() {
        absences = absences.filter { $0.value.trial == nil }
    }

    private func distinct(_ urls: [String]) -> [String] {
        var seen: Set<String> = []
        return urls.filter { seen.insert($0).inserted }
    }
}

extension ImageProblem {
    /// The reason in a word.
    var reason: String {
        switch self {
        case .unreachable: "unreachable"
        case .status(404), .status(410): "not_found"
        case .status(let status): "http_\(status)"
        case .tooLarge: "too_large"
        case .notAnImage: "not_an_image"
        case .forbidden: "forbidden_address"
        }
    }
}
