// The text that a signature in the body covers: the output of CPython's json.dumps(value, separators=(',',
// ':'), sort_keys=True) for the value that JSON.stringify wrote and the service read. Only callers that put
// `signature` into the body themselves need it; this client signs the raw body. Pure.

/** @throws TypeError for values outside JSON, as JSON.stringify does. */
export function canonicalJson(value) {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError('not a JSON value');
    return canonical(JSON.parse(text));
}

function canonical(value) {
    if (typeof value === 'number') return pythonNumber(value);
    if (typeof value === 'string') return pythonString(value);
    if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
    if (value === null || typeof value !== 'object') return String(value);
    const members = Object.keys(value).sort(byCodePoint).map((key) => `${pythonString(key)}:${canonical(value[key])}`);
    return `{${members.join(',')}}`;
}

/** Printable ASCII only; escapes in lower case. */
function pythonString(text) {
    return JSON.stringify(text).replace(/[\u007f-\uffff]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/**
 * JSON.stringify writes whole numbers below 1e21 without a point, so that Python reads an integer. Other numbers have the same
 * shortest digits in both, but Python uses exponents earlier and writes them with at least two digits.
 */
function pythonNumber(number) {
    const text = JSON.stringify(number);
    if (/^-?\d+$/.test(text)) return text;
    const [, sign, digits, exponent] = /^(-?)([\d.]+)e([+-]\d+)$/.exec(number.toExponential());
    const power = Number(exponent);
    if (power >= -4 && power < 16) return text;
    const size = String(Math.abs(power)).padStart(2, '0');
    return `${sign}${digits}e${power < 0 ? '-' : '+'}${size}`;
}

/** JavaScript sorts by UTF-16 units, which puts U+10000 and above before U+E000. */
function byCodePoint(a, b) {
    const [left, right] = [Array.from(a), Array.from(b)];
    for (let at = 0; at < left.length && at < right.length; at += 1) {
        const difference = left[at].codePointAt(0) - right[at].codePointAt(0);
        if (difference !== 0) return difference;
    }
    return left.length - right.length;
}
