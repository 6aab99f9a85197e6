"""Films that await arbitration: the film with both readers' marks, their reads, then the model's.

Where the site reads first, the arbiter decides before the model says anything, or asks for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.domain.reader import Act, reader_key
from core.domain.review import Verdict
from core.domain.worklist import WorklistFilm
from core.errors import Cancelled, FilmStoreError, FirstReadError, RadiographError
from core.jobs.batch import UploadedFilm
from core.jobs.explanations import ExplanationTask
from core.jobs.kept_films import as_uploaded
from core.language.words import tr, trn
from core.reads.arbitration import TWO_READERS, Dispute, arbitrate, is_read_by, why_not_settled_by
from core.reads.drafts import USUAL_CONFIDENCE
from core.reads.signing import summarise_regions
from core.settings import get_settings
from ui.app.explanations import request_explanation, usual_settings
from ui.app.identity import draw_name_field, not_allowed
from ui.app.progress import follow
from ui.app.region_panel import draw_explanation, draw_ways, overlay_of
from ui.app.resources import get_film_view, get_films, get_store
from ui.app.session import Visit
from ui.app.ward import number_at
from ui.components.panels import draw_population, draw_record, draw_scale
from ui.components.plain_text import plain
from ui.components.viewer.viewer import TruthOutline, show_film
from ui.library.runs import get_engine_of, get_runs
from ui.records.teaching_case import draw_teaching_case
from ui.review.dispute_link import ADDRESS, CODE_LENGTH
from ui.review.sign_form import CONFIDENCES

VIEWER = "dispute-viewer"
VIEW_HEIGHT = 680
READ_HEIGHT = 280
_CHOSEN = "records-dispute"
_ASKED = "disputes-model-asked"


def own_disputes(visit: Visit, disputes: Sequence[Dispute]) -> list[Dispute]:
    """Return the disputes that another reader must settle, because the visitor has read the film.

    None for whoever settles no dispute at all.
    """
    name = visit.acting.name
    return [one for one in disputes if visit.acting.may(Act.ARBITRATE) and is_read_by(one, name)]


def disputes_tab(disputes: Sequence[Dispute], own: Sequence[Dispute]) -> str:
    """Return the tab's name: how many disputes are open, and for whom."""
    if not own:
        return tr("Disputes ({disputes})", disputes=len(disputes))
    return tr("Disputes ({yours} for you, {own} for others)", yours=len(disputes), own=len(own))


def draw_disputes(
    visit: Visit,
    disputes: Sequence[Dispute],
    settled: Sequence[Dispute],
    own: Sequence[Dispute] = (),
) -> None:
    """Draw the films that await arbitration and those that are settled, and the one chosen.

    Parameters
    ----------
    own : sequence of Dispute
        Open ones that are not offered: the visitor has read their films.
    """
    listed = [*disputes, *(one for one in settled if _kept(visit, one) is not None)]
    if not disputes:
        none = tr("No disagreements are open for you.") if own else tr("No disagreements are open.")
        st.info(none, icon=":material/check:")
    if own:
        await_another = trn(
            "1 film that you have read yourself await another reader.",
            "{n} films that you have read yourself await another reader.",
            len(own),
        )
        st.caption(f":material/lock: {await_another}")
    with_film = get_settings().keeps_films and visit.acting.may(Act.ARBITRATE)
    film_side, read_side = st.columns([3.1, 1.3] if with_film else [1.2, 1], gap="medium")
    with read_side:
        dispute = _choose(visit, listed, own)
    if dispute is None:
        if listed:
            with film_side:
                st.info(
                    tr(
                        "Choose a film under “Awaiting arbitration”. Its reads stand "
                        "here then, and the form in which you settle it."
                    ),
                    icon=":material/gavel:",
                )
        return
    kept = _kept(visit, dispute)
    if kept is None:
        with film_side:
            _draw_no_film(visit, dispute)
            _draw_reads(dispute)
            _draw_model(visit, dispute, None)
        with read_side:
            _draw_decision(visit, dispute, None, None)
        return
    film = as_uploaded(kept, get_films())
    with read_side:  # first: it is there while a large film is still on its way
        task = _draw_beside_film(visit, dispute, kept, film)
    with film_side:
        _draw_film(visit, dispute, film, task)


def _draw_beside_film(
    visit: Visit, dispute: Dispute, kept: WorklistFilm, film: UploadedFilm
) -> ExplanationTask | None:
    """Draw the reads, what the model said, and the decision; return the regions that are shown."""
    if dispute.settled is not None:
        _draw_decision(visit, dispute, kept, None)
    if dispute.settled is not None or _hides_model(visit, dispute):
        _draw_reads(dispute)
        task = _draw_model(visit, dispute, film)
    else:
        with st.container(height=READ_HEIGHT, border=False):  # so that the form stays in view
            task = _draw_model(visit, dispute, film)
            _draw_reads(dispute)
    if dispute.settled is None:
        _draw_decision(visit, dispute, kept, task)
    return task


def _kept(visit: Visit, dispute: Dispute) -> WorklistFilm | None:
    """Return the film if it is kept, and if the visitor is one who may settle the dispute."""
    if not get_settings().keeps_films or why_not_settled_by(dispute, visit.acting):
        return None
    return get_films().find(dispute.film_sha256)


# --- which film ---


def _choose(visit: Visit, listed: Sequence[Dispute], own: Sequence[Dispute]) -> Dispute | None:
    by_film = {dispute.film_sha256: dispute for dispute in listed}
    code = st.query_params.get(ADDRESS, "")
    named = [film for film in by_film if len(code) >= CODE_LENGTH and film.startswith(code)]
    if named:
        st.session_state[_CHOSEN] = named[0]
    elif any(one.film_sha256.startswith(code) for one in own if len(code) >= CODE_LENGTH):
        st.warning(
            tr("You have read the film of this address: another reader must arbitrate."),
            icon=":material/lock:",
        )
    elif code:
        st.warning(
            tr(
                "The address names the film {code}, which awaits no arbitration.",
                code=plain(repr(code[:40])),
            ),
            icon=":material/link_off:",
        )
    if st.session_state.get(_CHOSEN) not in by_film:
        st.session_state.pop(_CHOSEN, None)
    if not by_film:
        return None
    blind = get_settings().read_first and visit.acting.may(Act.ARBITRATE)
    chosen = st.selectbox(
        tr("Awaiting arbitration, oldest first"),
        list(by_film),
        index=None if blind else 0,
        format_func=lambda film: _name(by_film[film], blind=blind),
        placeholder=tr("Choose a film"),
        help=tr("Its reads are shown then, and a first read of your own is no longer blind.")
        if blind
        else None,
        key=_CHOSEN,
        on_change=_put_into_address,
    )
    return None if chosen is None else by_film[chosen]


def _name(dispute: Dispute, *, blind: bool) -> str:
    """Return what a film is called; who disagrees would tell what the model said."""
    name = dispute.film_name or dispute.film_sha256[:CODE_LENGTH]
    if dispute.settled is not None:
        verdict = tr(dispute.settled.read.verdict.value)
        return tr("{name} (settled: {verdict})", name=name, verdict=verdict)
    return name if blind else f"{name} ({tr(dispute.between)})"


def _put_into_address() -> None:
    film = st.session_state[_CHOSEN]
    if film is None:
        st.query_params.pop(ADDRESS, None)
    else:
        st.query_params[ADDRESS] = film[:CODE_LENGTH]


# --- what is known of it ---


def _draw_reads(dispute: Dispute) -> None:
    if dispute.settled is None:
        st.caption(_why_open(dispute))
    for read, first in zip(dispute.reads, dispute.first, strict=True):
        if first is not None:
            draw_record(first)
        draw_record(read)


def _why_open(dispute: Dispute) -> str:
    """Return why a film waits; of the model no more than one must know to settle the dispute."""
    if dispute.between.startswith(TWO_READERS):
        return tr("This film waits because its readers disagree.")
    readers = len({reader_key(read.reader) for read in dispute.reads})
    if readers == 1:
        return tr("This film waits because the reader's verdict and the model's result differ.")
    return tr("This film waits because a reader's verdict and the model's result differ.")


def _draw_no_film(visit: Visit, dispute: Dispute) -> None:
    """Say why the film is not shown, and how it can be looked at."""
    if why_not_settled_by(dispute, visit.acting):
        return
    if get_settings().keeps_films:
        st.caption(
            tr(
                "This film is not kept any more, so its dispute is settled by the reads "
                "alone. To look at it first, upload it on the Worklist again."
            )
        )
        return
    st.caption(
        tr(
            "No film is stored here. To look at it before arbitration, upload it on the "
            "Worklist and lock a first read. Do not sign it: a reader who has signed "
            "cannot arbitrate."
        )
    )


def _hides_model(visit: Visit, dispute: Dispute) -> bool:
    """Return whether the model's side is held back until the arbiter asks for it."""
    if not get_settings().read_first or why_not_settled_by(dispute, visit.acting):
        return False
    # by film alone: a name that is entered afterwards undoes nothing that was seen
    return dispute.film_sha256 not in st.session_state.get(_ASKED, set())


def _draw_model(
    visit: Visit, dispute: Dispute, film: UploadedFilm | None
) -> ExplanationTask | None:
    """Draw what the model said, once that is asked for; return its regions, if they are shown."""
    if _hides_model(visit, dispute):
        st.button(
            tr("Show what the model said"),
            icon=":material/visibility:",
            width="stretch",
            key=f"dispute-model-{dispute.film_sha256[:CODE_LENGTH]}",
            on_click=lambda: st.session_state.setdefault(_ASKED, set()).add(dispute.film_sha256),
        )
        visit.wait_for(None)
        return None
    said = {read.run_id: read for read in dispute.reads if read.shown_prediction is not None}
    task = None
    for run_id, read in said.items():
        assert read.prediction is not None
        run = get_runs().get(run_id)
        number = None
        if run is not None and read.shown_number is not None:
            number = number_at(read.prediction, run, read.shown_number)
        draw_scale(read.prediction, number)
        st.caption(tr("Run {run}, as it stood beside the signed read.", run=plain(run_id)))
        draw_population(read.quality)
        if film is not None and run is not None and not run.foreign and run_id == list(said)[-1]:
            engine, others = get_engine_of(run_id), read.quality.of_others
            task = request_explanation(film, engine, settings=usual_settings(visit.way))
            if engine.classifier.has_evidence:
                draw_ways(visit)
            follow(visit, task)
            if task is not None:
                draw_explanation(visit, film.key, task, engine, of_others=others)
    if not said:
        asked_for_none = any(read.score_held_back for read in dispute.reads)
        st.caption(
            tr("The film is of an adult, and no reader asked for the score.")
            if asked_for_none
            else tr("The model has not read this film.")
        )
    visit.wait_for(task)
    return task


def _draw_film(
    visit: Visit, dispute: Dispute, film: UploadedFilm, task: ExplanationTask | None
) -> None:
    """Draw the film with each reader's marks of the first read, and the regions if asked for."""
    try:
        view = get_film_view(film)
    except (RadiographError, FilmStoreError, Cancelled) as exc:  # the rest of the page stays
        st.error(plain(str(exc)), icon=":material/broken_image:")
        return
    explanation = None if task is None else task.result
    marks = [
        TruthOutline("reader", box=mark.edges, reader=(place, first.reader))
        for place, first in enumerate(dispute.first)
        if first is not None
        for mark in first.drawn
    ]
    others = dispute.reads[-1].quality.of_others
    show_film(
        view,
        regions=overlay_of(visit, film.key, explanation, of_others=others),
        key=VIEWER,
        height=VIEW_HEIGHT,
        truths=marks,
    )


# --- the decision ---


def _draw_decision(
    visit: Visit, dispute: Dispute, kept: WorklistFilm | None, task: ExplanationTask | None
) -> None:
    if not_allowed(visit, Act.ARBITRATE):
        return
    why = why_not_settled_by(dispute, visit.acting)
    if why:
        st.caption(f":material/lock: {plain(why)}")
    elif dispute.settled is not None:
        draw_record(dispute.settled)
        if kept is not None:
            draw_teaching_case(visit, dispute.settled, kept)
    else:
        _draw_arbitration(visit, dispute, kept, task)


def _draw_arbitration(
    visit: Visit, dispute: Dispute, kept: WorklistFilm | None, task: ExplanationTask | None
) -> None:
    key = dispute.reads[-1].record_id
    verdict = st.segmented_control(
        tr("The senior reader's verdict"),
        list(Verdict),
        format_func=lambda one: tr(one.value).capitalize(),
        key=f"arbitrate-{key}",
    )
    confidence = USUAL_CONFIDENCE  # unsure has none
    if verdict is not Verdict.UNSURE:
        chosen = st.segmented_control(
            tr("Confidence"),
            list(CONFIDENCES),
            default=USUAL_CONFIDENCE,
            key=f"arbitrate-confidence-{key}",
            width="stretch",
            required=True,
            help=tr("1 is a guess, 3 fairly sure, 5 certain."),
        )
        confidence = USUAL_CONFIDENCE if chosen is None else chosen
    reason = st.text_area(tr("Reason"), max_chars=2000, height=80, key=f"arbitrate-reason-{key}")
    visit.reader = draw_name_field(visit)
    if not st.button(tr("Sign the arbitration"), type="primary", icon=":material/gavel:"):
        return
    if verdict is None:
        st.warning(tr("Choose a verdict first."), icon=":material/touch_app:")
        return
    shown: dict[str, object] = {}
    if kept is not None and not _hides_model(visit, dispute):
        regions = None if task is None else task.result
        shown = {"asked": True} if regions is None else summarise_regions(regions)
    try:
        record = arbitrate(dispute, visit.acting, verdict, confidence, reason, regions=shown)
        get_store().append(record, visit.acting)
    except FirstReadError as exc:
        st.warning(tr("Not signed. {why}", why=plain(str(exc))), icon=":material/touch_app:")
        return
    if kept is None:
        st.query_params.pop(ADDRESS, None)
    visit.notice = tr("The arbitration is stored; the earlier reads are kept.")
    st.rerun()
