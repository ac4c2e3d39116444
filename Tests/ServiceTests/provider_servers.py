"""Servers with different settings, whose work makes them send each kind of request to OpenAI. Environment: set by run.py."""
import json
import os
import re
import subprocess
import time
import urllib.parse
import uuid

import provider_rules
from client import Client
from document_shapes_test import psql
from front import ROOT, stack

IMAGES, SITE = os.environ["IMAGES_URL"], os.environ["IMAGES_URL"].rsplit("/", 1)[0]
KEY = json.loads(os.environ["SERVER_SETTINGS"])["OPENAI_API_KEY"]
LANGUAGES = ["pt-BR", "zh-Hant", "ar", "he", "fa", "ur", "es-419", "sr-Latn", "ja", "en"]
ODD_URLS = [f"{IMAGES}/{rest}" for rest in (
    "grün-日本.jpg", "grün-[1].jpg?x={1}&y=a|b", "a%20b.png?q=%5B1%5D&r='(x)'", "quotes.jpg?<\"^`>", "percent%.jpg?100%", "plain.jpg#frag#ment")]
ODD_URLS.append(f"{IMAGES.replace('http', 'HTTP', 1)}/upper.jpg")
# Batches with this many lines never end by themselves.
STUCK = range(5, 10)
FAULTS = {
    "batches": [{"fault": "stuck", "min_lines": STUCK[0], "max_lines": STUCK[-1]}], "fail_image_substring": "unreachable",
    "lines": [{"fault": "incomplete", "contains": "cut short", "times": 1}]}
# Settings of OpenAI that change no request, or that every server here has.
ELSEWHERE = {"OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ENQUEUED_TOKENS", "OPENAI_PROXY", "OPENAI_SETTLE"}


class Served:
    """A server with a database of its own, whose requests to OpenAI go through the recorder."""

    settings = {}
    # The header that names the account; headers and members of the query that requests have beside the usual ones.
    credential, headers, query = ("Authorization", "Bearer " + KEY), {}, {}

    def __init__(self, recorder, folder):
        self.recorder, self.name = recorder, type(self).__name__.lower()
        self.database = f"provider_{self.name}_{uuid.uuid4().hex[:12]}"
        self.environment = {
            **json.loads(os.environ["SERVER_SETTINGS"]), "METRICS_BIND": "", "WORKER_THREADS": "1", "INSTANCE_ID": self.name, "LOG_FILE": "",
            "DATABASE_URL": urllib.parse.urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + self.database).geturl(),
            "OPENAI_BASE_URL": recorder.base_url(self.name) + ("?" + urllib.parse.urlencode(self.query) if self.query else ""),
            **{name: value.replace("{folder}", folder) for name, value in self.settings.items()}}
        self.stack = stack.Stack(os.environ["BINARIES"], os.path.join(folder, self.name))
        self.client = None

    def run(self):
        psql(f'CREATE DATABASE "{self.database}"')
        try:
            self.client = Client(self.stack.server(stack.free_port(), self.environment), os.environ["SHARED_KEY"])
            self.work()
        except AssertionError as error:
            log = "".join(child.last_lines(40) for child in self.stack.children)
            raise AssertionError(f"server {self.name}: {error}\n{log}") from error
        finally:
            self.stack.kill()
            psql(f'DROP DATABASE "{self.database}" WITH (FORCE)')

    def work(self):
        raise NotImplementedError

    def one(self, languages, images=1, **lot):
        """A single lot; it must get its descriptions. `images`: URLs, or how many."""
        urls = [f"{IMAGES}/{self.name}-{view}.jpg" for view in range(images)] if isinstance(images, int) else images
        lot = {"lot_id": "one", "images": [{"url": url} for url in urls], **lot}
        status, _, reply = self.client.generate([lot], languages)
        assert status == 200, (status, reply)

    def lots(self, count, images=2):
        return [{"lot_id": f"{self.name}-{number}",
                 "images": [{"url": f"{IMAGES}/{self.name}/{count}-{number}-{view}.jpg"} for view in range(images)]} for number in range(count)]

    def submit(self, lots, languages):
        status, _, reply = self.client.generate(lots, languages)
        assert status == 201, (status, reply)
        return reply["job_id"]

    def batch(self, lots, languages):
        status = self.client.wait(self.submit(lots, languages), 300)
        assert status["status"] == "completed" and status["progress"]["failed_lots"] == 0, status

    def until(self, what, condition, seconds=120):
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"timed out before: {what}"
            time.sleep(0.05)

    def psql(self, query):
        return psql(query, url=self.environment["DATABASE_URL"])

    def sent(self, route):
        return [request for request in self.recorder.of(self.name) if request.route == route]

    def called(self):
        return [json.loads(request.body) for request in self.sent("POST /responses")]

    def in_files(self):
        return [line["body"] for request in self.sent("POST /files") for line in provider_rules.upload(request)[1]]


def images_of(bodies):
    return [part for body in bodies for part in body["input"][0]["content"] if part["type"] == "input_image"]


def schemes_of(bodies):
    return {part["image_url"].split(":")[0].lower() for part in images_of(bodies)}


class Usual(Served):
    """The defaults: single lots inline, batches by URL."""

    def work(self):
        for languages in (LANGUAGES, ["en"], LANGUAGES[1:4]):
            self.one(languages, images=len(languages), additional_info="Škoda «\U0001f697» \u0001\u2028\\\" " * len(languages))
        lots = self.lots(14)
        # The first lot of a stage goes ahead of the batch.
        for lot in (lots[0], lots[7]):
            lot["images"] = [{"url": url} for url in ODD_URLS]
        lots[1]["images"].append({"url": f"{SITE}/missing/1.jpg"})
        lots[2]["additional_info"] = "\U0001f697 long " * 3000
        lots[5]["images"] = self.lots(1, images=20)[0]["images"]
        self.batch(lots, LANGUAGES[:3])
        self.batch(self.lots(2), LANGUAGES)
        assert schemes_of(self.called()) == {"http", "data"} and schemes_of(self.in_files()) == {"http"}


class Again(Served):
    """Requests that go out again: after lost replies, cut answers, and images that OpenAI cannot fetch."""

    def work(self):
        self.recorder.lose(self.name, "POST /files")
        self.recorder.lose(self.name, "POST /batches")
        lots = self.lots(14)
        lots[3]["images"].append({"url": f"{IMAGES}/unreachable.jpg"})
        lots[4]["additional_info"] = "cut short"
        self.batch(lots, ["en", "DE-at"])
        assert self.sent("GET /files") and self.sent("GET /batches"), "a lost reply led to no search"
        assert schemes_of(self.in_files()) == {"http", "data"}, "no image of a line was sent inline"
        vision = [body["max_output_tokens"] for body in self.in_files() if images_of([body])]
        assert len(set(vision)) == 2, f"a cut answer got no more room: {vision}"


class Direct(Served):
    """Single lots by URL; one of them again inline, because OpenAI could not fetch its images. The probes of `/health` and `check`."""

    settings = {"OPENAI_IMAGE_MODE": "url"}

    def work(self):
        self.one(["en", "pt-BR"], images=ODD_URLS)
        assert schemes_of(self.called()) == {"http"}
        self.recorder.refuse(self.name, "POST /responses", 400, {
            "message": "Error while downloading the image.", "type": "invalid_request_error", "param": "url", "code": "invalid_value"})
        self.one(["en"], images=2)
        assert schemes_of(self.called()) == {"http", "data"}, "no image was sent inline"
        assert self.client.send("GET", "/health")[0] == 200
        done = subprocess.run([os.path.join(os.environ["BINARIES"], "generation-service"), "check"], env=self.environment,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


class Inline(Served):
    """Images inline. A batch never ends: its client cancels it, or its deadline, and then the lots are asked for one by one."""

    settings = {"OPENAI_IMAGE_MODE": "inline"}

    def work(self):
        # HTTP clients tend to add an Expect header to a body above 1 MB.
        large = [f"{SITE}/big/800000/large.jpg"]
        self.one(["EN", "Zh-hant"], images=large)
        lots = self.lots(12)
        lots[5]["images"] = [{"url": url} for url in large]
        self.batch(lots, ["en", "he"])
        assert all(max(len(request.body) for request in self.sent(f"POST /{kind}")) > 1 << 20 for kind in ("files", "responses"))
        late, unwanted = (self.submit(self.lots(count), ["en", "ar", "zh-Hant"]) for count in (STUCK[0] + 2, STUCK[-1]))
        self.until("both batches run", lambda: self.psql("SELECT count(*) FROM openai_batches WHERE state = 'submitted'") == [["2"]])
        calls = len(self.called())
        assert self.client.cancel(unwanted)[0] == 200
        self.psql(f"UPDATE batch_jobs SET created_at = now() - interval '21.5 hours' WHERE id = '{late}'")
        assert self.client.wait(late, 300)["status"] == "completed"
        assert len(self.called()) >= calls + STUCK[0] + 2, "the lots were not asked for one by one"
        self.until("both batches are cancelled", lambda: len(self.sent("POST /batches/{id}/cancel")) >= 2)
        assert schemes_of(self.called() + self.in_files()) == {"data"}


class Gone(Served):
    """The first model of each list is gone; the others take a temperature."""

    settings = {"OPENAI_MODEL_VISION": "no-such-model,gpt-4.1", "OPENAI_MODEL_TRANSLATION": "ft:no-such-model:x,gpt-4o-mini",
                "OPENAI_TEMPERATURE": "2", "OPENAI_MAX_TOKENS": "16384"}

    def work(self):
        self.batch(self.lots(3), ["en", "fa"])
        self.one(["ur", "en"])
        bodies = self.called() + self.in_files()
        assert {body["model"] for body in bodies} == {"no-such-model", "gpt-4.1", "ft:no-such-model:x", "gpt-4o-mini"}
        assert {body.get("temperature") for body in bodies if body["model"].startswith("gpt")} == {2}
        assert {body["max_output_tokens"] for body in bodies} == {16384}


class Thrifty(Served):
    """Images in full, little thought, short-lived files, with models of the newest families, which cache by themselves."""

    settings = {"OPENAI_IMAGE_DETAIL": "original", "OPENAI_REASONING_EFFORT_VISION": "medium", "OPENAI_REASONING_EFFORT_TRANSLATION": "none",
                "OPENAI_INPUT_EXPIRES_DAYS": "2", "OPENAI_OUTPUT_EXPIRES_DAYS": "30",
                "OPENAI_MODEL_VISION": "gpt-5.6-terra", "OPENAI_MODEL_TRANSLATION": "gpt-6.1-sol"}

    def work(self):
        self.one(["en", "sr-Latn"], images=2)
        lots = self.lots(3)
        # URLs as people write them, and one that ends before a batch does.
        lots[1]["images"] = [{"url": f"{IMAGES}/grün|[1].jpg?a={{1}}"}, {"url": f"{IMAGES}/ends.jpg?Expires={int(time.time()) + 3600}"}]
        self.batch(lots, ["en", "he"])
        assert f"{IMAGES}/gr%C3%BCn%7C%5B1%5D.jpg?a=%7B1%7D" in {part["image_url"] for part in images_of(self.in_files())}
        assert schemes_of(self.in_files()) == {"http", "data"}, "the image that ends is not inline"
        vision, translation = ([body for body in self.called() + self.in_files() if bool(images_of([body])) == sees] for sees in (True, False))
        assert {part["detail"] for part in images_of(vision)} == {"original"}
        assert {body["reasoning"]["effort"] for body in vision} == {"medium"}
        assert {body["reasoning"]["effort"] for body in translation} <= {"none", "low"}
        assert {body["prompt_cache_options"]["mode"] for body in vision + translation} == {"explicit"}
        assert all(b'name="expires_after[seconds]"\r\n\r\n172800\r\n' in request.body for request in self.sent("POST /files"))
        assert {json.loads(request.body)["output_expires_after"]["seconds"] for request in self.sent("POST /batches")} == {2_592_000}


class Azure(Served):
    """A gateway that wants a header and a query of its own, and other names for models in batches; further members in every body."""

    settings = {"OPENAI_HEADERS": json.dumps({"api-key": KEY, "X-Team": "cars; trucks"}), "OPENAI_API_KEY": "",
                "OPENAI_MODEL_VISION": "no-such-model,gpt-5.6-terra", "OPENAI_MODEL_VISION_BATCH": "nor-this,gpt-5.6-sol",
                "OPENAI_MODEL_TRANSLATION": "gpt-6-luna", "OPENAI_MODEL_TRANSLATION_BATCH": "gpt-6-sol",
                # Some of these the service would set itself.
                "OPENAI_EXTRA_BODY": json.dumps({
                    "service_tier": "flex", "safety_identifier": "é" * 64, "prompt_cache_key": "cars", "metadata": {"team": "cars"},
                    "reasoning": {"effort": "high", "summary": "auto"}, "prompt_cache_options": {"mode": "implicit", "ttl": "30m"}})}
    credential, headers, query = ("api-key", KEY), {"X-Team": "cars; trucks"}, {"api-version": "2026-01-01", "flag": "a b"}

    def work(self):
        self.one(["en", "ja"])
        self.batch(self.lots(3), ["en", "fa"])
        assert {body["model"] for body in self.called()} == {"no-such-model", "gpt-5.6-terra", "gpt-6-luna"}
        assert {body["model"] for body in self.in_files()} == {"gpt-5.6-sol", "gpt-6-sol"}
        bodies = self.called() + self.in_files()
        assert {body["service_tier"] for body in bodies} == {"flex"} and {body["reasoning"]["effort"] for body in bodies} == {"high"}
        assert {body["prompt_cache_options"]["mode"] for body in bodies} == {"implicit"}


class Tempered(Served):
    """One account of several, with its key in a file. A further member replaces the temperature."""

    settings = {"OPENAI_API_KEY_FILE": "{folder}/key", "OPENAI_API_KEY": "", "OPENAI_MODEL_VISION": "gpt-4.1", "OPENAI_MODEL_TRANSLATION": "gpt-4o",
                "OPENAI_TEMPERATURE": "0", "OPENAI_EXTRA_BODY": '{"top_p": 1, "temperature": 1.5}',
                "OPENAI_ORG_ID": "org-1", "OPENAI_PROJECT_ID": "proj_1"}
    headers = {"OpenAI-Organization": "org-1", "OpenAI-Project": "proj_1"}

    def __init__(self, recorder, folder):
        super().__init__(recorder, folder)
        with open(self.environment["OPENAI_API_KEY_FILE"], "w", encoding="ascii") as file:
            file.write(KEY + "\n")

    def work(self):
        self.one(["en", "ja"])
        self.batch(self.lots(3), ["en", "fa"])
        assert {body["temperature"] for body in self.called() + self.in_files()} == {1.5}


class Single(Served):
    """A provider without batches: each lot of a job has its own call."""

    settings = {"OPENAI_BATCHES": "off", "OPENAI_PARALLEL_CALLS": "2"}

    def work(self):
        self.batch(self.lots(7), ["en", "ar"])
        assert {request.route for request in self.recorder.of(self.name)} <= {"POST /responses", "GET /models"}


SERVERS = [Again, Inline, Usual, Gone, Direct, Thrifty, Azure, Tempered, Single]


def check_settings():
    """Each documented setting of OpenAI is used by a server here, or changes no request."""
    with open(os.path.join(ROOT, "docs", "SETTINGS.md"), encoding="utf-8") as file:
        rows = [line.split("|")[1] for line in file if line.startswith("| `")]
    documented = {name for row in rows for name in re.findall("OPENAI_[A-Z_]+", row)}
    used = {name for kind in SERVERS for name in kind.settings}
    assert documented <= used | ELSEWHERE, f"let a server of provider_servers.py use {sorted(documented - used)}, or name them in ELSEWHERE"
    assert used <= documented, f"docs/SETTINGS.md lacks {sorted(used - documented)}"
