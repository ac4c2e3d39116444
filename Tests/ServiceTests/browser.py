"""A real browser for tests of the web interface: Debian's headless Chromium, with its console messages and requests.

Needs selenium (Tests/requirements.txt), chromium and chromedriver (`scripts/install-deps test`).
"""
import base64
import json
import os
import shutil
import tempfile
import time
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By

# Long, because the machine may be busy with other tests.
PATIENCE_SECONDS = 60


class Browser:
    """One browser with its own profile. `hosts`: names that resolve to this machine."""

    def __init__(self, hosts=()):
        self.profile = tempfile.mkdtemp()
        options = Options()
        options.binary_location = shutil.which("chromium") or ""
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--hide-scrollbars",
                         "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
                         "--disable-extensions", "--force-color-profile=srgb", "--force-prefers-reduced-motion", "--lang=en", f"--user-data-dir={self.profile}"):
            options.add_argument(argument)
        if hosts:
            options.add_argument("--host-resolver-rules=" + ",".join(f"MAP {host} 127.0.0.1" for host in hosts))
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service(shutil.which("chromedriver")))
        self.driver.set_page_load_timeout(PATIENCE_SECONDS)
        self.size(1100, 800)

    def close(self):
        self.driver.quit()
        shutil.rmtree(self.profile, ignore_errors=True)

    # Queries

    def open(self, address):
        self.driver.get(address)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def text(self, selector):
        """Includes text that is scrolled out of view."""
        return self.script("const found = document.querySelector(arguments[0]); return found && found.textContent", selector)

    def link(self, text):
        return self.driver.find_element(By.LINK_TEXT, text)

    def path(self):
        found = urllib.parse.urlsplit(self.driver.current_url)
        return found.path + ("?" + found.query if found.query else "")

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def until(self, condition, what):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (found := condition()):
            assert time.monotonic() < deadline, f"{what} did not come about at {self.path()}:\n{self.text('main')}"
            time.sleep(0.1)
        return found

    def until_text(self, selector, wanted):
        return self.until(lambda: wanted in (self.text(selector) or ""), f"'{wanted}' in {selector}")

    # Actions

    def click(self, element):
        # Scrolls at once: during a smooth scroll a click would miss the element.
        self.script("arguments[0].scrollIntoView({block: 'center', behavior: 'instant'})", element)
        element.click()

    def leave_by(self, act):
        """Runs an action that opens another page, and waits for the page."""
        self.script("window.wasHere = true")
        act()
        self.until(lambda: self.script("return !window.wasHere && document.readyState === 'complete'"), "another page")

    def fill(self, selector, text):
        field = self.one(selector)
        field.clear()
        field.send_keys(text)

    # Appearance

    def size(self, width, height):
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500})

    def dark(self, is_dark):
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if is_dark else "light"}]})

    def is_too_wide(self):
        """True if the page is wider than the window."""
        return self.script("return document.scrollingElement.scrollWidth > window.innerWidth")

    def shot(self, path):
        self.driver.execute_async_script("""
            const done = arguments[arguments.length - 1];
            scrollTo({ top: 0, behavior: "instant" });
            requestAnimationFrame(() => requestAnimationFrame(done));""")
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png"})
        with open(path, "wb") as file:
            file.write(base64.b64decode(picture["data"]))

    # Messages and requests

    def complaints(self):
        """Console errors since the last call: of scripts, of the security policy, of loading."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def requests(self):
        """Addresses requested by pages since the last call, without those of Chromium's own pages."""
        found = []
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] == "Network.requestWillBeSent":
                found.append(message["params"]["request"]["url"])
        return [url for url in found if not url.startswith(("data:", "chrome:", "chrome-untrusted:"))]


def is_installed():
    return bool(shutil.which("chromium") and shutil.which("chromedriver"))


def folder():
    """Folder for screenshots; None: no screenshots."""
    path = os.environ.get("SCREENSHOTS")
    if path:
        os.makedirs(path, exist_ok=True)
    return path
