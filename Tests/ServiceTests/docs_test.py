#!/usr/bin/env python3
"""docs/API.md and docs/API.ru.md have everything in /openapi.json (paths, members, parameters, headers, codes, statuses), nothing that it lacks,
and both the same; links within the documentation have targets.

Environment: set by run.py.
"""
import json
import os
import re
import urllib.request

from programs import ROOT

# Words of HTTP and JSON, and of examples: /openapi.json has no such names.
COMMON = set("""
    GET HEAD POST Content-Type Accept Content-Encoding Accept-Encoding NaN Infinity null gzip json lots details generate-descriptions
    """.split())


def read(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def names(node, found):
    """Names of members, of parameters and headers, constants and choices, in a part of the document."""
    if isinstance(node, list):
        for each in node:
            names(each, found)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        if key in ("example", "examples"):
            continue
        if key in ("properties", "headers"):
            found |= set(value)
        if key == "name" and "in" in node:
            found.add(value)
        if key == "const" and isinstance(value, str) or key == "enum":
            found |= {value} if key == "const" else {each for each in value if isinstance(each, str)}
        names(value, found)


def main():
    with urllib.request.urlopen(os.environ["BASE_URL"] + "/openapi.json", timeout=30) as reply:
        document = json.load(reply)
    # Pages for browsers are not part of the API.
    paths = {path: operations for path, operations in document["paths"].items() if path.startswith(("/api/", "/health", "/openapi"))}
    found = set()
    names([paths, document["webhooks"], document["components"]], found)
    codes = {name for name in found if re.fullmatch(r"[A-Z]+(_[A-Z]+)+", name)}
    assert len(codes) > 30 and len(found) > 120, (len(codes), len(found))
    # Titles of errors and versions are no names.
    found = {name for name in found if re.fullmatch(r"[a-z]+(_[a-z0-9]+)*|[A-Z]+(_[A-Z]+)+|[A-Za-z]+(-[A-Za-z]+)+|[a-z]+-[a-z]+", name)}
    # Headers whose presence depends on the request, and a flag of another header.
    found -= {"Retry-After-If-Known", "true"}
    spans = {name: check(name, paths, found, codes) for name in ("API.md", "API.ru.md")}
    assert spans["API.md"] == spans["API.ru.md"], first_difference(*spans.values())
    check_links()
    print("docs_test: ok")


def check(name, paths, found, codes):
    """Returns everything in backticks, in order."""
    text = read("docs", name)
    for path, operations in paths.items():
        for method in operations:
            assert f"`{method.upper()} {path}`" in text, f"{name} lacks {method.upper()} {path}"
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)
    words = {word for span in spans for word in re.findall(r"[A-Za-z0-9_][A-Za-z0-9_./-]*", span)}
    missing = {each for each in found if each not in words and each not in text}
    missing |= {each for each in found if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+|[A-Z_]+", each) and each not in words}
    assert not missing, f"{name} lacks {sorted(missing)}"
    invented = {word for word in words if re.fullmatch(r"[a-z]+(_[a-z0-9]+)+|[A-Z]+(_[A-Z]+)+", word)} - found
    assert not invented - {"batch_results", "sort_keys", "whsec_"}, f"{name} names {sorted(invented)}, which /openapi.json lacks"
    rows = re.findall(r"^\| (\d{3}) \| ((?:`[A-Z_]+`(?:, )?)+) \|", text, re.M)
    listed = {code: int(status) for status, group in rows for code in re.findall(r"`([A-Z_]+)`", group)}
    assert set(listed) == codes, set(listed) ^ codes
    check_statuses(name, paths, listed)
    return spans


def check_statuses(name, paths, listed):
    """The table has the document's status for each code."""
    said = {}
    for operations in paths.values():
        for operation in operations.values():
            for status, reply in operation["responses"].items():
                for code in re.findall(r'"#/components/schemas/(\w+)Error"', json.dumps(reply)):
                    said.setdefault(code.lower(), set()).add(int(status))
    for code, status in listed.items():
        schema = code.replace("_", "").lower().replace("openaiapierror", "openaierror")
        assert said.get(schema) == {status}, (name, code, status, said.get(schema))


def first_difference(english, russian):
    for number, (one, other) in enumerate(zip(english, russian)):
        if one != other:
            return f"the two differ at span {number}: {english[max(0, number - 3):number + 3]} and {russian[max(0, number - 3):number + 3]}"
    return f"one goes on: {english[len(russian):][:5]} or {russian[len(english):][:5]}"


def anchors(text):
    """GitHub's anchors of a page's headings."""
    headings = re.findall(r"^#{1,6} (.+)$", re.sub(r"^```.*?^```", "", text, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def check_links():
    pages = [name for name in sorted(os.listdir(ROOT)) if name.endswith(".md")]
    for folder in ("docs", "docs/measurements", "Tests", "Fuzz", "Benchmarks", "clients/node", "clients/python"):
        pages += [f"{folder}/{name}" for name in sorted(os.listdir(os.path.join(ROOT, folder)))
                  if name.endswith(".md") and name != "generation-service-api-v2.md"]
    for page in pages:
        text = re.sub(r"^```.*?^```", "", read(page), flags=re.M | re.S)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            if re.match(r"\w+:", target):
                continue
            path, _, anchor = target.partition("#")
            place = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
            assert os.path.exists(os.path.join(ROOT, place)), f"{page} links to {target}, which is not there"
            if anchor and place.endswith(".md"):
                assert anchor in anchors(read(place)) or place.endswith("api-v2.md"), f"{page} links to {target}: no such heading"


if __name__ == "__main__":
    main()
