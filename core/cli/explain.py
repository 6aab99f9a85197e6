"""``python -m core explain``: the regions that a run's score of one film depends on."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.cli.console import print_text, show_errors
from core.domain.film import Turn
from core.domain.regions import CamSettings, ExplanationSettings, Fill, LimeSettings
from core.errors import ExplanationError, UnsupportedFormat
from core.files import replace_file
from core.settings import SERVED_RUN, get_settings

if TYPE_CHECKING:
    from core.explain.export import KeptExplanation

SAME_WEIGHTS = 1e-4
"""In log odds: processors round a network's sums differently."""

LISTED = 5


def explain(
    film: Annotated[Path, typer.Argument(help="A film's file.")],
    like: Annotated[
        Path | None,
        typer.Option(help="An exported explanation (JSON): recompute it and compare the weights."),
    ] = None,
    run: Annotated[str, typer.Option(help="A run in models/.")] = SERVED_RUN,
    lime: Annotated[bool, typer.Option(help="By LIME instead of by evidence.")] = False,
    invert: Annotated[bool, typer.Option(help="Exchange black and white first.")] = False,
    turn: Annotated[
        Turn,
        typer.Option(help="Turn the film first: left, right, or over (by 180 degrees)."),
    ] = Turn.NONE,
    out: Annotated[Path | None, typer.Option(help="Write the explanation as JSON.")] = None,
) -> None:
    """Find the regions that a score depends on, or recompute an exported explanation.

    With --like the run, the settings, the inversion and the turn are those of the file. The command
    ends with code 1 if a weight differs.
    """
    # Deferred: LiteRT, lime and the films' decoders take a second to load.
    from core.explain.export import (  # noqa: PLC0415
        explanation_as_json,
        largest_difference,
        read_explanation,
    )
    from core.explain.lime import top_regions  # noqa: PLC0415
    from core.inference.gate_files import open_gate  # noqa: PLC0415
    from core.pipeline import (  # noqa: PLC0415
        Engine,
        Explainable,
        describe_explained,
        explain_film,
        open_classifier,
        open_healthy,
        prepare_film,
    )
    from core.runs.store import find_run_folder, load_run  # noqa: PLC0415

    settings, folders = get_settings(), get_settings().run_folders
    how: ExplanationSettings = CamSettings()
    if lime:
        how = LimeSettings(samples=settings.lime_samples, fill=Fill.DARK)
    with show_errors():
        content, kept = _read(film), None
        if like is not None:
            kept = read_explanation(_read(like))
            run, how, invert, turn = kept.run_id, kept.made_by, kept.inverted, kept.turned
        threads = settings.inference_threads
        classifier = open_classifier(load_run(find_run_folder(run, folders)), threads)
        engine = Engine(classifier, open_gate(settings.models, threads))
        of = describe_explained(
            hashlib.sha256(content).hexdigest(),
            engine,
            settings.models,
            inverted=invert,
            turned=turn,
        )
        if kept is not None:
            _require_equal(kept, of.film_sha256, of.export_sha256, dict(of.networks))
        prepared = prepare_film(content, engine, file_name=film.name, invert=invert, turn=turn)
        explainable = Explainable(classifier, open_healthy(settings.models, threads))
        explanation = explain_film(prepared, explainable, how)
        if out is not None:
            replace_file(out, explanation_as_json(explanation, of).encode())
        if kept is not None:
            apart = largest_difference(kept, explanation.weights)
            words = f"{len(explanation.weights)} weights, largest difference {apart:.1e}"
            if not apart <= SAME_WEIGHTS:
                raise ExplanationError(f"The explanation differs: {words}.")
            print_text(f"The same explanation: {words}.")
    for region in top_regions(explanation, LISTED):
        zone = explanation.zones[region.label] if explanation.zones else ""
        print_text(f"{region.rank}. Region {region.label + 1} {zone}: {region.weight:+.3f}")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as exc:
        raise UnsupportedFormat(f"{path} cannot be read ({exc}). Check its name.") from exc


def _require_equal(
    kept: KeptExplanation, film_sha256: str, export_sha256: str, networks: dict[str, str]
) -> None:
    """Refuse to compare with what another film, run or network was explained by."""
    if kept.film_sha256 != film_sha256:
        raise ExplanationError(
            "The explanation is of another film: their sha256 differ. Choose the film that it was "
            "exported with."
        )
    if (kept.export_sha256, kept.networks) != (export_sha256, networks):
        raise ExplanationError(
            f"Run {kept.run_id} or a network beside it has changed since the explanation was "
            "exported, so that it cannot be recomputed. Use the version that wrote it."
        )
