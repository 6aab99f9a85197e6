"""A Streamlit server for the tests of this folder."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

SERVER_OPTIONS = {
    "server.headless": "true",
    "server.fileWatcherType": "none",
    "browser.gatherUsageStats": "false",
}


def free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def wait_until_it_answers(port: int) -> None:
    for _ in range(600):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"streamlit does not answer on port {port}")


class Server:
    """One Streamlit app on a port of its own, which can be stopped and started again."""

    def __init__(self, app: Path, environment: Mapping[str, str] | None = None) -> None:
        self.port = free_port()
        options = {"server.port": self.port, **SERVER_OPTIONS}
        flags = [f"--{name}={value}" for name, value in options.items()]
        self._command = [sys.executable, "-m", "streamlit", "run", str(app), *flags]
        self._environment = {**os.environ, **(environment or {})}
        self._folder = app.parent
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
