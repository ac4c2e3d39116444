#!/usr/bin/env python3
"""C5.5, C8: every request to OpenAI agrees with the published rules (provider_rules.py). Servers with different settings do their work, a proxy
records what they send, and every body, line, form, query and header is checked.

Environment: set by run.py.
"""
import concurrent.futures
import copy
import json
import os
import tempfile

import provider_rules as rules
from provider import set_faults
from provider_servers import FAULTS, SERVERS, check_settings
from recorder import Recorder


def main():
    check_settings()
    recorder = Recorder(os.environ["OPENAI_STATE_URL"].removesuffix("/_sim/state"))
    set_faults(FAULTS)
    try:
        with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(len(SERVERS)) as pool:
            servers = [kind(recorder, folder) for kind in SERVERS]
            for done in [pool.submit(server.run) for server in servers]:
                done.result()
    finally:
        set_faults({"lines": [], "batches": [], "fail_image_substring": ""})
        recorder.close()
    counts = check_requests(servers)
    check_rules(next(rules.parse(request.body) for request in servers[0].sent("POST /responses") if b"input_image" in request.body))
    print("provider_requests_test: ok (" + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + ")")


def check_requests(servers):
    """Checks every recorded request; returns how much it checked."""
    counts = dict.fromkeys(("requests", "bodies", "files", "lines", "batches"), 0)
    problems, routes = [], set()
    for server in servers:
        for request in server.recorder.of(server.name):
            found = rules.header_problems(request, server.credential, server.headers) + rules.query_problems(request, server.query)
            try:
                found += body_problems(request, counts)
            except (ValueError, AssertionError, TypeError) as error:
                found.append(f"unreadable: {error}")
            counts["requests"] += 1
            routes.add(request.route)
            problems += [f"{server.name}: {request.route}: {each}" for each in found]
    assert not problems, f"{len(problems)} violations:\n" + "\n".join(problems[:40])
    assert routes == rules.ROUTES, f"unknown routes {routes - rules.ROUTES}, routes not taken {rules.ROUTES - routes}"
    assert all(counts.values()), counts
    return counts


def body_problems(request, counts):
    if request.route == "POST /responses":
        counts["bodies"] += 1
        return rules.response_problems(rules.parse(request.body))
    if request.route == "POST /files":
        problems, lines = rules.upload(request)
        counts["files"] += 1
        counts["lines"] += len(lines)
        return problems
    if request.route == "POST /batches":
        counts["batches"] += 1
        return rules.batch_problems(rules.parse(request.body))
    return ["it has a body"] if request.body else []


def image(body):
    return next(part for part in body["input"][0]["content"] if part["type"] == "input_image")


def schema(body):
    return body["text"]["format"]["schema"]


# What is changed, who must notice it beside the test (the specification's rules, the package's types), the change.
CHANGES = [
    ("an unknown member", "sp", lambda body: body.update(unknown=1)),
    ("an unknown member of a message", "sp", lambda body: body["input"][0].update(unknown=1)),
    ("an unknown member of an image", "sp", lambda body: image(body).update(unknown=1)),
    ("an unknown member of the format", "sp", lambda body: body["text"]["format"].update(unknown=1)),
    ("a name of Chat Completions", "sp", lambda body: body.update(messages=[])),
    ("no model", "s", lambda body: body.pop("model")),
    ("no detail", "sp", lambda body: image(body).pop("detail")),
    ("an unknown detail", "sp", lambda body: image(body).update(detail="fine")),
    ("an image as an object", "sp", lambda body: image(body).update(image_url={"url": "https://example.com/a.jpg"})),
    ("a URL that is not ASCII", "s", lambda body: image(body).update(image_url="https://example.com/ü.jpg")),
    ("a URL with a space", "s", lambda body: image(body).update(image_url="https://example.com/a b.jpg")),
    ("a picture of another kind", "s", lambda body: image(body).update(image_url="data:image/bmp;base64,AAAA")),
    ("base64 that is cut short", "s", lambda body: image(body).update(image_url="data:image/png;base64,AAA")),
    ("a number as a text", "sp", lambda body: body.update(max_output_tokens="4000")),
    ("a number with a fraction", "sp", lambda body: body.update(max_output_tokens=4000.5)),
    ("too few tokens", "s", lambda body: body.update(max_output_tokens=15)),
    ("a temperature out of range", "s", lambda body: body.update(temperature=2.1)),
    ("an unknown effort", "sp", lambda body: body.update(reasoning={"effort": "huge"})),
    ("an unknown cache mode", "sp", lambda body: body.update(prompt_cache_options={"mode": "off"})),
    ("an unknown tier", "sp", lambda body: body.update(service_tier="cheap")),
    ("a schema that is not strict", "", lambda body: body["text"]["format"].update(strict=False)),
    ("a name with a space", "s", lambda body: body["text"]["format"].update(name="damage description")),
    ("a keyword that is not supported", "", lambda body: schema(body)["properties"]["damages"].update(minLength=1)),
    ("a property that is optional", "", lambda body: schema(body).update(required=[])),
    ("an open object", "", lambda body: schema(body).pop("additionalProperties")),
    ("another root", "", lambda body: body["text"]["format"].update(schema={"type": "string"})),
]


def check_rules(body):
    """The rules find nothing in a body that was sent, and notice each change to it."""
    assert not rules.response_problems(body)
    for name, noticed_by, change in CHANGES:
        changed = copy.deepcopy(body)
        change(changed)
        assert rules.response_problems(changed), f"{name} is not noticed"
        assert "s" not in noticed_by or rules.schema_problems("response", changed), f"{name} is not noticed by the specification's rules"
        assert "p" not in noticed_by or rules.package_problems("response", changed), f"{name} is not noticed by the package's types"
    line = json.dumps({"custom_id": "v-1", "method": "POST", "url": "/v1/responses", "body": body}).encode() + b"\n"
    other = line.replace(b'"v-1"', b'"v-2"')
    assert not rules.file_problems(line + other)[0]
    for wrong in (b"", line * 2, line[:-1], line + b"\n", b"\n" + line, line[:-1] + b"\r\n", b"\xef\xbb\xbf" + line, line.replace(b"POST", b"GET"),
                  line.replace(b"/v1/responses", b"/v1/embeddings"), line.replace(b'"v-1"', b'"' + b"v" * 65 + b'"'), b"\xff" + line,
                  line.replace(b'"method"', b'"unknown": 1, "method"'), line.replace(b'"method"', b'"custom_id": "v-1", "method"'),
                  line + other.replace(f'"model": "{body["model"]}"'.encode(), b'"model": "another"')):
        assert rules.file_problems(wrong)[0], f"not noticed: {wrong[:200]}"
    batch = {"input_file_id": "file-1", "endpoint": "/v1/responses", "completion_window": "24h", "metadata": {"a": "b"}}
    assert not rules.batch_problems(batch)
    for wrong in ({"unknown": 1}, {"completion_window": "48h"}, {"endpoint": "/v1/embeddings"}, {"metadata": {"a": 1}}, {"metadata": {"a" * 65: "b"}},
                  {"metadata": {str(n): "b" for n in range(17)}}, {"output_expires_after": {"anchor": "created_at", "seconds": 60}}):
        assert rules.batch_problems({**batch, **wrong}), f"not noticed: {wrong}"


if __name__ == "__main__":
    main()
