"""A Chromium whose process belongs to the test, so that it can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from browser.tabs import VIEWPORT
from playwright.sync_api import Browser, BrowserType, Page


class OwnChromium:
    """A browser that ends as at a power cut.

    Parameters
    ----------
    executable : str
    flags : list of str
    folder : Path
        For its profile, where it writes down which port it listens on.
    """

    def __init__(self, executable: str, flags: list[str], folder: Path) -> None:
        self._port_file = folder / "DevToolsActivePort"
        own = ["--headless=new", "--remote-debugging-port=0", f"--user-data-dir={folder}"]
        self._process = subprocess.Popen(
            [executable, *flags, *own, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,  # its own children die with it, and nobody else's
        )

    def connect(self, browser_type: BrowserType) -> Browser:
        """Return the browser once it listens."""
        for _ in range(600):
            lines = self._port_file.read_text().split() if self._port_file.exists() else []
            if lines:
                return browser_type.connect_over_cdp(f"http://127.0.0.1:{lines[0]}")
            time.sleep(0.1)
        pytest.fail("Chromium does not say which port it listens on")

    def open_tab(self, browser_type: BrowserType) -> Page:
        """Return a tab of the browser, of the size of all tests."""
        tab = self.connect(browser_type).new_context(viewport=VIEWPORT).new_page()
        tab.set_default_timeout(60_000)
        return tab

    def kill(self) -> None:
        """Kill the browser with all of its processes, with no chance to save anything."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        assert self._process.wait(timeout=60) == -signal.SIGKILL
