"""``python -m core read``: what the gate and a run say of films."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from core.cli.console import print_text, show_errors
from core.domain.rate import probability_text
from core.errors import RadiographError, UnsupportedFormat
from core.language.words import msg
from core.reports.film_report import DISCLAIMER
from core.settings import get_settings

if TYPE_CHECKING:
    from core.pipeline import Engine, FilmReading


def read(
    films: Annotated[list[Path], typer.Argument(help="Files of films.")],
    run: Annotated[str, typer.Option(help="A run in models/; that of the settings if empty.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Read films by the gate and a run, and print what a page would show.

    A file that cannot be read is named, and the others are read; the command then ends with code 1.
    """
    # Deferred: LiteRT and the films' decoders take a second to load.
    from core.pipeline import open_engine  # noqa: PLC0415
    from core.store.site_settings import find_in_force_at  # noqa: PLC0415

    settings = get_settings()
    with show_errors():
        name = run or settings.served_run
        site = find_in_force_at(settings.database_url, settings.models, name).setting
        engine = open_engine(settings.models, name, settings.inference_threads, site)
    unreadable = 0
    for said in _read_all(films, engine):
        unreadable += "error" in said
        if as_json:
            typer.echo(json.dumps(said, ensure_ascii=False))
        else:
            print_text("\n".join(_in_words(said)))
    if not as_json:
        print_text(str(DISCLAIMER))
    if unreadable:
        raise typer.Exit(1)


def _read_all(films: list[Path], engine: Engine) -> Iterator[dict[str, Any]]:
    from core.pipeline import read_film  # noqa: PLC0415
    from core.reads.machine_read import describe_machine_read, describe_unreadable  # noqa: PLC0415

    for film in films:
        try:
            reading: FilmReading = read_film(_content(film), engine, file_name=film.name)
        except RadiographError as exc:
            yield describe_unreadable(film.name, str(exc))
        else:
            yield describe_machine_read(
                film.name, reading.film_sha256, reading.quality, reading.prediction
            )


def _content(film: Path) -> bytes:
    try:
        return film.read_bytes()
    except OSError as exc:
        raise UnsupportedFormat(
            msg("{film} cannot be read ({reason}).", film=film.name, reason=exc.strerror or "")
        ) from exc


def _in_words(said: dict[str, Any]) -> Iterator[str]:
    """Yield the lines that a person reads of one file."""
    if "error" in said:
        yield f"{said['file']}: {said['error']}"
        return
    model = said["model"]
    if model is None:
        yield f"{said['file']}: refused by the quality check, no probability."
    else:
        probability = probability_text(model["probability"])
        yield (
            f"{said['file']}: {model['side']}. Probability {probability}, threshold "
            f"{model['threshold']:.3f}, run {model['run']}{_at_site(model['site_setting'])}."
        )
    for one in said["quality"]:
        yield f"  {one['severity']}: {one['sentence']}"


def _at_site(version: int | None) -> str:
    return "" if version is None else f" by version {version} of the site's setting"
