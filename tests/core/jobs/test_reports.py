"""Reports of a list of films made in the background."""

import gc
import threading
import weakref
from functools import partial

from fixtures.film_reports import pages_of, report, words_of_page

from core.errors import Cancelled, RadiographError
from core.jobs.reports import ReportsTask
from core.language.current import using

WAIT_S = 60.0


def maker(name):
    return lambda _stopped: report(film_name=name)


def test_a_list_becomes_one_pdf_and_one_text_in_its_order() -> None:
    names = ["b.png", "a.png", "c.png"]
    task = ReportsTask("list", "Three reports", [maker(name) for name in names]).start()
    assert task.wait(WAIT_S)
    assert (task.done, task.total, task.progress, task.sentence) == (3, 3, 1.0, "")
    pages = [words_of_page(page) for page in pages_of(task.result.pdf)]
    assert [name in words for name, words in zip(names, pages, strict=True)] == [True] * 3
    lines = task.result.text.splitlines()
    assert [line for line in lines if line.startswith("Film: ") and line.endswith("png")] == [
        f"Film: {name}" for name in names
    ]


def test_reports_are_in_the_language_of_who_asks_for_them() -> None:
    with using("es"):
        task = ReportsTask("list", "Un informe", [maker("a.png")])
    assert task.start().wait(WAIT_S)
    assert task.result.text.startswith("RADIOGRAFÍA DE TÓRAX: INFORME DE UNA LECTURA\n")
    (page,) = pages_of(task.result.pdf)
    assert "Lectura firmada: neumonía" in words_of_page(page)


def test_who_stops_a_list_gets_nothing_of_it_and_hears_how_far_it_came() -> None:
    begun, go_on = threading.Event(), threading.Event()

    def wait(_stopped):
        begun.set()
        go_on.wait(WAIT_S)
        return report()

    task = ReportsTask("list", "Two reports", [wait, maker("never.png")]).start()
    assert begun.wait(WAIT_S)
    task.cancel()
    go_on.set()
    assert task.wait(WAIT_S)
    assert (task.result, task.sentence) == (None, "Stopped after 1 of 2 reports.")


def test_work_for_somebody_who_is_gone_ends() -> None:
    task = ReportsTask("list", "One report", [maker("a.png")], gone=lambda: True).start()
    assert task.wait(WAIT_S)
    assert (task.result, task.sentence) == (None, "Stopped after 0 of 1 reports.")


def test_a_film_that_is_given_up_on_the_way_ends_the_list_with_the_same_words() -> None:
    def give_up(_stopped):
        raise Cancelled("Not read.")

    task = ReportsTask("list", "Two reports", [maker("a.png"), give_up]).start()
    assert task.wait(WAIT_S)
    assert (task.result, task.sentence) == (None, "Stopped after 1 of 2 reports.")


def test_a_film_is_told_to_stop_while_it_is_made() -> None:
    heard = []
    task = ReportsTask("list", "One report", [lambda stopped: heard.append(stopped()) or report()])
    assert task.start().wait(WAIT_S)
    assert heard == [False]


def test_an_error_that_stops_all_is_a_sentence() -> None:
    def fail(_stopped):
        raise RadiographError("The disk is gone.")

    task = ReportsTask("list", "One report", [fail]).start()
    assert task.wait(WAIT_S)
    assert (task.result, task.sentence) == (None, "The disk is gone.")


class Film:
    """A film's file, as a report's maker holds it."""


def test_what_is_made_holds_no_films_any_more() -> None:
    film = Film()
    held = weakref.ref(film)
    task = ReportsTask("list", "One report", [partial(lambda _film, _stopped: report(), film)])
    del film
    assert held() is not None
    assert task.start().wait(WAIT_S)
    gc.collect()
    assert (held(), task.total) == (None, 1)
