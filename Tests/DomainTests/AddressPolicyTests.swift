// The addresses to which the service may connect (C7), in every notation. Any thread.
import Engine
import Testing

@Suite("Addresses and their policy", .timeLimit(.minutes(1)))
struct AddressPolicyTests {
    @Test(
        "C7: addresses that are not globally reachable are refused",
        arguments: [
            "0.0.0.0", "0.255.255.255", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255", "127.0.0.1",
            "127.255.255.255", "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.1", "192.0.0.8",
            "192.0.0.170",
            "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9",
            "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "::", "::1", "::7f00:1", "::8.8.8.8",
            "::ffff:127.0.0.1", "::ffff:10.1.2.3", "::ffff:0:127.0.0.1", "64:ff9b::10.0.0.1", "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1", "100::1", "100:0:0:1::1", "2001::1", "2001:2::1", "2001:10::1", "2001:1::4", "2001:db8::1",
            "2002:7f00:1::", "2002:a00:1::1", "2002:c0a8:101::1", "3fff::1", "5f00::1", "fc00::1", "fdff::1", "fe80::1",
            "fec0::1", "ff02::1",
        ])
    func forbidden(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressPolicy().permits(address))
    }

    @Test(
        "C7: globally reachable addresses are permitted, including those next to refused blocks",
        arguments: [
            "1.0.0.0", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
            "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0", "191.255.255.255",
            "192.0.0.9",
            "192.0.0.10", "192.0.1.0", "192.0.3.0", "192.31.196.1", "192.52.193.1", "192.175.48.1", "192.167.255.255",
            "192.169.0.0", "198.17.255.255", "198.20.0.0", "203.0.112.255", "203.0.114.0", "223.255.255.255",
            "2606:4700::1111", "2620:4f:8000::1", "2001:200::1", "2001:1::1", "2001:1::2", "2001:3::1", "2001:4:112::1",
            "2001:20::1", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8", "2002:808:808::1",
        ])
    func permitted(text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressPolicy().permits(address))
    }

    @Test("C7: ALLOWED_PRIVATE_NETWORKS opens exactly the networks that it contains")
    func allowed() throws {
        let policy = AddressPolicy(allowed: [try CIDR(parsing: "127.0.0.0/8"), try CIDR(parsing: "fd00::/8")])
        for text in ["127.0.0.1", "127.9.9.9", "::ffff:127.0.0.1", "64:ff9b::127.0.0.1", "fd12::1", "8.8.8.8"] {
            #expect(policy.permits(try #require(IPAddress(text))), "\(text)")
        }
        for text in ["10.0.0.1", "::1", "fc00::1", "::ffff:10.0.0.1"] {
            #expect(!policy.permits(try #require(IPAddress(text))), "\(text)")
        }
    }

    @Test(
        "networks are parsed and printed",
        arguments: ["10.0.0.0/8", "0.0.0.0/0", "1.2.3.4/32", "fd00::/8", "::/0", "::1/128"])
    func networks(text: String) throws {
        let network = try CIDR(parsing: text)
        #expect("\(network)" == text)
        #expect(network.contains(network.network))
    }

    @Test("a single address is a network of one")
    func single() throws {
        #expect(try CIDR(parsing: "10.1.2.3") == CIDR(parsing: "10.1.2.3/32"))
        #expect(try CIDR(parsing: "::1") == CIDR(parsing: "::1/128"))
    }

    @Test("an IPv6 prefix cuts at any bit")
    func prefixes() throws {
        let inside = try #require(IPAddress("2001:db8::ff"))
        for prefix in 0...128 {
            let network = CIDR(inside, prefix: prefix)
            #expect(network.contains(inside))
            if prefix > 0 {
                let bit = prefix - 1
                let flipped =
                    bit < 64
                    ? IPAddress(v6: 0x2001_0db8_0000_0000 ^ (1 << (63 - bit)), 0xff)
                    : IPAddress(v6: 0x2001_0db8_0000_0000, 0xff ^ (1 << (127 - bit)))
                #expect(!network.contains(flipped), "\(prefix)")
            }
        }
    }

    @Test("an invalid network is refused with a reason")
    func malformed() {
        #expect(throws: CIDRError.notAnAddress("10.0.0/8")) { try CIDR(parsing: "10.0.0/8") }
        #expect(throws: CIDRError.notAnAddress("")) { try CIDR(parsing: "") }
        #expect(throws: CIDRError.notAnAddress("fe80::1%eth0")) { try CIDR(parsing: "fe80::1%eth0") }
        #expect(throws: CIDRError.badPrefix("10.0.0.0/33")) { try CIDR(parsing: "10.0.0.0/33") }
        #expect(throws: CIDRError.badPrefix("10.0.0.0/-1")) { try CIDR(parsing: "10.0.0.0/-1") }
        #expect(throws: CIDRError.badPrefix("::/129")) { try CIDR(parsing: "::/129") }
        #expect(throws: CIDRError.badPrefix("::/")) { try CIDR(parsing: "::/") }
        #expect(throws: CIDRError.hostBitsSet("10.1.2.3/8")) { try CIDR(parsing: "10.1.2.3/8") }
    }

    @Test("addresses are printed canonically")
    func printing() {
        #expect(IPAddress("192.168.1.20")?.description == "192.168.1.20")
        #expect(IPAddress("2001:DB8:0:0:0:0:0:1")?.description == "2001:db8::1")
        #expect(IPAddress("::ffff:10.0.0.1")?.unmapped.description == "10.0.0.1")
        #expect(IPAddress("010.0.0.1") == nil)
        #expect(IPAddress("1.2.3") == nil)
        #expect(IPAddress("1.2.3.4\0") == nil)
    }
}
