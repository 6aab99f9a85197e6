"""What the app does before it ends: writes that are under way reach the disk."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from core.store.engine import finish_all_writes

PATIENCE_S = 20.0
"""Longer than a write waits for the lock of another program."""

_log = logging.getLogger(__name__)


@asynccontextmanager
async def lifespan(_app: object) -> AsyncIterator[None]:
    """Serve, then wait for what readers have signed; the pages' threads would end in the middle."""
    yield
    if not await asyncio.to_thread(finish_all_writes, PATIENCE_S):
        _log.error("writes were under way when the app ended")
