"""What OpenAI's stand-in is told to do while a test looks at open jobs. Environment: OPENAI_STATE_URL, as run.py makes it; nothing is
held without."""
import contextlib
import json
import os
import urllib.request


def hold(is_held):
    """While it is held it tells nothing of its batches: no job that has one ends, however slow the test is."""
    state = os.environ.get("OPENAI_STATE_URL")
    if not state:
        return
    routes = [{"route": "GET /v1/batches/{id}", "fault": "status", "status": 500}] if is_held else []
    with urllib.request.urlopen(urllib.request.Request(
            state.replace("/_sim/state", "/_sim/faults"), json.dumps({"routes": routes}).encode(), method="POST"), timeout=30) as reply:
        assert reply.status == 200


@contextlib.contextmanager
def held():
    hold(True)
    try:
        yield
    finally:
        hold(False)
