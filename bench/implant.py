"""How faint a lesion a run finds in normal validation films, by lung zone."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bench.results import Section
from core.domain.rate import Rate
from core.implants.diagram import zone_middle, zone_outline
from core.implants.measure import EVERYWHERE, FILMS, ImplantPlan, ImplantResult
from core.implants.report import opacity_text, threshold_text, zone_name
from core.inference.gate_files import open_gate
from core.jobs.implant_test import normals_of, run_on_films
from core.library.films import PublicLibrary
from core.pipeline import Engine, Explainable, open_classifier, open_healthy
from core.runs.store import load_run
from core.settings import get_settings

TITLE = "Lesions implanted into normal films"
COMMAND = "python -m bench implant"
FIGURE = Path(__file__).resolve().parent.parent / "docs" / "implants.svg"
RUNS = ("f08", "f03")
"""The run that serves, on the box around the lungs; and one that sees the whole film."""
OTHER_DIAMETERS_CM = (3.5, 8.0)
"""Beside the usual one: smaller than a zone, and as large as the phantom's lobes."""
SPLIT, SEED = "validation", 0


def measure(report: Callable[[str], None]) -> Section:
    """Draw lesions into normal validation films, and let two runs read them."""
    settings = get_settings()
    library = PublicLibrary(settings.data)
    gate = open_gate(settings.models, settings.inference_threads)
    healthy = open_healthy(settings.models)

    def test(run: str, plan: ImplantPlan, *, explain: bool) -> ImplantResult:
        classifier = open_classifier(load_run(settings.models / run), settings.inference_threads)
        engine = Engine(classifier, gate)
        normals = normals_of(library, engine, SPLIT)
        return run_on_films(
            *(normals, library.read_bytes, engine, library.title, plan),
            explained=Explainable(classifier, healthy) if explain else None,
            films=FILMS,
            progress=_say_now_and_then(run, report),
        )

    found = [test(run, ImplantPlan(seed=SEED), explain=True) for run in RUNS]
    others = [
        test(RUNS[0], ImplantPlan(diameter_cm=diameter, seed=SEED), explain=False)
        for diameter in OTHER_DIAMETERS_CM
    ]
    by_size = sorted((found[0], *others), key=lambda one: one.plan.diameter_cm)
    lines = [*describe(found), "", *describe_sizes(by_size)]
    for line in lines:
        report(line)
    FIGURE.write_bytes(draw(found))
    return Section(TITLE, COMMAND, lines)


def _say_now_and_then(run: str, report: Callable[[str], None]) -> Callable[[int, int], None]:
    def say(done: int, total: int) -> None:
        if done % 10 == 0:
            report(f"{run}: {done} of {total} films")

    return say


def describe(found: Sequence[ImplantResult]) -> list[str]:
    """Return the tables of all runs."""
    plan = found[0].plan
    opacities = ", ".join(f"{one:g}" for one in plan.opacities_cm)
    lines = [
        (
            f"Lesions {plan.diameter_cm:g} cm wide, at {opacities} cm of water at the thickest, in "
            f"each zone of normal {SPLIT} films, one a patient, that the run calls normal. "
            "Intervals are of 95 %, by bootstrap over films, or Wilson's."
        ),
        "",
        (
            "| Run | Zone | n | Noticed in half, cm | Noticed in four fifths, cm | Suspicious in "
            f"half, cm | Suspicious at {plan.opacities_cm[-1]:g} cm | Region on the lesion | "
            "By chance |"
        ),
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        for zone in one.zones:
            row = (
                one.reader,
                str(zone_name(zone.zone)),
                str(zone.noticed.half.n),
                threshold_text(zone.noticed.half, plan),
                threshold_text(zone.noticed.most, plan),
                threshold_text(zone.suspicious.half, plan),
                _share(zone.suspicious.shares[-1]),
                _share(zone.pointing),
                f"{zone.chance:.2f}",
            )
            lines.append(f"| {' | '.join(row)} |")
    lines += [
        "",
        (
            "| Run | Opacity, cm | Noticed in the lungs | Noticed in soft tissue | Suspicious in "
            "the lungs | Suspicious in soft tissue |"
        ),
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        every = one.everywhere
        shares = (
            *(every.noticed.shares, one.beside_noticed),
            *(every.suspicious.shares, one.beside_suspicious),
        )
        for opacity, *rates in zip(plan.opacities_cm, *shares, strict=True):
            lines.append(f"| {one.reader} | {opacity:g} | {' | '.join(map(_share, rates))} |")
    lines.append("")
    for one in found:
        lines.append(
            f"- {one.reader}: with nothing but the mark, {_share(one.resaved)} of {one.films} "
            f"films are suspicious; {one.beside_noticed[0].n} films have room in soft tissue. "
            f"Noticed means that the log odds rise by more than {one.rise:.2f}. Left out: "
            f"{one.left_out}."
        )
    return lines


def describe_sizes(found: Sequence[ImplantResult]) -> list[str]:
    """Return what one run finds of smaller and larger lesions, in all zones."""
    densest = found[0].plan.opacities_cm[-1]
    lines = [
        (
            f"| Run | Diameter, cm | n | Noticed in half, cm | Suspicious in half, cm | Suspicious "
            f"at {densest:g} cm |"
        ),
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for one in found:
        every, plan = one.everywhere, one.plan
        row = (
            one.reader,
            f"{plan.diameter_cm:g}",
            str(one.films),
            threshold_text(every.noticed.half, plan),
            threshold_text(every.suspicious.half, plan),
            _share(every.suspicious.shares[-1]),
        )
        lines.append(f"| {' | '.join(row)} |")
    return lines


def _share(rate: Rate | None) -> str:
    return "" if rate is None else f"{rate.value:.2f} ({rate.low:.2f} to {rate.high:.2f})"


def draw(found: Sequence[ImplantResult]) -> bytes:
    """Return the lungs of each run as a picture (SVG): the fainter the lesion, the darker."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.patches import Polygon

    style: Any = {"svg.hashsalt": TITLE, "font.family": "DejaVu Sans", "font.size": 9}
    with matplotlib.rc_context(style):
        figure = Figure(figsize=(4.2 * len(found), 4.0), facecolor="white", layout="constrained")
        for axes, one in zip(np.atleast_1d(figure.subplots(1, len(found))), found, strict=True):
            ends = one.plan.opacities_cm[0], one.plan.opacities_cm[-1]
            for zone in one.zones:
                if zone.zone == EVERYWHERE:
                    continue
                outline, half = zone_outline(zone.zone), zone.noticed.half
                shade = np.interp(np.log(min(half.value, 2 * ends[1])), np.log(ends), (0.6, 0.06))
                axes.add_patch(
                    Polygon(outline, facecolor=(0.0, 0.45, 0.70, shade), edgecolor="#595959")
                )
                text = f"{opacity_text(half.value, one.plan)} cm"
                axes.text(*zone_middle(zone.zone), text, ha="center", va="center")
            axes.set(xlim=(-0.02, 1.02), ylim=(1.04, -0.04), aspect="equal")
            axes.set_axis_off()
            axes.set_title(
                f"{one.reader}: opacity noticed in half of {one.films} films", fontsize=9
            )
            for at, side in ((0.2, "right"), (0.8, "left")):
                axes.text(at, 1.03, side, ha="center", color="#595959")
        drawn = io.BytesIO()
        figure.savefig(drawn, format="svg", metadata={"Date": None})
    return drawn.getvalue()
