"""``python -m core pacs``: exchange films and reports with the hospital's archive."""

from __future__ import annotations

import getpass
import signal
from contextlib import closing
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from core.cli.console import print_text, show_errors
from core.domain.archive import ArchiveSettings
from core.domain.model import SiteSetting
from core.domain.reader import OPERATOR, Reader
from core.errors import ArchiveError, FilmStoreError
from core.jobs.film_worker import EngineFiles
from core.observability.logs import configure_logs
from core.pipeline import Engine, open_engine
from core.reads.reported import reads_to_report
from core.serving.choice import decide_served_run
from core.settings import SERVED_RUN, get_settings
from core.store.archive import SqlArchive
from core.store.engine import Database
from core.store.films.worklist import open_films
from core.store.reads import SqlReviewStore
from core.store.served_runs import list_served_choices
from core.store.site_settings import find_in_force

if TYPE_CHECKING:  # loaded where it is used: the DICOM network takes half a second
    from core.pacs.service import ArchiveService

app = typer.Typer(help="Exchange films and reports with the archive.", no_args_is_help=True)


def _by() -> Reader:
    return Reader(f"{OPERATOR.name} ({getpass.getuser()})", OPERATOR.roles)


def _database() -> Database:
    return Database.open(get_settings().database_url)


def _served(database: Database) -> str:
    choices = list_served_choices(database)
    newest = choices[-1] if choices else None
    return decide_served_run(get_settings().named_run, SERVED_RUN, newest).run_id


def _setting(database: Database) -> SiteSetting | None:
    return find_in_force(database, get_settings().models, _served(database)).setting


def _engine(run_id: str, setting: SiteSetting | None) -> tuple[Engine, EngineFiles]:
    settings = get_settings()
    engine = open_engine(settings.models.absolute(), run_id, settings.inference_threads, setting)
    return engine, EngineFiles.of(engine, settings.models, settings.inference_threads)


@app.command("serve")
def serve() -> None:
    """Exchange films and reports until it is told to stop (SIGTERM, Ctrl+C).

    How the archive is reached is set on the page Archive, or by `pacs set`.
    """
    from core.pacs.service import ArchiveService  # noqa: PLC0415 - loads the DICOM network

    configure_logs("archive")
    with show_errors(), closing(_database()) as database:
        if not get_settings().keeps_films:
            raise FilmStoreError(
                "FIRSTREAD_KEEP_FILMS_DAYS is 0, so no film is kept: set the days first."
            )
        again = True
        while again:
            run_id = _served(database)
            service = ArchiveService(
                database,
                *_engine(run_id, _setting(database)),
                served=lambda: _served(database),
                setting=lambda: _setting(database),
            )
            for name in (signal.SIGTERM, signal.SIGINT):
                signal.signal(name, partial(_stop, service))
            print_text(f"Exchanging with the archive; run {run_id} reads.")
            again = service.run()
    print_text("Stopped; nothing was under way.")


def _stop(service: ArchiveService, *_: object) -> None:
    service.stop()


@app.command("test")
def test() -> None:
    """Ask the archive whether it answers, each way that is set; exit code 1 if one does not."""
    from core.pacs.connections import ask_all  # noqa: PLC0415

    with show_errors(), closing(_database()) as database:
        answers = ask_all(SqlArchive(database).settings)
    for answer in answers:
        print_text(f"{answer.way}: {answer.sentence}")
    if not answers:
        print_text("No archive is set.")
    raise typer.Exit(0 if answers and all(answer.works for answer in answers) else 1)


@app.command("set")
def set_archive(
    value: Annotated[
        list[str], typer.Argument(help="NAME=VALUE, as `pacs show` names them; lists by commas.")
    ],
) -> None:
    """Change how the archive is reached; what is not named stays."""
    known = asdict(ArchiveSettings())
    with show_errors(), closing(_database()) as database:
        archive = SqlArchive(database)
        changed = asdict(archive.settings)
        for one in value:
            name, _, words = one.partition("=")
            if name not in known:
                raise ArchiveError(f"{name} is none of {', '.join(known)}.")
            listed = isinstance(known[name], tuple)
            parted = [word.strip() for word in words.split(",") if word.strip()]
            changed[name] = parted if listed else words
        try:
            settings = TypeAdapter(ArchiveSettings).validate_python(changed)
        except ValidationError as exc:
            wrong = exc.errors()[0]
            raise ArchiveError(f"{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}.") from exc
        archive.put(settings, _by())
    print_text("Set; a running service takes it up within seconds.")
    _tell_who_may_send(settings)


def _tell_who_may_send(settings: ArchiveSettings) -> None:
    if settings.receive:
        print_text(settings.receiving_text(get_settings().archive_listen))


@app.command("show")
def show() -> None:
    """Print how the archive is reached, what came, what goes back, and what stands in the way."""
    with show_errors(), closing(_database()) as database:
        archive = SqlArchive(database)
        for name, kept in asdict(archive.settings).items():
            print_text(f"{name}={','.join(kept) if isinstance(kept, tuple) else kept}")
        _tell_who_may_send(archive.settings)
        for state, n in archive.count_arrivals().items():
            print_text(f"films {state}: {n}")
        for sent, n in archive.count_sendings().items():
            print_text(f"reports {sent}: {n}")
        for name, seen_at, said in archive.services():
            words = " ".join(f"{way}: {words}" for way, words in said.items() if words)
            print_text(f"service {name}, seen {seen_at:%Y-%m-%d %H:%M:%S} UTC. {words}")


@app.command("report")
def report(
    film: Annotated[str, typer.Argument(help="Hash (sha256) of the film, or its beginning.")],
    reader: Annotated[str, typer.Option(help="Whose signed read.")],
    out: Annotated[
        Path | None, typer.Option(help="Folder for the files; without it the report is sent.")
    ] = None,
) -> None:
    """Write a signed read's DICOM objects and FHIR report, or send them to the archive."""
    with show_errors(), closing(_database()) as database:
        films = open_films(database, get_settings())
        kept = films.find(film)
        if kept is None:
            raise FilmStoreError(f"No kept film has a hash that begins with {film}.")
        history = SqlReviewStore(database).history(kept.film_sha256)
        read_first = get_settings().read_first
        signed = reads_to_report(history, reader, read_first=read_first).signed
        archive = SqlArchive(database)
        if out is None:
            if not archive.settings.sends_reports:
                raise ArchiveError("No way for reports is set: set `send` or `fhir` first.")
            archive.send_again(signed)
            print_text("The report goes out as soon as the service runs.")
            return
        from core.pacs.service import write_report  # noqa: PLC0415

        out.mkdir(parents=True, exist_ok=True)
        engine, files = _engine(_served(database), _setting(database))
        for name, content in write_report(database, engine, files, signed).items():
            (out / name).write_bytes(content)
            print_text(f"{out / name}")
