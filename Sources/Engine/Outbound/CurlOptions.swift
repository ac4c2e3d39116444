// Converts an `OutboundRequest` to options of an easy handle. Frees: nothing; the transfer frees the header list.
// Thread: the client's loop.
import CShims

extension CurlTransfer {
    /// Sets all options of a transfer.
    func configure(_ exchange: OutboundExchange, _ configuration: HTTPClientConfiguration) {
        let request = exchange.request
        installCallbacks()
        setConnection(request, configuration)
        setProxy(exchange, configuration)
        setAddresses(exchange)
        setMethod(request)
        setHeaders(request)
        if request.acceptCompressed { shim_easy_str(easy, CURLOPT_ACCEPT_ENCODING, "") }
        // Refuses an answer of a known, excessive length before its body is sent; `receivedBody` counts the others.
        if let bodyMax, bodyMax < Int.max { shim_easy_off(easy, CURLOPT_MAXFILESIZE_LARGE, Int(bodyMax)) }
    }

    private func setConnection(_ request: OutboundRequest, _ configuration: HTTPClientConfiguration) {
        shim_easy_str(easy, CURLOPT_URL, request.url)
        shim_easy_str(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        shim_easy_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        shim_easy_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.connectSeconds * 1000)))
        shim_easy_long(easy, CURLOPT_NOSIGNAL, 1)
        // Otherwise a transfer that ends during its name lookup would wait for the resolver's thread, on the loop.
        shim_easy_long(easy, CURLOPT_QUICK_EXIT, 1)
        shim_easy_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)  // also in redirects
        shim_easy_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        shim_easy_long(easy, CURLOPT_BUFFERSIZE, 64 * 1024)
        if request.neverRepeat || upload?.isSeekable == false { shim_easy_long(easy, CURLOPT_FRESH_CONNECT, 1) }
        if let file = configuration.certificateAuthorityFile { shim_easy_str(easy, CURLOPT_CAINFO, file) }
        shim_easy_str(easy, CURLOPT_USERAGENT, configuration.userAgent)
    }

    /// curl sends our headers to the target only: `CURLHEADER_SEPARATE` is its default.
    private func setProxy(_ exchange: OutboundExchange, _ configuration: HTTPClientConfiguration) {
        guard let proxy = exchange.proxy else {
            shim_easy_str(easy, CURLOPT_PROXY, "")  // ignores a proxy from the environment
            return
        }
        shim_easy_str(easy, CURLOPT_PROXY, proxy.address)
        if let user = proxy.user { shim_easy_str(easy, CURLOPT_PROXYUSERNAME, user) }
        if let password = proxy.password { shim_easy_str(easy, CURLOPT_PROXYPASSWORD, password) }
        if let file = configuration.certificateAuthorityFile { shim_easy_str(easy, CURLOPT_PROXY_CAINFO, file) }
        shim_easy_str(easy, CURLOPT_NOPROXY, "")  // the choice is made already
        // The proxy's reply to CONNECT is no part of the answer.
        shim_easy_long(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        isTunnelled = exchange.target.scheme == "https" || proxy.kind == .socks
    }

    /// Puts the addresses into curl's cache and prevents curl from looking the name up itself.
    private func setAddresses(_ exchange: OutboundExchange) {
        guard HostNames.needsLook(exchange.dialledHost) else { return }
        // `+` lets the entry expire. Depending on its version, curl looks the name up
        // with or without the root's trailing dot.
        let place = ":\(exchange.dialledPort):" + exchange.addresses.joined(separator: ",")
        let name = exchange.dialledHost
        for name in name.hasSuffix(".") ? [name, String(name.dropLast())] : [name] {
            addressList = curl_slist_append(addressList, "+" + name + place) ?? addressList
        }
        shim_easy_slist(easy, CURLOPT_RESOLVE, addressList)
        shim_easy_resolver_cb(easy) { _, _, _ in 1 }
    }

    private func setMethod(_ request: OutboundRequest) {
        if request.method == "HEAD" {
            shim_easy_long(easy, CURLOPT_NOBODY, 1)
            return
        }
        if let upload {
            shim_easy_long(easy, CURLOPT_POST, 1)
            shim_easy_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, upload.length)
        } else if request.method == "POST" {
            shim_easy_long(easy, CURLOPT_POST, 1)
            shim_easy_off(easy, CURLOPT_POSTFIELDSIZE_LARGE, 0)
        }
        let usual = upload != nil || request.method == "POST" ? "POST" : "GET"
        if request.method != usual { shim_easy_str(easy, CURLOPT_CUSTOMREQUEST, request.method) }
    }

    private func setHeaders(_ request: OutboundRequest) {
        // An empty value removes a header that curl would add: `Expect` delays each
        // body, and curl's media type would be wrong.
        var lines = ["Expect:"]
        if !request.headers.contains(where: { OutboundHeaders.equal($0.0, "content-type") }) {
            lines.append("Content-Type:")
        }
        lines += request.headers.map { $0.1.isEmpty ? "\($0.0);" : "\($0.0): \($0.1)" }
        for line in lines { headerList = curl_slist_append(headerList, line) ?? headerList }
        shim_easy_slist(easy, CURLOPT_HTTPHEADER, headerList)
    }
}
