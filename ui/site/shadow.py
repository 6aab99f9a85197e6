"""The run that reads along unseen: who chose it, and what blind readers say where it differs."""

from __future__ import annotations

import streamlit as st

from core.domain.model import RunRecord
from core.domain.reader import Act
from core.errors import FirstReadError
from core.jobs.monitoring import ShadowRun
from core.language.numbers import number, time_text
from core.language.words import tr, trn
from core.monitoring.shadow import Comparison, Evidence, Part, compare
from core.pipeline import open_engine
from core.runs.listing import list_runs
from core.runs.store import name_run
from core.serving.requirements import check_demands
from core.settings import get_settings
from core.stats.fair_coin import ALPHA
from core.store.monitoring import NOTE_LIMIT
from core.store.shadow import MOST_READERS
from ui.app.identity import not_allowed
from ui.app.pages import FIRST, PAGES
from ui.app.resources import LOOKED_FOR_AGAIN_S, get_engine, get_identity
from ui.app.session import Visit
from ui.app.watching import blind_queue, get_shadow, get_shadow_run, look_again
from ui.charts.base import draw_plot
from ui.charts.monitoring import plot_comparison
from ui.components.plain_text import plain
from ui.site.signature import draw_signature


def draw_shadow(visit: Visit) -> None:
    """Draw the comparison with the run that reads along, and the form that chooses one."""
    choice, shadow = get_shadow().choice(), get_shadow_run()
    if choice is not None and shadow is None:
        st.warning(
            tr(
                "{run} was chosen to read along and does not: it serves itself, or cannot be "
                "opened.",
                run=choice.run_id,
            ),
            icon=":material/visibility_off:",
        )
    if shadow is None:
        st.markdown(
            tr(
                "A run can read new films along, unseen. Films on which it takes another side than "
                "the active model go to blind readers. They settle which of the two is right."
            )
        )
    else:
        _draw_comparison(visit, shadow)
    with st.expander(
        tr("Choose the run that reads along"),
        icon=":material/swap_horiz:",
        expanded=shadow is None,
    ):
        _draw_choice(visit, shadow)


def _draw_comparison(visit: Visit, shadow: ShadowRun) -> None:
    store, choice = get_shadow(), shadow.choice
    readings = store.readings(shadow.files.identity, get_identity())
    differ = [one.film_sha256 for one in readings if one.differs]
    found = compare(readings, store.blind_reads_of(differ), choice.readers)
    served = get_engine().classifier.run_record.run_id
    st.caption(
        tr(
            "{run} reads along beside {served}. {name} chose it on {time} UTC, because: {reason}",
            run=choice.run_id,
            served=served,
            name=plain(choice.chosen_by),
            time=time_text(choice.chosen_at),
            reason=plain(choice.reason),
        )
    )
    words_side, plot_side = st.columns([1.0, 1.2], gap="large")
    with words_side:
        st.markdown(f"**{evidence_text(found, choice.run_id, served)}**")
        st.markdown(
            tr(
                "{read} films were read by both. On {differ} they take different sides; blind "
                "readers have settled {settled} of these.",
                read=number(found.read, ",d"),
                differ=number(found.differ, ",d"),
                settled=number(found.settled, ",d"),
            )
        )
        st.markdown(part_text(tr("Ill films (sensitivity)"), found.ill))
        st.markdown(part_text(tr("Well films (specificity)"), found.well))
        waiting = len(blind_queue(visit))
        if waiting:
            st.page_link(
                PAGES[FIRST].path,
                label=trn(
                    "{n} film awaits your blind read", "{n} films await your blind read", waiting
                ),
                icon=":material/visibility_off:",
                query_params={"show": "blind"},
            )
        st.caption(
            trn(
                "A film is settled by {n} blind reader.",
                "A film is settled by {n} blind readers who agree.",
                choice.readers,
            )
            + " "
            + tr(
                "Intervals of {all:.0f} %, of {part:g} % for ill and for well films, hold at all "
                "times together.",
                all=100.0 * (1.0 - ALPHA),
                part=100.0 * (1.0 - ALPHA / 2.0),
            )
        )
    with plot_side:
        draw_plot(plot_comparison(found, choice.run_id, served), "shadow-comparison")


def evidence_text(found: Comparison, shadow: str, served: str) -> str:
    """Return which run is better, or how many films that takes yet."""
    said = found.evidence
    if said is Evidence.SHADOW:
        return tr(
            "The evidence suffices to switch to {shadow}. A lead does so under Compare runs.",
            shadow=shadow,
        )
    if said is Evidence.SERVED:
        return tr("The evidence suffices to stay with {served}.", served=served)
    if said is Evidence.MIXED:
        return tr(
            "{shadow} is better on one kind of films and worse on the other. Weigh missed ill "
            "films against false alarms.",
            shadow=shadow,
        )
    more = found.overall.to_go
    if not found.settled:
        return tr("No film on which the runs differ is settled yet.")
    if more is None:
        return tr(
            "The evidence does not suffice yet, and the runs are too close to say when it will."
        )
    return trn(
        "The evidence does not suffice yet. About {n} more settled film is needed, if films go "
        "on as they did; that is {films} films read by both.",
        "The evidence does not suffice yet. About {n} more settled films are needed, if films go "
        "on as they did; that is {films} films read by both.",
        more,
        films=number(found.films_to_read or 0, ",d"),
    )


def part_text(name: str, part: Part) -> str:
    """Return how often the shadow run is right on films of one kind where the runs differ."""
    share = part.share
    if not share.n:
        return tr("{kind}: none is settled yet.", kind=name)
    return tr(
        "{kind}: the run that reads along is right on {right} of {n}, {value:.0f} % ({low:.0f} % "
        "to {high:.0f} %).",
        kind=name,
        right=part.right,
        n=share.n,
        value=100.0 * share.value,
        low=100.0 * share.low,
        high=100.0 * share.high,
    )


@st.cache_resource(show_spinner=False, ttl=LOOKED_FOR_AGAIN_S)
def _fit_runs(served: str) -> dict[str, RunRecord]:
    """Return the runs that may read films, but for the one that serves."""
    return {
        one.run_id: one
        for one in list_runs(get_settings().models)
        if one.run_id != served and all(each.met for each in check_demands(one.folder))
    }


def _draw_choice(visit: Visit, shadow: ShadowRun | None) -> None:
    if not_allowed(visit, Act.CHOOSE_SHADOW_RUN):
        return
    served = get_engine().classifier.run_record.run_id
    runs = _fit_runs(served)
    none = "" if shadow is None else tr("No run reads along")
    chosen = "" if shadow is None else shadow.choice.run_id
    options = [*([""] if shadow else []), *runs]
    if not options:
        st.info(tr("No other run meets the requirements for the active model."))
        return
    with st.form("shadow-choice", border=False):
        run_id = st.selectbox(
            tr("Run"),
            options,
            index=options.index(chosen) if chosen in options else 0,
            format_func=lambda one: name_run(runs[one]) if one else none,
        )
        readers = st.radio(
            tr("Blind readers who must agree"), range(1, MOST_READERS + 1), horizontal=True
        )
        reason = st.text_area(tr("Reason"), max_chars=NOTE_LIMIT, height=80)
        by = draw_signature(visit, "shadow-name")
        sent = st.form_submit_button(tr("Choose"), type="primary", icon=":material/check:")
    if not sent:
        return
    try:
        if run_id:
            open_engine(get_settings().models, run_id, get_settings().inference_threads)
        get_shadow().choose(run_id or "", int(readers), reason, by)
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/error:")
        return
    look_again()
    visit.notice = (
        tr("{run} reads new films along from now on.", run=run_id)
        if run_id
        else tr("No run reads along any more.")
    )
    st.rerun()
