"""What an acceptance test found, as pictures first, and the form that adopts it."""

from __future__ import annotations

import streamlit as st

from core.acceptance.criteria import MEASURE_WORDS
from core.acceptance.measured import Acceptance
from core.acceptance.report import export_acceptance, intervals_text, limit_text, refused_text
from core.domain.reader import Act
from core.errors import FirstReadError
from core.jobs.site_tests import AcceptanceResult
from core.language.numbers import time_text
from core.language.words import tr, trn
from core.reports.document import Intervals, MeasuredRow
from core.runs.store import export_identity
from core.store.site_settings import adopt_setting
from ui.app.identity import not_allowed
from ui.app.resources import get_database, get_engine, get_in_force, serve_anew
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.model_card import plot_intervals
from ui.charts.site import plot_bands, plot_site_calibration, plot_site_roc
from ui.components.figures import draw_figures
from ui.components.made_when_asked import offer_pdf
from ui.components.plain_text import plain
from ui.site.tasks import get_desk

SHOWN_LEFT_OUT = 200


def draw_result(visit: Visit, result: AcceptanceResult) -> None:
    """Draw go or no go, pictures, parts, and what can be done with it."""
    found = result.found
    answer, acts = st.columns([3, 1], vertical_alignment="center")
    with answer:
        _draw_answer(result)
    with acts.container(gap="small"):
        offer_pdf(
            tr("PDF of the test"),
            lambda: export_acceptance(found, result.site, result.made_at),
            name="acceptance.pdf",
            about=tr("Three pages: the answer, the numbers, and groups, readers and limits."),
            key="site-pdf",
        )
        st.button(
            tr("Another test"),
            icon=":material/restart_alt:",
            key="site-again",
            on_click=_put_away,
            width="stretch",
        )
    draw_adopt(visit, result)
    roc, calibration = st.columns(2, gap="medium")
    with roc:
        draw_plot(plot_site_roc(found), "site-roc")
    with calibration:
        draw_plot(plot_site_calibration(found), "site-calibration")
    draw_plot(plot_bands(found.score_bands), "site-bands")
    _draw_criteria(found)
    groups, readers = st.columns(2, gap="large")
    with groups:
        _draw_groups(found)
    with readers:
        _draw_readers(found)
    _draw_left_out(result)


def _put_away() -> None:
    desk = get_desk()
    desk.acceptance, desk.adopted = None, 0


def _draw_answer(result: AcceptanceResult) -> None:
    found = result.found
    if found.go:
        st.markdown(
            f"### :blue-badge[:material/check: {tr('Go')}] "
            f"{tr('Run {run} meets every criterion', run=found.run_id)}"
        )
    else:
        st.markdown(
            f"### :orange-badge[:material/priority_high: {tr('No go')}] "
            f"{tr('Run {run} does not meet every criterion', run=found.run_id)}"
        )
    st.caption(
        tr(
            "{site}: {tuning} films tuned, {n} films of other patients were measured. The "
            "criteria were declared by {reader} at {time} UTC, before a film was read.",
            site=plain(result.site),
            tuning=found.tuning,
            n=found.site.n,
            reader=plain(found.declaration.declared_by),
            time=time_text(found.declaration.declared_at),
        )
    )


def _draw_criteria(found: Acceptance) -> None:
    draw_figures(
        [
            {
                tr("Criterion"): tr(MEASURE_WORDS[one.criterion.measure]),
                tr("Demanded"): limit_text(one),
                tr("Measured"): one.rate,
                tr("Result"): tr("met") if one.met else tr("not met"),
            }
            for one in found.judged
        ],
        key="site-criteria",
        alt=tr("Each criterion with what was measured"),
    )
    st.caption(intervals_text(found))
    own, site = found.own.rates, found.site.rates
    st.caption(
        tr(
            "By the run's own threshold, {own:.2f}, sensitivity would be {own_sensitivity:.3f} and "
            "specificity {own_specificity:.3f}; by the site's they are {sensitivity:.3f} and "
            "{specificity:.3f}. The site's is {threshold:.2f} on the site's calibrated "
            "probability; that is {on_own:.2f} on the run's.",
            own=found.own.threshold,
            on_own=found.own_threshold,
            own_sensitivity=own["sensitivity"].value,
            own_specificity=own["specificity"].value,
            threshold=found.point.threshold,
            sensitivity=site["sensitivity"].value,
            specificity=site["specificity"].value,
        )
    )


def _draw_groups(found: Acceptance) -> None:
    st.markdown(f"#### {tr('Subgroups')}")
    if not found.subgroups:
        st.caption(
            tr("The labels tell no groups of 20 test films or more. Add a column, such as ward.")
        )
        return
    rows = []
    for one in found.subgroups:
        part = f"{one.kind}: {one.name}, n = {one.n}"
        rows += [
            MeasuredRow("Sensitivity", part, one.sensitivity),
            MeasuredRow("Specificity", part, one.specificity),
        ]
    draw_plot(plot_intervals(Intervals(tuple(rows))), "site-groups")


def _draw_readers(found: Acceptance) -> None:
    st.markdown(f"#### {tr('Readers')}")
    if not found.readers:
        st.caption(tr("The labels name no readers. With reader_1 and reader_2 they are compared."))
        return
    rows = []
    for one in found.readers:
        model = tr("{run} on the films of {reader}", run=found.run_id, reader=one.reader)
        rows += [
            MeasuredRow("Sensitivity", one.reader, one.sensitivity),
            MeasuredRow("Specificity", one.reader, one.specificity),
            MeasuredRow("Sensitivity", model, one.run_sensitivity),
            MeasuredRow("Specificity", model, one.run_specificity),
        ]
    draw_plot(plot_intervals(Intervals(tuple(rows))), "site-readers")
    for one in found.readers:
        st.caption(
            tr(
                "{run} alone is right on {ours} films, {reader} alone on {theirs}; McNemar's "
                "exact p = {p:.3f}.",
                run=found.run_id,
                reader=plain(one.reader),
                ours=one.against.only_first,
                theirs=one.against.only_second,
                p=one.against.p_value,
            )
        )


def _draw_left_out(result: AcceptanceResult) -> None:
    out = dict(result.left_out)
    st.caption(plain(refused_text(result.found.refused)))
    out |= dict.fromkeys(result.missing, tr("it is not there"))
    if not out:
        return
    with st.expander(
        trn("{n} film was not measured", "{n} films were not measured", len(out)),
        icon=":material/rule:",
    ):
        st.dataframe(
            [
                {tr("Film"): name, tr("Why"): tr(why)}
                for name, why in list(out.items())[:SHOWN_LEFT_OUT]
            ],
            hide_index=True,
            key="site-left-out",
            alt=tr("Films that were not measured, and why"),
        )


def draw_adopt(visit: Visit, result: AcceptanceResult) -> None:
    """Draw the form that lets the run read by what was found; a no go needs its reason."""
    found, adopted = result.found, get_desk().adopted
    if adopted:
        now = get_in_force().kept
        if now is not None and now.setting.version == adopted:
            words = tr("Adopted as version {version}.", version=adopted)
        else:
            words = tr("Adopted as version {version}, and taken back since.", version=adopted)
        st.markdown(f":material/check_circle: {words}")
        return
    if export_identity(get_engine().classifier.run_record.without_site) != found.export_sha256:
        st.warning(
            tr("Another run serves by now. This result cannot be adopted."),
            icon=":material/link_off:",
        )
        return
    with st.popover(
        tr("Adopt threshold and calibration"),
        icon=":material/check_circle:",
        type="primary" if found.go else "secondary",
    ):
        if not_allowed(visit, Act.CHOOSE_SERVED_RUN):
            return
        if not found.go:
            st.warning(
                tr(
                    "This is a no go. Adopt it only with a reason: it stands wherever the "
                    "threshold is shown."
                ),
                icon=":material/priority_high:",
            )
        with st.form("site-adopt", border=False):
            reason = st.text_input(tr("Reason"), key="site-adopt-reason", max_chars=1000)
            sent = st.form_submit_button(
                tr("Read by it from now on"), type="primary", icon=":material/check:"
            )
        if sent:
            _adopt(visit, result, reason)


def _adopt(visit: Visit, result: AcceptanceResult, reason: str) -> None:
    try:
        kept = adopt_setting(get_database(), result.found, result.site, reason, visit.acting)
    except FirstReadError as exc:
        st.error(tr("Not adopted: {why}", why=plain(str(exc))), icon=":material/error:")
        return
    get_desk().adopted = kept.setting.version
    serve_anew()
    visit.notice = tr(
        "Version {version} is in force. New films are read by it.", version=kept.setting.version
    )
    st.rerun()
