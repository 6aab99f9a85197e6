"""All that a page is sent, to be searched for what a reader must not know yet."""

from __future__ import annotations

import re

from playwright.sync_api import Page, Response, WebSocket

from core.settings import PROJECT_ROOT

SIDE = re.compile(
    r'"side": ?"(suspicious|not suspicious|unsure)"|uspicious for pneumonia|Unsure: r'
)
SCRIPTS = [
    path.read_bytes()
    for path in sorted((PROJECT_ROOT / "ui" / "components").rglob("*.js"))
    if path.stat().st_size
]


class Received:
    """What a page is sent: the messages of its websockets, and what it fetches from the app."""

    def __init__(self, page: Page) -> None:
        self.messages: list[bytes] = []
        self._responses: list[Response] = []
        page.on("websocket", self._listen)
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        self._responses.append(response)

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._take)

    def _take(self, payload: str | bytes) -> None:
        self.messages.append(payload.encode() if isinstance(payload, str) else payload)

    def everything(self) -> bytes:
        """Return all of it but the app's own scripts, which are the same for every film."""
        fetched = [
            one.body()
            for one in self._responses
            if one.ok and "/static/" not in one.url and one.request.method == "GET"
        ]
        whole = b"\n".join([*self.messages, *fetched])
        for script in SCRIPTS:
            whole = whole.replace(script.rstrip(b"\n"), b"")
        return whole
