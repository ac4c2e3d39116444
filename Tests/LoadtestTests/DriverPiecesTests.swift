// The pure parts of the load drivers: replies, targets, schedules, completeness of JSON. Thread: any.
import ArgumentParser
import Engine
import Glibc
import Testing

@testable import LoadtestKit

@Suite("Parts of the load drivers", .timeLimit(.minutes(1)))
struct DriverPiecesTests {
    // MARK: Replies

    private struct Read: Equatable {
        var isDone = false
        var status = 0
        var keepsAlive = true
        var body = ""
    }

    private func read(_ bytes: [UInt8], cut: Int) throws -> Read {
        var reader = ReplyReader()
        var found = Read()
        for piece in [bytes[..<cut], bytes[cut...]] where !piece.isEmpty {
            try Array(piece).withUnsafeBytes { raw in
                found.isDone = try reader.read(raw) { _, body in found.body += String(decoding: body, as: UTF8.self) }
            }
        }
        (found.status, found.keepsAlive) = (reader.status, reader.keepsAlive)
        return found
    }

    static let replies: [(String, Int, Bool, String)] = [
        ("HTTP/1.1 200 OK\r\nContent-Type: a\r\nContent-Length: 5\r\n\r\nhello", 200, true, "hello"),
        ("HTTP/1.1 404 Not Found\r\nCONTENT-LENGTH:0\r\n\r\n", 404, true, ""),
        ("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab", 200, false, "ab"),
        ("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nab", 200, false, "ab"),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", 201, true, "x"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                + "5\r\nhello\r\nA;x=1\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            200, true, "hello0123456789"
        ),
        ("HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", 204, true, ""),
    ]

    @Test("a reply reads the same for any cut of its bytes", arguments: replies)
    func reply(text: String, status: Int, keepsAlive: Bool, body: String) throws {
        let bytes = Array(text.utf8)
        for cut in bytes.indices {
            let expected = Read(isDone: true, status: status, keepsAlive: keepsAlive, body: body)
            #expect(try read(bytes, cut: cut) == expected, "cut at \(cut)")
            // Without its last byte it is incomplete.
            let isDone = try read(bytes.dropLast(), cut: min(cut, bytes.count - 1)).isDone
            #expect(!isDone)
        }
    }

    @Test("without a length the end of the connection is the end of the reply")
    func untilEnd() throws {
        var reader = ReplyReader()
        var body = 0
        let text = Array("HTTP/1.1 200 OK\r\n\r\nabc".utf8)
        let isDone = try text.withUnsafeBytes { raw in try reader.read(raw) { body += $1.count } }
        #expect(!isDone && body == 3 && !reader.keepsAlive)
        let ended = reader.end()
        #expect(ended)
        reader.reset()
        let endedEarly = reader.end()
        #expect(!endedEarly, "an end before a reply is no reply")
    }

    @Test(
        "other protocols than HTTP are refused",
        arguments: [
            "SSH-2.0-OpenSSH\r\n\r\n12345", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
        ])
    func malformed(text: String) {
        #expect(throws: ReplyReader.Malformed.self) { try read(Array(text.utf8), cut: 0) }
    }

    // MARK: Targets

    static let addresses: [(String, String, Int, String)] = [
        ("http://127.0.0.1:5000", "127.0.0.1", 5000, ""), ("http://example.org/", "example.org", 80, ""),
        ("http://[::1]:81/base/", "::1", 81, "/base"), ("HTTP://[fe80::2]", "fe80::2", 80, ""),
    ]

    @Test("addresses of services", arguments: addresses)
    func target(url: String, host: String, port: Int, prefix: String) throws {
        let target = try Target(baseURL: url, key: "k")
        #expect(target.host == host && target.port == port && target.prefix == prefix)
        let head = String(decoding: target.statusRequest("j"), as: UTF8.self)
        #expect(head.hasPrefix("GET \(prefix)/api/v1/batch-status/j HTTP/1.1\r\nHost: \(target.authority)\r\n"))
        #expect(
            head.contains("\r\nX-Signature: \(SignatureKeys(shared: "k").sign("j"))\r\n") && head.hasSuffix("\r\n\r\n"))
    }

    @Test(
        "targets that cannot be measured are refused with a reason",
        arguments: [
            "https://x", "x:5000", "http://", "http://:80", "http://h:0", "http://h:x", "http://h:1:2", "http://u@h",
            "http://[::1", "http://[]:1", "http://[::1]x",
        ])
    func badTarget(url: String) {
        #expect(throws: DriverError.self) { try Target(baseURL: url, key: "k") }
    }

    @Test("an unexpected answer has advice")
    func advice() {
        func text(_ status: Int, _ code: String) -> String {
            DriverError(status: status, body: Array(#"{"code":"\#(code)","message":"m"}"#.utf8), to: "a poll")
                .description
        }
        #expect(text(403, "INVALID_SIGNATURE").contains("the key does not fit"))
        #expect(text(429, "RATE_LIMIT_EXCEEDED").contains("RATE_LIMIT_POLL=0"))
        #expect(text(422, "INVALID_IMAGE_URLS").contains("ALLOWED_PRIVATE_NETWORKS"))
        #expect(text(500, "X").hasSuffix("(a poll: 500 X: m)"))
        #expect(DriverError(status: 502, body: [], to: "a poll").description == "unexpected answer (a poll: 502)")
    }

    // MARK: Schedules

    @Test("an open loop keeps its rate, independent of the polls")
    func schedule() {
        var schedule = OpenSchedule(start: 10, rate: 4, seconds: 2)
        #expect(schedule.take(at: 9.9) == nil && schedule.next == 10)
        #expect(schedule.take(at: 10) == 10 && schedule.take(at: 10) == nil)
        // After a second without a poll, the missed requests keep their due times.
        var late: [Double] = []
        while let due = schedule.take(at: 11.1) { late.append(due) }
        #expect(late == [10.25, 10.5, 10.75, 11])
        #expect(schedule.next == 11.25)
        schedule.stop(at: 11.6)
        #expect(schedule.take(at: 20) == 11.25, "a request due before the stop may still leave")
        let unsent = schedule.abandon()
        #expect(unsent == 1 && schedule.next == nil)
    }

    @Test("nothing is due at the end or beyond the count")
    func scheduleEnd() {
        var schedule = OpenSchedule(start: 0, rate: 10, seconds: 0.3)
        var count = 0
        while schedule.take(at: 100) != nil { count += 1 }
        #expect(count == 3)
        var few = OpenSchedule(start: 0, rate: 10, seconds: 100, countMax: 2)
        #expect(few.take(at: 50) == 0 && few.take(at: 50) == 0.1 && few.take(at: 50) == nil)
    }

    @Test("a stage lasts from its first poll to the next stage's first poll")
    func stages() {
        var times = StageTimes()
        for (stage, at) in [("queued", 1.0), ("queued", 2), ("image_prefetch", 3), ("image_prefetch", 4), ("done", 7)] {
            times.saw(stage, at: at)
        }
        #expect(times.order == ["queued", "image_prefetch", "done"])
        #expect(times.seconds(in: "queued") == 2 && times.seconds(in: "image_prefetch") == 4)
        #expect(times.seconds(in: "done") == nil && times.seconds(in: "translation") == nil)
        #expect(times.hasLeft("image_prefetch") && !times.hasLeft("done"))
    }

    // MARK: JSON in pieces

    static let texts: [(String, Bool, Int)] = [
        (#"{"lot_id":"a","x":[{"lot_id" : "lot_id"}]} "#, true, 2), (#"{"a":"}\""}"#, true, 0), ("[]", true, 0),
        (#"{"lot_id":1"#, false, 1), ("", false, 0), ("{]", false, 0), ("[] []", false, 0), (#"{"a":"x"#, false, 0),
        ("5", false, 0), (#"{"a":1}x"#, false, 0), ("]", false, 0), (#"{"lot_idx":1,"lot_i":2}"#, true, 0),
    ]

    @Test("JSON is complete or not, for any cut", arguments: texts)
    func completeness(text: String, isComplete: Bool, count: Int) {
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var json = JSONCompleteness(counting: "lot_id")
            for piece in [Array(bytes[..<cut]), Array(bytes[cut...])] { piece.withUnsafeBytes { json.read($0) } }
            #expect(json.isComplete == isComplete && json.count == count)
        }
    }

    // MARK: The server's figures

    @Test("a process's ticks and sizes are found for any process name")
    func proc() throws {
        let stat = "7 (a) b (c) S 1 7 7 0 -1 4194560 1 0 0 0 250 50 9 9 20 0 4 0 100 1000 10"
        #expect(ServerProbe.ticks(stat) == 300)
        let status = "Name:\tx\nVmHWM:\t   2048 kB\nVmRSS:\t    1024 kB\nThreads:\t7\n"
        #expect(ServerProbe.number("VmHWM:", in: status) == 2048)
        #expect(ServerProbe.number("VmSwap:", in: status) == 0)
        #expect(ServerProbe.number("Threads:", in: status) == 7)
        #expect(ServerProbe(pid: 0) == nil)
        var probe = try #require(ServerProbe(pid: Int(getpid())))
        let sample = probe.sample(at: 3)
        #expect(sample.at == 3 && sample.processes >= 1)
        #expect(sample.residentMegabytes > 1 && sample.peakMegabytes >= sample.residentMegabytes * 0.9)
        #expect(sample.cpuSeconds > 0 && sample.threads >= 1 && sample.descriptors >= 3)
    }

    @Test("a soak compares its second and its last quarter, each kind within its tolerance")
    func soakVerdict() throws {
        func samples(_ memory: (Int) -> Double, descriptors: (Int) -> Int = { _ in 40 }) -> [ServerSample] {
            (0...40).map { step in
                var sample = ServerSample(at: Double(step), residentMegabytes: memory(step))
                (sample.descriptors, sample.threads) = (descriptors(step), 6)
                return sample
            }
        }
        // The first quarter does not count, a peak is not a level, and a decrease is no growth.
        let start = try #require(SoakVerdict(samples { $0 < 10 ? Double($0) : 100 }, within: SoakTolerance()))
        #expect(start.errors.isEmpty && start.figures.contains(Figure("rss_mb_last_quarter", 100)))
        #expect(SoakVerdict(samples { $0 == 35 ? 900 : 100 }, within: SoakTolerance())?.errors.isEmpty == true)
        #expect(SoakVerdict(samples { 100 - Double($0) }, within: SoakTolerance())?.errors.isEmpty == true)
        let grown = try #require(SoakVerdict(samples { 100 + Double($0) }, within: SoakTolerance()))
        #expect(grown.errors.keys.first?.hasPrefix("rss_mb grew from 115 to 135") == true, "\(grown.errors)")
        let leaking = samples({ _ in 100 }, descriptors: { 40 + $0 })
        #expect(SoakVerdict(leaking, within: SoakTolerance())?.errors.count == 1)
        #expect(SoakVerdict(leaking, within: SoakTolerance(descriptors: 30))?.errors.isEmpty == true)
        #expect(SoakVerdict(Array(leaking.prefix(3)), within: SoakTolerance()) == nil)
    }

    @Test("the machine's load is the difference between two reads of the first line")
    func machine() throws {
        let before = try #require(MachineTicks("cpu  100 0 100 700 100 0 0 0 5 0\ncpu0 1 1 1 1 1 1 1 1 1 1\n"))
        let after = try #require(MachineTicks("cpu  125 10 130 760 115 5 3 2 9 0\n"))
        #expect(before.busy == 200 && before.all == 1000)
        #expect(after.busyPercent(since: before) == 50)
        #expect(before.busyPercent(since: before) == 0)
        #expect(MachineTicks("intr 5") == nil)
    }

    // MARK: The command line

    @Test("compare passes the driver's options to the driver")
    func compareOptions() throws {
        let command = try CompareCommand.parse([
            "http://a", "http://b", "--driver", "poll", "--connections", "4", "--rounds", "2", "--rate", "10", "--key",
            "k",
        ])
        #expect(command.urlA == "http://a" && command.urlB == "http://b" && command.rounds == 2)
        let driver = try PollDriver.parse(command.rest)
        #expect(driver.connections == 4 && driver.rate == 10 && driver.seconds == 10)
        #expect(throws: (any Error).self) { try PollDriver.parse(["--lots", "4"]) }
    }

    @Test("every driver has its own name and valid defaults")
    func drivers() throws {
        #expect(Set(Drivers.all.map { $0.name }).count == Drivers.all.count)
        for type in Drivers.all { _ = try type.parse([]) }
        #expect(try IngestDriver.parse([]).body.spec.lots == 50_000)
    }
}
