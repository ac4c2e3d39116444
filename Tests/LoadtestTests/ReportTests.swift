// The pure parts of the reports: percentiles, slices, JSON, the page, comparisons. Thread: any.
import Engine
import Testing

@testable import LoadtestKit

@Suite("Reports of load drivers", .timeLimit(.minutes(1)))
struct ReportTests {
    // MARK: Percentiles

    @Test("percentiles are never below the exact ones and at most 1/128 above", arguments: [1, 2, 7, 100, 5000])
    func percentiles(count: Int) {
        var random = SeededRandom(seed: UInt64(count))
        var histogram = LatencyHistogram()
        var values: [Int] = []
        for _ in 0..<count {
            // From nanoseconds to minutes: a random number of bits.
            let value = Int(random.next() >> (24 + random.next() % 40))
            values.append(value)
            histogram.record(nanoseconds: value)
        }
        values.sort()
        for share in [0, 0.001, 0.25, 0.5, 0.9, 0.99, 0.999, 1] {
            let exact = values[max(0, Int((share * Double(count)).rounded(.up)) - 1)]
            let told = histogram.percentile(share)
            #expect(told >= exact && told <= exact + exact / 128, "\(share): \(told) for \(exact)")
        }
        #expect(histogram.max == values.last && histogram.count == count)
        #expect(abs(histogram.mean - Double(values.reduce(0, +)) / Double(count)) <= histogram.mean * 1e-9)
    }

    @Test("values at the edges of buckets are kept, and hours count as more than an hour")
    func edges() {
        for value in [0, 1, 127, 128, 255, 256, 257, 511, 512, 1 << 20, (1 << 20) - 1, (1 << 42) - 1] {
            var histogram = LatencyHistogram()
            histogram.record(nanoseconds: value)
            #expect(histogram.percentile(0.5) == value, "one value is its own maximum")
            histogram.record(nanoseconds: 1 << 41)
            let told = histogram.percentile(0.5)
            #expect(told >= min(value, 1 << 41) && told <= min(value, 1 << 41) + min(value, 1 << 41) / 128)
        }
        var histogram = LatencyHistogram()
        histogram.record(seconds: 100_000)
        histogram.record(nanoseconds: -5)
        #expect(histogram.percentile(1) == (1 << 42) - 1 && histogram.percentile(0.5) == 0)
    }

    @Test("histograms can be added and reset")
    func adding() {
        var (a, b, both) = (LatencyHistogram(), LatencyHistogram(), LatencyHistogram())
        for value in 0..<1000 {
            if value % 3 == 0 { a.record(nanoseconds: value * value) } else { b.record(nanoseconds: value * value) }
            both.record(nanoseconds: value * value)
        }
        a.add(b)
        #expect(LatencySummary(a) == LatencySummary(both))
        a.removeAll()
        #expect(a.count == 0 && a.percentile(0.99) == 0 && a.max == 0 && a.mean == 0)
    }

    // MARK: Slices

    @Test("slices cover the time without gaps; a stall gives empty slices")
    func slices() {
        var recorder = LoadRecorder(origin: 100, begin: 102, sliceSeconds: 0.5)
        recorder.completed(at: 102.1, seconds: 0.010, bytes: 7)
        recorder.completed(at: 102.4, seconds: 0.030, bytes: 8)
        recorder.failed(at: 102.6, "reset")
        recorder.completed(at: 104.1, seconds: 1.5, bytes: 9)
        recorder.finish(at: 104.3)
        #expect(recorder.slices.map(\.at) == [2, 2.5, 3, 3.5, 4])
        #expect(recorder.slices.map(\.count) == [2, 0, 0, 0, 1])
        #expect(recorder.slices.map(\.errors) == [0, 1, 0, 0, 0])
        #expect(recorder.slices.map(\.bytes) == [15, 0, 0, 0, 9])
        #expect(abs(recorder.slices[4].seconds - 0.3) < 1e-9)
        #expect(recorder.slices[0].max == 30 && recorder.slices[1].max == 0)
        #expect(recorder.count == 3 && recorder.errorCount == 1 && recorder.bytes == 24)
        #expect(recorder.histogram.count == 3)
    }

    @Test("kinds of errors are bounded, their total is kept")
    func errorKinds() {
        var recorder = LoadRecorder(origin: 0, begin: 0, sliceSeconds: 1)
        for number in 0..<100 { recorder.failed(at: 0.5, "error \(number)") }
        #expect(recorder.errors.count == LoadRecorder.errorKindsMax + 1 && recorder.errorCount == 100)
    }

    // MARK: The report

    static func sample() -> DriverReport {
        var report = DriverReport(
            driver: "poll", target: "http://[::1]:5000/<b>&\"", startedAt: Timestamp(seconds: 1_800_000_000))
        report.seconds = 3.25
        report.settings = [("connections", 4), ("text", "<script>alert(1)</script>")]
        report.figures = [Figure("polls_per_second", 61_234.56, .higher)]
        var recorder = LoadRecorder(origin: 0, begin: 0, sliceSeconds: 0.5)
        for number in 0..<200 {
            recorder.completed(at: Double(number) / 100, seconds: number == 77 ? 0.9 : 0.002, bytes: 400)
        }
        recorder.failed(at: 2.1, "500 <INTERNAL>")
        recorder.finish(at: 2.2)
        report.add("polls", recorder)
        report.series = [Series(name: "Lots", unit: "lots", points: [.init(at: 0, value: 0), .init(at: 2, value: 9)])]
        report.notes = ["a & b"]
        report.server = (0..<5).map {
            ServerSample(
                at: Double($0), residentMegabytes: 50, peakMegabytes: 60, cpuSeconds: Double($0) / 2, processes: 2)
        }
        return report
    }

    @Test("the JSON has every part, numbers as numbers")
    func json() throws {
        let json = try JSONValue.parse(Self.sample().json.bytes)
        #expect(json["tool"] == "loadtest" && json["driver"] == "poll")
        #expect(json["started_at"] == "2027-01-15T08:00:00Z")
        #expect(json["figures"]?["polls_per_second"] == .double(61_234.56))
        #expect(json["latencies"]?["polls"]?["count"] == 200)
        #expect(json["latencies"]?["polls"]?["max_ms"] == .double(900))
        #expect(json["latencies"]?["polls"]?["slices"]?.array?.count == 5)
        #expect(json["latencies"]?["polls"]?["slices"]?.array?[1]["errors"] == 0)
        #expect(json["errors"] == ["500 <INTERNAL>": 1])
        #expect(json["server"]?.array?.count == 5 && json["server"]?.array?[4]["cpu_seconds"]?.double == 2)
        #expect(json["series"]?.array?.first?["points"]?.array?.count == 2)
        #expect(json["settings"]?["connections"] == 4)
    }

    @Test("the page is well-formed, has its charts, and loads nothing")
    func page() throws {
        let html = Self.sample().html
        try expectWellFormed(html)
        // Latency, throughput, the series, memory, CPU.
        #expect(html.split(separator: "<svg").count - 1 == 5)
        for word in ["<script", "src=", "href=", "url(", "@import", "<link", "<iframe", "<img"] {
            #expect(!html.contains(word), "\(word)")
        }
        #expect(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;") && html.contains("61,235"))
        #expect(html.contains("500 &lt;INTERNAL&gt;"))
    }

    @Test("a chart keeps every point inside, for any values")
    func charts() throws {
        let odd: [[Double]] = [[0], [5], [0, 0, 0], [1, 1_000_000], [-3, 3], [1e-9, 2e-9], [0.001, 40, 0]]
        for values in odd {
            let points = values.enumerated().map { Series.Point(at: Double($0), value: $1) }
            let svg = LineChart(title: "t", unit: "u", lines: [.init(name: "l", points: points)]).svg
            try expectWellFormed(svg)
            let drawn = try #require(svg.firstMatch(of: #/points="([^"]*)"/#)).output.1.split(separator: " ")
            #expect(drawn.count == values.count)
            for pair in drawn {
                let numbers = pair.split(separator: ",").compactMap { Double($0) }
                #expect(
                    numbers.count == 2 && (0...720).contains(numbers[0]) && (0...240).contains(numbers[1]), "\(pair)")
            }
        }
        #expect(LineChart(title: "t", unit: "u", lines: [.init(name: "l", points: [])]).svg.isEmpty)
    }

    @Test(
        "numbers in the form for people",
        arguments: [
            (0, "0"), (61_234.56, "61,235"), (12.345, "12.3"), (4.5678, "4.57"), (0.7891, "0.789"), (0.00123, "0.0012"),
            (-1_234_567, "-1,234,567"), (-0.5, "-0.500"), (Double.infinity, "-"), (99.96, "100.0"),
        ])
    func numbers(value: Double, text: String) {
        #expect(NumberText.short(value) == text)
    }

    @Test(
        "ticks have no zeros at their end", arguments: [(0, "0"), (7, "7"), (2.5, "2.5"), (100, "100"), (0.02, "0.02")])
    func ticks(value: Double, text: String) {
        #expect(NumberText.tick(value) == text)
    }

    // MARK: Comparing

    private func report(_ rate: Double, _ latency: Double) -> DriverReport {
        var report = DriverReport(driver: "poll", target: "http://x", startedAt: Timestamp(seconds: 0))
        report.figures = [
            Figure("polls_per_second", rate, .higher), Figure("p99_ms", latency, .lower), Figure("lots", 5),
        ]
        return report
    }

    @Test("ratios are of medians, with the ranges' ends; the direction decides which is better")
    func comparison() throws {
        var comparison = Comparison(driver: "poll", targetA: "http://a", targetB: "http://b")
        for (a, b) in [(100.0, 10.0), (300, 20), (200, 40)] { comparison.add(report(a, 1), report(b, 4)) }
        let rate = try #require(comparison.lines.first { $0.a.name == "polls_per_second" })
        #expect(rate.a.median == 200 && rate.a.low == 100 && rate.a.high == 300 && rate.a.rounds == 3)
        #expect(rate.ratio == 10 && rate.low == 2.5 && rate.high == 30 && rate.advantage == 10)
        let latency = try #require(comparison.lines.first { $0.a.name == "p99_ms" })
        #expect(latency.ratio == 0.25 && latency.advantage == 4)
        #expect(comparison.lines.last?.advantage == nil)
        let json = try JSONValue.parse(comparison.json.bytes)
        #expect(json["figures"]?["polls_per_second"]?["ratio"]?.double == 10)
        #expect(json["figures"]?["p99_ms"]?["advantage_of_a"]?.double == 4)
        #expect(json["reports"]?.array?.count == 3)
        try expectWellFormed(comparison.html)
        #expect(comparison.text.contains("A 10.0x"))
    }

    @Test("the median of an even number of rounds is the mean of the middle two")
    func medians() {
        #expect(RoundFigures.median([4, 1, 3, 2]) == 2.5 && RoundFigures.median([]) == 0)
        #expect(RoundFigures.median([9, 1, 5]) == 5)
    }
}

/// Every tag is closed in its order, attributes are quoted, and `<` and `&` are escaped.
func expectWellFormed(_ text: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    var open: [Substring] = []
    var rest = Substring(text)
    if rest.hasPrefix("<!DOCTYPE html>") { rest = rest.dropFirst("<!DOCTYPE html>".count) }
    while let begin = rest.firstIndex(of: "<") {
        let words = rest[..<begin]
        #expect(!words.contains(">") || open.last == "style", sourceLocation: sourceLocation)
        for part in words.split(separator: "&", omittingEmptySubsequences: false).dropFirst() {
            #expect(part.prefixMatch(of: #/(amp|lt|gt|quot);/#) != nil, "\(part)", sourceLocation: sourceLocation)
        }
        let end = try #require(rest[begin...].firstIndex(of: ">"), sourceLocation: sourceLocation)
        let tag = rest[rest.index(after: begin)..<end]
        rest = rest[rest.index(after: end)...]
        if tag.hasPrefix("/") {
            #expect(open.popLast() == tag.dropFirst(), sourceLocation: sourceLocation)
            continue
        }
        let form = #/[a-z][a-z0-9]*(\s+[A-Za-z0-9-]+="[^"<]*")*\s*\/?/#
        #expect(tag.wholeMatch(of: form) != nil, "\(tag)", sourceLocation: sourceLocation)
        if !tag.hasSuffix("/") { open.append(tag.prefix { $0.isLetter || $0.isNumber }) }
    }
    #expect(open.isEmpty, "\(open)", sourceLocation: sourceLocation)
}

extension JSONValue {
    fileprivate var double: Double? {
        guard case .double(let number) = self else { return int.map(Double.init) }
        return number
    }
}
