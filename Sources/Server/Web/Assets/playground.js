// Script of the API reference: computes the text that a signature covers, and the signature, in the reader's browser.
// The canonical text is Python's (C1.2). JSON.parse and JSON.stringify cannot produce it: they lose digits and the
// order of lone surrogates. Nothing that is typed leaves the browser.
"use strict";

// canonical(text, member): the text that Python prints for the JSON in `text`, or for its member `member`.
const canonical = (() => {
  const NUMBER = /-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?/y;
  const PLAIN = /[^"\\\u0000-\u001f]*/y;
  const ESCAPES = { '"': '"', "\\": "\\", "/": "/", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };
  const NESTING = 200;

  // Prints a float as Python's repr does: the fewest digits that tell it from its neighbours.
  const float = (number) => {
    if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
    if (number === 0) return Object.is(number, -0) ? "-0.0" : "0.0";
    const sign = number < 0 ? "-" : "";
    const [mantissa, power] = Math.abs(number).toExponential().split("e");
    const digits = mantissa.replace(".", "");
    const exponent = Number(power);
    if (exponent < -4 || exponent >= 16) {
      const tail = digits.length > 1 ? "." + digits.slice(1) : "";
      return sign + digits[0] + tail + "e" + (exponent < 0 ? "-" : "+") +
        String(Math.abs(exponent)).padStart(2, "0");
    }
    if (exponent < 0) return sign + "0." + "0".repeat(-exponent - 1) + digits;
    return sign + digits.slice(0, exponent + 1).padEnd(exponent + 1, "0") + "." +
      (digits.slice(exponent + 1) || "0");
  };

  const SHORT = { '"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t" };
  const quoted = (text) => '"' + text.replace(/["\\]|[^ -~]/g, (unit) =>
    SHORT[unit] || "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0")) + '"';

  // Orders by code point; JavaScript's own sort orders by UTF-16 unit.
  const order = (a, b) => {
    const [left, right] = [Array.from(a), Array.from(b)];
    for (let index = 0; index < Math.min(left.length, right.length); index += 1) {
      const difference = left[index].codePointAt(0) - right[index].codePointAt(0);
      if (difference) return difference;
    }
    return left.length - right.length;
  };

  return (text, member) => {
    let at = 0;
    const fail = (what) => { throw new SyntaxError(`${what} at character ${at + 1}`); };
    const space = () => { while (at < text.length && " \t\n\r".includes(text[at])) at += 1; };
    const match = (pattern) => {
      pattern.lastIndex = at;
      const found = pattern.exec(text);
      if (found) at = pattern.lastIndex;
      return found;
    };
    const expect = (mark) => { if (text[at] !== mark) fail(`expected ${mark}`); at += 1; };

    const string = () => {
      expect('"');
      let out = "";
      for (;;) {
        out += match(PLAIN)[0];
        if (text[at] === '"') { at += 1; return out; }
        if (text[at] !== "\\") fail("a string is not closed, or holds a control character");
        const mark = text[at + 1];
        if (mark === "u") {
          const hex = text.slice(at + 2, at + 6);
          if (!/^[0-9a-fA-F]{4}$/.test(hex)) fail("expected four hexadecimal digits");
          out += String.fromCharCode(parseInt(hex, 16));
          at += 6;
        } else {
          if (!Object.hasOwn(ESCAPES, mark ?? "")) fail("no such escape");
          out += ESCAPES[mark];
          at += 2;
        }
      }
    };
    // Calls `each` for every member, with its key and the function that reads its value.
    const object = (depth, each) => {
      at += 1;
      space();
      if (text[at] === "}") { at += 1; return; }
      for (;;) {
        space();
        const key = string();
        space();
        expect(":");
        each(key, () => value(depth));
        space();
        if (text[at] === "}") { at += 1; return; }
        expect(",");
      }
    };
    const members = (depth) => {
      const found = new Map();
      object(depth, (key, read) => found.set(key, read()));
      const keys = [...found.keys()].sort(order);
      return "{" + keys.map((key) => quoted(key) + ":" + found.get(key)).join(",") + "}";
    };
    const array = (depth) => {
      at += 1;
      space();
      const out = [];
      if (text[at] === "]") { at += 1; return "[]"; }
      for (;;) {
        out.push(value(depth));
        space();
        if (text[at] === "]") { at += 1; return "[" + out.join(",") + "]"; }
        expect(",");
      }
    };
    const value = (depth) => {
      if (depth > NESTING) fail("nested too deep");
      space();
      switch (text[at]) {
        case "{": return members(depth + 1);
        case "[": return array(depth + 1);
        case '"': return quoted(string());
      }
      for (const word of ["true", "false", "null"]) {
        if (text.startsWith(word, at)) { at += word.length; return word; }
      }
      const number = match(NUMBER);
      if (!number) return fail("expected a JSON value");
      if (number[1] || number[2]) return float(Number(number[0]));
      return number[0] === "-0" ? "0" : number[0];
    };

    space();
    let out;
    if (text[at] === "{") {
      object(1, (key, read) => { const found = read(); if (key === member) out = found; });
      if (out === undefined) fail(`there is no member "${member}"`);
    } else {
      out = value(0);
    }
    space();
    if (at < text.length) fail("there is text after the end of the JSON");
    return out;
  };
})();
// hmac(key, text): 64 hexadecimal digits. Uses the browser's own implementation if there is one. A page from another
// machine over plain HTTP has none.
const hmac = (() => {
  const bytes = (text) => new TextEncoder().encode(text);
  const hex = (array) => Array.from(array, (byte) => byte.toString(16).padStart(2, "0")).join("");

  // SHA-256 (FIPS 180-4). Its constants are the fractions of the roots of the first primes.
  const primes = [];
  for (let number = 2; primes.length < 64; number += 1) {
    if (primes.every((prime) => number % prime)) primes.push(number);
  }
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) >>> 0;
  const K = primes.map((prime) => fraction(Math.cbrt(prime)));
  const START = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));
  const turn = (word, by) => (word >>> by) | (word << (32 - by));
  const block = (state, view, offset) => {
    const words = new Uint32Array(64);
    for (let index = 0; index < 16; index += 1) words[index] = view.getUint32(offset + 4 * index);
    for (let index = 16; index < 64; index += 1) {
      const [x, y] = [words[index - 15], words[index - 2]];
      words[index] = words[index - 16] + words[index - 7] +
        (turn(x, 7) ^ turn(x, 18) ^ (x >>> 3)) + (turn(y, 17) ^ turn(y, 19) ^ (y >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let index = 0; index < 64; index += 1) {
      const first = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + K[index] +
        words[index]) | 0;
      const second = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, index) => { state[index] += word; });
  };
  const sha256 = (message) => {
    const length = Math.ceil((message.length + 9) / 64) * 64;
    const padded = new Uint8Array(length);
    padded.set(message);
    padded[message.length] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(length - 8, Math.floor(message.length / 2 ** 29));
    view.setUint32(length - 4, message.length << 3);
    const state = Uint32Array.from(START);
    for (let offset = 0; offset < length; offset += 64) block(state, view, offset);
    const out = new DataView(new ArrayBuffer(32));
    state.forEach((word, index) => out.setUint32(4 * index, word));
    return new Uint8Array(out.buffer);
  };
  const joined = (a, b) => {
    const out = new Uint8Array(a.length + b.length);
    out.set(a);
    out.set(b, a.length);
    return out;
  };
  const own = (key, text) => {
    const padded = new Uint8Array(64);
    padded.set(key.length > 64 ? sha256(key) : key);
    const pad = (byte) => padded.map((each) => each ^ byte);
    return sha256(joined(pad(0x5c), sha256(joined(pad(0x36), text))));
  };

  return async (key, text) => {
    if (!crypto.subtle) return hex(own(bytes(key), bytes(text)));
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const imported = await crypto.subtle.importKey("raw", bytes(key), algorithm, false, ["sign"]);
    return hex(new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes(text))));
  };
})();
(() => {
  const part = (id) => /** @type {HTMLInputElement} */ (document.getElementById("sign-" + id));
  const [key, what, input, text, signature, problem] =
    ["key", "what", "input", "text", "signature", "problem"].map(part);
  let turn = 0;
  const sign = async () => {
    turn += 1;
    const mine = turn;
    let [signed, digest, wrong] = ["", "", ""];
    try {
      signed = what.value === "lots" ? canonical(input.value, "lots") : input.value;
      if (!key.value) wrong = "Type the shared key to see the signature.";
      else digest = "sha256=" + await hmac(key.value, signed);
    } catch (error) {
      wrong = error.message;
    }
    if (mine !== turn) return;  // the input has changed meanwhile
    text.value = signed;
    signature.value = digest;
    problem.textContent = wrong;
  };
  part("form").hidden = false;
  for (const each of [key, what, input]) each.addEventListener("input", sign);
  sign();
})();
