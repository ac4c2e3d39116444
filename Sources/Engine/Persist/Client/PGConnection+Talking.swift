// The exchange on an open connection: sending, reading, flow control. Frees: each notification, once copied;
// PGResultOwner owns the results. Thread: the loop's.
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
                // Always a new name: after a failure the server may still know the old one. Numbered, because the
                // server truncates names to 63 bytes.
                prepares += 1
                serverNames[key] = "s\(prepares)"
            }
            let name = serverNames[key] ?? ""
            if prepare { sent = parameters.sendPrepare(pg, name: name, sql: statement.sql) }
            sent = sent && parameters.sendExecute(pg, name: name)
            // One Sync per statement. libpq 15 sends its buffer with every Sync; later versions send it at a flush.
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

    /// Sends libpq's buffer as far as the socket accepts it, and the rest when the socket is writable.
    func flush() {
        guard let pg else { return }
        let left = PQflush(pg)
        // The server may have sent the reason before it closed the connection: read that first.
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
        // Everything that arrived before the end was handled; now handle the end.
        if !isOpen { return breakOff() }
        // libpq may make room in a full send buffer only by reading.
        if hasUnsent { flush() }
        armLimit()
    }

    func takeResults() {
        var wasEnd = false
        while let pg, machine.expectsResult, PQisBusy(pg) == 0 {
            let result = PQgetResult(pg).map { PGResultOwner($0) }
            // libpq returns NULL for ever on a broken connection, but never twice in a row on a sound one.
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

    /// Passes bytes to libpq, which copies them. `hasUnsent` is true if the socket did not accept them all.
    func put(_ bytes: ArraySlice<UInt8>) {
        guard let pg, machine.isCopying else { return }
        let taken = bytes.withUnsafeBytes { buffer in
            PQputCopyData(pg, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(buffer.count))
        }
        // 0 means that libpq could not allocate memory.
        guard taken == 1 else { return readAndBreakOff() }
        flush()
    }

    /// Ends a COPY IN. With a reason, the server drops its rows.
    func endCopy(failing reason: String?) {
        guard let pg, machine.isCopying else { return }
        guard PQputCopyEnd(pg, reason) == 1 else { return readAndBreakOff() }
        step(.copyEnded)
        flush()
        // The server may have reported an error in the data earlier; libpq keeps it until now.
        takeResults()
        armLimit()
    }

    /// Returns the whole rows of a COPY OUT that are available, up to about `bytes`; nil if it
    /// has ended, empty if more must be awaited.
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

    /// Parks until `copyWaiter` is resumed. Cancelling the task drops the connection,
    /// because the COPY's progress is then unknown.
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
