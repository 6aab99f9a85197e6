"""One film's way, recorded: sent by dcmtk, read, signed, and its report back in the PACS.

Orthanc, the service and the synthetic film are on this machine; their names stand for its ports.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.orthanc import Orthanc, chest_film, free_port
from bench.pacs import READER, serving, sign, wait_until
from bench.results import Section
from core.domain.archive import ArchiveSettings, Route, SendingState
from core.domain.reader import OPERATOR
from core.domain.worklist import WorklistFilm, WorklistFilter
from core.errors import FirstReadError
from core.settings import get_settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import SqlFilms, open_films

TITLE = "A film's way from the PACS and back"
COMMAND = "python -m bench transcript"
FILM, PNEUMONIA = "film.dcm", 48
OBJECTS = {
    "DX": "the film",
    "SR": "the structured report in the film's study",
    "OT": "the film with regions and marks",
    "PR": "the outlines over the film",
}


@dataclass(slots=True)
class Recording:
    """What was typed and what was answered, with names in place of ports and folders."""

    names: dict[str, str]
    lines: list[str] = field(default_factory=list)

    def note(self, what: str, *answers: str) -> None:
        """Note one step."""
        for line in (f"# {what}", *answers, ""):
            told = line.rstrip()
            for place, name in self.names.items():
                told = re.sub(rf"(?<![\d.]){re.escape(place)}(?!\d)", name, told)
            self.lines.append(told)

    def run(self, what: str, *command: str) -> str:
        """Run a command, note it with its answer, and return the answer.

        Raises
        ------
        FirstReadError
            If the command is not installed, or fails.
        """
        program = shutil.which(command[0], path=_path_without_ours())
        if program is None:
            raise FirstReadError(f"{command[0]} is missing: install the package dcmtk.")
        done = subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False)
        answer = (done.stdout + done.stderr).strip()
        if done.returncode:
            raise FirstReadError(f"{command[0]} failed: {answer}")
        self.note(what, f"$ {' '.join(command)}", *answer.splitlines())
        return answer


def _path_without_ours() -> str:
    """Where programs lie, less this environment: pynetdicom's take the names of dcmtk's."""
    ours = Path(sys.executable).parent
    places = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(place for place in places if Path(place) != ours)


@contextmanager
def site(folder: Path) -> Iterator[dict[str, str]]:
    """Give this process and those that it starts the settings of an empty site."""
    environment = {
        "FIRSTREAD_DATABASE_URL": f"sqlite:///{folder}/reads.sqlite3",
        "FIRSTREAD_FILMS": f"{folder}/films",
        "FIRSTREAD_KEEP_FILMS_DAYS": "30",
        "FIRSTREAD_READ_FIRST": "false",
    }
    before = {name: os.environ.get(name) for name in environment}
    os.environ.update(environment)
    get_settings.cache_clear()
    try:
        yield environment
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        get_settings.cache_clear()


def record(folder: Path) -> list[str]:
    """Take one film all the way; return what was typed and answered.

    Raises
    ------
    FirstReadError
        If a program is not installed, fails, or takes too long.
    """
    port = free_port()
    pacs = Orthanc(folder / "orthanc")
    names = {str(port): "11112", str(pacs.dicom_port): "4242", f"{folder}/": ""}
    told = Recording(names | {sys.executable: "python", socket.gethostname(): "site"})
    (folder / FILM).write_bytes(chest_film(PNEUMONIA))
    with site(folder) as environment, closing(Database.open(get_settings().database_url)) as held:
        try:
            pacs.start()
            SqlArchive(held).put(
                ArchiveSettings(
                    host="127.0.0.1", port=pacs.dicom_port, called_aet="ORTHANC", receive=True,
                    receive_port=port, known_aets=("MODALITY",), send=Route.DIMSE,
                ),
                OPERATOR,
            )  # fmt: skip
            with serving(environment):
                _there_and_back(told, pacs, held, folder, port)
        finally:
            pacs.kill()
    return told.lines[:-1]


def _there_and_back(
    told: Recording, pacs: Orthanc, held: Database, folder: Path, port: int
) -> None:
    archive, films = SqlArchive(held), open_films(held, get_settings())
    titles = ("-aet", "MODALITY", "-aec", "FIRSTREAD", "127.0.0.1", str(port))
    wait_until(lambda: any("DICOM" in said for *_, said in archive.services()), "The receiver")
    told.run("The service answers.", "echoscu", "-v", *titles)
    film_file, own = str(folder / FILM), ("-aet", "MODALITY", "-aec", "ORTHANC", "127.0.0.1")
    pacs_port = str(pacs.dicom_port)
    told.run("The modality sends a film to the PACS.", "storescu", *own, pacs_port, film_file)
    told.run("It sends the film to First Read.", "storescu", "-v", *titles, film_file)
    wait_until(lambda: any(one.reading for one in _listed(films)), "Reading the film")
    (film,) = _listed(films)
    told.note("The film stands in the worklist, and the model has read it.", _row(film))
    signed = sign(held, film)
    words = f"{signed.reader}: {signed.read.verdict.value}, confidence {signed.read.confidence}"
    told.note("A reader signs, as on the page Worklist.", words, *map(_row, _listed(films)))
    archive.ask_to_send(signed.record_id, film.film_sha256, READER, score_shown=True)
    wait_until(lambda: archive.count_sendings() == {SendingState.SENT: 1}, "Sending the report")
    shown = told.run("The report has left.", sys.executable, "-m", "core", "pacs", "show")
    assert "reports sent: 1" in shown
    for modality, what in OBJECTS.items():
        (one,) = pacs.instances(modality)
        of = f"patient {one['PatientID']}, study {one['StudyInstanceUID']}"
        told.note(f"The PACS has {what}.", f"{modality} of {of}")
    report = folder / "report.dcm"
    report.write_bytes(pacs.file(pacs.instances("SR")[0]["orthanc"]))
    told.run("The report as the PACS has it.", "dsrdump", str(report))


def _listed(films: SqlFilms) -> list[WorklistFilm]:
    return list(films.page(WorklistFilter(every=True), 9)[0])


def _row(film: WorklistFilm) -> str:
    said = film.reading.prediction if film.reading else None
    by_model = "" if said is None else f", run {said.run_id} scores {said.probability:.2f}"
    return f"{film.name}: {film.status.value}, by {film.added_by}{by_model}"


def measure(report: Callable[[str], None]) -> Section:
    """Record it; each line is printed when all is done."""
    with tempfile.TemporaryDirectory() as place:
        lines = ["```text", *record(Path(place)), "```"]
    for line in lines:
        report(line)
    return Section(TITLE, COMMAND, lines)
