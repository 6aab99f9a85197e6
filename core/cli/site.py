"""``python -m core site``: sets of this site's own films, for pages and the acceptance test."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import print_text, progress_bar, show_errors
from core.domain.reader import OPERATOR, Reader
from core.domain.site_set import REASONS, SiteKind, SiteSet
from core.errors import DatasetError
from core.language.words import msg
from core.settings import get_settings
from core.store.engine import Database

if TYPE_CHECKING:  # loaded where it is used: LiteRT and the decoders take a second
    from collections.abc import Mapping

    from core.jobs.film_pool import FilmPool
    from core.jobs.site_scores import SiteScores
    from core.jobs.site_sets import AddedSet
    from core.sites.labels import FilmLabel
    from core.sites.source import Films
    from core.store.films.site_films import SqlSiteSets

app = typer.Typer(help="Keep sets of this site's own films.", no_args_is_help=True)
READS = "reads"
ARCHIVE = "archive"

Named = Annotated[str, typer.Argument(help="Name or id of a set.")]


@contextmanager
def _sets() -> Iterator[SqlSiteSets]:
    from core.store.films.site_films import open_site_sets  # noqa: PLC0415

    settings = get_settings()
    with show_errors(), closing(Database.open(settings.database_url)) as database:
        yield open_site_sets(database, settings)


def _by() -> Reader:
    return Reader(f"{OPERATOR.name} ({getpass.getuser()})", OPERATOR.roles)


@app.command("add")
def add_set(
    source: Annotated[
        str,
        typer.Argument(
            help="A folder, a zip file, an address, `archive` for the hospital's archive, or "
            "`reads` for kept films whose label is settled by signed reads."
        ),
    ],
    labels: Annotated[
        Path | None,
        typer.Argument(help="CSV: film, patient, reader_1, reader_2, label. Not for `reads`."),
    ] = None,
    name: Annotated[str, typer.Option(help="What the set is called.", prompt="Name")] = "",
    first_day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of the archive's studies.")
    ] = None,
    last_day: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Of the archive's studies.")
    ] = None,
    run: Annotated[str, typer.Option(help="A run that reads the set at once.")] = "",
    score: Annotated[bool, typer.Option(help="Let the run read the set at once.")] = True,
) -> None:
    """Keep labelled films as a set: de-identified, each film once, none that runs learned from."""
    from core.datasets.training_fingerprints import read_training_fingerprints  # noqa: PLC0415
    from core.jobs.film_pool import FilmPool  # noqa: PLC0415
    from core.jobs.site_sets import Adding, add_site_set  # noqa: PLC0415
    from core.pipeline import open_engine  # noqa: PLC0415

    settings = get_settings()
    with _sets() as sets, ExitStack() as open_places:
        engine = open_engine(settings.models, run or settings.served_run)
        record, gate = engine.classifier.run_record, engine.gate.sha256
        scores = _scores(gate)
        files = scores.files_of(record, settings.models, 1)
        films, known, kind = _labelled(source, labels, first_day, last_day, sets, open_places)
        learned = read_training_fingerprints(settings.models)
        with closing(FilmPool()) as pool:
            pool.prepare(files)
            adding = Adding(sets, pool, files, learned, _by())
            with progress_bar("Adding films") as progress:
                added = add_site_set(films, known, name, kind, adding, progress=progress)
            _print_added(added)
            if score:
                _read(sets, added.site_set, [record.run_id], pool, gate)


def _labelled(
    source: str,
    labels: Path | None,
    first_day: datetime | None,
    last_day: datetime | None,
    sets: SqlSiteSets,
    open_places: ExitStack,
) -> tuple[Films, Mapping[str, FilmLabel], SiteKind]:
    from core.jobs.film_headers import KnownByHeader  # noqa: PLC0415
    from core.jobs.settled_reads import settled_films  # noqa: PLC0415
    from core.pacs.site_films import archive_films  # noqa: PLC0415
    from core.sites.labels import read_labels  # noqa: PLC0415
    from core.sites.source import kind_of_place, open_films  # noqa: PLC0415
    from core.store.archive import SqlArchive  # noqa: PLC0415
    from core.store.films.worklist import open_films as open_worklist  # noqa: PLC0415
    from core.store.reads import SqlReviewStore  # noqa: PLC0415

    settings = get_settings()
    if source == READS:
        kept = open_worklist(sets.database, settings)
        return (*settled_films(SqlReviewStore(sets.database).everything(), kept), SiteKind.READS)
    if labels is None:
        raise DatasetError(msg("Name the CSV file of labels behind the films."))
    known, most = read_labels(_content(labels)), settings.max_film_mb * 1_000_000
    if source == ARCHIVE:
        if first_day is None or last_day is None:
            raise DatasetError(msg("State --first-day and --last-day of the archive's studies."))
        reached = SqlArchive(sets.database).settings
        found = archive_films(reached, first_day.date(), last_day.date(), most)
        return open_places.enter_context(found), known, SiteKind.ARCHIVE
    place = open_places.enter_context(open_films(source, most))
    return KnownByHeader(place), known, kind_of_place(source)


def _content(labels: Path) -> bytes:
    try:
        return labels.read_bytes()
    except OSError as exc:
        raise DatasetError(
            msg("{file} cannot be read. Name the CSV file of labels.", file=str(labels))
        ) from exc


@app.command("list")
def list_sets() -> None:
    """List the sets that are kept."""
    with _sets() as sets:
        found = sets.sets()
    for one in found:
        print_text(_line(one))
    if not found:
        print_text("There is no set of site films.")


@app.command("show")
def show_set(named: Named) -> None:
    """Print what a set holds, what was left out and why, and which runs have read it."""
    from core.inference.gate_files import gate_sha256  # noqa: PLC0415
    from core.runs.listing import list_runs  # noqa: PLC0415

    settings = get_settings()
    with _sets() as sets:
        one = sets.find(named)
        scores = _scores(gate_sha256(settings.models))
        read = [run.run_id for run in list_runs(settings.models) if scores.has(one.set_id, run)]
    print_text(_line(one))
    print_text(f"added by {one.added_by} at {one.added_at:%Y-%m-%d %H:%M}")
    for why, n in one.count_left_out().items():
        print_text(f"left out, {REASONS[why]}: {n}")
    for left_out in one.left_out:
        print_text(f"  file {left_out.place}: {left_out.words}")
    print_text(f"files without a label: {one.unlabelled}; labels without a file: {one.missing}")
    if not one.overlap_checked:
        print_text("The films were not compared with the training films: the table was not there.")
    print_text(f"read by: {', '.join(read) or 'no run'}")


@app.command("read")
def read_set(
    named: Named,
    run: Annotated[
        list[str] | None, typer.Option(help="A run in models/; all that have not, without it.")
    ] = None,
) -> None:
    """Let runs read a set; the app does so itself while it runs."""
    from core.inference.gate_files import gate_sha256  # noqa: PLC0415
    from core.jobs.film_pool import FilmPool  # noqa: PLC0415
    from core.runs.listing import list_runs  # noqa: PLC0415

    settings = get_settings()
    with _sets() as sets, closing(FilmPool()) as pool:
        every = [one.run_id for one in list_runs(settings.models)]
        gate = gate_sha256(settings.models)
        _read(sets, sets.find(named), run or every, pool, gate)


@app.command("remove")
def remove_set(
    named: Named,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase a set: its films, their keys, and what runs said of them."""
    with _sets() as sets:
        one = sets.find(named)
        if not yes:
            typer.confirm(f"Erase {one.films} films of “{one.name}”?", abort=True)
        erased = sets.remove(one.set_id, _by())
        _scores("").forget_others([other.set_id for other in sets.sets()])
    print_text(f"{erased} films were erased.")


def _scores(gate_sha256: str) -> SiteScores:
    from core.jobs.site_scores import open_site_scores  # noqa: PLC0415

    return open_site_scores(get_settings(), gate_sha256)


def _read(
    sets: SqlSiteSets, one: SiteSet, names: list[str], pool: FilmPool, gate_sha256: str
) -> None:
    from core.jobs.site_scores import read_set as read_with_run  # noqa: PLC0415
    from core.runs.store import find_run_folder, load_run  # noqa: PLC0415

    settings, scores = get_settings(), _scores(gate_sha256)
    for name in names:
        run = load_run(find_run_folder(name, (settings.models,)))
        if scores.has(one.set_id, run):
            continue
        files = scores.files_of(run, settings.models, 1)
        with progress_bar(f"Reading with {name}") as progress:
            read_with_run(sets, scores, one.set_id, run, files, pool, progress)
        print_text(f"{name} has read {one.films} films.")


def _line(one: SiteSet) -> str:
    return (
        f"{one.set_id}  {one.name}: {one.films} films, {one.ill} with pneumonia, of "
        f"{one.patients} patients; {len(one.left_out)} left out"
    )


def _print_added(added: AddedSet) -> None:
    print_text(_line(added.site_set))
    for one in added.site_set.left_out:
        print_text(f"left out: {added.names[one.place]}: {one.words}", err=True)
    if added.missing:
        print_text(f"{len(added.missing)} labelled films are not there.", err=True)
    if not added.site_set.overlap_checked:
        print_text(
            "The films were not compared with the training films: the table is not there.", err=True
        )
