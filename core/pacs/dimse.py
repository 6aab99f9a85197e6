"""The archive over the DICOM protocol: C-ECHO, C-STORE in both directions.

References
----------
.. [1] DICOM PS3.7, chapter 9; status codes in annex C.
"""

from __future__ import annotations

import errno
import io
import logging
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address

from pydicom import dcmread
from pydicom.uid import (
    UID,
    AllTransferSyntaxes,
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    SecondaryCaptureImageStorage,
)
from pynetdicom import AE, evt
from pynetdicom.association import Association

from core.domain.archive import ArchiveSettings
from core.errors import ArchiveError, FirstReadError
from core.language.words import msg

TIMEOUT_S = 20
FILMS = (
    ComputedRadiographyImageStorage,
    DigitalXRayImageStorageForPresentation,
    DigitalXRayImageStorageForProcessing,
    SecondaryCaptureImageStorage,
)
LOOPBACK = IPv4Address("127.0.0.1")
VERIFICATION = UID("1.2.840.10008.1.1")
SUCCESS, OUT_OF_RESOURCES, CANNOT_UNDERSTAND = 0x0000, 0xA700, 0xC000

# It logs at level INFO whom it talks to, and at DEBUG what is in the files.
logging.getLogger("pynetdicom").setLevel(logging.CRITICAL)
_log = logging.getLogger(__name__)


def echo(settings: ArchiveSettings) -> str:
    """Return in a sentence that the archive answers a C-ECHO.

    Raises
    ------
    ArchiveError
        If it does not.
    """
    with _associated(settings, [(VERIFICATION, [ImplicitVRLittleEndian])]) as association:
        status = association.send_c_echo()
    if not status or status.Status != SUCCESS:
        raise ArchiveError(
            msg("{place} does not answer a C-ECHO: ask who runs it.", place=_place(settings))
        )
    return msg("{place} answers as {title}.", place=_place(settings), title=settings.called_aet)


def send(settings: ArchiveSettings, objects: Sequence[bytes]) -> None:
    """Send DICOM objects by C-STORE.

    Raises
    ------
    ArchiveError
        If the archive does not answer, or does not take one of them.
    """
    datasets = [dcmread(io.BytesIO(one)) for one in objects]
    kinds = sorted({one.SOPClassUID for one in datasets})
    wanted = [(kind, [ExplicitVRLittleEndian, ImplicitVRLittleEndian]) for kind in kinds]
    with _associated(settings, wanted) as association:
        for dataset in datasets:
            try:
                status = association.send_c_store(dataset)
            except (ValueError, RuntimeError) as exc:
                raise ArchiveError(
                    msg(
                        "{place} takes no objects of the class {kind}: ask who runs it.",
                        place=_place(settings),
                        kind=dataset.SOPClassUID.name,
                    )
                ) from exc
            if not status or status.Status not in (SUCCESS, 0xB000, 0xB006, 0xB007):
                code = msg("no answer") if not status else f"{status.Status:#06x}"
                raise ArchiveError(
                    msg(
                        "{place} did not take a report ({code}): ask who runs it.",
                        place=_place(settings),
                        code=code,
                    )
                )


@contextmanager
def _associated(
    settings: ArchiveSettings, wanted: Sequence[tuple[UID, list[UID]]]
) -> Iterator[Association]:
    entity = AE(ae_title=settings.own_aet)
    entity.acse_timeout = entity.dimse_timeout = entity.network_timeout = TIMEOUT_S
    entity.connection_timeout = TIMEOUT_S
    for kind, syntaxes in wanted:
        entity.add_requested_context(kind, syntaxes)
    try:  # pynetdicom leaves its socket open where nobody answers
        socket.create_connection((settings.host, settings.port), TIMEOUT_S).close()
    except OSError as exc:
        raise ArchiveError(
            msg(
                "{place} does not answer: check host and port, and that it runs.",
                place=_place(settings),
            )
        ) from exc
    association = entity.associate(settings.host, settings.port, ae_title=settings.called_aet)
    if not association.is_established:
        refused = association.is_rejected
        raise ArchiveError(
            msg(
                "{place} refuses {own} or the name {called}: check both AE titles there.",
                place=_place(settings),
                own=settings.own_aet,
                called=settings.called_aet,
            )
            if refused
            else msg(
                "{place} does not answer as DICOM: check host and port.", place=_place(settings)
            )
        )
    try:
        yield association
    finally:
        association.release()


def _place(settings: ArchiveSettings) -> str:
    return f"{settings.host}:{settings.port}"


class Receiver:
    """Listens for films; each is taken before the archive is told that it arrived.

    Parameters
    ----------
    take : callable
        From a film's file and its SOP Instance UID; raises FirstReadError where it cannot be kept
        now: the archive is told to send it again.
    """

    def __init__(
        self,
        settings: ArchiveSettings,
        take: Callable[[bytes, str], None],
        address: IPv4Address = LOOPBACK,
    ) -> None:
        self._settings, self._take, self._address = settings, take, address
        self._entity = AE(ae_title=settings.own_aet)
        self._entity.maximum_pdu_size = 0
        self._entity.network_timeout = self._entity.dimse_timeout = 60
        if settings.known_aets:
            self._entity.require_calling_aet = list(settings.known_aets)
        self._entity.add_supported_context(VERIFICATION)
        for kind in FILMS:
            self._entity.add_supported_context(kind, list(AllTransferSyntaxes))
        self._server: object | None = None

    def start(self) -> None:
        """Begin to listen.

        Raises
        ------
        ArchiveError
            If the port is taken, or the address is none of this machine.
        """
        try:
            self._server = self._entity.start_server(
                (str(self._address), self._settings.receive_port),
                block=False,
                evt_handlers=[(evt.EVT_C_STORE, self._received)],
            )
        except OSError as exc:
            if exc.errno == errno.EADDRNOTAVAIL:
                raise ArchiveError(
                    f"{self._address} is no address of this machine: correct "
                    "FIRSTREAD_ARCHIVE_LISTEN."
                ) from exc
            raise ArchiveError(
                msg(
                    "Port {port} is taken by another program: choose another.",
                    port=self._settings.receive_port,
                )
            ) from exc

    def stop(self) -> None:
        """Stop listening; what is being taken is finished first."""
        if self._server is not None:
            self._entity.shutdown()
            self._server = None

    def _received(self, event: evt.Event) -> int:
        try:
            content = event.encoded_dataset()
            uid = str(getattr(event.request, "AffectedSOPInstanceUID", ""))
            self._take(content, uid)
        except FirstReadError:
            _log.warning("a film that the archive sent waits", exc_info=True)
            return OUT_OF_RESOURCES
        except Exception:  # noqa: BLE001 - one film's fault must not close the door to the others
            _log.exception("a film that the archive sent could not be taken")
            return CANNOT_UNDERSTAND
        return SUCCESS
