"""The published rules for requests to OpenAI: provider_rules.json, the types of the `openai` package, strict schemas, batch files.

Every function returns the violations as texts; an empty list means that the request is in order.
"""
import json
import os
import re
import sys
import urllib.parse

import jsonschema
import openai.types.batch_create_params
import openai.types.file_create_params
import openai.types.responses.response_create_params
import pydantic
import typing_extensions

HEADERS = {"Host", "User-Agent", "Accept", "Content-Type", "Content-Length", "X-Client-Request-Id"}
ROUTES = {"GET /models", "POST /responses", "POST /files", "GET /files", "GET /files/{id}/content", "DELETE /files/{id}",
          "POST /batches", "GET /batches", "GET /batches/{id}", "POST /batches/{id}/cancel"}
LINES_MAX, FILE_BYTES_MAX = 50_000, 200_000_000
IMAGES_MAX, IMAGE_BYTES_MAX = 1500, 50_000_000
# A strict schema may use more; others need a look into the provider's list first.
KEYWORDS = {"type", "properties", "required", "additionalProperties", "description", "enum", "items", "anyOf"}
PROPERTY = re.compile(r"[a-zA-Z0-9_.-]{1,64}")
PERCENT, UNRESERVED = r"%[0-9A-Fa-f]{2}", r"A-Za-z0-9\-._~!$&'()*+,;=:@"
WEB_URL = re.compile(
    rf"[Hh][Tt][Tt][Pp][Ss]?://([A-Za-z0-9\-._~]|{PERCENT}|\[[0-9A-Fa-f:.]+\])+(:[0-9]*)?"
    rf"(/([{UNRESERVED}/]|{PERCENT})*)?(\?([{UNRESERVED}/?]|{PERCENT})*)?(#([{UNRESERVED}/?]|{PERCENT})*)?")
DATA_URL = re.compile(r"data:image/(jpeg|png|webp|gif);base64,([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")


def _load():
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "provider_rules.json"), encoding="utf-8") as file:
        return json.load(file)["$defs"]


RULES = _load()
_formats = jsonschema.FormatChecker(())


@_formats.checks("uri")
def is_uri(text):
    """RFC 3986, for the two kinds that the API takes: a web address in ASCII or an image as a data URL."""
    return not isinstance(text, str) or bool((DATA_URL if text.startswith("data:") else WEB_URL).fullmatch(text))


VALIDATORS = {
    name: jsonschema.Draft202012Validator({"$ref": f"#/$defs/{name}", "$defs": RULES}, format_checker=_formats)
    for name in RULES}


def schema_problems(name, value):
    return [f"specification: {error.json_path}: {error.message[:300]}" for error in VALIDATORS[name].iter_errors(value)]


def _strict():
    """Makes the package's types reject unknown members; by default, they ignore them."""
    for module in list(sys.modules.values()):
        if getattr(module, "__name__", "").startswith("openai.types"):
            for value in vars(module).values():
                if isinstance(value, type) and typing_extensions.is_typeddict(value):
                    value.__pydantic_config__ = pydantic.ConfigDict(extra="forbid", strict=True)
    types = openai.types
    return {"response": pydantic.TypeAdapter(types.responses.response_create_params.ResponseCreateParamsNonStreaming),
            "batch": pydantic.TypeAdapter(types.batch_create_params.BatchCreateParams),
            "expiry": pydantic.TypeAdapter(types.file_create_params.ExpiresAfter)}


TYPES = _strict()


def package_problems(name, value):
    try:
        _exhaust(TYPES[name].validate_python(value, strict=True))
        return []
    except pydantic.ValidationError as error:
        # An item of `input` has many types: the list of all misses is long.
        return [f"openai package: {'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()[:3]]


def _exhaust(value):
    """Reads the lists that pydantic would check only on use."""
    if isinstance(value, dict):
        value = value.values()
    if not isinstance(value, (str, bytes)) and hasattr(value, "__iter__"):
        for each in value:
            _exhaust(each)


def parse(content):
    """Strict JSON: UTF-8 without a BOM, no member twice, no NaN."""
    def members(pairs):
        names = [name for name, _ in pairs]
        if len(set(names)) != len(names):
            raise ValueError(f"a member occurs twice: {names}")
        return dict(pairs)

    def refuse(constant):
        raise ValueError(f"{constant} is not JSON")
    return json.loads(content.decode("utf-8"), object_pairs_hook=members, parse_constant=refuse)


def response_problems(body):
    """The body of a call, or of a line."""
    problems = schema_problems("response", body) + package_problems("response", body)
    if problems:
        return problems
    images = [part["image_url"] for item in body["input"] for part in item["content"] if part["type"] == "input_image"]
    inline = sum(len(url.partition(",")[2]) * 3 // 4 for url in images if url.startswith("data:"))
    if len(images) > IMAGES_MAX or inline > IMAGE_BYTES_MAX:
        return [f"images: {len(images)}, with {inline} bytes inline"]
    form = body.get("text", {}).get("format", {})
    if form.get("strict") is not True:
        return ["the answer's schema is not strict"]
    schema = form["schema"]
    problems = strict_problems(schema)
    if schema.get("type") != "object" or "anyOf" in schema:
        problems.append("strict schema: the root must be an object")
    return problems


def strict_problems(schema, place="$", depth=1):
    problems = [f"strict schema: {place}: keyword {name} is not allowed" for name in schema.keys() - KEYWORDS]
    if depth > 10:
        return [f"strict schema: {place}: deeper than ten levels"]
    if schema.get("type") == "object" or "properties" in schema:
        properties = schema.get("properties", {})
        if schema.get("additionalProperties") is not False:
            problems.append(f"strict schema: {place}: additionalProperties must be false")
        if sorted(schema.get("required", [])) != sorted(properties):
            problems.append(f"strict schema: {place}: every property must be required, once")
        problems += [f"strict schema: {place}: property name {name!r}" for name in properties if not PROPERTY.fullmatch(name)]
        for name, each in properties.items():
            problems += strict_problems(each, f"{place}.{name}", depth + 1)
    for each in [*schema.get("anyOf", []), *([schema["items"]] if "items" in schema else [])]:
        problems += strict_problems(each, place + "[]", depth + 1)
    return problems


def file_problems(content):
    """A batch's input file. Returns the violations and the bodies of its lines."""
    problems, lines = [], []
    if not content.endswith(b"\n"):
        problems.append("file: the last line has no line end")
    if b"\r" in content:
        problems.append("file: it contains a carriage return")
    if len(content) > FILE_BYTES_MAX:
        problems.append(f"file: {len(content)} bytes")
    for number, text in enumerate(content.removesuffix(b"\n").split(b"\n"), 1):
        try:
            line = parse(text)
        except ValueError as error:
            problems.append(f"line {number}: {error}")
            continue
        found = schema_problems("line", line) or response_problems(line["body"])
        problems += [f"line {number}: {each}" for each in found]
        lines.append(line)
    if len(lines) > LINES_MAX:
        problems.append(f"file: {len(lines)} lines")
    for name, wanted in (("custom_id", len(lines)), ("url", 1)):
        if len({line.get(name) for line in lines}) != wanted:
            problems.append(f"file: {name} must be {'unique' if wanted > 1 else 'the same in all lines'}")
    if len({line.get("body", {}).get("model") for line in lines}) != 1:
        problems.append("file: more than one model")
    return problems, lines


def form_parts(request):
    """The parts of a multipart form (RFC 7578) as (parameters of its disposition, media type, content)."""
    boundary = re.fullmatch(r"multipart/form-data; boundary=([0-9A-Za-z'()+_,./:=?-]{1,70})", request.header("Content-Type"))[1]
    mark = b"--" + boundary.encode()
    assert request.body.startswith(mark + b"\r\n") and request.body.endswith(b"\r\n" + mark + b"--\r\n"), "the form is not closed"
    for part in request.body[len(mark) + 2:-len(mark) - 6].split(b"\r\n" + mark + b"\r\n"):
        head, content = part.split(b"\r\n\r\n", 1)
        headers = dict(line.split(": ", 1) for line in head.decode("ascii").split("\r\n"))
        disposition = headers.pop("Content-Disposition")
        assert disposition.startswith("form-data; "), disposition
        media_type = headers.pop("Content-Type", None)
        assert not headers, headers
        yield dict(re.findall(r'(\w+)="([^"]*)"', disposition)), media_type, content


def upload(request):
    """The violations of an upload, and the lines of its file."""
    form, content, problems = {}, b"", []
    for parameters, media_type, part in form_parts(request):
        name = parameters.get("name", "")
        if name == "file":
            form["file"], content = parameters.get("filename", ""), part
            if not re.fullmatch(r"[A-Za-z0-9_.-]+\.jsonl", form["file"]) or media_type != "application/jsonl":
                problems.append(f"upload: the file is named {form['file']!r}, with type {media_type}")
        elif nested := re.fullmatch(r"(\w+)\[(\w+)\]", name):
            value = part.decode("ascii")
            form.setdefault(nested[1], {})[nested[2]] = int(value) if value.isdecimal() else value
        elif name in form:
            problems.append(f"upload: part {name!r} occurs twice")
        else:
            form[name] = part.decode("ascii")
    problems += schema_problems("upload", form)
    if "expires_after" in form:
        problems += package_problems("expiry", form["expires_after"])
    if form.get("purpose") != "batch":
        problems.append(f"upload: the purpose of a batch's file is {form.get('purpose')!r}")
    found, lines = file_problems(content)
    return problems + found, lines


def query_problems(request, extra):
    """`extra`: members that the server's base URL asks for, by name."""
    values = {}
    for name, value in urllib.parse.parse_qsl(request.query, keep_blank_values=True, strict_parsing=bool(request.query)):
        if name in values:
            return [f"query: {name} occurs twice"]
        values[name] = int(value) if value.isdecimal() and name not in extra else value
    found = {name: values.pop(name, None) for name in extra}
    if found != extra:
        return [f"query: {request.query} lacks {extra}"]
    if request.route in ("GET /files", "GET /batches"):
        return [f"query: {each}" for each in schema_problems("list_" + request.path[1:], values)]
    return [f"query: {request.route} takes none: {values}"] if values else []


def header_problems(request, credential, extra):
    """`credential`: the header that names the account, and its value. `extra`: headers that the server's settings ask for, by name."""
    problems, names = [], [name for name, _ in request.headers]
    wanted = {**extra, credential[0]: credential[1]}
    if len({name.lower() for name in names}) != len(names):
        problems.append(f"header: one occurs twice: {names}")
    problems += [f"header: {name} is not wanted" for name in names if name not in HEADERS | set(wanted)]
    problems += [f"header: {name} is {request.header(name)!r}" for name, value in wanted.items() if request.header(name) != value]
    key = credential[1].removeprefix("Bearer ")
    elsewhere = [request.path, request.query, *(value for name, value in request.headers if name != credential[0])]
    if key.encode() in request.body or any(key in text for text in elsewhere):
        problems.append(f"the key is outside {credential[0]}")
    identifier = request.header("X-Client-Request-Id")
    if identifier is not None and not re.fullmatch(r"[!-~]{1,512}", identifier):
        problems.append(f"header: X-Client-Request-Id is {identifier!r}")
    if request.header("Accept") != "application/json" or not re.fullmatch(r"generation-service/[\w.+-]+", request.header("User-Agent") or ""):
        problems.append(f"header: Accept or User-Agent: {request.headers}")
    if request.method == "POST":
        if request.header("Content-Length") != str(len(request.body)):
            problems.append("header: Content-Length does not match")
    elif request.body:
        problems.append(f"{request.method} has a body")
    wanted = {"POST /responses": "application/json", "POST /batches": "application/json"}.get(request.route)
    if request.route != "POST /files" and request.header("Content-Type") != wanted:
        problems.append(f"header: Content-Type is {request.header('Content-Type')}")
    return problems


def batch_problems(body):
    problems = schema_problems("batch", body) + package_problems("batch", body)
    if body.get("endpoint") != "/v1/responses":
        problems.append(f"batch: its lines are for /v1/responses, it is for {body.get('endpoint')}")
    return problems
