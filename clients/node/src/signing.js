// The service's signatures: `sha256=` and hex HMAC-SHA256 under the shared key. Pure.
import { createHmac } from 'node:crypto';

/** The `X-Signature` of a text (as UTF-8) or of bytes. */
export function sign(sharedKey, data) {
    return signatureOf(beginSignature(sharedKey).update(data));
}

/** An HMAC over pieces. */
export function beginSignature(sharedKey) {
    return createHmac('sha256', sharedKey);
}

/** Ends such an HMAC and returns the signature. */
export function signatureOf(hmac) {
    return `sha256=${hmac.digest('hex')}`;
}
