// Rows of the table: one lot, described while its sender waits; and trouble near a deadline. Values; any thread.

extension ProviderTable {
    private static func lot(
        _ name: String, _ faults: String, _ statuses: [Int], _ change: (inout ProviderCase) -> Void = { _ in }
    ) -> ProviderCase {
        ProviderCase("one lot: \(name)", faults) {
            ($0.work, $0.languages, $0.settings) = (.lot(statuses), ["en"], ["OPENAI_IMAGE_MODE": "url"])
            change(&$0)
        }
    }

    static let lots: [ProviderCase] =
        [
            "commentary", "commentary_json", "commentary_unmarked", "content_text", "fenced", "bom", "top_text",
            "usage_odd", "usage_missing",
        ].map { lot($0, FaultText.lines(#"{"fault": "\#($0)"}"#), [200]) }
        + [
            lot("answer after 8 s", FaultText.routes(FaultText.at(.ask, #""fault": "late", "seconds": 8"#)), [200]),
            lot(
                "a gateway's 504, answered after 2 s", FaultText.routes(FaultText.at(.ask, behind504)), [200, 502, 504]
            ) {
                // A gateway's 504 does not say whether the provider works on.
                ($0.paidAgainMax, $0.tailSeconds, $0.lostMax) = (1, 3, 1)
            },
            lot("reply lost", FaultText.routes(FaultText.at(.ask, #""fault": "lost_reply""#)), [200]) {
                // RELIABILITY names it: as OpenAI's SDKs do.
                ($0.paidAgainMax, $0.lostMax) = (1, 1)
            },
            lot(
                "429", FaultText.routes(FaultText.at(.ask, #""fault": "error", "status": 429, "retry_after": 1"#)),
                [200]),
            lot("a proxy's 502", FaultText.routes(FaultText.at(.ask, #""fault": "html", "status": 502"#)), [200]),
            lot(
                "a proxy's 404", FaultText.routes(FaultText.at(.ask, #""fault": "html", "status": 404"#)),
                [200, 500, 502, 503]),
            lot("a login page", FaultText.routes(FaultText.at(.ask, #""fault": "login""#)), [200, 500, 502, 503]),
            lot("dropped", FaultText.routes(FaultText.at(.ask, #""fault": "drop""#)), [200]),
            lot(
                "failed with rate_limit_exceeded",
                FaultText.lines(#"{"fault": "failed", "code": "rate_limit_exceeded", "attempts": 1}"#), [200]),
            lot("a picture is refused", FaultText.lines(#"{"fault": "picture", "picture": "/2.jpg"}"#), [200]),
            lot("Request too large", FaultText.lines(ProviderError.requestTooLarge.fault()), [422, 500]) {
                $0.callsMax = [.ask: 2]
            },
            lot("a ceiling of 2,000 tokens", #"{"models": [{"model": "*", "max_output_tokens": 2000}]}"#, [200]),
        ]

    private static let behind504 = #""fault": "late", "seconds": 2, "gateway": 504"#

    static let deadline: [ProviderCase] = [
        ProviderCase(
            "a database without room near the deadline", FaultText.batches(#"{"fault": "stuck", "fraction": 0}"#)
        ) {
            // 36 s; the last eighth begins after 31.5 s. Paid answers wait until there is room.
            ($0.settings, $0.refusesResults, $0.healsAfter) = (["DEADLINE_HOURS": "0.01"], true, 45)
            $0.outcome = .any
            // RELIABILITY names the lots that are asked for directly.
            ($0.paidAgainMax, $0.lostMax, $0.isBooked) = (0, 6, false)
        }
    ]
}
