import Glibc
// One output of the log with its queue and the thread that writes it: a terminal that takes nothing keeps back neither
// the file nor a loop. Frees: the mutex and the condition in deinit, which comes after the thread has ended.
// Thread: any may `submit`.
import Logging

/// A bounded queue of lines. What does not fit, or cannot be written, is dropped and counted.
final class LogSink: @unchecked Sendable {  // all state is touched between lock and unlock, `file` by the thread alone
    /// Bytes that may wait; beyond, lines are dropped.
    static let waitingBytesMax = 4 * 1024 * 1024
    /// Written in one call. A pipe that says it has room takes so much without blocking (PIPE_BUF).
    private static let pieceBytes = 4096
    /// How often a thread that cannot write looks whether it is to end, milliseconds.
    private static let pauseMilliseconds: Int32 = 100

    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private let changed: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
    private var waiting: [UInt8] = []
    private var writing = false
    private var dropped = 0
    private var reopening = false
    /// Set by `close`: when to give up on an output that takes nothing.
    private var deadline: Double?
    private var ended = false

    private let output: LogMetrics.Output
    private let format: LogFormat
    private let file: LogFile

    init(_ file: LogFile, _ output: LogMetrics.Output, format: LogFormat) {
        self.file = file
        self.output = output
        self.format = format
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        precondition(DetachedThread.start { self.run() }, "no thread for the log")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Queues a line with its line end. Never waits for the writing.
    func submit(_ line: [UInt8]) {
        locked {
            if deadline != nil || waiting.count + line.count > LogSink.waitingBytesMax {
                dropped += 1
                LogMetrics.dropped(output)
            } else {
                waiting.append(contentsOf: line)
                pthread_cond_broadcast(changed)
            }
        }
    }

    /// The file is opened anew by its name before anything more is written: what was queued before may go to either.
    func reopen() {
        locked {
            reopening = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Writes what is queued, for `seconds` at most, and ends the thread. Not for loop threads.
    func close(seconds: Double) {
        locked {
            deadline = deadline ?? Monotonic.seconds() + seconds
            pthread_cond_broadcast(changed)
            while !ended { pthread_cond_wait(changed, mutex) }
        }
    }

    private func locked<Value>(_ body: () -> Value) -> Value {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }

    // MARK: The writing thread

    private func run() {
        while let work = take() {
            if work.reopens, !file.reopen() { complain() }
            write(work.bytes)
            locked { writing = false }
        }
        file.close()
        locked {
            ended = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Waits for something to do; nil once closed and empty.
    private func take() -> (bytes: [UInt8], reopens: Bool)? {
        locked {
            while waiting.isEmpty, dropped == 0, !reopening, deadline == nil { pthread_cond_wait(changed, mutex) }
            guard !waiting.isEmpty || dropped > 0 || reopening else { return nil }
            var bytes = waiting
            waiting.removeAll(keepingCapacity: true)
            if dropped > 0 {
                bytes += format.line(
                    at: .now(), level: .warning, message: "log lines dropped under pressure",
                    metadata: [("count", String(dropped)), ("output", output.label)])
                dropped = 0
            }
            defer { reopening = false }
            writing = true
            return (bytes, reopening)
        }
    }

    /// Into the old file, which is still there.
    private func complain() {
        write(
            format.line(
                at: .now(), level: .error, message: "LOG_FILE could not be opened anew",
                metadata: [("reason", String(cString: strerror(errno)))]))
    }

    private func write(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            guard waitForRoom() else { return lost(bytes[done...]) }
            let count = min(bytes.count - done, LogSink.pieceBytes)
            let wrote = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress! + done, count) }
            if wrote < 0, errno == EINTR || errno == EAGAIN { continue }
            // A full disk or a closed pipe loses lines; the service goes on.
            guard wrote > 0 else { return lost(bytes[done...]) }
            done += wrote
        }
    }

    /// False when there is no use in waiting any more.
    private func waitForRoom() -> Bool {
        guard file.descriptor >= 0 else { return false }
        while true {
            var wish = pollfd(fd: file.descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&wish, 1, LogSink.pauseMilliseconds) > 0 { return true }
            let isOver = locked { deadline.map { Monotonic.seconds() >= $0 } ?? false }
            if isOver { return false }
        }
    }

    /// Counted, but not announced: the announcement would be lost as well.
    private func lost(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes where byte == UInt8(ascii: "\n") { LogMetrics.dropped(output) }
    }
}
