// Writes log lines from a thread of its own, so that no loop ever waits for a disk or a terminal.
// Frees: the mutex and the condition in deinit, which comes after the thread has ended. Thread: any may `submit`.
import Logging

#if canImport(Glibc)
import Glibc
#endif

/// A bounded queue of lines and the thread that writes them to standard output and a file. What does not fit is dropped
/// and counted.
public final class LogWriter: @unchecked Sendable {  // all state is touched between lock and unlock
    /// Bytes that may wait; beyond, lines are dropped.
    static let waitingBytesMax = 4 * 1024 * 1024

    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)
    private let changed: UnsafeMutablePointer<pthread_cond_t> = .allocate(capacity: 1)
    private var waiting: [UInt8] = []
    private var writing = false
    private var dropped = 0
    private var closed = false
    private var ended = false
    private let outputs: [Int32]
    private let ownsLast: Bool

    /// - Parameters:
    ///   - file: appended to; its folder is made. nil: none.
    ///   - standardOutput: also write there.
    public init(file: String?, standardOutput: Bool = true) {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        let descriptor = file.map(LogWriter.openFile) ?? -1
        outputs = (standardOutput ? [STDOUT_FILENO] : []) + (descriptor >= 0 ? [descriptor] : [])
        ownsLast = descriptor >= 0
        if let file, descriptor < 0 {
            submit(Array("WARNING LOG_FILE \(file) cannot be written; logging to standard output only\n".utf8))
        }
        startThread()
    }

    deinit {
        if ownsLast, let last = outputs.last { Glibc.close(last) }
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Queues a line with its line end. Never waits for the writing.
    public func submit(_ line: [UInt8]) {
        pthread_mutex_lock(mutex)
        if closed || waiting.count + line.count > LogWriter.waitingBytesMax {
            dropped += 1
            LogMetrics.dropped()
        } else {
            waiting.append(contentsOf: line)
            pthread_cond_broadcast(changed)
        }
        pthread_mutex_unlock(mutex)
    }

    /// Waits until everything queued so far is written. Not for loop threads.
    public func flush() {
        pthread_mutex_lock(mutex)
        while !ended, !waiting.isEmpty || writing { pthread_cond_wait(changed, mutex) }
        pthread_mutex_unlock(mutex)
    }

    /// Writes what is queued and ends the thread. Not for loop threads.
    public func close() {
        pthread_mutex_lock(mutex)
        closed = true
        pthread_cond_broadcast(changed)
        while !ended { pthread_cond_wait(changed, mutex) }
        pthread_mutex_unlock(mutex)
    }

    // MARK: The writing thread

    private func startThread() {
        var thread = pthread_t()
        let me = Unmanaged.passRetained(self)  // released at the end of the thread
        let failure = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<LogWriter>.fromOpaque(argument!).takeRetainedValue().run()
                return nil
            }, me.toOpaque())
        precondition(failure == 0, "no thread for the log")
        pthread_detach(thread)
    }

    private func run() {
        while let bytes = take() {
            for output in outputs { LogWriter.writeAll(bytes, to: output) }
            finishedWriting()
        }
        pthread_mutex_lock(mutex)
        ended = true
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    private func finishedWriting() {
        pthread_mutex_lock(mutex)
        writing = false
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// Waits for lines; nil once closed and empty.
    private func take() -> [UInt8]? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while waiting.isEmpty, dropped == 0, !closed { pthread_cond_wait(changed, mutex) }
        guard !waiting.isEmpty || dropped > 0 else { return nil }
        var bytes = waiting
        waiting.removeAll(keepingCapacity: true)
        if dropped > 0 {
            bytes += LogLine.text(
                at: .now(), level: .warning, message: "log lines dropped under pressure",
                metadata: [("count", String(dropped))])
            dropped = 0
        }
        writing = true
        return bytes
    }

    private static func writeAll(_ bytes: [UInt8], to output: Int32) {
        var done = 0
        while done < bytes.count {
            let wrote = bytes.withUnsafeBytes { Glibc.write(output, $0.baseAddress! + done, bytes.count - done) }
            if wrote < 0, errno == EINTR || errno == EAGAIN { continue }
            // A full disk or a closed pipe loses lines; the service goes on.
            guard wrote > 0 else { return }
            done += wrote
        }
    }

    private static func openFile(_ path: String) -> Int32 {
        var end = path.startIndex
        while let slash = path[end...].firstIndex(of: "/") {
            if slash > path.startIndex { mkdir(String(path[..<slash]), 0o755) }
            end = path.index(after: slash)
        }
        return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    }
}
