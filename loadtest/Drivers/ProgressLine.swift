// One line of progress on standard error: rewritten on a terminal, a new line every few seconds elsewhere. Thread: the
// driver's loop; loop-bound.
import Engine
import Glibc

final class ProgressLine {
    private static let terminalSeconds = 0.25
    private static let otherSeconds = 5.0

    private let loop: Loop
    private let isShown: Bool
    private let isTerminal = isatty(2) == 1
    private var timer: LoopTimer?
    private var line: (() -> String)?
    private var isDirty = false

    init(isShown: Bool, on loop: Loop) {
        self.isShown = isShown
        self.loop = loop
    }

    /// Shows `text`, once.
    func show(_ text: String) {
        watch { text }
        line = nil
    }

    /// Shows the text of `line` repeatedly from now on.
    func watch(_ line: @escaping () -> String) {
        guard isShown else { return }
        self.line = line
        write(line())
        guard timer == nil else { return }
        let period = isTerminal ? ProgressLine.terminalSeconds : ProgressLine.otherSeconds
        let timer = LoopTimer(on: loop)
        timer.start(after: period, repeating: period) { [unowned self] in
            if let line = self.line { write(line()) }
        }
        self.timer = timer
    }

    /// Removes the line.
    func close() {
        timer?.close()
        timer = nil
        line = nil
        if isDirty { put("\r\u{1B}[K") }
        isDirty = false
    }

    private func write(_ text: String) {
        if isTerminal {
            put("\r\u{1B}[K" + text.prefix(100))
            isDirty = true
        } else {
            put(text + "\n")
        }
    }

    /// Drops the bytes that the terminal does not accept at once: the run must not wait for its progress line.
    private func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(2, bytes, bytes.count)
    }
}
