"""What a film's score means in this ward, and the form that sets the ward's prevalence."""

from __future__ import annotations

import streamlit as st

from core.domain.model import Prediction
from core.domain.rate import Rate
from core.domain.reader import Act
from core.domain.review import ReadKind
from core.domain.ward import ShownNumber, WardPrevalence
from core.errors import FirstReadError
from core.evaluation.film_number import share_text
from core.language.numbers import day_text
from core.language.words import msg, tr
from core.store.ward import set_ward_prevalence
from ui.app.read_in_progress import ReadContext
from ui.app.resources import get_database
from ui.app.session import Visit
from ui.app.ward import counting_text, estimate_here, number_of, prevalence_for, run_of
from ui.components.panels import draw_measured, draw_scale
from ui.components.plain_text import plain

FORM, VALUE = "ward-form", "ward-per-100"
FORM_PX = 330
_COMPLAINT = "ward-complaint"
SCALE = msg(
    "The scale shows the model's score. Side and threshold do not change with the prevalence: "
    "they are of sensitivity."
)
UNSET = msg(
    "No prevalence is set for this ward. Until then the page shows the likelihood ratio, and "
    "no probability."
)
OF_OTHERS = msg(
    "No probability for this film: the likelihood ratio was measured on children of 1 to 5 years."
)
ASK_LEAD = msg("A reader with the role lead sets the prevalence here.")
WHAT = msg("Pneumonia prevalence in your ward (%)")
SELECTED = msg(
    "This is the ward's share only if all of its films are read here. Films that were chosen "
    "for reading, such as difficult ones, have another share."
)


def draw_score(read: ReadContext, prediction: Prediction) -> None:
    """Draw the side, the scale of the score, and what the score means in this ward."""
    number = number_of(read, prediction)
    with st.container(key="result"):
        draw_scale(prediction, number)
        if number is not None and read.of_others:
            st.caption(tr(OF_OTHERS))
        elif number is not None:
            _draw_prevalence(read.visit, prevalence_for(read.visit, read.film.key))


def draw_measured_here(read: ReadContext, prediction: Prediction) -> None:
    """Say on which side the score lies, how often it was right, and what counting films gives."""
    number = number_of(read, prediction)
    note = None if number is None else counting_text(number, prediction)
    with st.expander(tr("How the result was measured"), icon=":material/fact_check:"):
        draw_measured(prediction, run_of(prediction), note)


def number_shown(read: ReadContext, prediction: Prediction | None) -> ShownNumber | None:
    """Return the number of a film that its reader sees; None where no score is shown."""
    if prediction is None or read.hides_score or read.kind is ReadKind.FIRST:
        return None
    number = number_of(read, prediction)
    return None if number is None else number.shown


def prevalence_text(kept: WardPrevalence) -> str:
    """Return what the ward's prevalence is, where it comes from, and who set it when."""
    who = {"reader": plain(kept.set_by), "day": day_text(kept.set_at)}
    if kept.estimate is None:
        return tr(
            "Prevalence here: {share}, stated by {reader}, {day}.",
            share=share_text(kept.value),
            **who,
        )
    return tr(
        "Prevalence here: {estimate}, taken over by {reader}, {day}.",
        estimate=estimate_text(kept.estimate),
        **who,
    )


def estimate_text(estimate: Rate) -> str:
    """Return an estimated prevalence with its interval and n."""
    value, low, high = (share_text(one) for one in (estimate.value, estimate.low, estimate.high))
    return tr(
        "{value} (95 % {low} to {high}) of {n} settled films",
        value=value,
        low=low,
        high=high,
        n=estimate.n,
    )


def _draw_prevalence(visit: Visit, kept: WardPrevalence | None) -> None:
    """Draw the ward's prevalence, or ask for it; a reader without the right reads who sets it."""
    sets = visit.acting.may(Act.SET_PREVALENCE)
    unset = tr("Prevalence not set: set it") if sets else tr("Prevalence not set")
    form = st.popover(
        unset if kept is None else tr("Prevalence here: {share}", share=share_text(kept.value)),
        icon=":material/percent:",
        type="tertiary" if kept is not None else "secondary",
        key=FORM,
        on_change="rerun",
    )
    if st.session_state.get(_COMPLAINT):
        st.warning(plain(st.session_state.pop(_COMPLAINT)), icon=":material/touch_app:")
    if form.open:
        with form, st.container(width=FORM_PX):
            st.markdown(tr(UNSET) if kept is None else prevalence_text(kept))
            st.caption(tr(SCALE))
            if sets:
                _draw_form(visit)
            else:
                st.caption(f":material/lock: {tr(ASK_LEAD)}")


def _draw_form(visit: Visit) -> None:
    """Draw what sets the prevalence: a statement, or an estimate from settled reads."""
    st.number_input(
        tr(WHAT), 0.1, 99.9, None, 0.1, format="%.1f", key=VALUE, placeholder=tr("such as 15")
    )
    st.button(
        tr("Use this prevalence"),
        type="primary",
        icon=":material/check:",
        key="ward-state",
        on_click=_state,
        args=(visit,),
    )
    estimate = estimate_here()
    if estimate is not None:
        st.button(
            tr("Use {estimate}", estimate=estimate_text(estimate)),
            icon=":material/calculate:",
            key="ward-estimate",
            on_click=_keep,
            args=(visit, estimate.value, estimate),
        )
        st.caption(tr(SELECTED))


def _state(visit: Visit) -> None:
    """Keep what the field says."""
    stated = st.session_state[VALUE]
    if stated is None:
        st.session_state[_COMPLAINT] = msg("State the prevalence in percent, such as 15.")
    else:
        _keep(visit, stated / 100.0)


def _keep(visit: Visit, value: float, estimate: Rate | None = None) -> None:
    """Keep the prevalence; what was wrong is said beside the form."""
    try:
        kept = set_ward_prevalence(get_database(), value, visit.acting, estimate)
    except FirstReadError as exc:
        st.session_state[_COMPLAINT] = exc.sentence
        return
    share = share_text(kept.value)
    visit.ward, visit.notice = None, tr("The ward's prevalence is {share} now.", share=share)
    st.session_state[FORM] = False
