"""A Streamlit server for the tests of this folder."""

from __future__ import annotations

import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

SERVER_OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
}

CHROMIUM_NAMES = ["chromium", "chromium-browser", "google-chrome"]
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--process-per-site",  # a second tab finds the scripts compiled
]

# Two animation frames later everything that was received is drawn.
DRAWN = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


def find_chromium() -> str | None:
    """Return the machine's own Chromium, or None."""
    return next(filter(None, map(shutil.which, CHROMIUM_NAMES)), None)


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


_PORTS: list[int] = []
"""Of the servers of this process, one after the other."""


def _port_of_earlier_server() -> int:
    """Return a port where no server listens now, if possible one where one did.

    A browser keeps Streamlit's scripts by their address, and the port belongs to it. Ports that
    the system gives to whoever calls out are left alone: a server stops before the next starts.
    """
    for port in [*_PORTS, *random.sample(range(20_000, 30_000), 100)]:
        with socket.socket() as listening:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                listening.bind(("127.0.0.1", port))
            except OSError:
                continue
        if port not in _PORTS:
            _PORTS.append(port)
        return port
    pytest.fail("no port is free")


def wait_until_it_answers(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"streamlit does not answer on port {port}")


def wait_until_idle(page: Page) -> None:
    """Wait until the page's run is over: before that, what an earlier run drew may still stand."""
    app = page.get_by_test_id("stApp")
    expect(app).to_have_attribute("data-test-script-state", "notRunning")
    page.evaluate(DRAWN)


def runs(page: Page) -> int:
    """Return how often the small apps of this folder say that they have run."""
    found = re.search(r"Run (\d+)", page.get_by_test_id("stSidebar").inner_text())
    return int(found.group(1)) if found else 0


def after_run(page: Page, number: int) -> None:
    expect(page.get_by_text(f"Run {number}", exact=True)).to_be_visible()
    page.evaluate(DRAWN)


def press_button(page: Page, name: str) -> None:
    """Press a button of a small app and wait for the run that it starts, not for an earlier one."""
    wait_until_idle(page)
    before = runs(page)
    page.get_by_role("button", name=name, exact=True).click()
    after_run(page, before + 1)


def download_text(page: Page, name: str) -> str:
    """Press a download button once and return the file as text."""
    with page.expect_download() as started:
        page.get_by_role("button", name=name).click()
    return started.value.path().read_text(encoding="utf-8")


class Server:
    """One Streamlit app on a port of its own, which can be stopped and started again."""

    def __init__(
        self,
        app: Path,
        environment: Mapping[str, str] | None = None,
        secrets: Callable[[str], str] | None = None,
    ) -> None:
        self.port = _port_of_earlier_server()
        options = {"server.port": self.port, **SERVER_OPTIONS}
        flags = [f"--{name}={value}" for name, value in options.items()]
        self._command = [sys.executable, "-m", "streamlit", "run", str(app), *flags]
        quicker = {"FIRSTREAD_LIME_SAMPLES": "100"}
        self._environment = {**os.environ, **quicker, **(environment or {})}
        self._folder = app.parent
        if secrets is not None:
            folder = Path(self._environment["HOME"]) / ".streamlit"
            folder.mkdir()
            (folder / "secrets.toml").write_text(secrets(self.address), encoding="utf-8")
        self.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            self._command,
            env=self._environment,
            cwd=self._folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        wait_until_it_answers(self.port)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=60)
