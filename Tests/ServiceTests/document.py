"""Reads the API document: its sections, code blocks and sample replies, unchanged."""
import json
import os
import re

PATH = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "generation-service-api-v2.md")

with open(os.path.normpath(PATH), encoding="utf-8") as file:
    TEXT = file.read()


def block(language, *after):
    """The first code block of a language after the given pieces of text, one after the other."""
    at = 0
    for piece in after:
        at = TEXT.index(piece, at) + len(piece)
    found = re.compile(r"^```" + re.escape(language) + r"\n(.*?)^```", re.MULTILINE | re.DOTALL).search(TEXT, at)
    return found.group(1)


def sample(*after):
    """A JSON sample as a value."""
    return json.loads(block("json", *after))


def error_samples():
    """The samples of errors by their code; they are in one block, under comments."""
    text = block("json", "### Примеры ошибок")
    pieces = [piece for piece in re.split(r"^//.*$", text, flags=re.MULTILINE) if piece.strip()]
    samples = [json.loads(piece) for piece in pieces]
    return {each["code"]: each for each in samples}


def substituted(text, replacements):
    """The text with the given pieces replaced; each of them must occur."""
    for old, new in replacements:
        assert old in text, f"the document no longer says {old!r}"
        text = text.replace(old, new)
    return text


def with_addresses(text, base_url, shared_key, images_url, webhook):
    """The example with our host, key, images and receiver instead of the document's, otherwise unchanged."""
    text = substituted(text, [("http://localhost:5000", base_url), ("your-shared-key", shared_key)])
    text = substituted(text, [("https://example.com/", images_url.rstrip("/") + "/")])
    return re.sub(r"https://your-app\.com/webhooks/[a-z-]+", lambda _: webhook, text)
