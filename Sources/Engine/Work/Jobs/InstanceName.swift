// What this instance is called in the rows of the database. Thread: any.

/// The name of the process, for all of its shards: `INSTANCE_ID`, or another one while that is somebody else's.
public final class InstanceName: Sendable {
    private let name: Lock<String>

    public init(_ wanted: String) { name = Lock(wanted) }

    public var current: String { name.withLock { $0 } }

    func change(to other: String) { name.withLock { $0 = other } }
}
