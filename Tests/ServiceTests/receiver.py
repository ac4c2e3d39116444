"""A webhook receiver in this process, so that a test sees the exact bytes and headers of a delivery."""
import http.server
import queue
import threading


class Receiver:
    """Listens on a free port of this machine; `next()` is the next delivery as (headers, body)."""

    def __init__(self):
        deliveries = queue.Queue()

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()
                deliveries.put((self.headers, body))

            def log_message(self, *arguments):
                pass

        self.deliveries = deliveries
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/webhooks/generation-complete"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, seconds=90):
        return self.deliveries.get(timeout=seconds)

    def close(self):
        self.server.shutdown()
        self.server.server_close()
