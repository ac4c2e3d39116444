// One benchmark per claim about a hot path. thresholds.json has the limits, as ratios of two of them. Thread: the
// benchmark's; the hops have their own loops.
import Benchmark
import BenchmarkSubjects
import Engine
import Server
import Simdjson

let benchmarks: @Sendable () -> Void = {
    Benchmark.defaultConfiguration = .init(
        metrics: [.wallClock, .throughput], warmupIterations: 3, scalingFactor: .one, maxDuration: .seconds(3),
        maxIterations: 10_000)
    ingest()
    requests()
    hops()
}

/// About 8 MB of lots.
private let lots: [[UInt8]] = {
    var sample = Sample()
    return sample.lots(2000)
}()

private func ingest() {
    Benchmark("canonical form and HMAC of 2000 lots") { benchmark in
        var subject = CanonicalSubject()
        benchmark.startMeasurement()
        blackHole(subject.sign(lots))
    }
    Benchmark("HMAC alone of the same canonical forms") { benchmark in
        var subject = CanonicalSubject()
        let canonical = lots.map { subject.canonical($0) }
        benchmark.startMeasurement()
        blackHole(subject.signAlone(canonical))
    }
    Benchmark("simdjson parses the same lots") { benchmark in
        benchmark.startMeasurement()
        for lot in lots {
            let isJSON = lot.withUnsafeBytes {
                bench_simdjson_parse($0.bindMemory(to: CChar.self).baseAddress, $0.count)
            }
            precondition(isJSON == 1)
        }
    }
    Benchmark("COPY frames of the same lots") { benchmark in
        let subject = try FrameSubject(lots)
        blackHole(subject.frame())
        benchmark.startMeasurement()
        blackHole(subject.frame())
    }
    Benchmark("a plain copy of the same rows") { benchmark in
        let texts = try FrameSubject(lots).texts
        var copy: [UInt8] = []
        for text in texts { copy += text }
        copy.removeAll(keepingCapacity: true)
        benchmark.startMeasurement()
        for text in texts { copy += text }
        blackHole(copy.count)
    }
}

private func requests() {
    Benchmark("1000 polls: head, route, signature") { benchmark in
        let subject = PollSubject()
        benchmark.startMeasurement()
        for _ in 0..<1000 { precondition(subject.judge()) }
    }
    Benchmark("1000 HMACs of a job id, its key's text hashed anew") { benchmark in
        let job = Array("0198f3a2-7c1e-7d4b-9a55-1f0e2d3c4b5a".utf8)
        benchmark.startMeasurement()
        for _ in 0..<1000 { blackHole(KeyedHash(key: job).digest(of: job)) }
    }
    Benchmark("1000 requests of 50 clients counted by the limiter") { benchmark in
        var limits = RateLimits()
        limits.poll = RateLimiter.largestRate
        let limiter = RateLimiter(limits: limits)
        let clients = (0..<50).map { IPAddress(v4: 0xC000_0200 + $0) }
        benchmark.startMeasurement()
        for number in 0..<1000 { blackHole(limiter.admit(clients[number % 50], .poll)) }
    }
}

private func hops() {
    Benchmark("1000 hops from one loop to another and back") { benchmark in
        let (near, far) = (Loop(name: "near"), Loop(name: "far"))
        benchmark.startMeasurement()
        await withCheckedContinuation { done in hop(near, far, left: 1000) { done.resume() } }
        benchmark.stopMeasurement()
        for loop in [near, far] {
            loop.stop()
            await loop.join()
        }
    }
    Benchmark("1000 posts to a loop from its own thread") { benchmark in
        let loop = Loop(name: "alone")
        benchmark.startMeasurement()
        await withCheckedContinuation { done in hop(loop, loop, left: 1000) { done.resume() } }
        benchmark.stopMeasurement()
        loop.stop()
        await loop.join()
    }
}

private func hop(_ here: Loop, _ there: Loop, left: Int, done: @escaping @Sendable () -> Void) {
    there.post {
        if left == 0 { done() } else { hop(there, here, left: left - 1, done: done) }
    }
}
