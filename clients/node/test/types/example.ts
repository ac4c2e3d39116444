// Checked by `tsc --strict`, never run: every method with its types, and mistakes that the compiler must
// detect.
import { createServer } from 'node:http';
import {
    APIError, BatchTooLargeError, Client, GenerationServiceClient, JobNotCompletedError, RateLimitError, WaitTimeoutError,
    WebhookVerificationError, canonicalJson, receiveWebhook, sign, verifyDocumentSignature, verifyWebhook,
} from 'generation-service-client';
import type {
    AcceptedJob, BatchLotResult, CancelledJob, Clock, JobPage, JobResults, JobStatus, ListedJob, Lot, Redelivery, SyncResult, Webhook,
    WebhookDelivery,
} from 'generation-service-client';

const clock: Clock = { now: () => 0, sleep: async (ms, signal) => { signal?.throwIfAborted(); ms.toFixed(); }, random: () => 0 };
const client = new Client('http://localhost:5000', 'key', { retry: { attempts: 3 }, deadlineMs: 1000, clock });

async function modern(signal: AbortSignal): Promise<void> {
    const lot: Lot = { lot_id: 'a', images: [{ url: 'https://example.com/a.jpg' }], additional_info: null };
    const one: SyncResult = await client.describe({ lot_id: 'a', images: [] }, { languages: ['en'], signal });
    const html: string = one.lots[0].descriptions[0]!.damages;
    const frozen = ['en', 'de'] as const;
    const accepted: AcceptedJob = await client.createBatch([lot], { languages: frozen, idempotencyKey: 'k', version: '1.0.0' });
    await client.createBatch(new Set([lot]));
    await client.createBatch((async function* () { yield lot; })());
    await client.createBatchFromFile('lots.ndjson', { format: 'ndjson', languages: ['en'] });

    const status: JobStatus = await client.wait(accepted.job_id, {
        intervalMs: 1000, timeoutMs: 60_000, signal, onProgress: async (seen) => { html.concat(seen.processing_details.current_stage); },
    });
    const stage: 'queued' | string = status.processing_details.current_stage;
    const whole: JobResults = await client.results(accepted.job_id);
    const stream = client.streamResults(accepted.job_id, { signal });
    for await (const result of stream) { const kept: BatchLotResult = result; kept.processed_at.slice(); }
    const version: string | undefined = stream.document?.results.version;
    const { path, bytes }: { path: string; bytes: number } = await client.download(accepted.job_id);
    const page: JobPage = await client.listJobs({ status: 'completed', createdAfter: new Date(), limit: 5 });
    for await (const job of client.iterateJobs({ createdBefore: '2026-01-01' })) { const listed: ListedJob = job; listed.id.slice(); }
    const cancelled: CancelledJob = await client.cancel(accepted.job_id, { deadlineMs: 5 });
    const deliveries: WebhookDelivery[] = await client.webhookDeliveries(accepted.job_id);
    for await (const each of client.streamWebhookDeliveries(accepted.job_id)) each.attempts.length.toFixed();
    const again: Redelivery = await client.redeliver(deliveries[0]!.id);
    const code: number | null | undefined = deliveries[0]!.attempts[0]?.http_status;
    await client.status(accepted.job_id);
    client.close();
    void [stage, whole, version, path, bytes, page, cancelled, again, code];
}

async function document(): Promise<void> {
    const old = new GenerationServiceClient('http://localhost:5000', 'key');
    const signature: string = old.generateSignature({ lots: [] }) + old.generateSignature('id');
    const sync = await old.syncGenerate('id', 'info', ['https://example.com/a.jpg'], ['en', 'fr']);
    if (sync.status === 200 && typeof sync.data === 'object' && 'lots' in sync.data) sync.data.lots;
    const { jobId, error } = await old.batchGenerate([{ lotId: 'a', additionalInfo: 'b', imageUrls: [] }], ['en'], null);
    if (jobId !== null) {
        const { data: results, error: pollError } = await old.pollForCompletion(jobId, 1000, 5000, (status) => status.progress);
        if (results) results.processing_summary.processed_lots.toFixed();
        else pollError.slice();
        const { data } = await old.getJobStatus(jobId);
        data?.usage.by_model['o4-mini']?.input_tokens;
        (await old.getJobResults(jobId)).data?.results.lots;
    } else {
        error.slice();
    }
    await old.createBatch([]);
    void signature;
}

function errors(thrown: unknown): void {
    if (thrown instanceof RateLimitError) thrown.retryAfter?.toFixed();
    else if (thrown instanceof JobNotCompletedError) thrown.body?.['progress'];
    else if (thrown instanceof APIError) thrown.requestId?.concat(thrown.code, thrown.text, String(thrown.details));
    else if (thrown instanceof WaitTimeoutError) thrown.status.status;
    else if (thrown instanceof WebhookVerificationError) thrown.reason === 'stale';
    else if (thrown instanceof BatchTooLargeError) thrown.code.slice();
}

createServer(async (request, response) => {
    const webhook: Webhook = await receiveWebhook(request, ['a', 'b'], { maxBytes: 1000, toleranceSeconds: 60 });
    webhook.payload.lots[0]?.descriptions;
    response.end();
}).listen(0);
verifyWebhook('{}', new Headers(), 'key', { scheme: 'document', now: () => 0 });
verifyDocumentSignature(new Uint8Array(), null, ['key']);
canonicalJson([]) + sign('key', 'text');
void [modern, document, errors];

// @ts-expect-error a lot has an id
client.createBatch([{ images: [] }]);
// @ts-expect-error described at once, it can name no webhook
client.describe({ lot_id: 'a', images: [], webhook: 'https://example.com' });
// @ts-expect-error no such status
client.listJobs({ status: 'done' });
// @ts-expect-error an id is a text
client.status(5);
// @ts-expect-error what was parsed cannot be verified
verifyWebhook({ event: 'x' }, {}, 'key');
// @ts-expect-error the key is missing
new Client('http://localhost:5000');
