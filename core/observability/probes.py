"""What a load balancer, an orchestrator and Prometheus ask a process: /health, /ready, /metrics."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from core.errors import ArchiveError, FirstReadError
from core.observability.metrics import CONTENT_TYPE

HEALTH, READY, METRICS = "/health", "/ready", "/metrics"
PLAIN = "text/plain; charset=utf-8"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back: a status code of HTTP, a content type and a body."""

    status: int
    content_type: str
    body: bytes


NOT_FOUND = Answer(404, PLAIN, b"not found")
ALIVE = Answer(200, PLAIN, b"alive")
IS_READY = Answer(200, PLAIN, b"ready")
IS_NOT_READY = Answer(503, PLAIN, b"not ready")


class Probes:
    """Answers the three addresses of a process.

    Parameters
    ----------
    check : callable
        Raises FirstReadError while the process cannot do its work.
    expose : callable or None
        Returns the metrics; None where nobody may see them.
    """

    def __init__(self, check: Callable[[], None], expose: Callable[[], bytes] | None) -> None:
        self._check, self._expose = check, expose

    def answer(self, path: str) -> Answer:
        """Answer one address; an answer names no cause, for anybody may ask."""
        if path == HEALTH:
            return ALIVE
        if path == READY:
            return self._readiness()
        if path == METRICS and self._expose is not None:
            return self._metrics(self._expose)
        return NOT_FOUND

    def _metrics(self, expose: Callable[[], bytes]) -> Answer:
        try:
            return Answer(200, CONTENT_TYPE, expose())
        except FirstReadError:
            _log.warning("no metrics", exc_info=True)
            return IS_NOT_READY

    def _readiness(self) -> Answer:
        try:
            self._check()
        except FirstReadError:
            _log.warning("not ready", exc_info=True)
            return IS_NOT_READY
        return IS_READY


class ProbeServer:
    """Answers the probes of a process that has no web server of its own.

    Parameters
    ----------
    address : str
        On which it listens. Whoever scrapes it is seldom on this machine.

    Raises
    ------
    ArchiveError
        If the port is taken.
    """

    def __init__(self, probes: Probes, port: int, address: str = "127.0.0.1") -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer = probes.answer(self.path.partition("?")[0])
                self.send_response(answer.status)
                self.send_header("Content-Type", answer.content_type)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)

            def log_message(self, *_: object) -> None:
                """Write no line for each scrape."""

        try:
            self._server = ThreadingHTTPServer((address, port), Handler)
        except OSError as exc:
            raise ArchiveError(
                f"Port {port} of FIRSTREAD_ARCHIVE_METRICS_PORT is taken by another program: "
                "choose another."
            ) from exc
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="first-read-probes", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
