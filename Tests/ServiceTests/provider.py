"""Controls the simulated OpenAI. Environment: OPENAI_STATE_URL, set by run.py; without it nothing can be held, and the calls do nothing."""
import contextlib
import json
import os
import urllib.request


def set_faults(plan):
    """Each member of the plan replaces its previous value; the others stay."""
    url = os.environ["OPENAI_STATE_URL"].replace("/_sim/state", "/_sim/faults")
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(plan).encode(), method="POST"), timeout=30).close()


def hold(is_held):
    """While held, it does not report its batches: no job with a batch ends, even in a slow test."""
    if "OPENAI_STATE_URL" in os.environ:
        set_faults({"routes": [{"route": "GET /v1/batches/{id}", "fault": "status", "status": 500}] if is_held else []})


@contextlib.contextmanager
def held():
    hold(True)
    try:
        yield
    finally:
        hold(False)
