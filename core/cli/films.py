"""``python -m core films``: look after the kept films."""

import getpass
import hashlib
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from core.cli.console import print_text, show_errors
from core.domain.reader import OPERATOR, Reader
from core.domain.worklist import Arrival
from core.errors import FilmStoreError, RadiographError
from core.imaging.decoding import check_file_size
from core.jobs.batch import UploadedFilm
from core.jobs.film_pool import FilmPool
from core.jobs.film_worker import EngineFiles, FilmWork
from core.jobs.kept_films import keep_film
from core.reads.signing import printable_name
from core.settings import get_settings
from core.store.engine import Database
from core.store.films.site_films import open_site_sets
from core.store.films.teaching_films import open_teaching_films
from core.store.films.worklist import SqlFilms, open_films

app = typer.Typer(help="Look after the films of the worklist.", no_args_is_help=True)


@contextmanager
def _films() -> Iterator[SqlFilms]:
    settings = get_settings()
    with show_errors(), closing(Database.open(settings.database_url)) as database:
        yield open_films(database, settings)


def _by() -> Reader:
    return Reader(f"{OPERATOR.name} ({getpass.getuser()})", OPERATOR.roles)


@app.command("add")
def add_folder(
    folder: Annotated[Path, typer.Argument(help="Folder with films; folders in it are searched.")],
) -> None:
    """Put the films of a folder into the worklist; they are read as soon as the app runs."""
    settings = get_settings()
    with _films() as films:
        if not settings.keeps_films:
            raise FilmStoreError(
                "FIRSTREAD_KEEP_FILMS_DAYS is 0, so no film is kept: set the days first."
            )
        if not folder.is_dir():
            raise FilmStoreError(f"{folder} is no folder: name one that holds films.")
        added = known = 0
        files = EngineFiles(settings.models.absolute(), "", 1, "")
        with closing(FilmPool(slots=1)) as pool:
            for path in sorted(one for one in folder.rglob("*") if one.is_file()):
                try:
                    content = path.read_bytes()
                    check_file_size(content, path.name)
                    sha256 = hashlib.sha256(content).hexdigest()
                    if films.find(sha256) is not None:
                        known += 1
                        continue
                    named = path.name if settings.keep_file_names else f"Film {sha256[:8]}"
                    film = UploadedFilm(sha256, printable_name(named), content)
                    pool.do(FilmWork(content, files, path.name))  # raises where it is no film
                    keep_film(
                        film, films, pool, files, _by(), arrival=Arrival.FOLDER,
                        keep_origin=settings.keep_origin,
                    )  # fmt: skip
                    added += 1
                except (RadiographError, OSError) as exc:
                    print_text(f"{path}: {exc}")
    print_text(f"{added} films were added to the worklist; {known} were in it already.")


@app.command("erase")
def erase_films(
    film: Annotated[
        list[str] | None, typer.Argument(help="Hash (sha256) of a film, or its beginning.")
    ] = None,
    patient: Annotated[
        str, typer.Option(help="Patient number, as the DICOM files stated it: all of its films.")
    ] = "",
    issuer: Annotated[str, typer.Option(help="Issuer of the patient number, if stated.")] = "",
) -> None:
    """Erase films by hash or by patient, from teaching cases and site films too; reads stay."""
    with _films() as films:
        taught = open_teaching_films(films.database, get_settings())
        cases = len(taught.cases())
        sets = open_site_sets(films.database, get_settings())
        looked_up = [
            films.find(code) or taught.case_of(code) or sets.find_film(code) for code in film or []
        ]
        found = [one.film_sha256 for one in looked_up if one is not None]
        erased = films.erase(found, _by(), "request")
        if patient:
            erased += films.erase_patient(patient, issuer, _by())
        lost, cases = len(looked_up) - len(found), cases - len(taught.cases())
    words = [f"{erased} films were erased."]
    words += [f"{cases} of them were teaching cases too."] if cases else []
    print_text(" ".join([*words, *([f"{lost} were not found."] if lost else [])]))
    raise typer.Exit(1 if lost or not erased else 0)


@app.command("expire")
def erase_expired() -> None:
    """Erase the films whose time (FIRSTREAD_KEEP_FILMS_DAYS) is over; the app does so itself."""
    with _films() as films:
        erased = films.erase_expired(get_settings().keep_films_days)
    print_text(f"{erased} films were erased.")


@app.command("change-key")
def change_key() -> None:
    """Encrypt all films' keys under a new master key; the old one opens nothing afterwards."""
    with _films() as films:
        changed = films.keyring.change_master_key()
        stated = bool(get_settings().film_key.get_secret_value())
    print_text(
        f"The keys of {changed} films are under the first key of FIRSTREAD_FILM_KEY now; the "
        "others may be taken out of it."
        if stated
        else f"The keys of {changed} films are under a new master key, in {films.keyring.path}."
    )
