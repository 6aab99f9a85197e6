"""The archive over DICOMweb: QIDO-RS finds films, WADO-RS fetches them, STOW-RS stores reports.

References
----------
.. [1] DICOM PS3.18, chapters 8 and 10.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Self

import requests
from dicomweb_client.api import DICOMwebClient
from pydicom import dcmread
from pydicom.uid import UID
from requests.auth import AuthBase, HTTPBasicAuth

from core.errors import ArchiveError
from core.language.words import msg
from core.settings import Settings, get_settings

TIMEOUT_S = 20.0
PAGE = 100
_BLOCK = 1 << 16
_ENVELOPE = 4096
"""Bytes around a file in a multipart answer."""


@dataclass(frozen=True, slots=True)
class FoundFilm:
    """A film that the archive has, and what it states of it; empty where it states nothing."""

    study_uid: str
    series_uid: str
    instance_uid: str
    modality: str = ""
    accession: str = ""


class _Token(AuthBase):
    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def sign_in(settings: Settings) -> AuthBase | None:
    """Return how requests to the archive are signed: by a token, a password, or not at all."""
    token = settings.archive_token.get_secret_value()
    if token:
        return _Token(token)
    password = settings.archive_password.get_secret_value()
    return HTTPBasicAuth(settings.archive_user, password) if settings.archive_user else None


class DicomWebArchive:
    """An archive's DICOMweb service.

    Parameters
    ----------
    address : str
        Base address; QIDO, WADO and STOW lie under it.
    """

    def __init__(self, address: str) -> None:
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.auth = sign_in(get_settings())
        self._client = DICOMwebClient(self._address, session=self._session, timeout=TIMEOUT_S)
        self._client.set_http_retry_params(retry=False)  # what failed is tried again in a while

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let go of the connections."""
        self._session.close()

    def test(self) -> str:
        """Return in a sentence what the archive answers.

        Raises
        ------
        ArchiveError
            If it does not answer as DICOMweb.
        """
        with self._sentences():
            self._client.search_for_studies(limit=1)
        return msg("{address} answers as DICOMweb.", address=self._address)

    def find(self, modality: str, days: int, today: date) -> Iterator[list[FoundFilm]]:
        """Yield the films of a modality in the studies of the last days, a page at a time.

        Raises
        ------
        ArchiveError
            If the archive does not answer.
        """
        yield from self.find_between(modality, today - timedelta(days=max(0, days - 1)), today)

    def find_between(self, modality: str, first: date, last: date) -> Iterator[list[FoundFilm]]:
        """Yield the films of a modality in the studies of two days and between, as `find` does."""
        wanted = {"Modality": modality, "StudyDate": f"{first:%Y%m%d}-{last:%Y%m%d}"}
        offset = 0
        while True:
            with self._sentences():
                page = self._client.search_for_instances(
                    search_filters=wanted, fields=["AccessionNumber"], limit=PAGE, offset=offset
                )
            yield [film for one in page if (film := _found(one)) is not None]
            if len(page) < PAGE:
                return
            offset += len(page)

    def fetch(self, film: FoundFilm, most_bytes: int) -> bytes:
        """Return a film's file as the archive keeps it.

        Raises
        ------
        ArchiveError
            If the archive does not answer, or the file is larger.
        """
        path = (
            f"{self._address}/studies/{film.study_uid}/series/{film.series_uid}"
            f"/instances/{film.instance_uid}"
        )
        accept = 'multipart/related; type="application/dicom"; transfer-syntax=*'
        with (
            self._sentences(),
            self._session.get(
                path, headers={"Accept": accept}, timeout=TIMEOUT_S, stream=True
            ) as response,
        ):
            response.raise_for_status()
            body = io.BytesIO()
            for block in response.iter_content(_BLOCK):
                body.write(block)
                if body.tell() > most_bytes + _ENVELOPE:
                    raise ArchiveError(
                        msg(
                            "A film of the archive is larger than {size:.0f} MB: raise "
                            "FIRSTREAD_MAX_FILM_MB if it is one.",
                            size=most_bytes / 1e6,
                        )
                    )
            return _part_of(body.getvalue(), response.headers.get("Content-Type", ""))

    def store(self, objects: Sequence[bytes]) -> None:
        """Store DICOM objects.

        Raises
        ------
        ArchiveError
            If the archive does not answer, or does not take one of them.
        """
        datasets = [dcmread(io.BytesIO(one)) for one in objects]
        with self._sentences():
            answer = self._client.store_instances(datasets)
        failed = list(answer.get("FailedSOPSequence") or [])
        if failed:
            reason = failed[0].get("FailureReason", "unstated")
            raise ArchiveError(
                msg(
                    "The archive did not take {failed} of {objects} objects (reason "
                    "{reason}): ask who runs it.",
                    failed=len(failed),
                    objects=len(objects),
                    reason=reason,
                )
            )

    @contextmanager
    def _sentences(self) -> Iterator[None]:
        """Translate every error of the network in the block; none names a patient or a password."""
        try:
            yield
        except requests.HTTPError as exc:
            code = 0 if exc.response is None else exc.response.status_code
            if code in (401, 403):
                raise ArchiveError(
                    msg(
                        "{address} refuses the log-in ({code}): correct "
                        "FIRSTREAD_ARCHIVE_USER, FIRSTREAD_ARCHIVE_PASSWORD or "
                        "FIRSTREAD_ARCHIVE_TOKEN.",
                        address=self._address,
                        code=code,
                    )
                ) from exc
            raise ArchiveError(
                msg(
                    "{address} answers with the fault {code}: try again, and ask who runs it.",
                    address=self._address,
                    code=code,
                )
            ) from exc
        except (requests.RequestException, OSError) as exc:
            raise ArchiveError(
                msg(
                    "{address} does not answer: check that it runs and that this machine "
                    "reaches it.",
                    address=self._address,
                )
            ) from exc
        except (ValueError, KeyError) as exc:
            raise ArchiveError(
                msg(
                    "{address} does not answer as DICOMweb: check the address.",
                    address=self._address,
                )
            ) from exc


def _found(stated: dict[str, dict[str, list[str]]]) -> FoundFilm | None:
    def value(tag: str) -> str:
        values = stated.get(tag, {}).get("Value") or [""]
        return str(values[0])

    study, series, instance = (value(tag) for tag in ("0020000D", "0020000E", "00080018"))
    if not all(UID(one).is_valid for one in (study, series, instance)):
        return None  # they become parts of an address
    return FoundFilm(study, series, instance, value("00080060"), value("00080050"))


def _part_of(body: bytes, content_type: str) -> bytes:
    """Return the first part of a multipart answer; an answer in one piece is the part."""
    stated = re.search(r'boundary="?([^";]+)"?', content_type)
    if stated is None:
        return body
    mark = b"--" + stated.group(1).encode()
    start = body.find(b"\r\n\r\n", body.find(mark))
    end = body.find(b"\r\n" + mark, start)
    if start < 0 or end < 0:
        raise ArchiveError(msg("The archive sent a film that is cut short: it is fetched again."))
    return body[start + 4 : end]
