// Idempotency-Key: a repeated request gets the first reply again, without new cost (C2.7). Loop-bound.
import Engine
import Logging

/// A request's claim on its key. Without a key all methods do nothing.
final class KeyHold {
    /// Longest key, in characters (C2.7).
    static let keyCharactersMax = 255
    /// `Retry-After` while the first request is still running, in seconds.
    static let retrySeconds = 2

    private let services: APIServices
    private let requestID: String
    private let claim: KeyClaim?

    private init(_ call: Call, _ claim: KeyClaim?) {
        services = call.services
        requestID = call.exchange.requestID
        self.claim = claim
    }

    /// Claims the request's key.
    /// - Returns: nil if the first reply was sent again; the request is answered then.
    /// - Throws: 400 for an invalid key; 409 while the first request is running; 422 if the first request had another
    ///   body; 503.
    static func take(_ call: Call, _ request: GenerationRequest) async throws -> KeyHold? {
        guard let key = try key(call.exchange.head) else { return KeyHold(call, nil) }
        let services = call.services
        try services.requireDatabase()
        let claim = KeyClaim(key: key)
        let hold = KeyHold(call, claim)
        let verdict: IdempotencyKeys.ClaimOutcome
        do throws(DatabaseError) {
            verdict = try await IdempotencyKeys.claim(
                services.database, claim, fingerprints: request.fingerprints.map(\.array),
                instance: services.instance, incarnation: services.incarnation,
                silentSeconds: WorkConfiguration.silentSeconds)
        } catch {
            await hold.release()  // the database may have made the claim before the error
            throw error
        }
        switch verdict {
        case .claimed:
            CrashPoint.keyClaimed.pass()
            return hold
        case .running: throw inProgress
        case .reused:
            throw ServiceError(.idempotencyKeyReused, "This Idempotency-Key was used with another request body")
        case .completed(let status, let body):
            let job = AcceptBatch.job(in: body).map { ["job": .string($0)] } ?? [:] as Logger.Metadata
            services.log.info("idempotency: first reply sent again", metadata: job)
            call.send(status, body, headers: [("Idempotent-Replayed", "true")] + AcceptBatch.location(in: body))
            return nil
        }
    }

    /// Stores the reply, in the same transaction as the job that it names.
    /// - Throws: 409 if another request has the key by now; the caller must roll back then.
    func complete(_ session: DatabaseSession, status: Int, reply: [UInt8]) async throws {
        guard let claim else { return }
        guard try await IdempotencyKeys.complete(session, claim, status: status, reply: reply) else {
            throw KeyHold.inProgress
        }
    }

    /// Stores the reply to a synchronous request. The client gets the reply even if this fails.
    func complete(status: Int, reply: [UInt8]) async {
        guard let claim else { return }
        await surely("reply is not stored yet; trying again") { database throws(DatabaseError) in
            CrashPoint.replyStoring.pass()
            _ = try await IdempotencyKeys.complete(database, claim, status: status, reply: reply)
            CrashPoint.replyStored.pass()
        }
    }

    /// Releases the key after an error, so a later request may use it: only 200 and 201 are kept. Does nothing to a
    /// completed key.
    func release() async {
        guard let claim else { return }
        await surely("key is not released yet; trying again") { database throws(DatabaseError) in
            CrashPoint.keyReleasing.pass()
            try await IdempotencyKeys.release(database, claim)
            CrashPoint.keyReleased.pass()
        }
    }

    private static let inProgress = ServiceError(
        .requestInProgress, "A request with this Idempotency-Key is still being processed",
        retryAfter: KeyHold.retrySeconds)

    /// - Throws: 400 INVALID_FIELD unless the key has 1 to 255 visible ASCII characters.
    private static func key(_ head: RequestHead) throws(ServiceError) -> String? {
        let given = head.headers("Idempotency-Key")
        guard let key = given.first else { return nil }
        let isVisible = key.utf8.allSatisfy { (0x21...0x7E).contains($0) }
        guard given.count == 1, isVisible, (1...keyCharactersMax).contains(key.utf8.count) else {
            throw ServiceError(
                .invalidField, "Invalid header: Idempotency-Key must be 1 to 255 visible ASCII characters",
                details: ["path": "Idempotency-Key", "fields": ["Idempotency-Key"], "count": 1])
        }
        return key
    }

    // MARK: Retries while the database is away

    /// Waits for the first attempt; repeats it in the background for as long as the claim lasts. Uses tasks of its own,
    /// because the caller's task may be cancelled.
    private func surely(_ trouble: String, _ act: @escaping (Database) async throws(DatabaseError) -> Void) async {
        let (services, requestID) = (services, requestID)
        await services.loop.spawn {
            do throws(DatabaseError) { try await act(services.database) } catch {
                services.log.warning(
                    "idempotency: \(trouble)", metadata: ["request_id": "\(requestID)", "error": "\(error)"])
                services.loop.spawn { await KeyHold.persist(services, act) }
            }
        }.value
    }

    private static func persist(
        _ services: APIServices, _ act: (Database) async throws(DatabaseError) -> Void
    ) async {
        _ = await services.database.insist(
            seconds: IdempotencyKeys.claimSeconds, goesOn: { _, _ in !services.shared.isDraining },
            { try await act(services.database) })
    }
}
