"""The addresses that machines ask the app: /health, /ready, and /metrics where the site says so."""

from __future__ import annotations

import threading
from functools import lru_cache

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from core.errors import ReviewStoreError
from core.observability.metrics import REGISTRY, Registry, exposition
from core.observability.probes import HEALTH, METRICS, READY, Probes
from core.observability.site_metrics import Served, open_site_metrics
from core.settings import get_settings
from ui.app.resources import files_of, get_database, get_engine, get_films

_one = threading.Lock()


def check_ready() -> None:
    """Find out whether pages can be answered; it opens what the first visit would open.

    Raises
    ------
    FirstReadError
        If the database does not answer or is at another revision, or the run does not open.
    """
    with _one:  # nobody who asks often may have it opened twice
        if not get_database().status().up_to_date:
            raise ReviewStoreError("The database is at another revision: migrate it.")
        get_engine()


def _served() -> Served:
    files = files_of(get_engine())
    return Served(files.models, files.run_id, files.identity)


def expose() -> bytes:
    """Return what this process counted and what the database tells.

    Raises
    ------
    FirstReadError
        If the kept films cannot be reached.
    """
    return exposition((REGISTRY, _site()))


@lru_cache(maxsize=1)
def _site() -> Registry:
    return open_site_metrics(get_films(), _served)


def answer_probe(request: Request) -> Response:
    """Answer one of the addresses, in a thread of its own: the database may keep it waiting."""
    shown = expose if get_settings().metrics else None
    answer = Probes(check_ready, shown).answer(request.url.path)
    return Response(
        answer.body,
        answer.status,
        {"Cache-Control": "no-store", "Content-Type": answer.content_type},
    )


ROUTES = [Route(path, answer_probe) for path in (HEALTH, READY, METRICS)]
