// From an `OutboundRequest` to the options of an easy handle. Frees: nothing; the header list goes with its transfer.
// Thread: the client's loop.
import CShims

extension CurlTransfer {
    /// Sets everything that a transfer needs.
    func configure(_ exchange: OutboundExchange, _ configuration: HTTPClientConfiguration) {
        let request = exchange.request
        installCallbacks()
        setConnection(request, configuration)
        setAddresses(exchange)
        setMethod(request)
        setHeaders(request)
        if request.acceptCompressed { shim_easy_str(easy, CURLOPT_ACCEPT_ENCODING, "") }
        // Ends an answer of known length before its body is sent; `receivedBody` counts the others.
        if let bodyMax, bodyMax < Int.max { shim_easy_off(easy, CURLOPT_MAXFILESIZE_LARGE, Int(bodyMax)) }
    }

    private func setConnection(_ request: OutboundRequest, _ configuration: HTTPClientConfiguration) {
        shim_easy_str(easy, CURLOPT_URL, request.url)
        shim_easy_str(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        shim_easy_long(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1)
        shim_easy_long(easy, CURLOPT_CONNECTTIMEOUT_MS, max(1, Int(request.connectSeconds * 1000)))
        shim_easy_str(easy, CURLOPT_PROXY, "")  // not even from the environment
        shim_easy_long(easy, CURLOPT_NOSIGNAL, 1)
        // Without it a transfer that ends while its name is being resolved waits for the resolver's thread, on our
        // loop.
        shim_easy_long(easy, CURLOPT_QUICK_EXIT, 1)
        shim_easy_long(easy, CURLOPT_DISALLOW_USERNAME_IN_URL, 1)  // redirects included
        shim_easy_long(easy, CURLOPT_TCP_KEEPALIVE, 1)
        shim_easy_long(easy, CURLOPT_BUFFERSIZE, 64 * 1024)
        if request.neverRepeat || upload?.isSeekable == false { shim_easy_long(easy, CURLOPT_FRESH_CONNECT, 1) }
        if let file = configuration.certificateAuthorityFile { shim_easy_str(easy, CURLOPT_CAINFO, file) }
        shim_easy_str(easy, CURLOPT_USERAGENT, configuration.userAgent)
    }

    /// Puts the addresses where curl looks before it would look the name up, and keeps it from doing that itself.
    private func setAddresses(_ exchange: OutboundExchange) {
        guard HostNames.needsLook(exchange.host) else { return }
        // `+`: not for ever. curl asks with or without the dot that names the root, as its version goes.
        let place = ":\(exchange.target.port):" + exchange.addresses.joined(separator: ",")
        let name = exchange.host
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
        // An empty value takes away what curl would add: a pause before each body, and a media type that is not ours.
        var lines = ["Expect:"]
        if !request.headers.contains(where: { OutboundHeaders.equal($0.0, "content-type") }) {
            lines.append("Content-Type:")
        }
        lines += request.headers.map { $0.1.isEmpty ? "\($0.0);" : "\($0.0): \($0.1)" }
        for line in lines { headerList = curl_slist_append(headerList, line) ?? headerList }
        shim_easy_slist(easy, CURLOPT_HTTPHEADER, headerList)
    }
}
