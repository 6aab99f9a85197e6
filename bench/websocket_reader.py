"""The app's page without a browser: Streamlit's protocol over its websocket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.Block_pb2 import Block
from streamlit.proto.Element_pb2 import Element
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.WidgetStates_pb2 import WidgetState
from websockets.asyncio.client import ClientConnection, connect
from websockets.typing import Subprotocol

from core.errors import FirstReadError

PATIENCE_S = 120.0
XSRF = "_streamlit_xsrf"


@dataclass(frozen=True, slots=True)
class _Drawn:
    """An element or a block, and the run that drew it last."""

    element: Element | Block
    run: str
    fragment: str

    @property
    def content(self) -> Any:
        """The button, the text, the popover or whatever it is; None for an empty one."""
        kind = self.element.WhichOneof("type")
        return None if kind is None else getattr(self.element, kind)


@dataclass(slots=True)
class Page:
    """One visit: what stands on the page, and what its widgets hold.

    Attributes
    ----------
    errors : list of str
        What the app raised or showed as an error.
    """

    address: str
    socket: ClientConnection
    http: httpx.AsyncClient
    errors: list[str] = field(default_factory=list)
    _session: str = ""
    _script: str = ""
    _run: str = ""
    _finished: str = ""
    _lost: bool = False
    _pages: dict[str, str] = field(default_factory=dict)
    _drawn: dict[tuple[int, ...], _Drawn] = field(default_factory=dict)
    _states: dict[str, WidgetState] = field(default_factory=dict)
    _kept: dict[str, ForwardMsg] = field(default_factory=dict)
    _timers: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _upload_urls: Any = None
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    def find(self, name: str) -> Any:
        """Return the widget of this label or with this end of its id; None if there is none.

        A name that ends with a star is any part of the id.
        """
        for widget in self._contents():
            found = getattr(widget, "id", "")
            part = name.endswith("*") and name[:-1] in found
            if found and (part or found.endswith(name) or getattr(widget, "label", "") == name):
                return widget
        return None

    def holds(self, text: str) -> bool:
        """Return whether a text is drawn, or is part of what a component gets."""
        fields = ("body", "json", "text")
        return any(
            text in str(getattr(each, name, "")) for each in self._contents() for name in fields
        )

    def words(self) -> str:
        """Return the texts and labels that are drawn, for who looks for the cause of a fault."""
        drawn = (getattr(one, "body", "") or getattr(one, "label", "") for one in self._contents())
        return " | ".join(str(text)[:80] for text in drawn if text)

    async def until(self, there: Callable[[], object], what: str) -> None:
        """Wait until something is on the page.

        Raises
        ------
        FirstReadError
            If that takes longer than `PATIENCE_S`, or the connection is lost.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not there() and not self._lost:
                    self._news.clear()
                    await self._news.wait()
        if not there():
            why = "the connection was lost" if self._lost else f"waited {PATIENCE_S:g} s"
            raise FirstReadError(f"{what} did not come: {why}.")

    async def rerun(self, *extra: WidgetState, fragment: str = "") -> None:
        """Ask for a run with what the widgets hold, and with what is pressed; or for a fragment."""
        message = BackMsg()
        state = message.rerun_script
        state.page_script_hash, state.fragment_id = self._script, fragment
        state.is_auto_rerun = bool(fragment)
        state.widget_states.widgets.extend([*self._states.values(), *extra])
        state.cached_message_hashes.extend(self._kept)
        await self.socket.send(message.SerializeToString())

    async def press(self, name: str) -> None:
        """Press a button."""
        await self.rerun(WidgetState(id=self.find(name).id, trigger_value=True))

    async def go_to(self, path: str) -> None:
        """Open another page of the app by its address; the run of the page is over then.

        Raises
        ------
        FirstReadError
            If the bar leads to no such page, or it does not come.
        """
        if path not in self._pages:
            raise FirstReadError(f"The bar has no page {path}.")
        self._script, self._finished = self._pages[path], ""
        await self.rerun()
        await self.until(lambda: self._finished == self._pages[path], f"the page {path}")

    async def enter(self, name: str, **value: Any) -> None:
        """Put a value into a widget; the keyword is the field of its state."""
        state = WidgetState(id=self.find(name).id, **value)
        self._states[state.id] = state
        await self.rerun()

    async def upload(self, uploader: str, name: str, content: bytes) -> None:
        """Put a file into an uploader."""
        asked = BackMsg()
        asked.file_urls_request.request_id = name
        asked.file_urls_request.file_names.append(name)
        asked.file_urls_request.session_id = self._session
        self._upload_urls = None
        await self.socket.send(asked.SerializeToString())
        await self.until(lambda: self._upload_urls is not None, "the address for a file")
        urls = self._upload_urls
        sent = await self.http.put(
            f"{self.address}{urls.upload_url}",
            files={name: (name, content, "image/jpeg")},
            headers={"X-Xsrftoken": self.http.cookies.get(XSRF, "")},
        )
        sent.raise_for_status()
        file = {"name": name, "size": len(content), "file_id": urls.file_id, "file_urls": urls}
        await self.enter(uploader, file_uploader_state_value={"uploaded_file_info": [file]})

    async def listen(self) -> None:
        """Take in what the server sends, until the connection ends."""
        try:
            async for data in self.socket:
                self._take(ForwardMsg.FromString(bytes(data)))
                self._news.set()
        finally:
            self._lost = True
            self._news.set()
            self.stop_timers()

    def stop_timers(self) -> None:
        """Run no fragment by itself any more."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _contents(self) -> Iterator[Any]:
        return (drawn.content for drawn in self._drawn.values() if drawn.content is not None)

    def _take(self, received: ForwardMsg) -> None:
        run, message = received.metadata.run, received
        if received.ref_hash:
            message = self._kept[received.ref_hash]
        elif received.metadata.cacheable:
            self._kept[received.hash] = received
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._session = message.new_session.initialize.session_id or self._session
            self._script, self._run = message.new_session.page_script_hash, run.script_run_id
            if not run.fragment_ids:
                self.stop_timers()
        elif kind == "navigation":
            pages = message.navigation.app_pages
            self._pages = {one.url_pathname: one.page_script_hash for one in pages}
        elif kind == "delta":
            self._draw(tuple(received.metadata.delta_path), message.delta)
        elif kind == "script_finished":
            self._finish(run.fragment_ids, message.script_finished)
        elif kind == "auto_rerun":
            self._repeat(message.auto_rerun.fragment_id, message.auto_rerun.interval)
        elif kind == "file_urls_response":
            (self._upload_urls,) = message.file_urls_response.file_urls

    def _draw(self, path: tuple[int, ...], delta: Any) -> None:
        if delta.WhichOneof("type") == "add_block":
            self._drawn[path] = _Drawn(delta.add_block, self._run, delta.fragment_id)
            return
        element = delta.new_element
        self._drawn[path] = _Drawn(element, self._run, delta.fragment_id)
        if element.HasField("exception"):
            self.errors.append(f"{element.exception.type}: {element.exception.message}")
        elif element.HasField("alert") and element.alert.format == element.alert.ERROR:
            self.errors.append(element.alert.body)

    def _finish(self, fragments: Any, status: int) -> None:
        """Take away what the run that has ended did not draw again."""
        if status == ForwardMsg.FINISHED_EARLY_FOR_RERUN:
            return
        self._finished = self._finished if fragments else self._script
        for path, drawn in list(self._drawn.items()):
            if drawn.run != self._run and (not fragments or drawn.fragment in fragments):
                del self._drawn[path]
        if not fragments:
            there = {getattr(widget, "id", "") for widget in self._contents()}
            self._states = {name: kept for name, kept in self._states.items() if name in there}

    def _repeat(self, fragment: str, interval_s: float) -> None:
        """Run a fragment now and then, as the browser does."""

        async def ask() -> None:
            while True:
                await asyncio.sleep(interval_s)
                await self.rerun(fragment=fragment)

        if fragment in self._timers:
            self._timers[fragment].cancel()
        self._timers[fragment] = asyncio.create_task(ask())


@asynccontextmanager
async def open_page(address: str) -> AsyncIterator[Page]:
    """Visit the page Worklist, as a browser does that has just loaded the app."""
    async with httpx.AsyncClient(timeout=PATIENCE_S) as http:
        (await http.get(f"{address}/_stcore/health")).raise_for_status()
        async with connect(
            f"{address.replace('http', 'ws', 1)}/_stcore/stream",
            subprotocols=[Subprotocol("streamlit")],
            additional_headers={"Cookie": f"{XSRF}={http.cookies.get(XSRF, '')}"},
            max_size=None,
            compression=None,
        ) as socket:
            page = Page(address, socket, http)
            listening = asyncio.create_task(page.listen())
            try:
                await page.rerun()
                yield page
            finally:
                listening.cancel()
                with suppress(asyncio.CancelledError):
                    await listening
