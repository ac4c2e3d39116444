"""Starts, awaits and stops the processes of a running service: simulators and the server.

Used by scripts/run.py and by the tests of the API document. Standard library only. Every process has its own process group, so
that a Ctrl-C in the terminal reaches this program alone, which then stops them in order.
"""
import ctypes
import os
import random
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


class StackError(Exception):
    """A process did not start or did not stay up; the text is for people."""


class Child:
    """One process with its log file."""

    def __init__(self, name, command, environment, log):
        self.name, self.log = name, log
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "wb") as output:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                start_new_session=True, preexec_fn=_end_with_parent)

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        return self.process.poll() is None

    def last_lines(self, count=15):
        with open(self.log, encoding="utf-8", errors="replace") as text:
            return "".join("    " + line for line in text.readlines()[-count:])

    def fail(self, what):
        return StackError(f"{self.name} {what}; end of its log ({self.log}):\n{self.last_lines()}")

    def wait_for_address(self, seconds=20):
        """The address in the line `listening on http://...` that a simulator prints."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with open(self.log, encoding="utf-8", errors="replace") as text:
                found = re.search(r"listening on (http://[0-9A-Za-z.:\[\]]+)", text.read())
            if found:
                return found.group(1)
            if not self.is_running():
                raise self.fail(f"ended at once with status {self.process.returncode}")
            time.sleep(0.02)
        raise self.fail("did not say where it listens")

    def stop(self, seconds=20):
        """Sends SIGTERM to its group, then SIGKILL if it does not end."""
        for number, patience in ((signal.SIGTERM, seconds), (signal.SIGKILL, 5)):
            if not self.is_running():
                return
            try:
                os.killpg(self.pid, number)
                self.process.wait(patience)
            except (subprocess.TimeoutExpired, ProcessLookupError):
                continue


def _end_with_parent():
    """Runs in the child: if this program is killed, the kernel ends the child too (prctl PR_SET_PDEATHSIG)."""
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)


class Stack:
    """Processes that run together. `binaries` is the folder with `generation-service` and `loadtest`."""

    def __init__(self, binaries, logs):
        self.binaries, self.logs = binaries, logs
        self.children = []
        self.secrets = {}

    def start(self, name, program, arguments, environment=None):
        path = os.path.join(self.binaries, program)
        if not os.access(path, os.X_OK):
            raise StackError(f"{path} is not built")
        child = Child(name, [path, *arguments], environment or dict(os.environ), os.path.join(self.logs, name + ".log"))
        self.children.append(child)
        return child

    def simulator(self, kind, *options):
        """Starts `loadtest openai|images|webhooks` on a free port and returns its address."""
        return self.start(kind, "loadtest", [kind, "--port", "0", *options]).wait_for_address()

    def server(self, port, settings):
        """Starts the server and waits until it is ready. `settings` are its environment variables."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "LANG", "ASAN_OPTIONS", "LSAN_OPTIONS") if name in os.environ}
        environment = {**kept, "BIND": f"0.0.0.0:{port}", **settings}
        self.secrets |= secrets_of(settings)
        child = self.start("server", "generation-service", ["serve"], environment)
        address = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 60
        while not is_ready(address):
            if not child.is_running():
                raise child.fail(f"ended with status {child.process.returncode}")
            if time.monotonic() > deadline:
                raise child.fail("was not ready within 60 s")
            time.sleep(0.05)
        return address

    def ended(self):
        """The first process that ended by itself, if any."""
        return next((child for child in self.children if not child.is_running()), None)

    def kill(self):
        """Kills all processes at once."""
        for child in self.children:
            if child.is_running():
                os.killpg(child.pid, signal.SIGKILL)

    def stop(self):
        """Stops the server first, so that it can finish its requests to the others."""
        for child in reversed(self.children):
            child.stop()
        self.children = []
        if "SEARCH_FOR_SECRETS" in os.environ and (found := self.leaks()):
            raise StackError(f"secrets were written: {', '.join(found)}")

    def leaks(self):
        """The places of a server's secrets in the logs or in other files of its folder (C8)."""
        found = []
        for folder, _, names in os.walk(self.logs):
            for name in filter(lambda name: os.path.isfile(os.path.join(folder, name)), names):
                with open(os.path.join(folder, name), "rb") as file:
                    text = file.read()
                found += [f"{secret} in {name}" for secret, value in self.secrets.items() if value.encode() in text]
        return found


def secrets_of(settings):
    """The secrets among a server's settings, by name."""
    names = ("SHARED_KEY", "SHARED_KEY_PREVIOUS", "OPENAI_API_KEY", "SESSION_SECRET")
    found = {name: settings[name] for name in names if settings.get(name)}
    password = urllib.parse.urlsplit(settings.get("DATABASE_URL", "")).password
    return found | ({"the password of DATABASE_URL": password} if password else {})


def is_ready(address):
    try:
        with urllib.request.urlopen(address + "/health/ready", timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False


def port_is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("0.0.0.0", port))
            return True
        except OSError:
            return False


def free_port():
    """A free port outside the kernel's own range: no other program gets it before its server does, or between two starts."""
    while not port_is_free(port := random.randrange(10_000, 20_000)):
        pass
    return port


def kept_secret(path):
    """A random secret in a file that only its owner can read, created on first use."""
    try:
        with open(path, encoding="ascii") as file:
            return file.read().strip()
    except FileNotFoundError:
        secret = secrets.token_hex(32)
        with open(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as file:
            file.write(secret + "\n")
        return secret


class Outside:
    """The simulators: settings that make the server use them, a base URL below which every .jpg is a picture, a receiver."""

    def __init__(self, images, webhooks, openai=None):
        self.images, self.webhooks, self.openai = images + "/car", webhooks + "/ok/demo", openai
        # Simulators are on loopback, where no image or webhook may be by default (C7).
        self.server = {"ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}
        if openai:
            self.server |= {"OPENAI_BASE_URL": openai + "/v1", "OPENAI_API_KEY": "sk-simulated", "WORKER_POLL_INTERVAL": "0.2"}


def simulated_outside(stack, with_openai=True, batch_seconds=3):
    """Starts the simulators; a batch takes `batch_seconds` at the simulated OpenAI."""
    openai = stack.simulator("openai", "--batch-seconds", str(batch_seconds)) if with_openai else None
    return Outside(stack.simulator("images"), stack.simulator("webhooks"), openai)
