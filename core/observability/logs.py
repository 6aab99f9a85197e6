"""One log for all processes, as text or JSON, in which no line names a patient or a reader.

A line holds only what stands in the list here: the event as it is written in the code, without what
was to be filled in; fields of known names whose values have a known shape; and of an exception its
kind and the places in the code, never its words. What a library says is cut to where it said it.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import PurePath
from types import TracebackType
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from core.domain.worklist import Arrival
from core.errors import SettingsError
from core.settings import Settings, get_settings

OURS = ("core", "ui", "pages")
LIBRARY_SAYS = "message of a library"
FRAMES = 8
"""Of a traceback, the innermost ones."""

_PLACEHOLDER = re.compile(r"%[-+ #0-9.]*[a-zA-Z]")
_WAYS = frozenset({"DICOMweb", "DICOM", "folder", "reading", "reports"})
_ARRIVALS = frozenset(one.value for one in Arrival)
_CODE = re.compile(r"[a-z][a-z_ -]{0,39}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _matches(pattern: str) -> Callable[[object], bool]:
    compiled = re.compile(pattern)
    return lambda value: isinstance(value, str) and compiled.fullmatch(value) is not None


def _are_codes(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(one, str) and _CODE.fullmatch(one) for one in value
    )


FIELDS: dict[str, Callable[[object], bool]] = {
    "film": _matches("[0-9a-f]{12}"),
    "record": _matches("[0-9a-f]{12}"),
    "run": _matches(r"[a-z][a-z0-9_-]{0,30}"),
    "before": _matches(r"[a-z][a-z0-9_-]{0,30}"),
    "arrival": lambda value: value in _ARRIVALS,
    "way": lambda value: value in _WAYS,
    "signal": _matches(r"SIG[A-Z0-9]{1,10}"),
    "error_code": _matches(r"[A-Z]{2,12}"),
    "codes": _are_codes,
    "seconds": _is_number,
    "threshold": _is_number,
    "n": _is_number,
}
"""Every field that a line may hold, and what its value looks like; others are left out."""


class AllowedOnly:
    """The stage of structlog that lets through what a line may hold, and nothing else.

    Parameters
    ----------
    service : str
        Which process logs.
    """

    def __init__(self, service: str) -> None:
        self._service = service

    def __call__(self, _logger: Any, _method: str, entry: EventDict) -> EventDict:
        """Return a new entry made of allowed parts."""
        record: logging.LogRecord = entry["_record"]
        ours = _is_ours(record)
        kept: EventDict = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat("T", "milliseconds"),
            "level": record.levelname.lower(),
            "service": self._service,
            "logger": record.name if ours else record.name.split(".")[0],
            "event": _PLACEHOLDER.sub("…", str(record.msg)) if ours else LIBRARY_SAYS,
            "where": f"{record.module}:{record.lineno}",
        }
        given = {name: record.__dict__[name] for name in FIELDS if name in record.__dict__}
        kept.update({name: value for name, value in given.items() if FIELDS[name](value)})
        left_out = sorted(given.keys() - kept.keys())
        if left_out:
            kept["left_out"] = left_out
        trouble = entry.get("exc_info")  # the formatter takes it out of the record
        if isinstance(trouble, tuple) and trouble[1] is not None:
            kept.update(_described(trouble[1]))
        return kept


def _described(error: BaseException) -> dict[str, list[str]]:
    """Return the kinds of an error and its causes, and where in the code it came from."""
    kinds, cause = [], error
    seen: set[int] = set()
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        kinds.append(type(cause).__name__)
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    places = [
        f"{'/'.join(PurePath(one.filename).parts[-2:])}:{one.lineno} {one.name}" for one in frames
    ]
    return {"errors": kinds, "frames": places}


def _worth_a_line(record: logging.LogRecord) -> bool:
    """Tell a line from a library that says only that it works: its words are left out anyway."""
    return record.levelno >= logging.WARNING or _is_ours(record)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.name.split(".")[0] in OURS


class _ToStandardError(logging.StreamHandler[Any]):
    """Writes to what is the error stream at that moment."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)

    @property
    def stream(self) -> Any:
        return sys.stderr


def make_handler(service: str, log_format: str) -> logging.Handler:
    """Return a handler that writes allowed lines to the error stream."""
    render: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0, sort_keys=False)
    )
    handler = _ToStandardError()
    handler.addFilter(_worth_a_line)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[AllowedOnly(service), render], use_get_message=False
        )
    )
    return handler


def configure_logs(service: str) -> logging.Handler:
    """Send every log line of this process through the list of what it may hold.

    Uncaught errors are logged in the same way, of threads as well.

    Parameters
    ----------
    service : str
        Which process it is, in a word or two.
    """
    settings = _settings()
    handler = make_handler(service, settings.log_format)
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, _ToStandardError)]
    root.addHandler(handler)
    root.setLevel(settings.log_level.upper())
    logging.captureWarnings(True)
    sys.excepthook = _log_uncaught
    threading.excepthook = lambda said: _log_uncaught(
        said.exc_type, said.exc_value or said.exc_type(), said.exc_traceback
    )
    return handler


def _settings() -> Settings:
    try:
        return get_settings()
    except SettingsError:  # which the page or the command says
        return Settings.model_construct()


def _log_uncaught(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> None:
    if issubclass(kind, KeyboardInterrupt):
        sys.__excepthook__(kind, error, trace)
        return
    logging.getLogger(__name__).error("uncaught error", exc_info=(kind, error, trace))
