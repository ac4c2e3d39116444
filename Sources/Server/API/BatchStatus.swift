// GET /api/v1/batch-status/{job_id}. Most requests are such polls, so this path makes no String and no task per
// request. Loop-bound.
import Engine

package enum BatchStatus {
    private static let path = Array("/api/v1/batch-status/".utf8)
    /// The pattern of its path in ``APIRoute``.
    static let pattern = "/api/v1/batch-status/:job"

    /// The bytes of the job's id in the path; nil if the request is not such a poll.
    package static func job(of head: RequestHead) -> ArraySlice<UInt8>? {
        guard head.isMethod("GET") else { return nil }
        let path = head.pathBytes
        guard path.count > BatchStatus.path.count, path.prefix(BatchStatus.path.count).elementsEqual(BatchStatus.path)
        else { return nil }
        let job = path.dropFirst(BatchStatus.path.count)
        return job.contains(UInt8(ascii: "/")) ? nil : job
    }

    static func answer(_ call: Call, _ raw: ArraySlice<UInt8>) {
        do throws(ServiceError) {
            try call.count(.poll)
            call.services.polls.ask(call, try call.signed(raw, unknown: Call.jobNotFound))
        } catch { call.fail(error) }
    }
}
