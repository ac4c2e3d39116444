// The service's signatures: `sha256=` and hex HMAC-SHA256 under the shared key. Pure.
import { createHmac } from 'node:crypto';

/** The `X-Signature` over a text (as UTF-8) or bytes. */
export function sign(sharedKey, data) {
    return signatureOf(beginSignature(sharedKey).update(data));
}

/** An HMAC to be fed piece by piece. */
export function beginSignature(sharedKey) {
    return createHmac('sha256', sharedKey);
}

/** Ends one. */
export function signatureOf(hmac) {
    return `sha256=${hmac.digest('hex')}`;
}
