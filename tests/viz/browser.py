"""A real browser, driven over the WebDriver protocol (https://www.w3.org/TR/webdriver2/), which is HTTP and JSON."""

import json
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

ARGUMENTS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--window-size=1300,900"]
KEYS = {
    "left": "\ue012",
    "right": "\ue014",
    "home": "\ue011",
    "end": "\ue010",
    "enter": "\ue007",
    "escape": "\ue00c",
    "tab": "\ue004",
}
DIRECT = build_opener(ProxyHandler({}))


def programs() -> tuple[str, str] | None:
    """The driver and the browser, if both are installed."""
    driver = shutil.which("chromedriver")
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    return (driver, browser) if driver and browser else None


class Browser:
    """A headless Chromium with one window."""

    def __init__(self, folder: Path) -> None:
        found = programs()
        assert found is not None
        log = folder / "driver.log"
        with log.open("w") as file:
            self._driver = subprocess.Popen([found[0], "--port=0"], stdout=file, stderr=subprocess.STDOUT)
        self._session = ""
        self._address = f"http://127.0.0.1:{self._port(log)}"
        options = {"binary": found[1], "args": [*ARGUMENTS, f"--user-data-dir={folder / 'profile'}"]}
        wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        made = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": wanted}})
        self._session = f"/session/{made['sessionId']}"

    @staticmethod
    def _port(log: Path) -> str:
        for _ in range(300):
            text = log.read_text()
            if "successfully on port " in text:
                return text.split("successfully on port ")[-1].split()[0].rstrip(".")
            time.sleep(0.1)
        raise TimeoutError(log.read_text())

    def _ask(self, method: str, path: str, data: Any = None) -> Any:
        body = json.dumps(data if data is not None else {}).encode() if method == "POST" else None
        request = Request(
            self._address + self._session + path,
            body,
            method=method,
            headers={"Content-Type": "application/json"},
        )
        with DIRECT.open(request, timeout=60) as answer:
            return json.load(answer)["value"]

    def open(self, path: Path) -> None:
        self._ask("POST", "/url", {"url": path.resolve().as_uri()})

    def run(self, script: str, *args: Any) -> Any:
        """The value of a JavaScript function body."""
        return self._ask("POST", "/execute/sync", {"script": script, "args": list(args)})

    def text(self, selector: str) -> str:
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def count(self, selector: str) -> int:
        return int(self.run("return document.querySelectorAll(arguments[0]).length", selector))

    def click(self, selector: str) -> None:
        """A click of the mouse in the middle of the first element."""
        element = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        origin = {"element-6066-11e4-a52e-4f735466cecf": next(iter(element.values()))}
        self._act(
            "pointer",
            [
                {"type": "pointerMove", "origin": origin, "x": 0, "y": 0},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerUp", "button": 0},
            ],
        )

    def press(self, *keys: str) -> None:
        """Press keys, by name or as characters, wherever the focus is."""
        actions = []
        for key in keys:
            for character in [KEYS[key]] if key in KEYS else key:
                actions += [{"type": "keyDown", "value": character}, {"type": "keyUp", "value": character}]
        self._act("key", actions)

    def scroll(self, selector: str, by: int) -> None:
        element = self._ask("POST", "/element", {"using": "css selector", "value": selector})
        origin = {"element-6066-11e4-a52e-4f735466cecf": next(iter(element.values()))}
        self._act("wheel", [{"type": "scroll", "origin": origin, "x": 0, "y": 0, "deltaX": 0, "deltaY": by}])

    def _act(self, kind: str, actions: list[Any]) -> None:
        self._ask("POST", "/actions", {"actions": [{"type": kind, "id": kind, "actions": actions}]})

    def dark(self, wanted: bool) -> None:
        """Prefer a dark or a light colour scheme."""
        feature = {"name": "prefers-color-scheme", "value": "dark" if wanted else "light"}
        parameters = {"cmd": "Emulation.setEmulatedMedia", "params": {"features": [feature]}}
        self._ask("POST", "/goog/cdp/execute", parameters)

    def log(self) -> list[str]:
        """What the page has written to the console, errors among it, since this was last asked."""
        return [entry["message"] for entry in self._ask("POST", "/se/log", {"type": "browser"})]

    def close(self) -> None:
        try:
            self._ask("DELETE", "")
        except (URLError, OSError):
            pass
        finally:
            self._driver.terminate()
            self._driver.wait(20)
