// The package's exports. Types: index.d.ts.

export { Client } from './client.js';
export { GenerationServiceClient } from './document-client.js';
export {
    GenerationServiceError, APIError, InvalidRequestError, AuthenticationError, NotFoundError, ConflictError, JobEndedError,
    RequestInProgressError, RateLimitError, UnavailableError, ServerError, JobNotCompletedError, TransportError,
    RequestTimeoutError, InvalidReplyError, InputError, BatchTooLargeError, WaitTimeoutError, WebhookVerificationError,
} from './errors.js';
export { verifyWebhook, receiveWebhook, verifyDocumentSignature } from './webhooks.js';
export { canonicalJson } from './canonical.js';
export { sign } from './signing.js';
