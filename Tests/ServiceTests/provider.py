"""What OpenAI's stand-in is told to do. Environment: OPENAI_STATE_URL, as run.py makes it; without it nothing can be held, and nothing is."""
import contextlib
import json
import os
import urllib.request


def set_faults(plan):
    """Each member of the plan replaces what was said of it before; the others stay."""
    url = os.environ["OPENAI_STATE_URL"].replace("/_sim/state", "/_sim/faults")
    urllib.request.urlopen(urllib.request.Request(url, json.dumps(plan).encode(), method="POST"), timeout=30).close()


def hold(is_held):
    """While it is held it tells nothing of its batches: no job that has one ends, however slow the test is."""
    if "OPENAI_STATE_URL" in os.environ:
        set_faults({"routes": [{"route": "GET /v1/batches/{id}", "fault": "status", "status": 500}] if is_held else []})


@contextlib.contextmanager
def held():
    hold(True)
    try:
        yield
    finally:
        hold(False)
