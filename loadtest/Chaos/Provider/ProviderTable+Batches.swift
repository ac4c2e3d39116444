// Rows of the table: batches that are made late, cancelled, denied, or end with wrong files. Values; any thread.

extension ProviderTable {
    private static let late = #""fault": "late", "gateway": 504, "seconds": 2"#

    /// The gateway gives up later than the settling time after the intent, and the batch comes after that.
    private static let hanging = #""fault": "late", "seconds": 8, "gateway": 504, "gateway_seconds": 6"#

    /// A creation of which nobody knows in time.
    static let creation: [ProviderCase] = [
        ProviderCase("creation given up after 6 s, made after 8 s", FaultText.routes(FaultText.at(.create, hanging))) {
            $0.tailSeconds = 3
        },
        ProviderCase(
            "creation given up after 6 s, made after 8 s, killed in between",
            FaultText.routes(FaultText.at(.create, hanging))
        ) { ($0.kill, $0.tailSeconds) = ((.create, 6.5), 3) },
        ProviderCase("creation made 2 s after a gateway's 504", FaultText.routes(FaultText.at(.create, late))) {
            $0.tailSeconds = 3
        },
        ProviderCase("creation made late, killed meanwhile", FaultText.routes(FaultText.at(.create, late))) {
            ($0.kill, $0.tailSeconds) = ((.create, 0.3), 3)
        },
        ProviderCase(
            "creation hangs 4 s, killed meanwhile",
            FaultText.routes(FaultText.at(.create, #""fault": "late", "seconds": 4"#))
        ) { ($0.kill, $0.tailSeconds) = ((.create, 1), 5) },
        ProviderCase(
            "reply to a creation lost, list lags 2 s",
            FaultText.routes(
                FaultText.at(.create, #""fault": "lost_reply""#),
                FaultText.at(.list, #""fault": "lag", "seconds": 2"#, times: nil))
        ) { $0.tailSeconds = 3 },
        ProviderCase(
            "reply to a creation lost, list lags 2 s, killed",
            FaultText.routes(
                FaultText.at(.create, #""fault": "lost_reply""#),
                FaultText.at(.list, #""fault": "lag", "seconds": 2"#, times: nil))
        ) { ($0.kill, $0.tailSeconds) = ((.create, 0.5), 3) },
        ProviderCase("upload made late", FaultText.routes(FaultText.at(.upload, late))) { $0.tailSeconds = 2 },
        lost("no created_at", FaultText.at(.list, #""fault": "no_created_at""#, times: nil)),
        lost("times 15 min behind", FaultText.at(.list, #""fault": "times_off", "seconds": -900"#, times: nil)),
        lost("times an hour behind", FaultText.at(.list, #""fault": "times_off", "seconds": -3600"#, times: nil)),
        lost("times an hour ahead", FaultText.at(.list, #""fault": "times_off", "seconds": 3600"#, times: nil)),
        lost("a list that ignores after", FaultText.at(.list, #""fault": "ignores_after""#, times: nil)) {
            $0.foreignBatches = 220
        },
        lost("a list in odd order", FaultText.at(.list, #""fault": "odd_order""#, times: nil)) {
            $0.foreignBatches = 220
        },
        ProviderCase(
            "creation dropped, a list that ignores after",
            FaultText.routes(
                FaultText.at(.create, #""fault": "drop""#),
                FaultText.at(.list, #""fault": "ignores_after""#, times: nil))
        ) { $0.foreignBatches = 220 },
        ProviderCase("creation dropped", FaultText.routes(FaultText.at(.create, #""fault": "drop""#))),
    ]

    private static func lost(
        _ what: String, _ list: String, _ change: (inout ProviderCase) -> Void = { _ in }
    ) -> ProviderCase {
        ProviderCase(
            "reply to a creation lost, \(what)",
            FaultText.routes(FaultText.at(.create, #""fault": "lost_reply""#), list), change)
    }

    /// A gateway that loses a good reply.
    static let lostBehindGateway: [ProviderCase] = [ProviderPlace.create, .upload].flatMap { place in
        [
            ("lost", #""fault": "lost_reply""#), ("cut off", #""fault": "truncated""#),
            ("hidden by a 504", #""fault": "html", "status": 504, "acts": true"#),
            ("hidden by a 404 in HTML", #""fault": "html", "status": 404, "acts": true"#),
            ("hidden by a login page", #""fault": "login", "acts": true"#),
            ("hidden by an empty 200", #""fault": "empty", "status": 200, "acts": true"#),
            ("hidden by a 302", #""fault": "redirect", "to": "login", "acts": true"#),
        ].map { what, members in
            ProviderCase("reply of \(place.rawValue) \(what)", FaultText.routes(FaultText.at(place, members)))
        }
    }

    private static let stuck = #""batches": [{"fault": "stuck", "fraction": 0.5}]"#

    static let cancelled: [ProviderCase] =
        [
            ProviderCase("cancelled while its batch is made late", FaultText.routes(FaultText.at(.create, late))) {
                ($0.work, $0.tailSeconds) = (.cancelledEarly, 3)
            },
            ProviderCase(
                "cancelled, batch made late and listed later",
                FaultText.routes(
                    FaultText.at(.create, #""fault": "late", "gateway": 504, "seconds": 1"#),
                    FaultText.at(.list, #""fault": "lag", "seconds": 3"#, times: nil))
            ) { ($0.work, $0.tailSeconds) = (.cancelledEarly, 5) },
            ProviderCase("cancel lost", cancelling(#""fault": "lost_reply""#)) { $0.work = .cancelledLate },
            ProviderCase("cancel refused with 409", cancelling(#""fault": "error", "status": 409"#)) {
                $0.work = .cancelledLate
            },
        ]
        + GatewayForm.allCases.flatMap { form in
            [1, 4].map { times in
                ProviderCase("cancel \(form.rawValue) x\(times)", cancelling(form.json, times: times)) {
                    $0.work = .cancelledLate
                }
            }
        }

    private static func cancelling(_ members: String, times: Int = 1) -> String {
        #"{"routes": [\#(FaultText.at(.cancel, members, times: times))], \#(stuck)}"#
    }

    /// A wrong reply at each place of a batch's way, once and several times.
    static let wrongReplies: [ProviderCase] = wrongAtPlaces + wrongLists

    private static let wrongAtPlaces: [ProviderCase] = {
        let places: [ProviderPlace] = [.poll, .output, .create, .upload, .delete]
        return places.flatMap { place in
            GatewayForm.allCases.flatMap { form in [wrong(place, form, times: 1), wrong(place, form, times: 3)] }
        }
    }()

    private static func wrong(_ place: ProviderPlace, _ form: GatewayForm, times: Int) -> ProviderCase {
        ProviderCase(
            "\(place.rawValue) \(form.rawValue) x\(times)",
            FaultText.routes(FaultText.at(place, form.json, times: times)))
    }

    private static let wrongLists: [ProviderCase] = GatewayForm.allCases.flatMap { form in
        [wrongList(.create, .list, form), wrongList(.upload, .uploads, form)]
    }

    private static func wrongList(_ act: ProviderPlace, _ list: ProviderPlace, _ form: GatewayForm) -> ProviderCase {
        ProviderCase(
            "reply of \(act.rawValue) lost, \(list.rawValue) \(form.rawValue) x2",
            FaultText.routes(
                FaultText.at(act, #""fault": "lost_reply""#), FaultText.at(list, form.json, times: 2)))
    }

    static let files: [ProviderCase] =
        file("HTML in a 200", #""fault": "html", "status": 200"#)
        + file("an error object in a 200", #""fault": "error", "status": 200, "message": "try later""#)
        + file("unasked gzip", #""fault": "gzip""#) + file("cut short without a Content-Length", #""fault": "cut""#)
        + file("cut off", #""fault": "truncated""#) + file("at another path", #""fault": "redirect", "to": "path""#)
        + file("at another host", #""fault": "redirect", "to": "host""#)
        + file("at another path by 307", #""fault": "redirect", "status": 307, "to": "path""#) + missing

    private static let missing = [
        ProviderCase("an ended batch without its files, once", FaultText.routes(FaultText.at(.poll, noFiles))),
        ProviderCase(
            "an ended batch without its files, 3 times", FaultText.routes(FaultText.at(.poll, noFiles, times: 3))),
        ProviderCase("batches without counts", FaultText.routes(FaultText.at(.poll, noCounts, times: nil))),
        ProviderCase(
            "batches without counts, a file cut short",
            FaultText.routes(FaultText.at(.poll, noCounts, times: nil), FaultText.at(.output, #""fault": "cut""#))),
        ProviderCase(
            "Retry-After of an hour on a file",
            FaultText.routes(FaultText.at(.output, #""fault": "error", "status": 429, "retry_after": 3600"#))
        ) {
            // The job's time is 36 s: the answers must be collected at its end.
            ($0.settings, $0.languages) = (["DEADLINE_HOURS": "0.01"], ["en"])
        },
    ]
    private static let noFiles = #""fault": "no_files""#
    private static let noCounts = #""fault": "no_counts""#

    private static func file(_ what: String, _ members: String) -> [ProviderCase] {
        [
            ProviderCase("file: \(what), once", FaultText.routes(FaultText.at(.output, members))),
            ProviderCase("file: \(what), 4 times", FaultText.routes(FaultText.at(.output, members, times: 4))),
        ]
    }

    /// Ends of whole batches.
    static let ends: [ProviderCase] =
        [
            ProviderCase("batch expires half done", FaultText.batches(#"{"fault": "expire", "times": 1}"#)),
            ProviderCase("batch is cancelled from outside", FaultText.batches(#"{"fault": "cancel", "times": 1}"#)),
            ProviderCase(
                "batch fails: invalid_json_line",
                FaultText.batches(#"{"fault": "fail", "code": "invalid_json_line", "min_lines": 2, "times": 1}"#)),
        ]
        + [
            "token_limit_exceeded", "rate_limit_exceeded", "server_error", "insufficient_quota", "model_not_found",
        ].map { code in
            ProviderCase(
                "batch fails: \(code)", FaultText.batches(#"{"fault": "fail", "code": "\#(code)", "times": 1}"#))
        }
}
