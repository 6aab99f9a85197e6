"""A sentence that a visit keeps is said in the language that is chosen when it is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import NoReturn
from unittest.mock import MagicMock

import pytest
import streamlit as st

from core.errors import ReviewStoreError
from core.jobs.batch import UploadedFilm
from core.language.current import using
from core.language.words import msg, tr
from core.reads.drafts import Draft
from core.store.drafts import SqlReviewSteps
from core.teaching.session import StepKind
from ui.app import identity, read_in_progress
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.errors import note_form
from ui.review import uploads, ward
from ui.teaching import case_sets, reading, setup
from ui.teaching import data as teaching

ENGLISH = "The archive's settings are kept with a name: enter yours."
SPANISH = "La configuración del archivo se guarda con un nombre: escriba el suyo."


def refuse(*_: object, **__: object) -> NoReturn:
    raise ReviewStoreError(msg(ENGLISH))


def save_note(visit: MagicMock) -> None:
    visit.complaint = note_form._save(MagicMock(visit=visit), None, {})


def begin(visit: MagicMock) -> None:
    setup._begin(visit, MagicMock())


def save_set(visit: MagicMock) -> None:
    case_sets._save(visit, "", "", [])


def note_step(visit: MagicMock) -> None:
    teaching.note_step(visit, "session", 0, StepKind.SEEN)


def record_answer(visit: MagicMock) -> None:
    reading.record_progress(visit, MagicMock(), 0)


def record_read(visit: MagicMock) -> None:
    read_in_progress.record_progress(MagicMock(visit=visit))


def keep_draft(visit: MagicMock) -> None:
    read_in_progress.keep_draft(MagicMock(visit=visit), Draft(comment="Dark"), Draft())


def cancel(visit: MagicMock) -> None:
    read_in_progress.cancel_correction(MagicMock(visit=visit, token="a read"))


def name_reader(visit: MagicMock) -> None:
    identity._keep("Ada", MagicMock())
    visit.complaint = st.session_state[identity._COMPLAINT]


def state_prevalence(visit: MagicMock) -> None:
    ward._keep(visit, 0.1)
    visit.complaint = st.session_state[ward._COMPLAINT]


@pytest.mark.parametrize(
    ("act", "module", "refusing"),
    [
        pytest.param(save_note, note_form, "write_note", id="a note"),
        pytest.param(begin, setup, "begin_session", id="a session"),
        pytest.param(save_set, case_sets, "get_teaching_store", id="a case set"),
        pytest.param(note_step, teaching, "get_teaching_store", id="a step of a session"),
        pytest.param(record_answer, reading, "_record", id="a read of a session"),
        pytest.param(record_read, read_in_progress, "_note_reader", id="a read"),
        pytest.param(keep_draft, SqlReviewSteps, "note", id="a draft"),
        pytest.param(cancel, read_in_progress, "_note_empty", id="a correction"),
        pytest.param(name_reader, identity, "choose_local_reader", id="a name"),
        pytest.param(state_prevalence, ward, "set_ward_prevalence", id="a prevalence"),
    ],
)
def test_why_something_was_not_stored(
    act: Callable[[MagicMock], None],
    module: object,
    refusing: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("get_database", "get_review_steps", "was_overtaken"):
        monkeypatch.setattr(module, name, MagicMock(return_value=None), raising=False)
    monkeypatch.setattr(module, refusing, refuse)
    visit = MagicMock(complaint="", not_kept="", kept={"a read": Draft()})
    with using("es"):
        act(visit)
    said = visit.complaint or visit.not_kept
    assert plain(said) == ENGLISH
    with using("es"):
        assert plain(said) == plain(SPANISH)


def test_how_many_files_found_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "read_waiting", lambda _visit: None)
    monkeypatch.setattr(uploads.get_settings(), "max_visit_mb", 0)
    visit = Visit()
    with using("es"):
        uploads.add_films(visit, [UploadedFilm("a" * 64, "1.png", b"bytes")])
    assert tr(visit.left_out).startswith("1 of the 1 files is not in the list")
    with using("es"):
        assert "no está en la lista" in tr(visit.left_out)
