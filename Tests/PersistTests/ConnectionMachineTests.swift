// The connection's machine without a socket: one line per event.
import Testing

@testable import Engine

@Suite("The connection's machine, as transcripts")
struct ConnectionMachineTests {
    typealias Machine = PGConnectionMachine<String>

    static let refused = DatabaseError(.statement(sqlState: "22012"), "division")
    static let broken = DatabaseError(.lost(mayHaveHappened: true), "gone")

    /// One line for an action, so that a transcript reads as text.
    static func line(_ action: Machine.Action) -> String {
        switch action {
        case .nothing: "-"
        case .lookUp: "look up"
        case .open: "open"
        case .awaitReadable: "await readable"
        case .awaitWritable: "await writable"
        case .becomeReady: "ready"
        case .send(let request, let key, let prepare): "send \(request) \(key)\(prepare ? " prepared" : "")"
        case .startDirect(let request): "start \(request)"
        case .store(let request): "store \(request)"
        case .opened(let request): "opened \(request)"
        case .finish(let request, let error): "finish \(request) \(error.map { "\($0.kind)" } ?? "ok")"
        case .finishDirect(let request, let error): "finish direct \(request) \(error.map { "\($0.kind)" } ?? "ok")"
        case .end(let error, let told):
            "end \(error.kind): " + told.map { "\($0.0) \($0.1.kind)" }.joined(separator: ", ")
        }
    }

    /// Feeds each event and compares the actions.
    func check(
        _ machine: inout Machine, _ steps: [(Machine.Event, String)], at place: SourceLocation = #_sourceLocation
    ) {
        for (event, expected) in steps {
            let action = machine.received(event)
            #expect(Self.line(action) == expected, "after \(event)", sourceLocation: place)
        }
    }

    func ready() -> Machine {
        var machine = Machine()
        check(&machine, [(.connect(needsLook: false), "open"), (.polled(.connected), "ready")])
        return machine
    }

    @Test("connecting: look-up, polls, ready")
    func connecting() {
        var machine = Machine()
        check(
            &machine,
            [
                (.submit("early", .statement("q")), "finish early unavailable"),
                (.connect(needsLook: true), "look up"), (.lookedUp(found: true), "open"),
                (.polled(.writing), "await writable"), (.polled(.reading), "await readable"),
                (.submit("still early", .direct), "finish still early unavailable"),
                (.polled(.connected), "ready"),
            ])
        #expect(machine.isReady && machine.isQuiet && !machine.expectsResult)
    }

    @Test("connecting fails: nothing found, refused, too slow, cancelled during the look-up")
    func connectingFails() {
        var machine = Machine()
        check(&machine, [(.connect(needsLook: true), "look up"), (.lookedUp(found: false), "end unavailable: ")])
        machine = Machine()
        check(
            &machine,
            [(.connect(needsLook: false), "open"), (.polled(.failed(.unavailable("no"))), "end unavailable: ")])
        machine = Machine()
        check(&machine, [(.connect(needsLook: false), "open"), (.expired, "end unavailable: "), (.expired, "-")])
        machine = Machine()
        check(
            &machine,
            [
                (.connect(needsLook: true), "look up"), (.failed(.unavailable("closed")), "end unavailable: "),
                (.lookedUp(found: true), "-"),
            ])
    }

    @Test("two statements are sent before the first is answered; the second time nothing is prepared")
    func pipelining() {
        var machine = ready()
        check(
            &machine,
            [
                (.submit("a", .statement("q")), "send a q prepared"), (.submit("b", .statement("q")), "send b q"),
                (.arrived(.result), "-"), (.arrived(.end), "-"),
                (.arrived(.result), "store a"), (.arrived(.end), "-"), (.arrived(.sync), "finish a ok"),
                (.arrived(.result), "store b"), (.arrived(.end), "-"),
            ])
        #expect(machine.oldest == "b" && machine.expectsResult)
        check(&machine, [(.arrived(.sync), "finish b ok"), (.advance, "-")])
        #expect(machine.isQuiet)
    }

    @Test("a failure belongs to its own statement; one at the Sync too; a refused preparation is repeated")
    func failures() {
        var machine = ready()
        check(
            &machine,
            [
                (.submit("a", .statement("bad")), "send a bad prepared"),
                (.submit("b", .statement("q")), "send b q prepared"),
                (.arrived(.failure(Self.refused)), "-"), (.arrived(.end), "-"), (.arrived(.aborted), "-"),
                (.arrived(.end), "-"), (.arrived(.sync), "finish a statement(sqlState: \"22012\")"),
                (.arrived(.result), "-"), (.arrived(.end), "-"), (.arrived(.result), "store b"), (.arrived(.end), "-"),
                (.arrived(.failure(Self.refused)), "-"), (.arrived(.end), "-"),
                (.arrived(.sync), "finish b statement(sqlState: \"22012\")"),
                (.submit("c", .statement("bad")), "send c bad prepared"), (.submit("d", .statement("q")), "send d q"),
            ])
    }

    @Test("a statement that the server has forgotten is prepared again")
    func forgotten() {
        var machine = ready()
        let forgotten = DatabaseError(.statement(sqlState: "26000"), "")
        check(
            &machine,
            [
                (.submit("a", .statement("q")), "send a q prepared"), (.arrived(.result), "-"), (.arrived(.end), "-"),
                (.arrived(.failure(forgotten)), "-"), (.arrived(.end), "-"),
                (.arrived(.sync), "finish a statement(sqlState: \"26000\")"),
                (.submit("b", .statement("q")), "send b q prepared"),
            ])
    }

    @Test("a direct command waits for an empty pipeline, and holds back later commands")
    func direct() {
        var machine = ready()
        check(
            &machine,
            [
                (.submit("a", .statement("q")), "send a q prepared"), (.submit("copy", .direct), "-"),
                (.submit("b", .statement("q")), "-"), (.arrived(.result), "-"), (.arrived(.end), "-"),
                (.arrived(.result), "store a"), (.arrived(.end), "-"), (.advance, "-"),
                (.arrived(.sync), "finish a ok"), (.advance, "start copy"), (.advance, "-"),
                (.arrived(.copyIn), "opened copy"),
            ])
        #expect(machine.isCopying && !machine.expectsResult && !machine.isQuiet)
        check(
            &machine,
            [
                (.submit("c", .statement("q")), "-"), (.copyEnded, "-"), (.arrived(.result), "store copy"),
                (.arrived(.end), "finish direct copy ok"), (.advance, "send b q"), (.advance, "send c q"),
                (.advance, "-"),
            ])
    }

    @Test("COPY out ends, or fails halfway")
    func copyOut() {
        for failure in [nil, Self.refused] {
            var machine = ready()
            check(
                &machine,
                [(.submit("out", .direct), "start out"), (.arrived(.copyOut), "opened out"), (.copyEnded, "-")])
            let arrival: (Machine.Event, String) =
                failure.map { (.arrived(.failure($0)), "-") } ?? (.arrived(.result), "store out")
            let outcome = failure.map { "\($0.kind)" } ?? "ok"
            check(&machine, [arrival, (.arrived(.end), "finish direct out \(outcome)")])
            #expect(machine.isQuiet)
        }
    }

    @Test("after a broken connection sent commands may have happened, held-back ones have not")
    func broken() {
        var machine = ready()
        check(
            &machine,
            [
                (.submit("a", .statement("q")), "send a q prepared"), (.submit("b", .statement("q")), "send b q"),
                (.submit("copy", .direct), "-"), (.submit("c", .statement("q")), "-"),
                (
                    .failed(Self.broken),
                    "end lost(mayHaveHappened: true): a lost(mayHaveHappened: true), b lost(mayHaveHappened: true), "
                        + "copy unavailable, c unavailable"
                ),
                (.failed(Self.broken), "-"), (.submit("d", .direct), "finish d unavailable"), (.advance, "-"),
            ])
        #expect(machine.hasEnded && !machine.expectsResult)
    }

    @Test("if the oldest statement takes too long, only its caller gets the time-out")
    func expired() {
        var machine = ready()
        check(
            &machine,
            [
                (.submit("a", .statement("q")), "send a q prepared"), (.submit("b", .statement("q")), "send b q"),
                (.expired, "end lost(mayHaveHappened: true): a timedOut, b lost(mayHaveHappened: true)"),
            ])
    }

    @Test("unexpected answers end the connection")
    func nonsense() {
        for arrival in [Machine.Arrival.copyIn, .copyOut, .sync] {
            var machine = ready()
            check(
                &machine,
                [
                    (.submit("a", .statement("q")), "send a q prepared"),
                    (.arrived(arrival), "end lost(mayHaveHappened: true): a lost(mayHaveHappened: true)"),
                ])
        }
    }
}
