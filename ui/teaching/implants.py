"""Implanted lesions: a round of normal films, half of them with a lesion that grows fainter."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import replace
from secrets import randbelow
from typing import Any

import streamlit as st

from core.domain.findings import SIDES, THIRDS, ZONES, zone_words
from core.domain.rate import Rate, of_few_text
from core.errors import FirstReadError
from core.implants.lesion import KIND_WORDS
from core.implants.measure import ImplantPlan
from core.implants.practice import (
    FEWEST_FILMS,
    LADDER_CM,
    LEAST_LESIONS,
    MOST_FILMS,
    USUAL_FILMS,
    Answer,
    Practice,
    begin_round,
    summarise_round,
)
from core.implants.report import opacity_text, threshold_text, zone_name
from core.jobs.batch import UploadedFilm
from core.jobs.implant_test import DrawnTrial, draw_trial, normals_of
from core.language.capitals import capitalised
from core.language.numbers import number
from core.language.words import msg, tr, trn
from core.stats.psychometric import Threshold
from ui.app.resources import get_engine, get_film_view, get_libraries, get_library
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.implants import plot_lungs
from ui.components.figures import draw_text_table
from ui.components.panels import draw_scale
from ui.components.plain_text import plain
from ui.components.viewer.viewer import TruthOutline, show_film
from ui.library.blind_reads import films_awaiting
from ui.library.copies import load_film
from ui.teaching.reading import VIEW_HEIGHT, VIEWER

LADDER = ImplantPlan(opacities_cm=LADDER_CM)
SEEDS = 10**6
VIEWS_REM = 3
"""Height of the choice of views, which stands above the film here."""
PLACES = {"": "0"} | {
    f"{side} {third}": str(1 + 2 * row + column)
    for row, third in enumerate(THIRDS)
    for column, side in enumerate(SIDES)
}
"""Each answer and its key, zones as they lie on the film."""
ANSWER_KEYS = (("1 3 5", msg("Upper, middle, lower zone of the patient's right lung")),
               ("2 4 6", msg("Upper, middle, lower zone of the patient's left lung")),
               ("0", msg("No lesion")))  # fmt: skip
ORIGIN = msg("Test film: a synthetic lesion may be drawn in")
SIDE_WORDS = {"right": msg("Right lung"), "left": msg("Left lung")}
NEXT_KEYS = (("j", msg("Next film")),)


def draw_practice(visit: Visit) -> None:
    """Draw the round that is under way, its result, or what a round may be."""
    practice = visit.practice
    if practice is None:
        _draw_setup(visit)
    elif practice.round.place is None:
        _draw_result(visit, practice)
    else:
        _draw_trial(visit, practice)


def _draw_setup(visit: Visit) -> None:
    form_side, _ = st.columns([1.3, 1], gap="large")
    with form_side:
        _draw_form(visit)


def _draw_form(visit: Visit) -> None:
    st.header(tr("How faint a lesion do you find?"))
    st.write(
        tr(
            "You see normal films. In half of them a synthetic lesion is drawn into one zone of "
            "the lungs. Name the zone, or say that there is none; then you see the truth. Lesions "
            "grow fainter after two that you find, and denser after one that you miss."
        )
    )
    st.caption(
        tr(
            "Every film of a round has the mark SYNTHETIC in its corner. Nothing of a round is "
            "stored; it ends with your visit."
        )
    )
    ready = {name: one for name, one in get_libraries().items() if one.has_films}
    if not ready:
        st.info(tr("There are no films on this machine."), icon=":material/image_not_supported:")
        return
    films_side, number_side = st.columns([2, 1])
    library = films_side.selectbox(
        tr("Normal films of"),
        list(ready),
        format_func=lambda name: tr(ready[name].title),
        key="practice-library",
    )
    normals = _normals_of(visit, library)
    most = min(MOST_FILMS, max(FEWEST_FILMS, len(normals)))
    films = number_side.number_input(
        tr("Number of films"), FEWEST_FILMS, most, min(USUAL_FILMS, most), key="practice-films"
    )
    if st.button(
        tr("Start"),
        type="primary",
        icon=":material/play_arrow:",
        shortcut="Ctrl+Enter",
        key="practice-start",
    ):
        try:
            begun = begin_round(normals, int(films), randbelow(SEEDS))
        except FirstReadError as exc:
            st.warning(plain(str(exc)), icon=":material/touch_app:")
            return
        visit.practice, visit.drawn_trial = Practice(library, begun), None
        st.rerun()


def _normals_of(visit: Visit, library: str) -> list[str]:
    """Return normal films that the active run calls normal, one a patient."""
    normals = normals_of(get_library(library), get_engine(), called_normal=True)
    awaiting = films_awaiting(visit, library, normals)
    return [film for film in normals if film not in awaiting]


def _draw_trial(visit: Visit, practice: Practice) -> None:
    try:
        drawn, film = _drawn(visit, practice)
        view = get_film_view(film)
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/image_not_supported:")
        st.button(tr("End the round"), key="practice-end", on_click=_leave, args=(visit,))
        return
    place, films = len(practice.round.answers), len(practice.round.films)
    way_side, film_side, answer_side = st.columns([1.0, 3.5, 1.35], gap="small")
    with way_side, st.container(key="teaching-way"):
        st.markdown(f"**{tr('Film {number} of {films}', number=place + 1, films=films)}**")
        st.progress(place / films)
        st.caption(tr("Nothing of this round is stored."))
        st.button(tr("End the round"), key="practice-end", on_click=_end, args=(visit,))
    revealed = practice.said is not None
    shown = [TruthOutline("lesion", drawn.lesion)] if drawn.lesion is not None else []
    keys = NEXT_KEYS if revealed else ANSWER_KEYS
    with film_side:
        show_film(
            replace(view, alt_text=tr("Film {number} of {films}", number=place + 1, films=films)),
            key=VIEWER,
            height=f"calc({VIEW_HEIGHT} - {VIEWS_REM}rem)",
            page_keys=tuple((key, tr(words)) for key, words in keys),
            truths=shown if revealed else (),
            origin="" if get_library(practice.library).synthetic else ORIGIN,
        )
    with answer_side:
        if revealed:
            _draw_truth(visit, practice, drawn)
        else:
            _draw_choice(visit)


def _drawn(visit: Visit, practice: Practice) -> tuple[DrawnTrial, UploadedFilm]:
    """Return the open film of a round, drawn once, and as if it had been uploaded."""
    trial = practice.round.trial()
    source = load_film(practice.library, trial.film_id)
    known = visit.drawn_trial
    if known is None or known.trial.shape != trial.shape:
        known = visit.drawn_trial = draw_trial(trial, source.content, get_engine())
    key = hashlib.sha256(known.content).hexdigest()
    name = tr("Film {number}", number=len(practice.round.answers) + 1)
    return known, UploadedFilm(key, name, known.content, original_px=source.original_px)


def _draw_choice(visit: Visit) -> None:
    st.markdown(f"**{tr('Where is the lesion?')}**")
    st.caption(tr("The patient's right lung lies on the left."))
    right, left = st.columns(2, gap="small")
    for zone, key in PLACES.items():
        if zone:
            side = right if zone.startswith(SIDES[0]) else left
            _offer(visit, zone, key, side)
    st.space("small")
    _offer(visit, "", PLACES[""], st)


def _offer(visit: Visit, zone: str, key: str, where: Any) -> None:
    words = tr(capitalised(zone_words(zone))) if zone else tr("No lesion")
    where.button(
        words,
        shortcut=key,
        width="stretch",
        key=f"practice-{zone or 'none'}",
        on_click=_say,
        args=(visit, zone),
    )


def _say(visit: Visit, zone: str) -> None:
    if visit.practice is not None and visit.practice.said is None:
        visit.practice.said = zone


def _draw_truth(visit: Visit, practice: Practice, drawn: DrawnTrial) -> None:
    answer = _answer(practice, drawn)
    st.button(
        tr("Next film"),
        type="primary",
        icon=":material/arrow_forward:",
        shortcut="j",
        width="stretch",
        key="practice-next",
        on_click=_go_on,
        args=(visit, answer),
    )
    trial = answer.trial
    right = answer.found if trial.zone else not answer.said
    icon = ":material/check_circle:" if right else ":material/cancel:"
    if trial.zone:
        truth = tr(
            "{zone}: {kind}, {opacity} cm of water",
            zone=tr(capitalised(zone_words(trial.zone))),
            kind=tr(KIND_WORDS[trial.shape.kind]),
            opacity=number(trial.opacity_cm, "g"),
        )
    else:
        truth = tr("No lesion")
    said = tr(capitalised(zone_words(answer.said))) if answer.said else tr("No lesion")
    st.markdown(f"### {truth}\n{icon} {tr('You said: {said}', said=said)}")
    if answer.found and answer.said != trial.zone:
        st.caption(tr("The next zone of the same lung counts: thirds have no border on a film."))
    st.markdown(f"**{tr('The model on the same film')}**")
    draw_scale(drawn.prediction)
    if trial.zone:
        times = math.exp(drawn.rise)
        st.caption(tr("The lesion multiplies its odds of pneumonia by {times:.2g}.", times=times))


def _answer(practice: Practice, drawn: DrawnTrial) -> Answer:
    return Answer(drawn.trial, practice.said or "", drawn.prediction.suspicious, drawn.rise)


def _go_on(visit: Visit, answer: Answer) -> None:
    if visit.practice is not None:
        visit.practice = Practice(visit.practice.library, visit.practice.round.answer(answer))
        visit.drawn_trial = None


def _end(visit: Visit) -> None:
    """End a round where it stands: what was read is summed up."""
    if visit.practice is not None:
        done = len(visit.practice.round.answers)
        stopped = replace(visit.practice.round, films=visit.practice.round.films[:done])
        visit.practice = Practice(visit.practice.library, stopped) if done else None
    visit.drawn_trial = None


def _leave(visit: Visit) -> None:
    visit.practice = visit.drawn_trial = None


def _draw_result(visit: Visit, practice: Practice) -> None:
    answers = practice.round.answers
    result = summarise_round(answers)
    head_side, again_side = st.columns([3.4, 1.3], vertical_alignment="bottom")
    head_side.header(
        trn(
            "Your smallest opacity: {n} film read", "Your smallest opacity: {n} films read",
            len(answers),
        )
    )  # fmt: skip
    again_side.button(
        tr("New round"), width="stretch", shortcut="Ctrl+Enter", key="practice-again",
        on_click=_leave, args=(visit,),
    )  # fmt: skip
    lungs_side, table_side = st.columns([1, 1.3], gap="large")
    places = {zone: _of_zone(result.reader, zone) for zone in ZONES}
    known = {zone: one.value for zone, one in places.items() if one is not None}
    words = {
        zone: tr("{opacity} cm", opacity=opacity_text(at, LADDER)) for zone, at in known.items()
    }
    with lungs_side:
        title = tr("Opacity at which you find half")
        draw_plot(plot_lungs(known, words, (LADDER_CM[0], LADDER_CM[-1]), title), "practice-lungs")
    with table_side:
        rows = [
            (tr("Lesions found"), _share(result.found), _share(result.model_found)),
            (tr("False alarms"), _share(result.alarms), _share(result.model_alarms)),
            *(
                (
                    tr(SIDE_WORDS[place] if place in SIDE_WORDS else zone_name(place)),
                    threshold_text(result.reader[place], LADDER),
                    threshold_text(result.model[place], LADDER),
                )
                for place in result.reader
            ),
        ]
        draw_text_table((tr("In this round"), tr("You"), tr("Model")), rows, tr("Result"))
        st.caption(
            tr(
                "Opacities are in cm of water, with 95 % intervals. A zone with fewer than {least} "
                "lesions has the opacity of its lung, or none. The model counts as finding a "
                "lesion if it calls the film suspicious.",
                least=LEAST_LESIONS,
            )
        )
        st.caption(
            tr(
                "A drawn lesion is simpler than pneumonia. It trains the eye and says nothing of "
                "your skill on patients."
            )
        )


def _share(rate: Rate) -> str:
    return tr(of_few_text(rate)) if rate.n else tr("no films")


def _of_zone(reader: Mapping[str, Threshold], zone: str) -> Threshold | None:
    """Return what is known of a zone, or of its lung."""
    return reader.get(zone, reader.get(zone.split(" ", maxsplit=1)[0]))
