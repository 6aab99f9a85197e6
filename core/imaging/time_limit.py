"""The processor time that decoding a file may take, where whoever asks for it limits that."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar


def _no_limit(_seconds: float) -> None:
    """Do nothing: nobody counts."""


extend_limit: ContextVar[Callable[[float], None]] = ContextVar("extend_limit", default=_no_limit)
"""Called by a decoder that is slow by nature with the seconds it needs beyond the usual limit."""
