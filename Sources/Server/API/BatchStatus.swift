// GET /api/v1/batch-status/{job_id}: most of all requests, so nothing on its way makes a text or a task of its own.
// Loop-bound.
import Engine

enum BatchStatus {
    private static let path = Array("/api/v1/batch-status/".utf8)
    /// Its path as ``APIRoute`` has it.
    static let pattern = "/api/v1/batch-status/:job"

    /// The job's id as it stands in the path, if the request is such a poll.
    static func job(of head: RequestHead) -> ArraySlice<UInt8>? {
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
