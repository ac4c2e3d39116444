// Rows of the table: odd answers, and refusals by whose fault they are. Values; any thread.
import Engine

extension ProviderTable {
    /// The text of one lot that is not asked for first.
    private static let lot = "Car job-JOB-lot-2,"
    /// That of the lot that is asked for first.
    private static let first = "Car job-JOB-lot-0,"

    private static func answers(_ name: String, _ fault: String) -> ProviderCase {
        ProviderCase("answers: \(name)", FaultText.lines(fault))
    }

    static let answers: [ProviderCase] = forms + usages + damaged + lines

    private static let forms = [
        "commentary", "commentary_json", "commentary_unmarked", "content_text", "fenced", "bom", "top_text",
        "usage_details",
    ].map { answers($0, #"{"fault": "\#($0)"}"#) }

    private static let usages = ["missing", "null", "empty", "chat", "odd"].map { form in
        ProviderCase("answers: usage \(form)", FaultText.lines(#"{"fault": "usage_\#(form)"}"#)) { $0.isBooked = false }
    }

    private static let damaged = ["incomplete", "invalid_json", "failed", "blank_html"].map { fault in
        ProviderCase("answers: \(fault) at first", FaultText.lines(#"{"fault": "\#(fault)", "times": 4}"#)) {
            $0.callsMax = [.upload: 16, .create: 16]
        }
    }

    private static let lines = [
        answers(
            "failed with rate_limit_exceeded at first",
            #"{"fault": "failed", "code": "rate_limit_exceeded", "times": 4}"#),
        // The ledger does not recognise a description that was cleaned, so its translation is not compared.
        ProviderCase("answers: hostile_html", FaultText.lines(#"{"fault": "hostile_html"}"#)) { $0.isBooked = false },
        answers("lines doubled", #"{"fault": "doubled"}"#),
        answers("lines of no request", #"{"fault": "unknown_id"}"#),
        answers("status_code is a text", #"{"fault": "status_text"}"#),
        answers("no status_code", #"{"fault": "no_status"}"#),
        answers("body is a text", #"{"fault": "body_text"}"#),
        ProviderCase("a lot is refused", FaultText.lines(#"{"fault": "refusal", "contains": "\#(lot)"}"#)) {
            $0.outcome = .lotsFail([2])
        },
        ProviderCase(
            "a line is in neither file", FaultText.lines(#"{"fault": "missing", "contains": "\#(lot)", "times": 1}"#)
        ) {
            // RELIABILITY names it.
            ($0.paidAgainMax, $0.isBooked) = (1, false)
        },
    ]

    // MARK: Whose fault

    /// One lot's fault, on a line and on the lot that is asked for first.
    static let lotsFault: [ProviderCase] = ProviderError.lots.flatMap { error in
        [(2, lot), (0, first)].map { number, text in
            ProviderCase("lot \(number): \(error.name)", FaultText.lines(error.fault(("contains", .string(text))))) {
                $0.outcome = .lotsFail([number])
            }
        }
    }

    /// One picture's fault: it is left out.
    static let picturesFault: [ProviderCase] =
        [
            "image_parse_error", "invalid_image_format", "image_too_large", "image_content_policy_violation",
            "unsupported_image_media_type", "empty_image_file",
        ].flatMap { code in
            [2, 0].map { number in
                let fault = #"{"fault": "picture", "picture": "JOB-\#(number)/2.jpg", "code": "\#(code)"}"#
                return ProviderCase("picture of lot \(number): \(code)", FaultText.lines(fault)) {
                    // A picture that may only have been downloaded badly is sent inline at first, and then is right.
                    let isRefused = ["image_too_large", "image_content_policy_violation"].contains(code)
                    $0.outcome = isRefused ? .without("-\(number)/2.jpg") : .any
                }
            }
        }
        + [
            // It does not say which one.
            ProviderCase(
                "picture: too many patches",
                FaultText.lines(ProviderError.tooManyPatches.fault(("contains", .string(lot))))
            ) { $0.outcome = .any }
        ]

    /// Refusals that concern every line: no batch may be made.
    static let formsFault: [ProviderCase] = ProviderError.forms.map { error in
        ProviderCase("form: \(error.name)", FaultText.lines(error.fault())) {
            ($0.outcome, $0.callsMax) = (.allFail, [.create: 0])
        }
    }

    /// Limits of models that are learnt.
    static let learnt: [ProviderCase] = [
        model("no temperature", #""refuses": ["temperature"]"#),
        model("no reasoning", #""refuses": ["reasoning"]"#),
        model("no reasoning.effort", #""refuses": ["reasoning.effort"]"#),
        model("no prompt_cache_options", #""refuses": ["prompt_cache_options"]"#),
        model("efforts medium and high only", #""efforts": ["medium", "high"]"#),
        model("a ceiling of 2,000 tokens", #""max_output_tokens": 2000"#),
    ]

    private static func model(_ what: String, _ rule: String) -> ProviderCase {
        ProviderCase("models: \(what)", #"{"models": [{"model": "*", \#(rule)}]}"#) {
            $0.settings = ["OPENAI_MODEL_VISION": "gpt-5.6-terra", "OPENAI_MODEL_TRANSLATION": "gpt-4.1-mini"]
        }
    }

    /// A model is gone: the next one is taken, for lines, at the creation of a batch, and for one lot.
    static let modelGone: [ProviderCase] = ProviderError.modelGone.flatMap { error in
        let old = ("contains", JSONValue.string(#""model":"o4-mini""#))
        let models = ["OPENAI_MODEL_VISION": "o4-mini,gpt-5.6-terra"]
        let lines = FaultText.lines(error.fault(old))
        return [
            ProviderCase("model gone, \(error.name)", lines) { $0.settings = models },
            ProviderCase(
                "model gone at its batch, \(error.name)",
                FaultText.routes(error.fault(("route", .string(ProviderPlace.create.rawValue)), old))
            ) { $0.settings = models },
            ProviderCase("model gone for one lot, \(error.name)", lines) {
                ($0.settings, $0.work, $0.languages) = (models, .lot([200]), ["en"])
            },
        ]
    }

    // MARK: The account, the service, and what lies between

    private static let gateways = [
        ("Retry-After as a past date", past), ("Retry-After as garbage", soon),
        ("a proxy's 502", #""fault": "html", "status": 502"#), ("a proxy's 404", #""fault": "html", "status": 404"#),
        ("a login page", #""fault": "login""#), ("a 302", #""fault": "redirect", "to": "login""#),
    ]
    private static let past =
        #""fault": "html", "status": 503, "headers": {"Retry-After": "Sun, 29 Nov 2026 00:00:00 GMT"}"#
    private static let soon = #""fault": "html", "status": 503, "headers": {"Retry-After": "soon"}"#

    /// Passing troubles at each paid place: everything waits, and goes on.
    static let passing: [ProviderCase] = [ProviderPlace.ask, .upload, .create].flatMap { place in
        let route = ("route", JSONValue.string(place.rawValue))
        let faults =
            ProviderError.passing.map { ($0.name, $0.fault(route)) }
            + gateways.map { ($0, FaultText.at(place, $1, times: nil)) }
        return faults.map { name, fault in
            ProviderCase("\(place.rawValue): \(name) for 3 s", FaultText.routes(fault)) { $0.healsAfter = 3 }
        }
    }

    /// Troubles that last: the calls must become rare.
    static let lasting: [ProviderCase] = ProviderPlace.allCases.flatMap { place in
        lastingForms.map { form in
            ProviderCase("\(place.rawValue): \(form.rawValue) for 20 s", lasting(place, form)) {
                $0.healsAfter = 20
                if place == .cancel { $0.work = .cancelledLate }
                // A place that does not exist at all ends the job with a message.
                if form == .plain404, place != .poll, place != .output { $0.outcome = .any }
                $0.callsMax = [
                    .ask: 40, .upload: 10, .uploads: 16, .create: 10, .list: 30, .output: 24, .cancel: 10, .delete: 24,
                ]
            }
        }
    }

    private static func lasting(_ place: ProviderPlace, _ form: GatewayForm) -> String {
        let trouble = FaultText.at(place, form.json, times: nil)
        return switch place {
        case .list: FaultText.routes(FaultText.at(.create, #""fault": "lost_reply""#), trouble)
        case .uploads: FaultText.routes(FaultText.at(.upload, #""fault": "lost_reply""#), trouble)
        case .cancel: #"{"routes": [\#(trouble)], "batches": [{"fault": "stuck", "fraction": 0.5}]}"#
        case .ask, .upload, .create, .poll, .output, .delete: FaultText.routes(trouble)
        }
    }

    private static let lastingForms: [GatewayForm] = [.html404, .json404, .plain404, .html502]

    /// Files that a gateway does not take: they are halved.
    static let tooLarge: [ProviderCase] =
        (ProviderError.tooLarge.map {
            ($0.name, $0.fault(("route", .string(ProviderPlace.upload.rawValue)), ("min_bytes", 5000)))
        } + [
            ("a proxy's 413", FaultText.at(.upload, #""fault": "html", "status": 413, "min_bytes": 5000"#, times: nil))
        ])
        .map { name, fault in
            ProviderCase("file too large: \(name)", FaultText.routes(fault)) {
                $0.callsMax = [.upload: 24, .create: 24, .delete: 40]
            }
        }
}
