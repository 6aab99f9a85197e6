"""``POST /read``: one film in, what gate and model say of it out, where the site gives a token.

The body is the film's file. Nothing of it is kept, and no page shows it.
"""

from __future__ import annotations

from secrets import compare_digest

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from core.errors import FirstReadError, RadiographError
from core.jobs.film_pool import get_film_pool
from core.jobs.film_worker import FilmWork
from core.language.words import tr
from core.reads.machine_read import describe_machine_read, describe_unreadable
from core.settings import get_settings
from ui.app.resources import files_of, get_engine

READ = "/read"
FILM = "film"
_NOT_KEPT = {"Cache-Control": "no-store"}


async def answer_read(request: Request) -> Response:
    """Answer one request: 200 with the read, or why there is none."""
    token, most = get_settings().read_token.get_secret_value(), get_settings().max_film_mb
    if not token:
        return _no(404, tr("This site reads no films over HTTP: FIRSTREAD_READ_TOKEN is not set."))
    given = request.headers.get("authorization", "")
    if not compare_digest(given.encode(), f"Bearer {token}".encode()):
        return _no(401, tr("State the site's token: Authorization: Bearer ..."), who=True)
    content = bytearray()
    try:
        async for part in request.stream():
            content += part
            if len(content) > most * 1_000_000:
                return _no(413, tr("A film has {n} MB at most here.", n=most))
    except ClientDisconnect:
        return Response(status_code=400)
    return await run_in_threadpool(_read, bytes(content))


def _read(content: bytes) -> Response:
    try:
        engine = get_engine()
        answer = get_film_pool().do(FilmWork(content, files_of(engine), FILM, read=True))
    except RadiographError as exc:
        return JSONResponse(describe_unreadable(FILM, str(exc)), 422, _NOT_KEPT)
    except FirstReadError as exc:
        return _no(503, str(exc))
    reading = answer.reading
    assert reading is not None
    said = describe_machine_read(FILM, reading.film_sha256, reading.quality, reading.prediction)
    return JSONResponse(said, 200, _NOT_KEPT)


def _no(status: int, sentence: str, *, who: bool = False) -> Response:
    headers = _NOT_KEPT | ({"WWW-Authenticate": "Bearer"} if who else {})
    return JSONResponse({"error": sentence}, status, headers)


ROUTE = Route(READ, answer_read, methods=["POST"])
