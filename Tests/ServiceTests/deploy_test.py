#!/usr/bin/env python3
"""Checks deploy/ as far as possible without containers. nginx_test runs nginx.conf.

Environment: set by run.py. Checks whose program is unavailable are skipped, with a message.
"""
import getpass
import grp
import json
import os
import re
import shutil
import subprocess
import tempfile

import jsonschema
import yaml

from programs import ROOT, program

DEPLOY, DOCS = os.path.join(ROOT, "deploy"), os.path.join(ROOT, "docs")
SKIPPED = []


def text(*path):
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return file.read()


def wanted(name):
    """The path of a Debian program; None, with a message at the end, if it is unavailable."""
    path = program(name)
    if not path:
        SKIPPED.append(name)
    return path


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout + done.stderr


def main():
    check_settings()
    check_alerts()
    check_dashboard()
    check_compose()
    check_dockerfile()
    check_unit()
    check_logrotate()
    print("deploy_test: ok" + (f" (SKIPPED, unavailable: {', '.join(SKIPPED)})" if SKIPPED else ""))


# --- settings


def read_by_program():
    """The variables that the program reads, from its source."""
    found = set(re.findall(r'"([A-Z][A-Z_]{3,})"', text("Sources", "Server", "Config", "ConfigReading.swift")))
    assert len(found) > 25 and "DATABASE_URL" in found
    return found


def documented():
    """Of docs/SETTINGS.md: variable -> its default in the table."""
    rows = re.findall(r"^\| (`[A-Z_`, ]+`)(?: \(API\))? \|([^|]*)\|", text("docs", "SETTINGS.md"), re.M)
    found = {}
    for names, default in rows:
        names = re.findall(r"`([A-Z_]+)`", names)
        defaults = [default.strip()] if len(names) == 1 else [part.strip() for part in default.split(",")]
        found |= dict(zip(names, defaults, strict=True))
    # Described in a separate sentence while it has no effect.
    found.setdefault("SESSION_SECRET", "")
    return found


def example():
    """Of .env.example: variable -> (value, true if the line is active)."""
    found = {}
    for line in text("deploy", ".env.example").splitlines():
        if match := re.fullmatch(r"(#?)([A-Z][A-Z_]+)=(.*)", line):
            assert match[2] not in found, f"{match[2]} is there twice"
            found[match[2]] = (match[3], not match[1])
    return found


def check_settings():
    """Program, docs/SETTINGS.md and .env.example name the same variables and the same defaults; the program accepts the example's
    values."""
    program_reads, table, lines = read_by_program(), documented(), example()
    assert set(table) == program_reads, set(table) ^ program_reads
    # The password of compose's PostgreSQL.
    assert set(lines) == program_reads | {"POSTGRES_PASSWORD"}, set(lines) ^ program_reads
    required = {"DATABASE_URL", "OPENAI_API_KEY", "SHARED_KEY", "POSTGRES_PASSWORD"}
    assert {name for name, (_, in_force) in lines.items() if in_force} == required
    for name, default in table.items():
        value, in_force = lines[name]
        if in_force or name == "TRUSTED_PROXIES":  # the default is the word "loopback"
            continue
        plain = re.fullmatch(r"`(.+)`|([\d.]+)(?: [sx]| days)?|(?:no bound|cores|host name.*|`url`.*)?", default)
        assert plain, (name, default)
        assert value == (plain[1] or plain[2] or ""), (name, value, default)
    settings = {name: value for name, (value, _) in lines.items() if value}
    settings |= {name: value for name, value in json.loads(os.environ["SERVER_SETTINGS"]).items()
                 if name in ("DATABASE_URL", "OPENAI_BASE_URL", "OPENAI_API_KEY")}
    with tempfile.TemporaryDirectory() as folder:
        said = run(os.path.join(os.environ["BINARIES"], "generation-service"), "check",
                   env={"PATH": os.environ["PATH"], **settings}, cwd=folder)
    assert re.search(r"^settings +ok", said, re.M), said


# --- monitoring


def catalogue():
    """Of docs/METRICS.md: metric -> its labels."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([`\w, ]*?) ?\| .", text("docs", "METRICS.md"), re.M)
    found = {name: (kind, set(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert len(found) > 40
    return found


def check_expression(expression, where):
    """Every metric is in the catalogue, with every label of the expression. Returns the metrics."""
    metrics, used = catalogue(), set()
    for name, selector in re.findall(r"\b((?:generation|process)_[a-z_]+)(?:\{([^}]*)\})?", expression):
        base = re.sub(r"_(bucket|sum|count)$", "", name) if name not in metrics else name
        assert base in metrics, f"{where}: there is no metric {name}"
        assert (base == name) == (metrics[base][0] != "histogram"), f"{where}: {name} is of another kind"
        used.add(base)
        for label in re.findall(r"(\w+) *(?:=~|!~|!=|=)", selector):
            assert label in metrics[base][1] | {"instance", "job"}, f"{where}: {name} has no label {label}"
    grouped = {label for labels in re.findall(r"\bby \(([^)]*)\)", expression) for label in re.findall(r"\w+", labels)}
    allowed = {"instance", "job", "le"}.union(*(metrics[name][1] for name in used))
    assert grouped <= allowed, f"{where}: no metric has {grouped - allowed}"
    return used


def check_alerts():
    with open(os.path.join(DEPLOY, "alerts.yml"), encoding="utf-8") as file:
        rules = [rule for group in yaml.safe_load(file)["groups"] for rule in group["rules"]]
    operations = text("docs", "OPERATIONS.md")
    for rule in rules:
        check_expression(rule["expr"], rule["alert"])
        assert rule["labels"]["severity"] in ("critical", "warning"), rule
        assert f"`{rule['alert']}`" in operations, f"docs/OPERATIONS.md does not say what to do about {rule['alert']}"
    promtool = wanted("promtool")
    if not promtool:
        return
    with tempfile.TemporaryDirectory() as folder:
        for name in ("alerts.yml", "prometheus.yml"):
            shutil.copy(os.path.join(DEPLOY, name), folder)
        shutil.copy(os.path.join(ROOT, "Tests", "ServiceTests", "alerts_test.yml"), folder)
        assert f"SUCCESS: {len(rules)} rules found" in run(promtool, "check", "rules", "alerts.yml", cwd=folder)
        run(promtool, "check", "config", "prometheus.yml", cwd=folder)
        assert "SUCCESS" in run(promtool, "test", "rules", "alerts_test.yml", cwd=folder)


def check_dashboard():
    """Expressions use existing metrics, and the dashboard shows every metric of ours."""
    board, used, places = json.loads(text("deploy", "grafana", "generation-service.json")), set(), []
    for panel in board["panels"]:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24, panel["title"]
        places += [(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])]
        assert panel["type"] == "row" or panel["targets"], panel["title"]
        for target in panel.get("targets", []):
            used |= check_expression(target["expr"], panel["title"])
    assert len(places) == len(set(places)), "panels overlap"
    ids = [panel["id"] for panel in board["panels"]]
    assert len(ids) == len(set(ids))
    # The build is a label of the list of instances.
    assert "generation_build_info" in json.dumps(board["templating"])
    missing = {name for name in catalogue() if name.startswith("generation_")} - used - {"generation_build_info"}
    assert not missing, f"not on the dashboard: {missing}"


# --- containers


def check_compose():
    """The services of the API document with their dependencies; every used variable is in .env.example."""
    source = text("deploy", "docker-compose.yml")
    compose = yaml.safe_load(source)
    services = compose["services"]
    assert set(services) == {"app", "db", "nginx"} and set(compose) == {"services", "volumes", "networks"}
    for name, service in services.items():
        assert service["restart"] == "unless-stopped" and ("image" in service) != ("build" in service), name
        for needed, how in service.get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}, (name, needed)
            assert "healthcheck" in services[needed] or "HEALTHCHECK" in text("deploy", "Dockerfile"), needed
        for volume in service["volumes"]:
            place = volume.split(":")[0]
            assert place in compose["volumes"] or place == "./ssl" or os.path.exists(os.path.join(DEPLOY, place)), volume
    assert services["nginx"]["ports"] == ["80:80", "443:443"] and not services["app"].get("ports") and not services["db"].get("ports")
    asked = set(re.findall(r"\$\{([A-Z_]+)", source))
    assert asked == {"POSTGRES_PASSWORD"} and asked <= set(example()), asked
    environment = services["app"]["environment"]
    assert set(environment) <= read_by_program(), environment
    assert "app:5000" in text("deploy", "nginx.conf") and environment["BIND"].endswith(":5000")
    # The service trusts nginx's address.
    assert environment["TRUSTED_PROXIES"] == compose["networks"]["inside"]["ipam"]["config"][0]["subnet"]
    build = services["app"]["build"]
    assert os.path.exists(os.path.join(DEPLOY, build["context"], build["dockerfile"]))
    schema = wanted("compose_spec.json")
    if schema:
        with open(schema, encoding="utf-8") as file:
            judge = jsonschema.Draft201909Validator(json.load(file))
        assert not list(judge.iter_errors(compose)), [error.message for error in judge.iter_errors(compose)]
        # The schema check detects errors.
        assert list(judge.iter_errors({**compose, "services": {"app": {**services["app"], "restarts": "always"}}}))


def check_dockerfile():
    """Two stages, no root at the end, a health check; the packages are those for the build and the run."""
    source = text("deploy", "Dockerfile")
    instructions = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", source, flags=re.M))
    assert re.findall(r"^FROM (\S+)", instructions, re.M) == ["swift:6.2-bookworm", "debian:bookworm-slim"]
    last = instructions.rsplit("FROM", 1)[1]
    assert re.findall(r"^USER (\S+)", last, re.M) == ["genservice"] and "useradd --uid 1000" in last
    assert "HEALTHCHECK" in last and "/health/ready" in last and 'CMD ["serve"]' in last
    for copied in re.findall(r"^COPY (?!--)(\S+) ", instructions, re.M):
        assert os.path.exists(os.path.join(ROOT, copied)), copied
        assert f"\n!{copied}\n" in text("deploy", "Dockerfile.dockerignore"), f"{copied} is not in the build's context"
    # Files named in Package.swift must be in the context.
    for path in re.findall(r'path: "(\w+)', text("Package.swift")):
        assert f"\n!{path}\n" in text("deploy", "Dockerfile.dockerignore"), path
    built = re.search(r"^packages=\(([^)]+)\)", text("scripts", "install-deps"), re.M)[1].split()
    assert set(built) == set(re.search(r"--no-install-recommends\s+(.*?)\s+&&", instructions.split("FROM debian")[0])[1].split())
    installed = set(re.search(r"--no-install-recommends\s+(.*?)\s+&&", last)[1].split())
    needed = run(os.path.join(ROOT, "scripts", "runtime-packages"),
                 os.path.join(os.environ["BINARIES"], "generation-service")).split()
    assert {"libpq5", "libuv1", "libc6"} <= set(needed), needed
    assert installed == set(needed) | {"ca-certificates", "curl"}, (installed, needed)


# --- without containers


def check_unit():
    systemd = shutil.which("systemd-analyze")
    if not systemd:
        SKIPPED.append("systemd-analyze")
        return
    with tempfile.TemporaryDirectory() as folder:
        unit = os.path.join(folder, "generation-service.service")
        installed = "/usr/local/bin/generation-service"
        source = text("deploy", "generation-service.service")
        assert installed in source
        with open(unit, "w", encoding="utf-8") as file:
            file.write(source.replace(installed, os.path.join(os.environ["BINARIES"], "generation-service")))
        assert run(systemd, "verify", unit) == ""
        # 0 is the strictest sandbox, 10 none.
        said = run(systemd, "security", "--offline=true", "--no-pager", unit)
        exposure = float(re.search(r"Overall exposure level for \S+: ([\d.]+)", said)[1])
        assert exposure < 2, said


def check_logrotate():
    logrotate = wanted("logrotate")
    source = text("deploy", "logrotate")
    assert "--signal=HUP generation-service.service" in source
    if not logrotate:
        return
    me, group = getpass.getuser(), grp.getgrgid(os.getgid()).gr_name
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "generation_service.log")
        with open(log, "w", encoding="utf-8") as file:
            file.write("a line\n")
        adapted = source.replace("/var/log/generation-service/generation_service.log", log)
        adapted = re.sub(r"create 0640 \S+ \S+", f"create 0640 {me} {group}", adapted)
        adapted = adapted.replace("systemctl kill --kill-whom=main --signal=HUP generation-service.service", f"touch {folder}/told")
        with open(f"{folder}/conf", "w", encoding="utf-8") as file:
            file.write(adapted)
        os.chmod(f"{folder}/conf", 0o644)
        run(logrotate, "--force", "--state", f"{folder}/state", f"{folder}/conf")
        assert os.path.exists(f"{folder}/told") and os.path.getsize(log) == 0 and os.path.getsize(log + ".1") == 7


if __name__ == "__main__":
    main()
