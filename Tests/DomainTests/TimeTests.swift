// Times and durations in the forms for people.
import Engine
import Testing

@Suite("Times", .timeLimit(.minutes(1)))
struct TimeTests {
    @Test(
        "ISO 8601 in its usual forms",
        arguments: [
            ("2025-08-05T07:30:00Z", "2025-08-05T07:30:00Z"), ("2025-08-05", "2025-08-05T00:00:00Z"),
            ("2025-08-05T07:30", "2025-08-05T07:30:00Z"), ("2025-08-05 07:30:00", "2025-08-05T07:30:00Z"),
            ("2025-08-05T07:30:00+02:00", "2025-08-05T05:30:00Z"),
            ("2025-08-05T07:30:00 02:00", "2025-08-05T05:30:00Z"),
            ("2025-08-05T07:30:00-0330", "2025-08-05T11:00:00Z"),
            ("2024-02-29T23:59:59.999999Z", "2024-02-29T23:59:59Z"),
        ])
    func reads(text: String, shown: String) {
        #expect(Timestamp(iso: text)?.description == shown)
    }

    @Test(
        "other texts are invalid",
        arguments: [
            "", "yesterday", "2025-13-01", "2025-02-29", "2025-08-05T24:00:00Z", "2025-08-05T07:30:00Zx", "20250805",
        ])
    func refuses(text: String) {
        #expect(Timestamp(iso: text) == nil)
    }

    @Test(
        "durations in the document's words",
        arguments: [
            (0.4, "0 seconds"), (1, "1 second"), (59.9, "59 seconds"), (60, "1 minute"), (2700, "45 minutes"),
            (7500, "2 hours 5 minutes"), (3600, "1 hour"), (97_200, "1 day 3 hours"),
        ])
    func words(seconds: Double, text: String) {
        #expect(DurationText.of(seconds: seconds) == text)
    }
}

@Suite("Estimates", .timeLimit(.minutes(1)))
struct EstimateTests {
    @Test("C5.3: the displayed estimate is after now at every moment of a job")
    func neverPast() {
        let created = Timestamp(seconds: 1_750_000_000.9)
        for minute in stride(from: 0.0, to: 5000, by: 7.3) {
            for processed in stride(from: 0, through: 100, by: 9) {
                let now = created + minute * 60
                let shown = Estimate.completion(
                    createdAt: created, now: now, totalLots: 100, processedLots: processed, first: created + 600)
                #expect(shown.floorToSecond > now)
            }
        }
    }

    @Test("C5.3: half done after an hour gives another hour; before that, the duration of recent jobs of this size")
    func measured() {
        let created = Timestamp(seconds: 1_750_000_000)
        let half = Estimate.completion(
            createdAt: created, now: created + 3600, totalLots: 100, processedLots: 50, first: nil)
        #expect(half == created + 7200)
        #expect(Estimate.seconds(lots: 10, recent: []) == Estimate.unmeasuredSeconds)
        let recent =
            (0..<7).map { Estimate.PastJob(lots: 10, seconds: 100 + Double($0)) }
            + (0..<9).map { Estimate.PastJob(lots: 50_000, seconds: 90_000 + Double($0)) }
        #expect(Estimate.seconds(lots: 12, recent: recent) == 103)
        #expect(Estimate.seconds(lots: 40_000, recent: recent) > 80_000)
    }
}
