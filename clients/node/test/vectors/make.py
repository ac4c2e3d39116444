#!/usr/bin/env python3
"""Writes the vectors of these tests with CPython, which is independent of the tested code. Standard library only.

    python3 make.py     writes canonical.json and webhooks.json beside itself
"""
import base64
import hashlib
import hmac
import json
import os

KEYS = {"current": "a-shared-key-of-32-characters-or-more", "previous": "clé-précédente-de-32-caractères-ou-plus"}
HERE = os.path.dirname(os.path.abspath(__file__))

# In the form of JSON.stringify, which is the text that the service reads.
TEXTS = [
    "null", "true", "0", "-1", "12", "0.1", "-2.5", "0.0001", "0.00001", "0.000123", "0.000001234", "1e-7", "1.5e-10", "1e+21",
    "1.7976931348623157e+308", "5e-324", "123456789012345680000", "10000000000000000", "9007199254740992", "0.12345678901234568",
    "100.5", "12345678.125", '""', r'"a\"\\/\b\f\n\r\t"', '"\u007f\u0080é日本\U0001f697"', r'"\u0001\u001f"', r'"\ud800"',
    '"\u2028"', "[]", "{}", "[1,[2,[]],{}]", '{"b":1,"a":2,"\u00e9":3,"Z":4,"10":5,"9":6}',
    '{"\uffff":1,"\U00010000":2,"\ue000":3,"":4,"aa":5,"a":6}',
    '[{"lot_id":"Лот 1","images":[{"url":"https://example.com/a b.jpg"}],"price":1e-7,"additional_info":"«\U0001f697» <b>&"}]',
]


def canonical():
    out = []
    for text in TEXTS:
        value = json.loads(text)
        printed = json.dumps(value, separators=(",", ":"), sort_keys=True)
        signature = hmac.new(KEYS["current"].encode(), printed.encode(), hashlib.sha256).hexdigest()
        out.append({"text": text, "canonical": printed, "signature": "sha256=" + signature})
    return {"key": KEYS["current"], "vectors": out}


def webhooks():
    body = json.dumps({"event": "batch_job_completed", "job_id": "550e8400-e29b-41d4-a716-446655440000", "status": "completed",
                       "lots": [{"lot_id": "Лот 1 \U0001f697"}]}, ensure_ascii=False)
    identifier, timestamp = "3b1f8e57-2d61-4a80-9f37-1f5e0c6b2a11", 1754381700
    signed = f"{identifier}.{timestamp}.{body}".encode()
    macs = {name: hmac.new(key.encode(), signed, hashlib.sha256).digest() for name, key in KEYS.items()}
    return {
        "keys": KEYS, "secrets": {name: "whsec_" + base64.b64encode(key.encode()).decode() for name, key in KEYS.items()},
        "body": body, "id": identifier, "timestamp": timestamp,
        "standard": {name: "v1," + base64.b64encode(mac).decode() for name, mac in macs.items()},
        "document": {name: "sha256=" + hmac.new(key.encode(), body.encode(), hashlib.sha256).hexdigest()
                     for name, key in KEYS.items()},
    }


def main():
    for name, content in (("canonical.json", canonical()), ("webhooks.json", webhooks())):
        with open(os.path.join(HERE, name), "w", encoding="ascii") as file:
            json.dump(content, file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
