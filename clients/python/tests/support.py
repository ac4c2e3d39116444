"""Shared code of the tests: scripted replies instead of a network, a clock that does not wait, and a proxy that cuts replies."""
import http.client
import io
import json
import os
import socket
import sys
import threading
import urllib.parse

import requests
import urllib3

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.normpath(os.path.join(HERE, "..", "..", ".."))
sys.path.insert(0, os.path.join(HERE, "..", "src"))

from generation_service import Client, RetryPolicy, Waiting  # noqa: E402

KEY = "k" * 40
JOB = "550e8400-e29b-41d4-a716-446655440000"


class Time:
    """`sleep` returns at once and is recorded."""

    def __init__(self, chance=0.0, on_sleep=None):
        self.now, self.sleeps, self.on_sleep = 0.0, [], on_sleep
        self.waiting = Waiting(clock=lambda: self.now, sleep=self.sleep, chance=lambda: chance)

    def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.now += seconds
        if self.on_sleep:
            self.on_sleep()


class Broken(io.BytesIO):
    """A body that ends with a lost connection."""

    def read(self, *arguments):
        piece = super().read(*arguments)
        if not piece:
            raise urllib3.exceptions.ProtocolError("Connection broken", ConnectionResetError())
        return piece

    read1 = read


def reply(status, body, headers=None, is_broken=False):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return status, content, {"Content-Type": "application/json", **(headers or {})}, is_broken


def refusal(status, code, headers=None, **members):
    return reply(status, {"error": "Refused", "message": "No.", "code": code, "request_id": "r-1", **members}, headers)


class Script(requests.adapters.HTTPAdapter):
    """Returns replies in order, including exceptions, and records each request with its whole body."""

    def __init__(self, *replies):
        super().__init__()
        self.replies, self.requests = list(replies), []

    def send(self, request, **settings):
        body = request.body
        request.sent = body if isinstance(body, (bytes, type(None))) else body.read()
        request.settings = settings
        self.requests.append(request)
        next_reply = self.replies.pop(0)
        if isinstance(next_reply, Exception):
            raise next_reply
        status, content, headers, is_broken = next_reply
        raw = urllib3.HTTPResponse(
            Broken(content) if is_broken else io.BytesIO(content), headers=headers, status=status, preload_content=False)
        return self.build_response(request, raw)


def scripted(*replies, time=None, retry=RetryPolicy(), make=Client):
    """A client, its script, and its clock."""
    script, time = Script(*replies), time or Time()
    client = make("http://service.test", KEY, retry=retry, waiting=time.waiting)
    client.session.mount("http://", script)
    return client, script, time


class Proxy:
    """A TCP proxy in front of the service. `upstream` may change at any time and applies to later connections.

    While `cuts` is above 0, the proxy reads the first bytes of a reply and then drops it: the service has
    answered, but the client gets nothing.
    """

    def __init__(self, upstream, cuts=0):
        self.upstream, self.cuts, self.connections = upstream, cuts, 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            address = urllib.parse.urlsplit(self.upstream)
            server = socket.create_connection((address.hostname, address.port))
            threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
            threading.Thread(target=self._answer, args=(server, client), daemon=True).start()

    @staticmethod
    def _pump(source, target):
        try:
            while piece := source.recv(65536):
                target.sendall(piece)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def _answer(self, server, client):
        try:
            piece = server.recv(65536)
            if piece and self.cuts > 0:
                self.cuts -= 1
                server.close()
                client.shutdown(socket.SHUT_RDWR)
                return client.close()
            while piece:
                client.sendall(piece)
                piece = server.recv(65536)
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def close(self):
        self._listener.close()


class Recorder:
    """A server on a real socket that records each request line, its headers and body unchanged, and answers `{}`."""

    def __init__(self, status=200):
        self.requests = []
        self._status = status
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection, connection.makefile("rb") as stream:
                line = stream.readline().decode()
                headers = http.client.parse_headers(stream)
                body = stream.read(int(headers["Content-Length"] or 0))
                self.requests.append((line, headers, body))
                connection.sendall(
                    f"HTTP/1.1 {self._status} OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{{}}".encode())

    def close(self):
        self._listener.close()
