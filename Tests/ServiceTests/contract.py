"""Checks replies against the service's own OpenAPI document: each reply must be described in it.

Needs jsonschema (Tests/requirements.txt).
"""
import http.client
import json
import re
import socket

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from client import Client

# Fields of HTTP itself, and fields for browsers' policies.
ALWAYS_ALLOWED = {
    "connection", "content-length", "content-security-policy", "content-type", "date", "referrer-policy", "transfer-encoding",
    "x-content-type-options", "x-frame-options",
}


class Contract:
    def __init__(self, document):
        self.document = document
        self.registry = Registry().with_resource("urn:api", Resource(contents=document, specification=DRAFT202012))
        self.templates = [(re.compile(re.sub(r"\{\w+\}", "[^/]+", path) + r"\Z"), path) for path in document["paths"]]
        # (operation, status, code) of the replies seen; the code is None unless the reply is an error.
        self.seen = set()

    def template(self, target):
        path = target.split("?")[0]
        return next((template for pattern, template in self.templates if pattern.match(path)), None)

    def operation(self, method, target):
        """The operation that must describe the reply: for a wrong method the path's operation, with its 405."""
        item = self.document["paths"].get(self.template(target))
        if item is None:
            return None
        return item.get({"HEAD": "get"}.get(method, method.lower())) or next(iter(item.values()))

    def validator(self, schema):
        return jsonschema.Draft202012Validator(
            self.absolute(schema), registry=self.registry, format_checker=jsonschema.FormatChecker())

    def absolute(self, schema):
        """The schema with references into the document, for a schema from any place."""
        if isinstance(schema, dict):
            return {name: "urn:api" + value if name == "$ref" else self.absolute(value) for name, value in schema.items()}
        return [self.absolute(each) for each in schema] if isinstance(schema, list) else schema

    def resolved(self, item):
        while "$ref" in item:
            parts = item["$ref"].removeprefix("#/").split("/")
            item = self.document
            for part in parts:
                item = item[part]
        return item

    # Replies

    def check(self, method, target, status, headers, content):
        """`headers` is an http.client.HTTPMessage."""
        where = f"{method} {target}: {status}"
        operation = self.operation(method, target)
        if operation is None:
            return self.unknown_path(where, status, headers, content)
        assert str(status) in operation["responses"], f"{where} is not documented for {operation['operationId']}: {content[:300]}"
        response = self.resolved(operation["responses"][str(status)])
        self.check_headers(where, response.get("headers", {}), headers)
        code = self.check_content(where, method, response.get("content"), headers, content)
        self.seen.add((operation["operationId"], status, code))

    def unknown_path(self, where, status, headers, content):
        assert status == 404, f"{where}: this path is not documented: {content[:300]}"
        if content:
            errors = list(self.validator({"$ref": "#/components/schemas/NotFoundError"}).iter_errors(json.loads(content)))
            assert not errors, f"{where}: {errors}"
        self.seen.add((None, status, "NOT_FOUND"))

    def check_headers(self, where, documented, headers):
        documented = {name.lower(): self.resolved(header) for name, header in documented.items()}
        for name, header in documented.items():
            values = headers.get_all(name) or []
            assert values or not header.get("required"), f"{where}: the header {name} is missing"
            assert len(values) <= 1, f"{where}: {name} stands there {len(values)} times"
            for value in values:
                kind = header["schema"]["type"]
                errors = list(self.validator(header["schema"]).iter_errors(int(value) if kind == "integer" else value))
                assert not errors, f"{where}: {name}: {value}: {errors[0].message}"
        for name in headers:
            assert name.lower() in documented or name.lower() in ALWAYS_ALLOWED, f"{where}: the header {name} is not documented"

    def check_content(self, where, method, contents, headers, content):
        """The code, if the reply is an error."""
        if contents is None:
            assert not content, f"{where}: no content is documented: {content[:300]}"
            return None
        kind = headers["Content-Type"].split(";")[0]
        assert kind in contents, f"{where}: {kind} is not documented"
        if method == "HEAD":
            assert not content, where
            return None
        if kind != "application/json":
            return None
        value = json.loads(content)
        self.check_value(where, contents[kind]["schema"], value)
        return value.get("code") if "error" in value and "request_id" in value else None

    def check_value(self, where, schema, value):
        errors = sorted(self.validator(schema).iter_errors(value), key=lambda error: len(error.path))
        assert not errors, f"{where}: {describe(errors[0])}\n{json.dumps(value)[:1500]}"

    # Webhooks

    def check_delivery(self, headers, body):
        value = json.loads(body)
        operation = self.document["webhooks"][value["event"]]["post"]
        for header in operation["parameters"]:
            given = headers[header["name"]]
            assert given is not None, f"{value['event']}: {header['name']} is missing"
            self.check_value(header["name"], header["schema"], int(given) if header["schema"]["type"] == "integer" else given)
        self.check_value(value["event"], operation["requestBody"]["content"]["application/json"]["schema"], value)
        self.seen.add((value["event"], 200, None))


def describe(error):
    """The innermost reason, from the best-matching alternative."""
    best = jsonschema.exceptions.best_match([error])
    return f"{'/'.join(map(str, best.absolute_path))}: {best.message[:500]}"


class CheckedClient(Client):
    """The tests' client: checks every reply against the document, and can send requests that no HTTP library would send."""

    def __init__(self, base_url, shared_key, contract):
        super().__init__(base_url, shared_key)
        self.contract = contract

    def send(self, method, target, body=None, headers=None):
        status, fields, content = super().send(method, target, body, headers)
        self.contract.check(method, target, status, fields, content)
        return status, fields, content

    def raw(self, text, method="GET", target="/health/live"):
        """Sends exactly these bytes; checks the reply against the given operation."""
        with self.connect(text) as connection:
            return self.answer(connection, method, target)

    def connect(self, text):
        connection = socket.create_connection((self.address.hostname, self.address.port), timeout=120)
        connection.sendall(text)
        return connection

    def answer(self, connection, method, target):
        reply = http.client.HTTPResponse(connection, method=method)
        reply.begin()
        content = reply.read()
        self.contract.check(method, target, reply.status, reply.headers, content)
        return reply.status, reply.headers, content
