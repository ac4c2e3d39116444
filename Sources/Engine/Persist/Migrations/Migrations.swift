// All migrations in order.

public enum Migrations {
    public static let all = [
        Migration(number: 1, name: "first schema", sql: Migration001.sql),
        Migration(number: 2, name: "idempotency keys", sql: Migration002.sql),
        Migration(number: 3, name: "deliveries know their lots", sql: Migration003.sql),
        Migration(number: 4, name: "accounts, files and small tables", sql: Migration004.sql),
        Migration(number: 5, name: "jobs know their request", sql: Migration005.sql),
        Migration(number: 6, name: "counts of provider batches", sql: Migration006.sql),
        Migration(number: 7, name: "proofs about provider batches", sql: Migration007.sql),
        Migration(number: 8, name: "reasons of missing pictures", sql: Migration008.sql),
        Migration(number: 9, name: "parts of tokens", sql: Migration009.sql),
    ]
}
