// One transfer of curl: its easy handle, the received bytes and the callbacks. Frees: `free` frees the easy handle
// and its lists, after the transfer has left its `CurlMulti`. Thread: the client's loop.
import CShims

/// The C side of an exchange. Callbacks only record data and wake the waiting task; they
/// never add, remove or unpause a transfer.
final class CurlTransfer {
    /// Bytes of an answer that are buffered before curl must stop reading.
    static let bufferedMax = 256 * 1024
    /// Bytes of a redirect's body that are read to keep its connection.
    static let redirectBytesMax = 16 * 1024
    /// Most bytes of all header lines together; curl bounds single lines only.
    static let headMax = 256 * 1024

    let easy: UnsafeMutableRawPointer
    let policy: AddressPolicy?
    let followsRedirects: Bool
    let upload: UploadFeed?
    /// Most bytes of the decoded body; nil means no limit.
    let bodyMax: Int?
    var headerList: UnsafeMutablePointer<curl_slist>?
    /// The host's addresses in curl's format.
    var addressList: UnsafeMutablePointer<curl_slist>?
    /// A proxy or a SOCKS server passes the bytes on, after an exchange of its own.
    var isTunnelled = false
    private var isFreed = false
    private var lastAddress = ""

    var status = 0
    private(set) var head = AnswerHead()
    /// True when the final answer's head is complete; false for an interim
    /// answer and for a redirect that is followed.
    var headIsFinal = false
    /// True after the head of a redirect that is followed; its body is ignored.
    private(set) var isRedirect = false
    private var redirectBytes = 0
    private var headBytes = 0
    private var buffer: [UInt8] = []
    private var received = 0
    /// The error that a callback found; more precise than curl's code.
    private(set) var verdict: OutboundError.Kind?
    private var socketsOpened = 0
    private var socketsForbidden = 0
    private(set) var isReceivingPaused = false
    private(set) var isSendingPaused = false
    /// Called from within curl when the head is complete or bytes have arrived.
    var changed: (() -> Void)?
    /// Called after the transfer has ended by itself and left its pool.
    var ended: ((CURLcode) -> Void)?

    init?(policy: AddressPolicy?, followsRedirects: Bool, upload: UploadFeed?, bodyMax: Int?) {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        self.policy = policy
        self.followsRedirects = followsRedirects
        self.upload = upload
        self.bodyMax = bodyMax
    }

    func free() {
        guard !isFreed else { return }
        lastAddress = address
        isFreed = true
        (changed, ended) = (nil, nil)
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        curl_slist_free_all(addressList)
        (headerList, addressList) = (nil, nil)
    }

    // MARK: Outside curl's callbacks

    /// Returns the bytes received since the last call. The caller then resumes a paused transfer.
    func takeBuffered() -> [UInt8] {
        let taken = buffer
        buffer = []
        return taken
    }

    var hasBuffered: Bool { !buffer.isEmpty }

    func continueReceiving() -> CURLcode {
        guard isReceivingPaused else { return CURLE_OK }
        isReceivingPaused = false  // set before the call, because curl may pause again within it
        return resume()
    }

    func continueSending() -> CURLcode {
        guard isSendingPaused else { return CURLE_OK }
        isSendingPaused = false
        return resume()
    }

    private func resume() -> CURLcode {
        let still = (isReceivingPaused ? CURLPAUSE_RECV : 0) | (isSendingPaused ? CURLPAUSE_SEND : 0)
        return curl_easy_pause(easy, still)
    }

    /// True once a byte of the request was passed to the system.
    var mayHaveArrived: Bool {
        var bytes = 0
        shim_easy_info_long(easy, CURLINFO_REQUEST_SIZE, &bytes)
        guard bytes > 0, isTunnelled else { return bytes > 0 }
        // The size includes the request to the proxy; the time is set when the tunnel is there.
        var microseconds = 0
        shim_easy_info_off(easy, CURLINFO_PRETRANSFER_TIME_T, &microseconds)
        return microseconds > 0
    }

    /// The proxy's status if it refused the tunnel.
    var proxyRefusal: Int? {
        guard isTunnelled else { return nil }
        var status = 0
        shim_easy_info_long(easy, CURLINFO_HTTP_CONNECTCODE, &status)
        return status >= 300 ? status : nil
    }

    /// The connection's remote address; still available after the end.
    var address: String {
        if isFreed { return lastAddress }
        var text: UnsafePointer<CChar>?
        shim_easy_info_str(easy, CURLINFO_PRIMARY_IP, &text)
        return text.map { String(cString: $0) } ?? ""
    }

    // MARK: From curl's callbacks

    /// Returns false to refuse the address (C7).
    func permits(_ address: IPAddress?) -> Bool {
        guard let policy else { return true }
        if let address, policy.permits(address) {
            socketsOpened += 1
            verdict = nil
            return true
        }
        socketsForbidden += 1
        // A host with at least one permitted address is unreachable rather than forbidden.
        verdict = socketsOpened == 0 ? .forbiddenAddress : nil
        return false
    }

    /// Returns false to end the transfer.
    func receivedHeader(_ line: UnsafeRawBufferPointer) -> Bool {
        headBytes += line.count
        guard headBytes <= CurlTransfer.headMax else {
            verdict = .tooLarge
            return false
        }
        if let status = HeaderLine.status(line) {
            self.status = status
            head.clear()
            headIsFinal = false
        } else if HeaderLine.isEnd(line) {
            guard status >= 200 else { return true }
            isRedirect = location != nil
            headIsFinal = !isRedirect
            changed?()
        } else if !headIsFinal {
            head.add(line)
        }
        return true
    }

    /// Target of a redirect that is followed; nil for any other answer.
    var location: String? {
        guard followsRedirects, (300..<400).contains(status) else { return nil }
        return head.first("location").flatMap { $0.isEmpty ? nil : $0 }
    }

    enum Reception { case taken, pause, refuse }

    func receivedBody(_ bytes: UnsafeRawBufferPointer) -> Reception {
        if isRedirect {
            redirectBytes += bytes.count
            return redirectBytes <= CurlTransfer.redirectBytesMax ? .taken : .refuse
        }
        if buffer.count >= CurlTransfer.bufferedMax {
            isReceivingPaused = true
            return .pause
        }
        if let bodyMax, bytes.count > bodyMax - received {
            verdict = .tooLarge
            return .refuse
        }
        received += bytes.count
        buffer.append(contentsOf: bytes)
        changed?()
        return .taken
    }

    /// Returns nil if curl must pause.
    func giveBody(_ target: UnsafeMutableRawBufferPointer) -> Int? {
        guard let upload else { return 0 }
        switch upload.take(into: target) {
        case .bytes(let count): return count
        case .end: return 0
        case .dry:
            isSendingPaused = true
            return nil
        }
    }
}

/// Parses the lines that curl passes to its header callback.
enum HeaderLine {
    /// Returns the status of a line such as `HTTP/1.1 200 OK`; nil for any other line.
    static func status(_ line: UnsafeRawBufferPointer) -> Int? {
        guard line.starts(with: "HTTP/".utf8), let space = line.firstIndex(of: 0x20) else { return nil }
        let digits = line[(space + 1)...].prefix { ASCII.isDigit($0) }
        return Int(String(decoding: digits.prefix(3), as: UTF8.self))
    }

    static func isEnd(_ line: UnsafeRawBufferPointer) -> Bool {
        line.allSatisfy { $0 == 0x0D || $0 == 0x0A }
    }
}
