// Pages of a webhook body: bounded by bytes and by lots, without gaps.
import Engine
import TestSupport
import Testing

@Suite("Pages of a webhook body", .timeLimit(.minutes(1)))
struct DeliveryPagesTests {
    private static let lotBytes = 60_000

    /// Lots 3, 5, 7 ... of a job; every tenth position has no result, the first hundred are large.
    private static func makeDelivery(_ database: String, _ delivery: Identifier) async throws {
        try await PollTests.makeJob(database, status: "completed", lots: 1000)
        try await onDatabase(database) {
            try await $0.execute(
                """
                DELETE FROM lot_results WHERE position % 10 = 5;
                UPDATE lot_results SET payload = '{"lot_id":"lot-' || position || '","text":"'
                    || repeat('x', CASE WHEN position < 100 THEN \(lotBytes) ELSE 10 END) || '"}';
                INSERT INTO webhook_deliveries (id, batch_job_id, webhook_url, event, positions)
                    VALUES ('\(delivery)', '\(PollTests.id)', 'http://127.0.0.1/hook', 'batch_job_completed',
                        (SELECT array_agg(n) FROM generate_series(3, 999, 2) AS n))
                """)
        }
    }

    @Test("C6.1: all lots in order, in pages that end with the lot that fills them")
    func pages() async throws {
        try await TestDatabase.with { database in
            let server = try await TestServer.start(database: database)
            let delivery = Identifier.random()
            try await Self.makeDelivery(database, delivery)
            let (texts, pages) = try await onDatabase(database) { session in
                var (texts, pages) = ([String](), [Int]())
                while true {
                    let page = try await DeliveryContent.lots(session, delivery: delivery, offset: texts.count)
                    if page.count == 0 { return (texts, pages) }
                    #expect(page.total == 499)
                    page.forEach { lot in
                        switch lot {
                        case .finished(let json): texts.append(String(decoding: json.prefix(20), as: UTF8.self))
                        case .unfinished(let id): texts.append(id)
                        }
                    }
                    pages.append(page.count)
                }
            }
            await server.stop()
            let expected = stride(from: 3, to: 1000, by: 2).map { position in
                position % 10 == 5 ? "lot-\(position)" : String("{\"lot_id\":\"lot-\(position)\",\"text\"".prefix(20))
            }
            #expect(texts == expected)
            // Positions without a result take no space.
            let large = DeliveryContent.pageBytes / Self.lotBytes + 1
            #expect(pages.prefix(7).allSatisfy { $0 >= large && $0 <= 2 * large })
            #expect(pages.max() == DeliveryContent.pageLots && pages.reduce(0, +) == 499)
        }
    }
}
