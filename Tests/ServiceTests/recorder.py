"""A proxy in front of the simulated OpenAI that keeps every request. Standard library only.

Each server under test has a base URL of its own, `Recorder.base_url(name)`, so that its requests are found by its name.
"""
import dataclasses
import http.client
import http.server
import json
import threading
import urllib.parse

HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


@dataclasses.dataclass
class Request:
    """One request as it arrived. `path` is without the base URL, `headers` are in their order, with their spelling."""
    server: str
    method: str
    path: str
    query: str
    headers: list
    body: bytes

    @property
    def route(self):
        """Method and path, with `{id}` in place of an id."""
        parts = self.path.split("/")
        if len(parts) > 2:
            parts[2] = "{id}"
        return f"{self.method} {'/'.join(parts)}"

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Recorder:
    """Listens on a free port of this machine; `requests` grows while servers run."""

    def __init__(self, provider):
        """`provider`: the address of the simulated OpenAI, without `/v1`."""
        self.provider = urllib.parse.urlsplit(provider)
        self.requests, self.upsets = [], []
        self.lock = threading.Lock()
        recorder = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                recorder.handle(self)

            do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = do_HEAD = handle_any

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        # A server that is killed resets its connections.
        self.server.handle_error = lambda request, address: None
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def base_url(self, name):
        return f"http://127.0.0.1:{self.server.server_port}/{name}/v1"

    def of(self, name):
        with self.lock:
            return [request for request in self.requests if request.server == name]

    def refuse(self, name, route, status, error):
        """Answers a server's next request on a route with an error, instead of the provider."""
        self.upsets.append((name, route, (status, [("Content-Type", "application/json")], json.dumps({"error": error}).encode())))

    def lose(self, name, route):
        """Loses the reply to a server's next request on a route."""
        self.upsets.append((name, route, None))

    def handle(self, handler):
        address = urllib.parse.urlsplit(handler.path)
        name, version, path = address.path[1:].split("/", 2)
        assert version == "v1", handler.path
        body = handler.rfile.read(int(handler.headers["Content-Length"] or 0))
        request = Request(name, handler.command, "/" + path, address.query, handler.headers.items(), body)
        with self.lock:
            self.requests.append(request)
            upset = next((each for each in self.upsets if each[:2] == (name, request.route)), None)
            if upset:
                self.upsets.remove(upset)
        reply = upset[2] if upset and upset[2] else self.forward(request)
        if not reply or (upset and not upset[2]):
            handler.close_connection = True
            return
        status, headers, content = reply
        handler.send_response_only(status)
        for key, value in headers:
            if key.lower() not in HOP:
                handler.send_header(key, value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def forward(self, request):
        headers = {key: value for key, value in request.headers if key.lower() not in HOP}
        # The simulator does not know Azure's header.
        if key := request.header("api-key"):
            headers["Authorization"] = f"Bearer {key}"
        connection = http.client.HTTPConnection(self.provider.hostname, self.provider.port, timeout=300)
        try:
            connection.request(
                request.method, "/v1" + request.path + ("?" + request.query if request.query else ""), request.body or None, headers)
            reply = connection.getresponse()
            return reply.status, reply.headers.items(), reply.read()
        except (OSError, http.client.HTTPException):
            # The simulator closed the connection without a reply, as it was told to.
            return None
        finally:
            connection.close()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
