// The conversation on an open connection: sending, reading, flow control. Frees: each notification after it was told;
// results belong to PGResultOwner. Thread: the loop's.
import CShims

extension PGConnection {
    // MARK: Sending

    func send(_ request: PGRequest, _ key: String, prepare: Bool) {
        guard let pg else { return }
        switch request.work {
        case .script: preconditionFailure("a script is not pipelined")
        case .statement(let statement, let parameters, _):
            var sent = true
            if prepare {
                // Never an old name again: after a failure the server may still know it, and names are cut at 63 bytes.
                prepares += 1
                serverNames[key] = "s\(prepares)"
            }
            let name = serverNames[key] ?? ""
            if prepare { sent = parameters.sendPrepare(pg, name: name, sql: statement.sql) }
            sent = sent && parameters.sendExecute(pg, name: name)
            // A Sync for each statement; libpq 15 sends what it has with every Sync, later ones when the buffer is
            // flushed.
            guard sent, PQpipelineSync(pg) == 1 else { return breakOff() }
            flush()
        }
    }

    func startDirect(_ request: PGRequest) {
        guard let pg else { return }
        switch request.work {
        case .statement: preconditionFailure("a statement is pipelined")
        case .script(let sql):
            guard PQexitPipelineMode(pg) == 1, PQsendQuery(pg, sql) == 1 else { return breakOff() }
            flush()
        }
    }

    /// Sends what libpq has buffered, as far as the socket takes it; the rest when it takes more.
    func flush() {
        guard let pg else { return }
        let left = PQflush(pg)
        // The reason may lie in what the server said before it hung up: read that first.
        if left < 0 { return readAndBreakOff() }
        hasUnsent = left > 0
        if !hasUnsent, machine.isCopying { wakeCopy() }
        watch()
    }

    private func readAndBreakOff() {
        if let pg { PQconsumeInput(pg) }
        takeResults()
        breakOff()
    }

    // MARK: Reading

    func watch() {
        var events: LoopPoll.Events = []
        if wantsInput { events.insert(.readable) }
        if hasUnsent { events.insert(.writable) }
        poll?.watch(events) { [self] happened in
            if happened.contains(.readable) { read() }
            if happened.contains(.writable), hasUnsent { flush() }
        }
    }

    private func read() {
        guard let pg else { return }
        let isOpen = PQconsumeInput(pg) == 1
        heardAt = Monotonic.seconds()
        takeResults()
        tellNotifications()
        if machine.isCopying, !wantsInput || !hasUnsent { wakeCopy() }
        // What arrived before the end has been told; now the end itself.
        if !isOpen { return breakOff() }
        // libpq may have found room in a full send buffer only by reading.
        if hasUnsent { flush() }
        armLimit()
    }

    func takeResults() {
        var wasEnd = false
        while let pg, machine.expectsResult, PQisBusy(pg) == 0 {
            let result = PQgetResult(pg).map { PGResultOwner($0) }
            // On a broken connection libpq answers NULL for ever; on a sound one never twice in a row.
            if result == nil, wasEnd { break }
            wasEnd = result == nil
            latest = result
            perform(machine.received(.arrived(arrival(result))))
        }
        latest = nil
    }

    private func arrival(_ result: PGResultOwner?) -> PGConnectionMachine<PGRequest>.Arrival {
        guard let result else { return .end }
        switch PQresultStatus(result.pointer) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_SINGLE_TUPLE: return .result
        case PGRES_PIPELINE_SYNC: return .sync
        case PGRES_PIPELINE_ABORTED: return .aborted
        case PGRES_COPY_IN: return .copyIn
        case PGRES_COPY_OUT: return .copyOut
        default: return .failure(ServerMessage.error(result.pointer, in: machine.oldest?.name ?? "statement"))
        }
    }

    private func tellNotifications() {
        while let pg, let notification = PQnotifies(pg) {
            let channel = String(cString: notification.pointee.relname)
            let payload = String(cString: notification.pointee.extra)
            PQfreemem(notification)
            notified?(channel, payload)
        }
    }

    // MARK: COPY

    private func wakeCopy() {
        let waiter = copyWaiter
        copyWaiter = nil
        waiter?.resume()
        armLimit()
    }

    /// Hands bytes to libpq, which copies them; `hasUnsent` tells whether the socket took them all.
    func put(_ bytes: ArraySlice<UInt8>) {
        guard let pg, machine.isCopying else { return }
        let taken = bytes.withUnsafeBytes { buffer in
            PQputCopyData(pg, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
        }
        // 0 would mean that libpq could not get memory.
        guard taken == 1 else { return readAndBreakOff() }
        flush()
    }

    /// Ends a COPY IN; with a reason, the server forgets what it was given.
    func endCopy(failing reason: String?) {
        guard let pg, machine.isCopying else { return }
        guard PQputCopyEnd(pg, reason) == 1 else { return readAndBreakOff() }
        step(.copyEnded)
        flush()
        // An error in the data may have been said long ago: libpq keeps it until now.
        takeResults()
        armLimit()
    }

    /// What is at hand of a COPY OUT, whole rows, up to about `bytes`; nil if it has ended. Empty: wait for more.
    func takeCopy(upTo bytes: Int) -> [UInt8]? {
        guard let pg, machine.isCopying else { return nil }
        var out: [UInt8] = []
        while out.count < bytes {
            var row: UnsafeMutablePointer<CChar>?
            let length = PQgetCopyData(pg, &row, 1)
            guard length > 0, let row else {
                if length < 0 { copyOutEnded() }
                return length < 0 && out.isEmpty ? nil : out
            }
            out.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
            PQfreemem(row)
        }
        return out
    }

    private func copyOutEnded() {
        wantsInput = true
        watch()
        step(.copyEnded)
        takeResults()
        armLimit()
    }

    /// Parks until `copyWaiter` is resumed. A cancelled task takes the connection with it: nobody knows how far the
    /// COPY got.
    func waitForCopy() async throws(DatabaseError) {
        do {
            try await loop.park { (ticket: Ticket<Void>) in
                copyWaiter = ticket
                ticket.whenCancelled = { self.drop(.cancelled) }
                armLimit()
            }
        } catch {
            throw .cancelled
        }
    }
}
