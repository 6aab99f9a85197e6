"""Which reports are tried again, and which are not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from fixtures.kept_films import Clock, arriving
from fixtures.review_records import FILM, lead, record, sign

from core.domain.archive import ArchiveSettings, Route, SendingState
from core.domain.origin import FilmOrigin
from core.errors import ArchiveError, FilmGone, FilmStoreError, FirstReadError, ReviewStoreError
from core.language.current import current_language, using
from core.pacs.outbox import FAULT, NO_STUDY, Outbox
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.objects import FilmObjects
from core.store.films.worklist import SqlFilms
from core.store.reads import SqlReviewStore

ADA = lead("Dr. Ada")
WAYS = ArchiveSettings(dicomweb="http://pacs.example", send=Route.DICOMWEB)


@pytest.fixture
def outbox(empty_database: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "reads.sqlite3"
    path.write_bytes(empty_database.read_bytes())
    database = Database(f"sqlite:///{path}")
    clock = Clock()
    films = SqlFilms(
        database, FilmObjects(str(tmp_path / "films")), key_path=tmp_path / "key", now=clock
    )
    archive = SqlArchive(database, now=clock)
    films.keep(arriving(origin=FilmOrigin(patient_id="P1")), ADA)
    read = record(film_sha256=FILM, reader="Dr. Ada")
    sign(SqlReviewStore(database), read)
    archive.ask_to_send(read.record_id, FILM, ADA, score_shown=True)
    made = Outbox(archive, films, source=None)  # type: ignore[arg-type] - no report is made
    yield made, archive, read, monkeypatch
    database.close()


def because(fault: str, cause: str) -> FirstReadError:
    error = ReviewStoreError(fault)
    error.__cause__ = OSError(cause) if cause else None
    return error


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (ArchiveError("It does not answer."), SendingState.WAITING),
        (because("The database is locked.", "locked"), SendingState.WAITING),
        (because("The read was corrected since.", ""), SendingState.REFUSED),
        (FilmStoreError("The film is not kept any more."), SendingState.REFUSED),
        (FilmGone("The kept film is damaged."), SendingState.REFUSED),
        (ValueError("could not convert"), SendingState.REFUSED),
    ],
    ids=["archive away", "locked", "corrected", "erased", "damaged", "a fault of ours"],
)
def test_what_passes_is_tried_again_and_what_does_not_is_refused(
    outbox, error: Exception, state: SendingState
) -> None:
    made, archive, read, patch = outbox

    def fail(*_: object) -> None:
        raise error

    patch.setattr(made, "_send", fail)
    made.send_due(WAYS)

    kept = archive.sending(read.record_id)
    told = str(error) if isinstance(error, FirstReadError) else FAULT
    assert (kept.state, kept.reason, kept.attempts) == (state, told, 1)


def test_a_film_whose_study_is_not_whole_has_no_way_back(outbox) -> None:
    made, archive, read, patch = outbox
    patch.setattr(made, "_report", lambda *_, **__: (None, None))
    made.send_due(WAYS)

    kept = archive.sending(read.record_id)
    assert (kept.state, kept.reason) == (SendingState.REFUSED, NO_STUDY)


def test_a_report_is_made_in_the_language_that_it_was_asked_for_in(outbox) -> None:
    made, archive, read, patch = outbox
    spoken = []
    patch.setattr(
        made, "_report", lambda *_, **__: spoken.append(current_language()) or (None, None)
    )
    archive.note_unsent(read.record_id, "It is refused.", refused=True)
    with using("es"):
        archive.ask_to_send(read.record_id, FILM, ADA, score_shown=True)
    made.send_due(WAYS)

    assert spoken == ["es"]


def test_a_corrected_read_is_not_reported_any_more(outbox) -> None:
    made, archive, read, _ = outbox
    later = replace(record(film_sha256=FILM, reader="Dr. Ada"), supersedes=read.record_id)
    sign(SqlReviewStore(archive.database), later)
    made.send_due(WAYS)

    kept = archive.sending(read.record_id)
    assert kept.state is SendingState.REFUSED
    assert "corrected since" in kept.reason
