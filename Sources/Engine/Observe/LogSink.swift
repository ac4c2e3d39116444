// One output of the log with its queue and its thread: a blocked terminal delays neither the file nor a loop. Frees:
// the mutex and the condition in deinit, after the thread has ended. Thread: any may call `submit`.
import Glibc
import Logging

/// A bounded queue of lines. Lines that do not fit or cannot be written are dropped and counted.
final class LogSink: @unchecked Sendable {  // all state is accessed under the lock, `file` by the log thread only
    /// Most queued bytes; further lines are dropped.
    static let waitingBytesMax = 4 * 1024 * 1024
    /// Most bytes per write. A pipe that reports room accepts this many without blocking (PIPE_BUF).
    private static let pieceBytes = 4096
    /// Interval at which a blocked thread checks whether it must end, milliseconds.
    private static let pauseMilliseconds: Int32 = 100

    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private let changed: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
    private var waiting: [UInt8] = []
    private var writing = false
    private var dropped = 0
    private var reopening = false
    /// Set by `close`: the time at which a blocked output is given up.
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
        precondition(DetachedThread.start { self.run() }, "the log cannot start: the system has no thread left")
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Queues a line with its line end. Never blocks on the output.
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

    /// Makes the thread reopen the file by its name before it writes more.
    /// Lines queued earlier may go to either file.
    func reopen() {
        locked {
            reopening = true
            pthread_cond_broadcast(changed)
        }
    }

    /// Writes the queued lines, for `seconds` at most, and ends the thread. Blocks; not for loop threads.
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

    // MARK: Log thread

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

    /// Waits for work. Returns nil once the sink is closed and empty.
    private func take() -> (bytes: [UInt8], reopens: Bool)? {
        locked {
            while waiting.isEmpty, dropped == 0, !reopening, deadline == nil { pthread_cond_wait(changed, mutex) }
            guard !waiting.isEmpty || dropped > 0 || reopening else { return nil }
            var bytes = waiting
            waiting.removeAll(keepingCapacity: true)
            if dropped > 0 {
                bytes += format.line(
                    at: .now(), level: .warning, message: "log lines dropped because the output was too slow",
                    metadata: [("count", String(dropped)), ("output", output.label)])
                dropped = 0
            }
            defer { reopening = false }
            writing = true
            return (bytes, reopening)
        }
    }

    /// Reports the failure in the old file, which is still open.
    private func complain() {
        write(
            format.line(
                at: .now(), level: .error, message: "LOG_FILE cannot be reopened; logging to the old file",
                metadata: [("reason", String(cString: strerror(errno)))]))
    }

    private func write(_ bytes: [UInt8]) {
        var done = 0
        while done < bytes.count {
            guard waitForRoom() else { return lost(bytes[done...]) }
            let count = min(bytes.count - done, LogSink.pieceBytes)
            let wrote = bytes.withUnsafeBytes { Glibc.write(file.descriptor, $0.baseAddress! + done, count) }
            if wrote < 0, errno == EINTR || errno == EAGAIN { continue }
            // A full disk or a closed pipe loses lines; the service continues.
            guard wrote > 0 else { return lost(bytes[done...]) }
            done += wrote
        }
    }

    /// Waits until the output accepts bytes. Returns false once the deadline has passed or there is no file.
    private func waitForRoom() -> Bool {
        guard file.descriptor >= 0 else { return false }
        while true {
            var wish = pollfd(fd: file.descriptor, events: Int16(POLLOUT), revents: 0)
            if poll(&wish, 1, LogSink.pauseMilliseconds) > 0 { return true }
            let isOver = locked { deadline.map { Monotonic.seconds() >= $0 } ?? false }
            if isOver { return false }
        }
    }

    /// Counts lost lines without a log line about them, which would be lost too.
    private func lost(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes where byte == UInt8(ascii: "\n") { LogMetrics.dropped(output) }
    }
}
