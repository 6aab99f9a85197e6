"""``python -m core implant``: how faint a lesion does a run find, by lung zone?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import print_text, progress_bar, show_errors
from core.errors import DatasetError
from core.files import replace_file
from core.language.words import msg, tr
from core.settings import get_settings

if TYPE_CHECKING:
    from core.pipeline import Engine


class Named(StrEnum):
    """Film sets that have a name."""

    PUBLIC = "public"
    SYNTHETIC = "synthetic"


@dataclass(frozen=True, slots=True)
class _Normals:
    title: str
    film_ids: Sequence[str]
    read_bytes: Callable[[str], bytes]
    synthetic: bool = False


def implant(
    folder: Annotated[
        str,
        typer.Argument(help="A folder or zip file of normal films, instead of a film set."),
    ] = "",
    library: Annotated[Named, typer.Option(help="The film set.")] = Named.PUBLIC,
    split: Annotated[str, typer.Option(help="Part of the public set.")] = "validation",
    labels: Annotated[
        Path | None, typer.Option(help="CSV of labels: only normal films are taken.")
    ] = None,
    run: Annotated[str, typer.Option(help="A run in models/; that of the settings if empty.")] = "",
    films: Annotated[int, typer.Option(help="Normal films to take at most.", min=10)] = 60,
    diameter: Annotated[
        float, typer.Option(help="Of a lesion, in cm of lungs 12.4 cm high.", min=1.0, max=9.0)
    ] = 5.0,
    seed: Annotated[int, typer.Option(help="Draws films, lesions and places.")] = 0,
    out: Annotated[Path, typer.Option(help="Report to write: PDF or CSV.")] = Path("implants.pdf"),
) -> None:
    """Draw lesions into normal films and let a run read them.

    Every film that is drawn has the mark of a synthetic film, and none is kept.
    """
    # Deferred: LiteRT, scipy and the films' decoders take a second to load.
    from core.implants.measure import ImplantPlan  # noqa: PLC0415
    from core.implants.report import (  # noqa: PLC0415
        describe_implants,
        export_implants,
        implants_as_csv,
    )
    from core.jobs.implant_test import run_on_films  # noqa: PLC0415
    from core.pipeline import Explainable, open_engine, open_healthy  # noqa: PLC0415
    from core.reports.markdown import write_markdown  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        if out.suffix not in (".pdf", ".csv"):
            raise DatasetError(msg("{file} ends neither in .pdf nor in .csv.", file=str(out)))
        engine = open_engine(settings.models, run or settings.served_run)
        explained = Explainable(engine.classifier, open_healthy(settings.models))
        chosen = _of_place(folder, labels) if folder else _of_library(library, split, engine)
        with chosen as normals, progress_bar("Drawing lesions") as progress:
            found = run_on_films(
                normals.film_ids,
                normals.read_bytes,
                engine,
                normals.title,
                ImplantPlan(diameter_cm=diameter, seed=seed),
                explained=explained,
                films=films,
                synthetic=normals.synthetic,
                progress=progress,
            )
        made_at = datetime.now(UTC)
        as_csv = out.suffix == ".csv"
        content = implants_as_csv(found).encode() if as_csv else export_implants(found, made_at)
        replace_file(out, content)
    print_text(write_markdown(describe_implants(found, made_at)))
    print_text(f"written: {out}")


@contextmanager
def _of_library(library: Named, split: str, engine: Engine) -> Iterator[_Normals]:
    from core.jobs.implant_test import normals_of  # noqa: PLC0415
    from core.library.films import PublicLibrary  # noqa: PLC0415
    from core.phantom.dataset import open_built_in_set  # noqa: PLC0415

    if library is Named.SYNTHETIC:
        phantoms = open_built_in_set()
        drawn = [one.film_id for one in phantoms.films if one.settings.finding == "normal"]
        yield _Normals(tr("Synthetic films"), drawn, phantoms.read_bytes, synthetic=True)
        return
    public = PublicLibrary(get_settings().data)
    normals = normals_of(public, engine, split)
    yield _Normals(public.title, normals, public.read_bytes)


@contextmanager
def _of_place(place: str, labels: Path | None) -> Iterator[_Normals]:
    from core.cli.accept import read_file  # noqa: PLC0415
    from core.sites.labels import read_labels  # noqa: PLC0415
    from core.sites.source import open_films  # noqa: PLC0415

    with open_films(place) as source:
        names: Sequence[str] = source.names
        if labels is not None:
            known = read_labels(read_file(labels))
            of_patient: dict[str, str] = {}
            for name in source.names:
                label = known.get(name) or known.get(name.rsplit("/", 1)[-1])
                if label is not None and label.ill is False:
                    of_patient.setdefault(label.patient or f"\0{name}", name)
            names = list(of_patient.values())
        yield _Normals(tr("these films"), names, source.read)
