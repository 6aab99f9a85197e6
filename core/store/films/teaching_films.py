"""Films of settled disputes that a site keeps for teaching, each with the consent to keep it.

They outlast the worklist: a film whose time is over stays a teaching case. Who erases a film, or a
patient's films, erases the teaching case as well. What stays is the line that says who made it.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select
from sqlalchemy.exc import IntegrityError

from core import __version__
from core.domain.reader import Act, Reader
from core.domain.review import ReadKind, ReviewRecord, Verdict
from core.errors import ReviewStoreError, TeachingError
from core.language.words import msg
from core.reads.signing import utc_now
from core.settings import PROJECT_ROOT, Settings
from core.store.audit_log import insert_chained, wait_for_turn
from core.store.engine import Database, from_utc
from core.store.films.keyring import FilmKeyring
from core.store.films.keys import decrypt, encrypt, key_file, new_key
from core.store.films.objects import FilmObjects
from core.store.schema import teaching_cases, teaching_films

_CONTENT = "teaching"


@dataclass(frozen=True, slots=True)
class TeachingFilm:
    """A film that is kept for teaching.

    Attributes
    ----------
    case_id : str
        Says nothing of film or patient.
    record_id : str
        The arbitration that the case was made of.
    consent : str
        The site's consent or ethics decision, as it was set then.
    patient : str
        A keyed hash; empty where the film's file stated no number.
    """

    case_id: str
    film_sha256: str
    record_id: str
    consent: str
    made_by: str
    made_at: datetime
    patient: str = ""


class SqlTeachingFilms:
    """Films that are kept for teaching; one may serve many threads.

    Parameters
    ----------
    keyring : FilmKeyring
        Of the worklist's films; each teaching case has a key of its own under the same master key.
    """

    def __init__(
        self,
        database: Database,
        objects: FilmObjects,
        keyring: FilmKeyring,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self.database = database
        self._objects, self._keyring, self._now = objects, keyring, now

    def make(
        self, settled: ReviewRecord, content: bytes, consent: str, by: Reader, patient: str = ""
    ) -> TeachingFilm:
        """Keep a film with its arbitration as a teaching case, durably before returning.

        Parameters
        ----------
        settled : ReviewRecord
            The arbitration whose verdict is the case's reference.
        content : bytes
            The film's file, without anything that names a patient.

        Raises
        ------
        NotAllowed
            If the acting reader does not arbitrate.
        TeachingError
            If the site has set no consent, there is nothing to teach (no verdict, or the model did
            not read the film), or the film is a case already.
        FilmStoreError, ReviewStoreError
            If it cannot be kept.
        """
        by.require(Act.ARBITRATE)
        why = why_no_case(settled, consent)
        if why:
            raise TeachingError(why)
        made = TeachingFilm(
            case_id=f"own-{secrets.token_hex(6)}",
            film_sha256=settled.film_sha256,
            record_id=settled.record_id,
            consent=consent.strip(),
            made_by=by.name,
            made_at=self._now(),
            patient=patient,
        )
        key, address = new_key(), self._objects.new_address(self._keyring.site)
        self._objects.write(address, encrypt(key, content, _CONTENT + made.case_id))
        try:
            with self.database.writing() as connection:
                wait_for_turn(connection)
                self._insert(connection, made, address, self._keyring.wrap(key, made.case_id))
        except ReviewStoreError as exc:
            self._objects.erase(address)
            if isinstance(exc.__cause__, IntegrityError):
                raise TeachingError(msg("This film is a teaching case already.")) from exc
            raise
        return made

    @staticmethod
    def _insert(
        connection: Connection, made: TeachingFilm, address: str, wrapped_key: bytes
    ) -> None:
        film = {
            "case_id": made.case_id,
            "film_sha256": made.film_sha256,
            "address": address,
            "wrapped_key": wrapped_key,
            "patient": made.patient or None,
        }
        connection.execute(insert(teaching_films), film)
        line = {
            "case_id": made.case_id,
            "film_sha256": made.film_sha256,
            "record_id": made.record_id,
            "consent": made.consent,
            "made_by": made.made_by,
            "made_at": made.made_at,
            "app_version": __version__,
        }
        insert_chained(connection, teaching_cases, line)

    def cases(self) -> list[TeachingFilm]:
        """Return all cases whose film is kept, oldest first."""
        return [_case(row) for row in self.database.rows(_kept())]

    def case_of(self, film_sha256: str) -> TeachingFilm | None:
        """Return the case of a film; None if there is none. The hash's beginning is enough."""
        named = teaching_films.c.film_sha256.startswith(film_sha256, autoescape=True)
        rows = self.database.rows(_kept().where(named).limit(2))
        return _case(rows[0]) if len(rows) == 1 else None

    def content(self, case_id: str) -> bytes:
        """Return a case's film, decrypted.

        Raises
        ------
        TeachingError
            If there is no such case, or its film was erased.
        FilmStoreError
            If the film's file is gone or damaged, or the key is.
        """
        rows = self.database.rows(select(teaching_films).where(teaching_films.c.case_id == case_id))
        if not rows:
            raise TeachingError(msg("The film of this teaching case was erased."))
        key = self._keyring.unwrap(rows[0].wrapped_key, case_id)
        return decrypt(key, self._objects.read(rows[0].address), _CONTENT + case_id)


def open_teaching_films(database: Database, settings: Settings) -> SqlTeachingFilms:
    """Return the teaching cases of a site's settings."""
    key_path = key_file(settings.database_url, PROJECT_ROOT / "var")
    keyring = FilmKeyring(database, key_path, settings.film_key.get_secret_value())
    return SqlTeachingFilms(database, FilmObjects(settings.films), keyring)


def why_no_case(settled: ReviewRecord, consent: str) -> str:
    """Return why an arbitration makes no teaching case; empty if it does."""
    if not consent.strip():
        return msg(
            "A settled dispute becomes a teaching case only with consent: set "
            "FIRSTREAD_TEACHING_CONSENT to the consent or ethics decision of this "
            "site."
        )
    if settled.kind is not ReadKind.ARBITRATION:
        return msg("Only a settled dispute becomes a teaching case.")
    if settled.read.verdict is Verdict.UNSURE:
        return msg("The arbitration says unsure, so there is no answer to teach.")
    if settled.prediction is None:
        return msg("The model has not read this film, and Teaching shows the model's read.")
    return ""


def _kept() -> Select[Any]:
    same = teaching_cases.c.case_id == teaching_films.c.case_id
    query = select(teaching_cases, teaching_films.c.patient).join(teaching_films, same)
    return query.order_by(teaching_cases.c.sequence)


def _case(row: Row[Any]) -> TeachingFilm:
    return TeachingFilm(
        case_id=row.case_id,
        film_sha256=row.film_sha256,
        record_id=row.record_id,
        consent=row.consent,
        made_by=row.made_by,
        made_at=from_utc(row.made_at),
        patient=row.patient or "",
    )
