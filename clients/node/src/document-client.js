// The API document's Node example as a working client: the same class, methods, argument order and return
// shapes, so that a program based on the example only changes its import. It uses `Client` and offers its
// methods too.
//
// Differences: the signature covers the sent bytes (the example's covers nothing, C1.4), getJobResults
// exists, a single car without a webhook becomes a job as well, and temporary failures are retried.
import { canonicalJson } from './canonical.js';
import { Client } from './client.js';
import { APIError, JobNotCompletedError } from './errors.js';

export class GenerationServiceClient extends Client {
    /** Signs a job's id; or, for callers that put `signature` into a body themselves, `data.lots` as the service reads them. */
    generateSignature(data) {
        return this._sign(data !== null && typeof data === 'object' ? canonicalJson(data.lots) : String(data));
    }

    /** `{data, status}`: the reply, or the service's error. */
    async syncGenerate(lotId, additionalInfo, imageUrls, languages = ['en']) {
        const lot = lotOf({ lotId, additionalInfo, imageUrls });
        return settled(
            async () => ({ data: await this.describe(lot, { languages }), status: 200 }),
            (error) => ({ data: error.body ?? error.text, status: error.status }));
    }

    /** `{jobId, error}`. `carsData` may be any iterable or async iterable of `{lotId, additionalInfo, imageUrls}`. */
    async batchGenerate(carsData, languages = ['en'], webhookUrl = null) {
        return settled(
            async () => {
                const job = await this.createBatch(lotsOf(carsData, webhookUrl), { languages });
                return { jobId: job.job_id, error: null };
            },
            (error) => ({ jobId: null, error: error.text }));
    }

    /** `{data, error}`. */
    async getJobStatus(jobId) {
        return settled(async () => ({ data: await this.status(jobId), error: null }), failed);
    }

    /** `{data, error}`. */
    async getJobResults(jobId) {
        return settled(async () => ({ data: await this.results(jobId), error: null }), failed);
    }

    /** `{data, error}`: the results after the job has completed. Times in milliseconds; `onProgress` gets each status. */
    async pollForCompletion(jobId, pollInterval = 30000, maxWaitTime = 3600000, onProgress = undefined) {
        try {
            const ended = await this.wait(jobId, { intervalMs: pollInterval, timeoutMs: maxWaitTime, onProgress });
            if (ended.status === 'completed') return await this.getJobResults(jobId);
            return { data: null, error: `Job ${ended.status}: ${ended.error_message || 'Unknown error'}` };
        } catch (error) {
            if (error.code === 'WAIT_TIMEOUT') return { data: null, error: `Timeout after ${maxWaitTime}ms` };
            if (error instanceof APIError) return failed(error);
            throw error;
        }
    }
}

/** Returns refusals of the service as values; throws if a request never reached it, as fetch does. */
async function settled(call, refused) {
    try {
        return await call();
    } catch (error) {
        if (error instanceof APIError) return refused(error);
        throw error;
    }
}

function failed(error) {
    return { data: null, error: error instanceof JobNotCompletedError ? 'Job not completed yet' : error.text };
}

function lotOf({ lotId, additionalInfo, imageUrls }) {
    return { lot_id: lotId, additional_info: additionalInfo, images: Array.from(imageUrls, (url) => ({ url })) };
}

async function* lotsOf(carsData, webhook) {
    for await (const car of carsData) yield webhook ? { ...lotOf(car), webhook } : lotOf(car);
}
