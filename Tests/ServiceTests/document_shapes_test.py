#!/usr/bin/env python3
"""Every reply has exactly the members of the document's samples, with values of the same kind; a delivery too.

Environment: BASE_URL, SHARED_KEY, IMAGES_URL (every .jpg below it is a picture); DATABASE_URL to run the document's SQL as well.
"""
import json
import os
import re
import shutil
import subprocess
import time
import types
import uuid

import document
import provider
from client import Client
from receiver import Receiver
from shapes import expect

IMAGES = os.environ.get("IMAGES_URL", "").rstrip("/")


def lot(name, images=2, **members):
    return {"lot_id": name, "additional_info": "2019 Mercedes C-Class, minor rear damage",
            "images": [{"url": f"{IMAGES}/{name}-{number}.jpg"} for number in range(images)], **members}


def synchronous(client):
    code, headers, reply = client.generate([lot("sync-12345", images=3)], ["en", "ru", "de"])
    assert code == 200, (code, reply)
    assert headers["Content-Type"].startswith("application/json") and headers["X-Request-ID"], headers
    expect(reply, document.sample("## 🔄 Синхронный режим", "### Успешный ответ (200 OK)"), what="synchronous")
    assert reply["processing_mode"] == "synchronous" and reply["lots"][0]["processed_images"] == 3, reply
    assert [each["language"] for each in reply["lots"][0]["descriptions"]] == ["en", "ru", "de"], reply


def create(client, receiver):
    """A batch of two lots; its replies until it has ended."""
    lots = [lot("batch-001", webhook=receiver.url), lot("batch-002", images=3, webhook=receiver.url)]
    with provider.held():
        return created(client, lots)


def created(client, lots):
    code, _, reply = client.generate(lots, ["en", "fr", "de"])
    assert code == 201, (code, reply)
    expect(reply, document.sample("### Ответ принятия задания (201 Created)"), what="created")
    assert reply["status"] == "accepted" and reply["total_lots"] == 2 and reply["webhook_configured"] is True, reply
    job_id = reply["job_id"]
    assert str(uuid.UUID(job_id)) == job_id, job_id

    code, _, early = client.results(job_id)
    assert code == 202, (code, early)
    expect(early, document.sample("**Ответ для незавершенного задания"), "error", "unfinished results")
    assert early["error"] == "Job not completed" and early["code"] == "JOB_NOT_COMPLETED", early
    return job_id


def status(client, job_id):
    example = document.sample("### Проверка статуса задания", "**Успешный ответ (200 OK):**")
    code, _, reply = client.status(job_id)
    assert code == 200, (code, reply)
    expect(reply, example, "status", "status")
    ended = client.wait(job_id)
    expect(ended, example, "status", "status at the end")
    assert ended["status"] == "completed" and ended["error_message"] is None, ended
    assert ended["processing_details"]["current_stage"] == "done", ended
    assert ended["progress"]["completion_percentage"] == 100.0 and ended["progress"]["estimated_completion"] is None, ended


def results(client, job_id):
    code, _, reply = client.results(job_id)
    assert code == 200, (code, reply)
    expect(reply, document.sample("**Ответ для завершенного задания (200 OK):**"), what="results")
    assert reply["processing_summary"]["total_images_processed"] == 5, reply
    code, headers, download = client.job("GET", "/api/v1/batch-results/{}/download", job_id)
    assert code == 200 and download == reply, (code, download)
    assert headers["Content-Type"] == "application/json", headers["Content-Type"]
    assert headers["Content-Disposition"] == f'attachment; filename="batch_results_{job_id}.json"', headers


def delivery(client, receiver, job_id):
    headers, body = receiver.next()
    expect(json.loads(body), document.sample("### Формат webhook payload", "**Payload:**"), what="webhook")
    payload = json.loads(body)
    assert payload["event"] == "batch_job_completed" and payload["job_id"] == job_id, payload
    assert [each["lot_id"] for each in payload["lots"]] == ["batch-001", "batch-002"], payload
    for name, value in (("Content-Type", "application/json"), ("User-Agent", "Generation-Service/2.0"),
                        ("X-Delivery-Attempt", "1"), ("X-Job-ID", job_id)):
        assert headers[name] == value, (name, headers[name])
    verifying = types.ModuleType("verifying")
    exec(document.block("python", "### Верификация webhook подписи"), verifying.__dict__)
    assert verifying.verify_webhook_signature(body.decode(), headers["X-Signature"], client.shared_key)


def jobs(client, job_id):
    code, _, reply = client.jobs("?status=completed&limit=20&offset=0")
    assert code == 200, (code, reply)
    expect(reply, document.sample("### Список заданий с фильтрацией"), what="list")
    assert job_id in [each["id"] for each in reply["jobs"]] and reply["pagination"]["limit"] == 20, reply


def cancelling(client, completed):
    with provider.held():
        code, _, reply = client.generate([lot(f"cancel-{number}", images=1) for number in range(50)], ["en", "fr"])
        assert code == 201, (code, reply)
        job_id = reply["job_id"]
        code, _, reply = client.cancel(job_id)
    assert code == 200, (code, reply)
    expect(reply, document.sample("### Отмена задания", "**Успешная отмена (200 OK):**"), what="cancel")
    assert reply["status"] == "cancelled" and reply["message"] == "Job successfully cancelled", reply
    code, _, again = client.cancel(job_id)
    assert code == 409 and again["code"] == "JOB_ALREADY_CANCELLED", (code, again)

    example = document.sample("### Отмена задания", "**Ошибка отмены (400 Bad Request):**")
    code, _, refused = client.cancel(completed)
    assert code == 400, (code, refused)
    expect(refused, example, "error", "refused cancel")
    assert {name: refused[name] for name in example} == example, refused


def errors(client):
    samples = document.error_samples()
    code, _, reply = client.send("POST", "/api/v1/generate-descriptions", b"{", {"Content-Type": "application/json"})
    error(400, code, json.loads(reply), samples["INVALID_JSON"])
    code, _, reply = client.generate([lot("a"), lot("b")], ["en"], signature="sha256=" + "0" * 64)
    error(403, code, reply, samples["INVALID_SIGNATURE"])
    code, _, reply = client.generate([{"lot_id": str(n), "images": [{"url": "http://a.test/"}]} for n in range(50_001)], ["en"])
    error(413, code, reply, samples["BATCH_SIZE_EXCEEDED"])
    assert reply["details"] == {"provided_lots": 50_001, "max_allowed": 50_000}, reply
    code, _, reply = client.generate([lot("a"), {"lot_id": "b", "images": [{"url": "ftp://example.com/car.jpg"}]}], ["en"])
    error(422, code, reply, samples["INVALID_IMAGE_URLS"], {"details": {"count", "fields", "reasons"}})
    assert reply["details"]["invalid_urls"] == ["ftp://example.com/car.jpg"], reply
    unknown = str(uuid.uuid4())
    code, _, reply = client.status(unknown)
    error(404, code, reply, {"error": "", "message": "", "code": "JOB_NOT_FOUND"})
    code, _, reply = client.send("GET", f"/api/v1/batch-status/{unknown}")
    error(401, code, json.loads(reply), {"error": "", "message": "", "code": "MISSING_SIGNATURE"})


def error(expected, code, reply, example, added=None):
    assert code == expected, (code, reply)
    expect(reply, example, {"": {"request_id"}, **(added or {})}, example["code"])
    assert reply["code"] == example["code"] and reply["request_id"], reply
    assert reply["error"] == (example["error"] or reply["error"]), (reply, example)


def queries(job_id):
    """The document's SQL, unchanged."""
    if not os.environ.get("DATABASE_URL") or not shutil.which("psql"):
        print("document_shapes_test: no database or no psql; the document's SQL is skipped")
        return
    deliveries, statistics = [query for query in document.block("sql", "### Мониторинг webhook доставки").split(";")[:2]]
    deliveries = document.substituted(deliveries, [("550e8400-e29b-41d4-a716-446655440000", job_id)])
    # The delivery has arrived already; its booking follows a moment later.
    deadline = time.monotonic() + 60
    while (rows := psql(deliveries))[0][3] == "pending" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(rows) == 1 and rows[0][1] == job_id and rows[0][3] == "delivered" and rows[0][4] == "1" and rows[0][7], rows
    assert any(row[0] == "delivered" for row in psql(statistics)), psql(statistics)
    shell = document.block("bash", "### Логи и диагностика")
    monitoring = shell.split('psql $DATABASE_URL -c "')[1].split('"')[0]
    assert any(row[0] == "completed" and float(row[2]) >= 0 for row in psql(monitoring)), psql(monitoring)


def health(client):
    """The document's monitoring example, of a healthy service (C9)."""
    code, headers, body = client.send("GET", "/health")
    reply = json.loads(body)
    assert code == 200 and headers["Content-Type"] == "application/json", (code, reply)
    assert list(reply["system"]) == ["cpu_percent", "memory_percent", "disk_percent"], reply
    assert all(0 <= value <= 100 for value in reply["system"].values()), reply
    assert {"status", "jobs_24h", "webhook_deliveries"} == set(reply["database"]), reply
    assert reply["database"]["jobs_24h"] >= 2 and reply["database"]["webhook_deliveries"].get("delivered"), reply
    assert {"status", "last_activity"} == set(reply["background_worker"]), reply
    assert {"status", "response_time_ms"} <= set(reply["openai"]), reply
    assert all(reply[part]["status"] == "healthy" for part in ("database", "background_worker", "openai")), reply
    for path in ("/health/live", "/health/ready"):
        assert client.send("GET", path)[0] == 200, path


def logs(job_id):
    """The log has the texts that the document greps for, at its level, with the job's id (C9)."""
    settings = json.loads(os.environ.get("SERVER_SETTINGS", "{}"))
    if "LOG_FILE" not in settings:
        print("document_shapes_test: no log file; the document's grep is skipped")
        return
    words = re.findall(r'^grep "([^"]+)"', document.block("bash", "### Логи и диагностика"), re.MULTILINE)
    assert len(words) == 2, words
    with open(settings["LOG_FILE"], encoding="utf-8") as file:
        lines = [line for line in file if " DEBUG " not in line]
    for word in words:
        assert any(word in line and job_id in line for line in lines), word


def psql(query, url=None):
    command = ["psql", url or os.environ["DATABASE_URL"], "--no-psqlrc", "-At", "-F", "\t", "-v", "ON_ERROR_STOP=1", "-c", query]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (query, done.stderr)
    return [line.split("\t") for line in done.stdout.splitlines()]


def main():
    client, receiver = Client(os.environ["BASE_URL"], os.environ["SHARED_KEY"]), Receiver()
    try:
        synchronous(client)
        job_id = create(client, receiver)
        status(client, job_id)
        results(client, job_id)
        delivery(client, receiver, job_id)
        jobs(client, job_id)
        cancelling(client, job_id)
        errors(client)
        queries(job_id)
        health(client)
        logs(job_id)
    finally:
        receiver.close()
    print("document_shapes_test: ok")


if __name__ == "__main__":
    main()
