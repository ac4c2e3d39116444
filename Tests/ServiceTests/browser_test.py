#!/usr/bin/env python3
"""The web interface (C9) in a real browser: signs in, watches a running job without a reload, opens a lot, sends a webhook
again and sees it delivered without a reload, cancels a job, submits a car. Nothing is loaded from other hosts, the console stays empty, every page fits a phone.

Environment: set by run.py, with a PYTHON that has selenium. SCREENSHOTS: a folder for screenshots.
BROWSER_WIDTHS (390): the widths at which each page must fit, separated by commas.
"""
import json
import os
import urllib.parse

import browser
import provider
from client import Client

BASE_URL = os.environ["BASE_URL"]
HOST = urllib.parse.urlsplit(BASE_URL).netloc
PLAIN = "plain.test"
IMAGES = os.environ["IMAGES_URL"]
SITE = IMAGES.rsplit("/", 1)[0]
# Window sizes in pixels. The first is a phone's.
WIDTHS = [int(width) for width in (os.environ.get("BROWSER_WIDTHS") or "390").split(",")]
# Pages with stored screenshots.
KEPT = {"jobs", "job", "lot", "webhooks", "system", "try"}
VECTORS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "signature-vectors.json")


def main():
    assert browser.is_installed(), "chromium or chromedriver is missing: scripts/install-deps test"
    client = Client(BASE_URL, os.environ["SHARED_KEY"])
    page = browser.Browser(hosts=[PLAIN])
    try:
        look = Look(page)
        docs(page, look)
        playground(page)
        sign_in(page, look)
        job = watch(page, look, client)
        lot(page, look, job)
        webhooks(page, look, job)
        cancel(page, client)
        system(page, look)
        try_it(page, look)
        keyboard(page)
        sign_out(page)
    finally:
        page.close()
    print(f"browser_test: ok ({look.pages} pages checked)")


class Look:
    """Checks the open page: no console errors, no foreign hosts, names for screen readers, every width fits."""

    def __init__(self, page):
        self.page, self.pages, self.folder = page, 0, browser.folder()

    def at(self, name, also=(), dark=False):
        """`also`: further hosts that the page may load from. Writes a screenshot with that name."""
        page = self.page
        self.pages += 1
        quiet(page)
        hosts = {urllib.parse.urlsplit(url).netloc for url in page.requests()}
        assert hosts <= {HOST, *also}, f"{name} has loaded from {hosts}"
        unlabelled = page.script("""
            const fields = [...document.querySelectorAll("input:not([type=hidden]), select, textarea")];
            return fields.filter((field) => !field.labels.length).map((field) => field.outerHTML)
              .concat([...document.querySelectorAll("img:not([alt]), button:empty, a:empty")].map((one) => one.outerHTML))""")
        assert not unlabelled, f"{name}: a screen reader has no name for {unlabelled}"
        assert page.script("return document.querySelectorAll('h1').length") == 1, name
        for width in WIDTHS:
            page.size(width, 844)
            assert not page.is_too_wide(), f"{name} is too wide for a window of {width}"
        if self.folder and name == "job":
            page.size(390, 844)
            page.shot(os.path.join(self.folder, "job-phone.png"))
        page.size(1100, 800)
        if self.folder and name in KEPT:
            page.dark(dark)
            page.shot(os.path.join(self.folder, name + ".png"))
            page.dark(False)


def quiet(page):
    complaints = page.complaints()
    assert not complaints, complaints


# Docs


def docs(page, look):
    page.open(BASE_URL + "/")
    assert "Generation Service" in page.driver.title, page.driver.title
    assert page.all("pre.copy"), "no examples"
    assert len(page.all("button.copier")) == len(page.all("pre.copy"))
    labels = {element.get_attribute("textContent") for element in page.all("summary")}
    assert {"Example: curl", "Example: Python", "Example: Node"} <= labels, labels
    look.at("docs")


def playground(page):
    """The canonical text and the signature of every published example, by the browser's cryptography and by ours."""
    with open(VECTORS, encoding="utf-8") as file:
        vectors = json.load(file)
    for address, is_secure in ((BASE_URL, True), (f"http://{PLAIN}:{HOST.split(':')[1]}", False)):
        page.open(address + "/#playground")
        assert page.script("return isSecureContext") == is_secure
        assert page.script("return Boolean(crypto.subtle)") == is_secure
        for each in vectors["lots"]:
            found = signed(page, vectors["key"], "lots", each["body"])
            assert found == [each["canonical"], each["signature"], ""], (each["name"], found)
        for each in vectors["texts"]:
            assert signed(page, vectors["key"], "text", each["text"])[1] == each["signature"], each["name"]
        found = signed(page, vectors["key"], "lots", '[{"a": 01}]')
        assert found[:2] == ["", ""] and "at character" in found[2], found
    quiet(page)
    page.requests()


def signed(page, key, what, text):
    page.script("""
        const [key, what, text] = arguments;
        for (const [id, value] of [["key", key], ["what", what], ["input", text]]) {
          document.getElementById("sign-" + id).value = value;
        }
        document.getElementById("sign-signature").value = "?";
        document.getElementById("sign-input").dispatchEvent(new Event("input"))""", key, what, text)
    page.until(lambda: page.script("return document.getElementById('sign-signature').value !== '?'"), "a signature")
    return page.script("""
        const part = (id) => document.getElementById("sign-" + id);
        return [part("text").value, part("signature").value, part("problem").textContent]""")


# Signing in and out


def sign_in(page, look):
    page.open(BASE_URL + "/jobs?status=completed")
    assert page.path().startswith("/sign-in?next="), page.path()
    look.at("sign-in")
    page.fill("#key", "not the key")
    page.leave_by(page.one("main button").click)
    assert "not the shared key" in page.text("[role=alert]")
    assert any("403" in complaint for complaint in page.complaints())  # the browser's own message for the refusal
    page.open(BASE_URL + "/jobs?status=completed")
    page.fill("#key", os.environ["SHARED_KEY"])
    page.leave_by(page.one("main button").click)
    assert page.path() == "/jobs?status=completed", page.path()
    assert page.script("return document.cookie") == "", "scripts can read the session"
    cookie = page.driver.get_cookies()[0]
    assert cookie["httpOnly"] and cookie["sameSite"] == "Lax", cookie


def sign_out(page):
    page.leave_by(lambda: page.click(page.one(".site button")))
    page.open(BASE_URL + "/jobs")
    assert page.path().startswith("/sign-in"), page.path()
    assert not page.driver.get_cookies()


# Jobs


def watch(page, look, client):
    """A job that waits for OpenAI until the test releases it: two of its lots have no image and have ended, four continue on release."""
    provider.hold(True)
    picture = lambda name: {"url": f"{IMAGES}/{name}.jpg"}
    lots = [{"lot_id": f"car-{n}", "additional_info": "2019 Audi A4, hail", "webhook": os.environ["WEBHOOK_URL"],
             "images": [picture(f"front-{n}"), picture(f"rear-{n}"), {"url": f"{SITE}/missing/{n}.jpg"}]} for n in range(4)]
    lots += [{"lot_id": f"gone-{n}", "images": [{"url": f"{SITE}/missing/gone-{n}.jpg"}]} for n in range(2)]
    job = client.generate(lots, ["en", "de", "ru"])[2]["job_id"]
    page.open(BASE_URL + "/jobs")
    page.script("window.sameDocument = 'list'")
    page.until_text("[data-show=stage]", "vision_analysis")
    page.until_text("[data-show=processed]", "2")
    look.at("jobs")
    page.leave_by(lambda: page.click(page.one(f"a[href='/jobs/{job}']")))
    page.script("window.sameDocument = 'job'")
    page.until_text("[data-live-state]", "keeps itself up to date")
    page.until_text("[data-stage=images] .counts", "6 of 6")
    page.until_text("[data-batches] tbody", "submitted")
    assert page.text("[data-show=processed]") == "2" and page.text("[data-show=status]") == "processing"
    assert page.text("[data-show=failed]") == ", 2 failed" and page.text("[data-show=percentage]") == "33.3 %"
    assert "UTC" in page.text("[data-show=estimate]")
    look.at("job")
    provider.hold(False)
    page.until_text("[data-show=status]", "completed")
    assert page.text("[data-show=processed]") == "6" and page.text("[data-show=percentage]") == "100.0 %"
    assert page.one("[data-show=progress]").get_attribute("value") == "6"
    page.until_text("[data-stage=final] .counts", "6 of 6, 2 failed")
    page.until_text("[data-live-state]", "have ended")
    assert page.script("return window.sameDocument") == "job", "the page was reloaded"
    page.leave_by(lambda: page.click(page.link("Show the end")))
    assert "o4-mini" in page.text("main") or "gpt" in page.text("main"), "no usage"
    # Downloads with the session, as the link does.
    href = page.link("Download the results").get_attribute("href")
    kind, names = page.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        fetch(arguments[0]).then(async (reply) => {
          const lots = (await reply.json()).results.lots;
          done([reply.headers.get("content-disposition"), lots.map((lot) => lot.lot_id)]);
        })""", href)
    assert job in kind and names == [each["lot_id"] for each in lots], (kind, names)
    quiet(page)
    return job


def lot(page, look, job):
    page.leave_by(lambda: page.click(page.link("Lots")))
    assert len(page.all("tbody tr")) == 6
    page.leave_by(lambda: page.click(page.link("Failed, 2")))
    assert len(page.all("tbody tr")) == 2 and "gone-0" in page.text("tbody"), page.text("tbody")
    page.leave_by(lambda: page.click(page.link("With missing images")))
    assert len(page.all("tbody tr")) == 6
    look.at("lots")
    page.leave_by(lambda: page.click(page.link("car-0")))
    assert [each.get_attribute("lang") for each in page.all(".languages [lang]")] == ["en", "de", "ru"]
    assert page.all(".languages p") and all(each.text for each in page.all(".languages [lang]"))
    assert f"{SITE}/missing/0.jpg" in page.text("main") and not page.all("img")
    assert all(SITE not in url for url in page.requests()), "pictures were loaded without a request"
    page.leave_by(lambda: page.click(page.link("Show the images")))
    page.script("document.querySelectorAll('img').forEach((image) => { image.loading = 'eager'; })")
    page.until(lambda: page.script(
        "return [...document.querySelectorAll('img')].filter((image) => image.naturalWidth > 0).length === 2"), "two pictures")
    assert len(page.all("img")) == 2  # the missing one shows only its address
    look.at("lot", also=[urllib.parse.urlsplit(SITE).netloc])


def webhooks(page, look, job):
    """A delivery is sent again; the page shows its end without a reload, and keeps the focus."""
    page.leave_by(lambda: page.click(page.link("Webhooks")))
    shown = lambda wanted: page.script("""
        const [badge, rows] = [document.querySelector("article .badge"), document.querySelectorAll("article tbody tr")];
        return badge && badge.textContent === "delivered" && rows.length === arguments[0]""", wanted)
    page.until(lambda: shown(1), "a delivery")
    page.leave_by(lambda: page.click(page.one("article button")))
    assert page.path() == f"/jobs/{job}/webhooks", page.path()
    page.script("window.sameDocument = 'webhooks'; document.querySelector('article .wide').focus()")
    page.until(lambda: shown(2), "the second delivery")
    assert page.script("return window.sameDocument") == "webhooks", "the page was reloaded"
    assert page.script("return document.activeElement.className") == "wide", "the focus was lost"
    page.until(lambda: page.text("[data-refresh-state]") == "", "nothing more to come")
    page.script("document.activeElement.blur()")  # for the screenshot
    look.at("webhooks")


def cancel(page, client):
    provider.hold(True)
    try:
        lots = [{"lot_id": f"c{n}", "images": [{"url": f"{IMAGES}/c{n}.jpg"}]} for n in range(2)]
        job = client.generate(lots, ["en"])[2]["job_id"]
        page.open(f"{BASE_URL}/jobs/{job}")
        page.until_text("[data-batches] tbody", "submitted")
        # Dismisses the confirmation first.
        page.click(page.one("button.danger"))
        page.driver.switch_to.alert.dismiss()
        assert client.status(job)[2]["status"] == "processing"
        page.script("window.wasHere = true")
        page.click(page.one("button.danger"))
        page.driver.switch_to.alert.accept()
        page.until(lambda: page.script("return !window.wasHere && document.readyState === 'complete'"), "another page")
        assert page.text("[data-show=status]") == "cancelled" and not page.all("button.danger")
        assert client.status(job)[2]["status"] == "cancelled"
        page.open(BASE_URL + "/jobs?status=cancelled")
        assert page.text("[data-job] code") == job
        quiet(page)
    finally:
        provider.hold(False)


# Other pages


def system(page, look):
    page.leave_by(lambda: page.click(page.link("System")))
    for part in ("Database", "Background worker", "OpenAI", "Queue", "Recent trouble"):
        assert part in page.text("main"), part
    assert len(page.all("svg[role=img]")) == 6 and page.all("svg rect"), "no charts"
    assert "keeps itself up to date" in page.text("[data-refresh-state]")
    page.script("window.sameDocument = 'system'")
    before = page.text("#as-of")
    page.until(lambda: page.script("return document.getElementById('as-of').textContent !== arguments[0]", before), "newer figures")
    assert page.script("return window.sameDocument") == "system" and len(page.all("svg[role=img]")) == 6
    look.at("system", dark=True)


def try_it(page, look):
    page.leave_by(lambda: page.click(page.link("Try it")))
    page.fill("#images", f"{IMAGES}/try-1.jpg\n{SITE}/missing/try.jpg")
    page.fill("#languages", "en, fr")
    page.leave_by(lambda: page.click(page.one("main form button")))
    assert page.text("#result") == "Descriptions" and "1 image used" in page.text("main")
    assert [each.get_attribute("lang") for each in page.all(".languages [lang]")] == ["en", "fr"]
    assert page.one("#languages").get_attribute("value") == "en, fr"
    look.at("try")
    page.fill("#images", "ftp://example.com/a.jpg")
    page.leave_by(lambda: page.click(page.one("main form button")))
    assert page.text("[role=alert]") and any("422" in complaint for complaint in page.complaints())


def keyboard(page):
    """The first key skips the navigation; every action is reachable by keyboard."""
    page.open(BASE_URL + "/jobs")
    page.driver.switch_to.active_element.send_keys("\ue004")
    assert page.script("return document.activeElement.className") == "skip"
    page.driver.switch_to.active_element.send_keys("\ue007")
    assert page.script("return location.hash") == "#main"
    reached = set()
    page.open(BASE_URL + "/jobs")
    for _ in range(60):
        page.driver.switch_to.active_element.send_keys("\ue004")
        reached.add(page.script("const at = document.activeElement; return at.getAttribute('href') || at.textContent || at.id"))
    assert {"/", "/jobs", "/try", "/system", "Sign out", "/jobs?status=failed", "id", "Open"} <= reached, reached
    quiet(page)


if __name__ == "__main__":
    main()
