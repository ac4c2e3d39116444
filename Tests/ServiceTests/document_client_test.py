#!/usr/bin/env python3
"""The document's Python client and its main(), with nothing changed but host, key and addresses, against a running server.

Environment: BASE_URL, SHARED_KEY, IMAGES_URL (every .jpg below it is a picture), WEBHOOK_URL. Needs requests, as the client does.
"""
import contextlib
import io
import json
import os
import tempfile
import time
import types

import document


class Clock(types.ModuleType):
    """The client's `time`, with shorter waits: the client waits for 30 s between polls."""

    time = staticmethod(time.time)

    @staticmethod
    def sleep(seconds):
        time.sleep(min(seconds, 0.2))


def main():
    check(example(), lambda program: setattr(program, "time", Clock("time")))
    print("document_client_test: ok")


def example():
    """The document's client and program."""
    return document.with_addresses(
        document.block("python", "### Python Client SDK"), os.environ["BASE_URL"], os.environ["SHARED_KEY"],
        os.environ["IMAGES_URL"], os.environ["WEBHOOK_URL"])


def check(text, prepare):
    """Runs the program, and checks its output and files. `prepare` may change it before its main() runs."""
    client = types.ModuleType("document_client")
    exec(compile(text, "generation-service-api-v2.md (Python Client SDK)", "exec"), client.__dict__)
    prepare(client)

    said = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder) if hasattr(contextlib, "chdir") else _chdir(folder):
        with contextlib.redirect_stdout(said):
            client.main()
        output = said.getvalue()
        print(output)
        for line in ("Status: 200", "Descriptions generated for lot: sync-test-001", "Language: en", "Language: ru",
                     "Batch job created: ", "Progress: 100.0% (2/2 lots)", "Batch processing completed!", "Processed 2 lots",
                     "Download: Results saved to batch_results_"):
            assert line in output, f"main() did not say {line!r}"
        check_download(output)


def check_download(output):
    name = output.split("Results saved to ")[1].split()[0]
    with open(name, encoding="utf-8") as file:
        results = json.load(file)
    lots = results["results"]["lots"]
    assert [lot["lot_id"] for lot in lots] == ["batch-001", "batch-002"], lots
    for lot, images in zip(lots, (2, 1)):
        assert lot["status"] == "completed" and lot["processed_images"] == images and lot["missing_images"] == [], lot
        assert [each["language"] for each in lot["descriptions"]] == ["en", "de", "fr"], lot
        texts = [each["damages"] for each in lot["descriptions"]]
        assert all(texts) and len(set(texts)) == 3, lot


@contextlib.contextmanager
def _chdir(folder):
    """contextlib.chdir for Python before 3.11."""
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


if __name__ == "__main__":
    main()
