// Prometheus' text format, byte for byte.
import Testing

@testable import Engine

@Suite("Metrics as text", .timeLimit(.minutes(1)))
struct MetricsTextTests {
    private func text(_ body: (inout MetricsText) -> Void) -> String {
        var text = MetricsText()
        body(&text)
        return String(decoding: text.bytes, as: UTF8.self)
    }

    @Test("C9: help and type, then the samples")
    func family() {
        let written = text {
            $0.family("a_total", .counter, "What a is.")
            $0.sample(7)
            $0.family("b", .gauge, "What b is.")
            $0.sample([("x", "1"), ("y", "two")], 0.5)
            $0.sample([("x", "2"), ("y", "")], -3)
        }
        #expect(
            written == """
                # HELP a_total What a is.
                # TYPE a_total counter
                a_total 7
                # HELP b What b is.
                # TYPE b gauge
                b{x="1",y="two"} 0.5
                b{x="2",y=""} -3

                """)
    }

    @Test("C9: a label's value cannot end its quotes or its line; help text cannot end its line")
    func escaping() {
        let written = text {
            $0.family("a", .gauge, "one\ntwo \\ \"three\"")
            $0.sample([("x", "q\"uo\\te\nend ж")], 1)
        }
        #expect(
            written == """
                # HELP a one\\ntwo \\\\ "three"
                # TYPE a gauge
                a{x="q\\"uo\\\\te\\nend ж"} 1

                """)
    }

    @Test(
        "numbers are written in a form that Go parses",
        arguments: [
            (1.0, "1"), (-0.5, "-0.5"), (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"), (1e21, "1e+21"),
            (0.00001, "1e-05"), (1_795_601_825.25, "1795601825.25"),
        ] as [(Double, String)])
    func numbers(value: Double, written: String) {
        #expect(MetricsText.number(value) == written)
    }

    @Test("C9: a histogram's buckets are cumulative and end in the count")
    func histogram() {
        let histograms = Histograms(Buckets(seconds: [0.1, 1]))
        for nanoseconds in [50_000_000, 100_000_000, 100_000_001, 999_000_000, 2_000_000_000] {
            histograms.observe(nanoseconds: nanoseconds)
        }
        let written = text {
            $0.family("a_seconds", .histogram, "A.")
            $0.histogram(histograms.snapshot(), [("x", "1")])
        }
        #expect(
            written == """
                # HELP a_seconds A.
                # TYPE a_seconds histogram
                a_seconds_bucket{x="1",le="0.1"} 2
                a_seconds_bucket{x="1",le="1"} 4
                a_seconds_bucket{x="1",le="+Inf"} 5
                a_seconds_sum{x="1"} 3.249000001
                a_seconds_count{x="1"} 5

                """)
    }
}
