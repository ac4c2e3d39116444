// The connection machine as transcripts: one line per event, with the driver's actions. No socket.
import Testing

@testable import Server

private typealias Machine = HTTPConnectionMachine

/// Feeds events and checks each one's actions.
private func run(_ machine: inout Machine, _ lines: [(Machine.Event, Machine.Actions)]) {
    for (number, line) in lines.enumerated() {
        let actions = machine.received(line.0)
        #expect(actions == line.1, "line \(number): \(line.0)")
    }
}

private func afterTranscript(_ lines: [(Machine.Event, Machine.Actions)]) -> Machine {
    var machine = Machine()
    run(&machine, lines)
    return machine
}

private let get = Machine.Event.head(.init(keepAlive: true, hasBody: false))
private let lastGet = Machine.Event.head(.init(keepAlive: false, hasBody: false))
private let post = Machine.Event.head(.init(keepAlive: true, hasBody: true))
private let shortPost = Machine.Event.head(.init(keepAlive: true, hasBody: true, short: true))
private let expectingPost = Machine.Event.head(
    .init(keepAlive: true, hasBody: true, short: true, expectsContinue: true))
private let wholeReply = Machine.Event.replyBegun(whole: true, closes: false)
private let streamedReply = Machine.Event.replyBegun(whole: false, closes: false)

@Suite("The HTTP connection machine", .timeLimit(.minutes(1)))
struct HTTPConnectionMachineTests {
    @Test("two requests, one after the other, on one connection")
    func keepAlive() {
        let machine = afterTranscript([
            (.headBytes, []), (get, .dispatch), (wholeReply, []), (.replyFinished, []),
            (.headBytes, []), (get, .dispatch), (wholeReply, []), (.replyFinished, []),
        ])
        #expect(machine.state == .idle)
        #expect(machine.appetite == .head && machine.reads && machine.wait == .idle && machine.keepAlive)
    }

    @Test("during a request later bytes wait, but the socket is read to detect a disconnect")
    func oneInFlight() {
        let machine = afterTranscript([(.headBytes, []), (get, .dispatch)])
        #expect(machine.appetite == .nothing && machine.reads && machine.wait == .nothing)
    }

    @Test("a request with Connection: close is the last one: shut, linger, close")
    func lastRequest() {
        var machine = afterTranscript([
            (.headBytes, []), (lastGet, .dispatch), (wholeReply, []), (.replyFinished, .shut),
        ])
        #expect(machine.appetite == .waste && machine.wait == .linger && !machine.keepAlive)
        run(&machine, [(.weShut, []), (.clientEnded, .close)])
        #expect(machine.state == .closed)
    }

    @Test("a body flows, is held back, continues and ends; then the reply")
    func body() {
        var machine = afterTranscript([(.headBytes, []), (post, .dispatch), (.bodyAsked, [])])
        #expect(machine.appetite == .body && machine.wait == .body)
        run(&machine, [(.bodyPaused, [])])
        #expect(machine.appetite == .nothing && !machine.reads && machine.wait == .nothing)
        run(&machine, [(.bodyResumed, []), (.bodyEnded, []), (wholeReply, []), (.replyFinished, [])])
        #expect(machine.state == .idle)
    }

    @Test("100 Continue is sent when the body is requested, and never after a reply has begun")
    func continues() {
        _ = afterTranscript([(.headBytes, []), (expectingPost, .dispatch), (.bodyAsked, .sendContinue)])
        let machine = afterTranscript([
            (.headBytes, []), (expectingPost, .dispatch), (wholeReply, []), (.replyFinished, .shut),
        ])
        #expect(!machine.keepAlive)
    }

    @Test("an unrequested short body is skipped, and the connection stays")
    func skipped() {
        var machine = afterTranscript([
            (.headBytes, []), (shortPost, .dispatch), (wholeReply, []), (.replyFinished, []),
        ])
        #expect(machine.appetite == .body && machine.keepAlive && machine.wait == .body)
        run(&machine, [(.bodyEnded, [])])
        #expect(machine.state == .idle)
    }

    @Test("an unrequested long body, and one with a reply in its middle, end the connection")
    func abandoned() {
        for asked in [false, true] {
            var machine = afterTranscript([(.headBytes, []), (post, .dispatch)])
            if asked { run(&machine, [(.bodyAsked, [])]) }
            run(&machine, [(wholeReply, [])])
            #expect(!machine.keepAlive && machine.appetite == .nothing)
            run(&machine, [(.replyFinished, .shut)])
            #expect(machine.appetite == .waste)
        }
    }

    @Test("a reply may stream while the body flows; if it ends first, the connection ends too")
    func bothWays() {
        var machine = afterTranscript([
            (.headBytes, []), (post, .dispatch), (.bodyAsked, []), (streamedReply, []), (.bodyEnded, []),
            (.replyFinished, []),
        ])
        #expect(machine.state == .idle)
        machine = afterTranscript([
            (.headBytes, []), (post, .dispatch), (.bodyAsked, []), (streamedReply, []), (.replyFinished, .shut),
        ])
        #expect(machine.state == .lingering(weShut: false, theyEnded: false))
    }

    @Test("a client that does not read its replies gets no further ones until it reads")
    func crowded() {
        var machine = afterTranscript([
            (.headBytes, []), (get, .dispatch), (streamedReply, []), (.crowded, []), (.replyFinished, []),
        ])
        #expect(machine.appetite == .nothing && machine.wait == .send)
        run(&machine, [(.drained, [])])
        #expect(machine.state == .idle)
    }

    @Test("C2.6: a client that ends before its reply is complete is gone; after that, the reply is still sent")
    func clientEnds() {
        _ = afterTranscript([(.headBytes, []), (get, .dispatch), (.clientEnded, [.tellGone, .close])])
        _ = afterTranscript([
            (.headBytes, []), (get, .dispatch), (streamedReply, []), (.clientEnded, [.tellGone, .close]),
        ])
        _ = afterTranscript([
            (.headBytes, []), (get, .dispatch), (wholeReply, []), (.crowded, []), (.replyFinished, []),
            (.clientEnded, .shut), (.weShut, .close),
        ])
        _ = afterTranscript([(.clientEnded, .shut), (.weShut, .close)])
    }

    @Test("a broken connection is reported to the handler only while it owes a reply")
    func broken() {
        _ = afterTranscript([(.broken, .close)])
        _ = afterTranscript([(.headBytes, []), (get, .dispatch), (.broken, [.tellGone, .close]), (.broken, [])])
        _ = afterTranscript([
            (.headBytes, []), (lastGet, .dispatch), (wholeReply, []), (.replyFinished, .shut), (.broken, .close),
        ])
    }

    @Test("C3: each time-out ends its phase")
    func timeOuts() {
        _ = afterTranscript([(.timeUp, .close)])
        _ = afterTranscript([(.headBytes, []), (.timeUp, [.refuseSlowHead, .shut]), (.timeUp, .close)])
        let machine = afterTranscript([
            (.headBytes, []), (post, .dispatch), (.bodyAsked, []), (.timeUp, .bodyTimedOut), (wholeReply, []),
            (.replyFinished, .shut),
        ])
        #expect(!machine.keepAlive)
        _ = afterTranscript([
            (.headBytes, []), (get, .dispatch), (streamedReply, []), (.crowded, []), (.timeUp, [.tellGone, .reset]),
        ])
        _ = afterTranscript([
            (.headBytes, []), (shortPost, .dispatch), (wholeReply, []), (.replyFinished, []), (.timeUp, .close),
        ])
    }

    @Test("an invalid request is refused and the connection ended")
    func refused() {
        let machine = afterTranscript([(.headBytes, []), (.refused, .shut), (.lingerSpent, .close)])
        #expect(machine.state == .closed && machine.wait == .nothing && !machine.reads)
    }

    @Test("a drain closes idle connections at once, and busy ones after their reply")
    func drain() {
        _ = afterTranscript([(.drain, .shut), (.weShut, .close)])
        _ = afterTranscript([
            (.headBytes, []), (.drain, []), (get, .dispatch), (wholeReply, []), (.replyFinished, .shut),
        ])
        var machine = afterTranscript([(.headBytes, []), (get, .dispatch), (.drain, []), (wholeReply, [])])
        #expect(!machine.keepAlive)
        run(&machine, [(.replyFinished, .shut)])
        _ = afterTranscript([
            (.headBytes, []), (get, .dispatch), (streamedReply, []), (.drain, []), (.replyFinished, .shut),
        ])
    }

    @Test("an abort resets the connection; a reply without a length ends it")
    func endings() {
        _ = afterTranscript([
            (.headBytes, []), (get, .dispatch), (streamedReply, []), (.aborted, .reset), (.aborted, []),
        ])
        _ = afterTranscript([
            (.headBytes, []), (get, .dispatch), (.replyBegun(whole: false, closes: true), []), (.replyFinished, .shut),
        ])
    }

    @Test("races: a receiver pauses or aborts an ended body, a list names a closed connection")
    func races() {
        let answered = afterTranscript([
            (.headBytes, []), (post, .dispatch), (.bodyPaused, []), (.bodyAsked, []), (.bodyPaused, []),
            (.bodyPaused, []), (.bodyResumed, []), (.bodyResumed, []), (.bodyEnded, []), (.bodyPaused, []),
            (.bodyResumed, []), (streamedReply, []), (.bodyPaused, []),
        ])
        #expect(answered.state == .exchange(.complete, .begun))
        _ = afterTranscript([
            (.headBytes, []), (post, .dispatch), (.bodyAsked, []), (.clientEnded, [.tellGone, .close]),
            (.bodyPaused, []), (.bodyResumed, []), (.bodyFailed, []), (.aborted, []), (.drained, []), (.broken, []),
            (.drain, []),
        ])
        _ = afterTranscript([
            (.headBytes, []), (post, .dispatch), (.bodyAsked, []), (wholeReply, []), (.replyFinished, .shut),
            (.bodyFailed, []), (.crowded, []), (.drain, []),
        ])
    }

    @Test("an illegal call of the driver ends the process instead of being ignored")
    func illegalCalls() async {
        await #expect(processExitsWith: .failure) { illegal(at: [.headBytes], .headBytes) }
        await #expect(processExitsWith: .failure) { illegal(at: [.headBytes, post, .bodyAsked], .bodyAsked) }
        await #expect(processExitsWith: .failure) { illegal(at: [.headBytes, get, wholeReply], wholeReply) }
        await #expect(processExitsWith: .failure) { illegal(at: [.headBytes, get], .replyFinished) }
    }
}

/// Brings a machine to a state and sends it an event that is illegal there.
private func illegal(at before: [Machine.Event], _ event: Machine.Event) {
    var machine = Machine()
    for event in before { _ = machine.received(event) }
    _ = machine.received(event)
}
