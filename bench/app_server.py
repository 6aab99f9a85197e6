"""The real app in a process of its own, and what the system knows of that process."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from core.errors import FirstReadError

PROJECT_ROOT = Path(__file__).parent.parent
START_LIMIT_S = 60
TENSORFLOW = re.compile(r"/(?:tensorflow(?:-[^/]*)?/|[^/]*libtensorflow)")


@dataclass(frozen=True, slots=True)
class AppServer:
    """A running app.

    Attributes
    ----------
    began : float
        On the clock of ``time.perf_counter``, just before the process was started.
    """

    pid: int
    port: int
    began: float

    @property
    def address(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    def wait_until_it_answers(self) -> None:
        """Return as soon as the port takes a connection.

        Raises
        ------
        FirstReadError
            If that takes over a minute.
        """
        while time.perf_counter() - self.began < START_LIMIT_S:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.01)
            else:
                return
        raise FirstReadError(
            f"the app did not answer within {START_LIMIT_S} s: run "
            "`streamlit run streamlit_app.py` to see why."
        )


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def run_app(
    settings: Mapping[str, str] | None = None, script: str = "streamlit_app.py"
) -> Iterator[AppServer]:
    """Start ``streamlit run`` with the app's script, on an empty review store of its own.

    The model's output is shown at once: what is measured does not wait for a first read. No film
    is kept, unless the settings say so: else a round would find the films of the one before. The
    worklist begins empty, too.

    Parameters
    ----------
    settings : mapping of str to str, optional
        Environment variables to set beside.
    """
    port = _free_port()
    options = [f"--server.port={port}", "--server.headless=true"]
    command = [sys.executable, "-m", "streamlit", "run", script, *options]
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {
            "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder}/reads.sqlite3",
            "FIRSTREAD_FILMS": f"{folder}/films",
            "FIRSTREAD_KEEP_FILMS_DAYS": "0",
            "FIRSTREAD_READ_FIRST": "false",
            "FIRSTREAD_OFFER_SYNTHETIC": "false",
            "FIRSTREAD_FIRST_STEPS": "false",
            **(settings or {}),
        }
        migrate = [sys.executable, "-m", "core", "db", "migrate"]  # as `make run` does
        subprocess.run(migrate, cwd=PROJECT_ROOT, env=environment, check=True, capture_output=True)
        began = time.perf_counter()
        with subprocess.Popen(
            command,
            cwd=PROJECT_ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                yield AppServer(process.pid, port, began)
            finally:
                process.terminate()


def mapped_files(pid: int) -> set[str]:
    """Return the files that a process has in memory (Linux)."""
    lines = Path(f"/proc/{pid}/maps").read_text(encoding="utf-8").splitlines()
    return {fields[5] for fields in (line.split(maxsplit=5) for line in lines) if len(fields) > 5}


def tensorflow_files(files: set[str]) -> list[str]:
    """Return those of the files that belong to TensorFlow."""
    return sorted(file for file in files if TENSORFLOW.search(file))


def processor_s(pid: int) -> float:
    """Return the processor time that a process has used so far, in seconds (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident_mb(pid: int) -> float:
    """Return a process's resident memory in megabytes (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    (kilobytes,) = re.findall(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    return int(kilobytes) * 1024 / 1e6


def memory_of_all(pid: int) -> float:
    """Return the resident memory of a process and of those that it has started, in MB (Linux)."""
    return resident_mb(pid) + sum(map(memory_of_all, children_of(pid)))


def processor_of_all(pid: int) -> float:
    """Return the processor time of a process and of those that it has started, in s (Linux)."""
    return processor_s(pid) + sum(map(processor_of_all, children_of(pid)))


def threads_and_descriptors(pid: int) -> tuple[int, int]:
    """Return the threads and open files of a process and of those that it has started (Linux)."""
    threads, descriptors = (len(list(Path(f"/proc/{pid}/{of}").iterdir())) for of in ("task", "fd"))
    for child in children_of(pid):
        of_child = threads_and_descriptors(child)
        threads, descriptors = threads + of_child[0], descriptors + of_child[1]
    return threads, descriptors


def children_of(pid: int) -> list[int]:
    """Return the processes that a process has started (Linux)."""
    children: list[str] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with suppress(OSError):  # a thread that has ended meanwhile
            children += (thread / "children").read_text(encoding="utf-8").split()
    return list(map(int, children))
