#!/usr/bin/env python3
"""LiteLLM's proxy between the service and the simulated OpenAI: a synchronous lot, a batch of two stages, models that are gone, and
jobs without batches (docs/PROVIDERS.md).

Environment: set by run.py, and LITELLM, the program `litellm` (scripts/test-litellm). The test starts its own simulator and servers.
"""
import contextlib
import json
import os
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import uuid

import batch
from client import Client
from document_shapes_test import psql
from front import stack
from logs_test import Server, until

MODELS = ["o4-mini", "gpt-5.6-terra", "gpt-4.1-mini", "gpt-6-luna", "shut-down-model"]
KEY = f"sk-litellm-{uuid.uuid4().hex}"
LANGUAGES = ["en", "de"]


def main():
    name = f"litellm_{uuid.uuid4().hex[:12]}"
    psql(f'CREATE DATABASE "{name}"')
    database = urllib.parse.urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + name).geturl()
    batch.LANGUAGES[:] = LANGUAGES
    try:
        with tempfile.TemporaryDirectory() as folder, contextlib.closing(Outside(folder)) as outside:
            settings = {"DATABASE_URL": database, "OPENAI_BASE_URL": outside.gateway + "/v1", "OPENAI_API_KEY": KEY,
                        "OPENAI_IMAGE_MODE": "url", "ALLOWED_PRIVATE_NETWORKS": "127.0.0.0/8"}
            try:
                check_settings(settings)
                with Server(folder, **settings) as server:
                    check_synchronous(server, settings)
                    check_batch(server, outside)
                for gone in ("shut-down-model", "unknown-to-litellm"):
                    with Server(folder, **settings, OPENAI_MODEL_VISION=f"{gone},o4-mini") as server:
                        check_synchronous(server, settings)
                        print(f"litellm_test: the next model follows {gone}")
                with Server(folder, **settings, OPENAI_BATCHES="off") as server:
                    check_without_batches(server, outside)
            except BaseException:
                print(outside.proxy.last_lines(60))
                raise
    finally:
        psql(f'DROP DATABASE "{name}" WITH (FORCE)')
    print("litellm_test: ok")


class Outside:
    """A simulated OpenAI and LiteLLM's proxy in front of it."""

    def __init__(self, folder):
        self.running = stack.Stack(os.environ["BINARIES"], folder)
        self.openai = self.running.simulator("openai", "--batch-seconds", "0.5", "--api-key", "sk-of-the-gateway")
        port = stack.free_port()
        self.gateway = f"http://127.0.0.1:{port}"
        upstream = {"api_base": self.openai + "/v1", "api_key": "sk-of-the-gateway"}
        config = {
            "model_list": [
                {"model_name": model, "litellm_params": {"model": f"openai/{model}", **upstream}} for model in MODELS],
            "files_settings": [{"custom_llm_provider": "openai", **upstream}],
            "litellm_settings": {"num_retries": 0, "telemetry": False},
            "general_settings": {"master_key": KEY},
        }
        path = os.path.join(folder, "litellm.yaml")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(config, file)  # JSON is YAML
        environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "OPENAI_API_KEY": "sk-of-the-gateway",
                       "OPENAI_BASE_URL": self.openai + "/v1"}
        environment.pop("DATABASE_URL", None)  # LiteLLM has its own variable of this name
        command = [os.environ["LITELLM"], "--config", path, "--host", "127.0.0.1", "--port", str(port)]
        self.proxy = stack.Child("litellm", command, environment, os.path.join(folder, "litellm.log"))
        self.running.children.append(self.proxy)
        until("LiteLLM answers", self.is_ready, seconds=180)

    def is_ready(self):
        if not self.proxy.is_running():
            raise self.proxy.fail("ended")
        try:
            with urllib.request.urlopen(self.gateway + "/health/liveliness", timeout=5) as reply:
                return reply.status == 200
        except (urllib.error.URLError, OSError):
            return False

    def state(self):
        with urllib.request.urlopen(self.openai + "/_sim/state", timeout=30) as reply:
            return json.load(reply)

    def close(self):
        self.running.stop()


def check_settings(changes):
    """`generation-service check` finds models, files and batches behind the gateway."""
    settings = {**json.loads(os.environ["SERVER_SETTINGS"]), **changes}
    done = subprocess.run([os.path.join(os.environ["BINARIES"], "generation-service"), "check"],
                          env={"PATH": os.environ["PATH"], **settings}, capture_output=True, text=True, timeout=120, check=False)
    print(done.stdout)
    assert done.returncode == 0 and "OPENAI_BATCHES" not in done.stdout, done.stdout + done.stderr
    assert KEY not in done.stdout + done.stderr


def check_synchronous(server, _):
    client = Client(server.url, os.environ["SHARED_KEY"])
    lot = batch.make(1, os.environ["IMAGES_URL"])[0]
    code, _, reply = client.generate([lot], LANGUAGES)
    assert code == 200, (code, reply)
    batch.check_lot(reply["lots"][0], lot)


def run_job(server, count):
    client = Client(server.url, os.environ["SHARED_KEY"])
    lots = batch.make(count, os.environ["IMAGES_URL"])
    code, _, reply = client.generate(lots, LANGUAGES)
    assert code == 201, (code, reply)
    ended = client.wait(reply["job_id"], seconds=180)
    assert ended["status"] == "completed", ended
    batch.check_results(client.results(reply["job_id"])[2], lots)
    assert ended["usage"]["input_tokens"] > 0, ended


def check_batch(server, outside):
    run_job(server, 5)
    state = outside.state()
    assert len(state["batches"]) == 2 and state["double_submissions"] == [], state["batches"]
    print("litellm_test: a batch of two stages")


def check_without_batches(server, outside):
    before = outside.state()
    run_job(server, 12)
    after = outside.state()
    assert len(after["batches"]) == len(before["batches"]), after["batches"]
    assert len(after["files"]) <= len(before["files"]), after["files"]
    print("litellm_test: a job without batches")


if __name__ == "__main__":
    main()
