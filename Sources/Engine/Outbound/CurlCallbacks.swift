// curl's C callbacks: convert a user pointer and raw bytes to calls of a `CurlTransfer`. Frees:
// nothing. Thread: the loop's, within curl.
import CShims
import Glibc

extension CurlTransfer {
    func installCallbacks() {
        // The client retains the transfer until its handle has left the multi
        // handle, so the pointer outlives all calls.
        let me = Unmanaged.passUnretained(self).toOpaque()
        shim_easy_ptr(easy, CURLOPT_WRITEDATA, me)
        shim_easy_data_cb(easy, CURLOPT_WRITEFUNCTION) { data, size, count, user in
            switch CurlTransfer.of(user).receivedBody(UnsafeRawBufferPointer(start: data, count: size * count)) {
            case .taken: size * count
            case .pause: Int(CURL_WRITEFUNC_PAUSE)
            case .refuse: 0
            }
        }
        shim_easy_ptr(easy, CURLOPT_HEADERDATA, me)
        shim_easy_data_cb(easy, CURLOPT_HEADERFUNCTION) { data, size, count, user in
            let line = UnsafeRawBufferPointer(start: data, count: size * count)
            return CurlTransfer.of(user).receivedHeader(line) ? line.count : 0
        }
        shim_easy_ptr(easy, CURLOPT_READDATA, me)
        shim_easy_data_cb(easy, CURLOPT_READFUNCTION) { data, size, count, user in
            let target = UnsafeMutableRawBufferPointer(start: data, count: size * count)
            return CurlTransfer.of(user).giveBody(target) ?? Int(CURL_READFUNC_PAUSE)
        }
        shim_easy_ptr(easy, CURLOPT_SEEKDATA, me)
        shim_easy_seek_cb(easy) { user, offset, origin in
            let isDone = origin == SEEK_SET && CurlTransfer.of(user).upload?.seek(to: Int(offset)) ?? false
            return isDone ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
        }
        shim_easy_ptr(easy, CURLOPT_OPENSOCKETDATA, me)
        shim_easy_opensocket_cb(easy) { user, _, target in
            guard let target, CurlTransfer.of(user).permits(CurlTransfer.address(of: target)) else { return -1 }
            let kind = target.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
            return socket(target.pointee.family, kind, target.pointee.protocol)
        }
    }

    private static func of(_ user: UnsafeMutableRawPointer?) -> CurlTransfer {
        Unmanaged<CurlTransfer>.fromOpaque(user!).takeUnretainedValue()  // set in `installCallbacks`
    }

    /// Returns nil for an address family other than IP.
    private static func address(of target: UnsafeMutablePointer<curl_sockaddr>) -> IPAddress? {
        // The struct ends in a `sockaddr` whose real length depends on its family.
        guard let offset = MemoryLayout<curl_sockaddr>.offset(of: \.addr) else { return nil }
        let raw = UnsafeRawPointer(target) + offset
        switch target.pointee.family {
        case AF_INET: return IPAddress(v4: UInt32(bigEndian: raw.loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr))
        case AF_INET6: return IPAddress(raw.loadUnaligned(as: sockaddr_in6.self).sin6_addr)
        default: return nil
        }
    }
}
