"""The load of many readers: what is counted as an answer, a wait and an error."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from bench.load import Waits, judge_waits, p95
from bench.websocket_reader import Page


class Server:
    """Stands for the socket: what it sends, and what it got."""

    def __init__(self, *sent: ForwardMsg) -> None:
        self._sent = sent
        self.got: list[bytes] = []

    async def __aiter__(self):
        for message in self._sent:
            yield message.SerializeToString()

    async def send(self, data: bytes) -> None:
        self.got.append(data)


def begin(run: str) -> ForwardMsg:
    message = ForwardMsg()
    message.new_session.page_script_hash = "review"
    message.metadata.run.script_run_id = run
    return message


def draw(row: int, kind: str, **fields: object) -> ForwardMsg:
    message = ForwardMsg()
    message.metadata.delta_path.append(row)
    element = getattr(message.delta.new_element, kind)
    element.SetInParent()
    for name, value in fields.items():
        setattr(element, name, value)
    return message


def end(status: int = ForwardMsg.FINISHED_SUCCESSFULLY) -> ForwardMsg:
    return ForwardMsg(script_finished=status)


def page_of(*sent: ForwardMsg) -> Page:
    async def read() -> Page:
        async with httpx.AsyncClient() as http:
            page = Page("http://127.0.0.1", Server(*sent), http)
            await page.listen()
            return page

    return asyncio.run(read())


def test_a_run_takes_away_what_it_did_not_draw_again() -> None:
    old, new = draw(0, "button", id="$$ID-1-lock", label="Lock"), draw(1, "html", body="regions")
    page = page_of(begin("a"), old, new, end(), begin("b"), draw(1, "html", body="none"), end())
    assert page.find("Lock") is None
    assert page.holds("none")
    assert not page.holds("regions")


def test_a_run_that_was_given_up_takes_nothing_away() -> None:
    given_up = end(ForwardMsg.FINISHED_EARLY_FOR_RERUN)
    page = page_of(begin("a"), draw(0, "button", id="-lock"), end(), begin("b"), given_up)
    assert page.find("lock").id == "-lock"


def test_a_message_that_the_browser_keeps_is_not_sent_again() -> None:
    film = draw(0, "html", body="a film")
    film.hash, film.metadata.cacheable = "f" * 8, True
    again = ForwardMsg(ref_hash=film.hash)
    again.metadata.delta_path.append(3)
    assert page_of(begin("a"), film, end(), begin("b"), again, end()).holds("a film")


def test_faults_and_refusals_on_the_page_are_errors() -> None:
    fault = draw(0, "exception", type="KeyError", message="'film'")
    refusal = draw(1, "alert", body="The disk is full.", format=1)
    page = page_of(begin("a"), fault, refusal, draw(2, "alert", body="Choose.", format=2), end())
    assert page.errors == ["KeyError: 'film'", "The disk is full."]


def test_a_step_that_fails_is_asked_and_not_answered() -> None:
    waits = Waits()
    with waits.clock("regions"):
        pass
    with pytest.raises(TimeoutError), waits.clock("regions"):
        raise TimeoutError
    lines = judge_waits(waits, readers=2)
    assert "**50 %**" in lines[0]
    assert "**NOT MET**" in lines[0]
    assert "1 of 2" in lines[0]


def test_nineteen_of_twenty_waits_are_at_most_the_percentile() -> None:
    assert p95([float(second) for second in range(1, 22)]) == 20.0
    assert p95([2.0]) == 2.0
    assert p95([]) == float("inf")
