"""What a study found, and its files; before it is closed for its maker alone, as not final."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, isnan

import streamlit as st

from core.domain.reader import Act, reader_key
from core.errors import FirstReadError
from core.language.numbers import day_text, number, time_text
from core.language.words import msg, tr, trn
from core.reader_studies.design import ARM_NAMES, Arm
from core.reader_studies.results import (
    COLUMNS,
    FEWEST_READERS,
    StudyResults,
    analyse_study,
    rate_of,
    reader_codes,
    study_as_imrmc,
    study_rows,
)
from core.reader_studies.study import finished_readers, progress_of, washout_kept
from core.stats.mrmc import Estimate, ReaderStudyAnalysis
from core.tables import csv_table
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.reader_studies import plot_areas
from ui.components.figures import draw_text_table
from ui.components.plain_text import plain
from ui.reader_study.cells import NO_FIGURE, rate_cell
from ui.reader_study.data import Stand, get_studies, may_see_results, now
from ui.reader_study.lesion_marks import draw_marks

KINDS = {
    "right": msg("right"),
    "wrong": msg("wrong"),
    "none": msg("no side taken"),
}
LEAST_P = 0.001


def draw_results(visit: Visit, stand: Stand) -> None:
    """Draw what a study found, or why that is not shown yet."""
    visit.study_film = ""
    study = stand.study
    st.button(
        tr("All studies"),
        icon=":material/arrow_back:",
        key="study-back",
        on_click=st.query_params.clear,
    )
    st.header(plain(study.design.name))
    if not may_see_results(visit, stand):
        st.info(
            tr(
                "Results are shown once the study is closed. Before that, only who made it sees "
                "them, after their own reads."
            ),
            icon=":material/visibility_off:",
        )
        return
    done, n = len(finished_readers(study, stand.readings)), len(study.design.readers)
    if study.closed_at is None:
        if done == n:
            st.warning(
                tr("Every reader has finished. Close the study to make it final."),
                icon=":material/pending:",
            )
        else:
            _draw_not_final(done, n)
        _draw_progress(stand)
        _draw_close(visit, stand)
    else:
        st.caption(
            tr(
                "Closed on {day}. {done} of {n} readers read every film in every arm.",
                day=day_text(study.closed_at),
                done=done,
                n=n,
            )
        )
    if done < FEWEST_READERS:
        st.info(
            tr("Results need two readers who have read every film in every arm."),
            icon=":material/hourglass_empty:",
        )
    else:
        found = analyse_study(study, stand.readings)
        _draw_arms(found)
        _draw_readers(visit, stand, found)
        _draw_advice(found)
        draw_marks(stand, found.arrays)
        _draw_notes(stand, found)
    _draw_files(stand, enough=done >= FEWEST_READERS)


def _draw_not_final(done: int, n: int) -> None:
    st.warning(
        tr(
            "Not final: {done} of {n} readers have finished. Decide nothing on these figures: an "
            "early look raises the chance of a false finding.",
            done=done,
            n=n,
        ),
        icon=":material/pending:",
    )


def _draw_progress(stand: Stand) -> None:
    """Draw how far each reader is; only who made the study comes here before it is closed."""
    study, rows = stand.study, []
    for name in study.design.readers:
        progress = progress_of(study, name, stand.readings)
        films = len(study.design.cases) * len(study.design.arms)
        waits = progress.opens_at is not None and progress.opens_at > now()
        opens = time_text(progress.opens_at) if waits and progress.opens_at else NO_FIGURE
        read = tr("{read} of {films}", read=progress.read, films=films)
        rows.append((name, read, opens))
    head = (tr("Reader"), tr("Films read"), tr("Next session opens (UTC)"))
    draw_text_table(head, rows, tr("How far each reader is"))


def _draw_close(visit: Visit, stand: Stand) -> None:
    if not visit.acting.may(Act.MAKE_STUDY):
        return
    with st.popover(tr("Close the study"), icon=":material/lock:"):
        st.write(tr("Nothing more is read in a closed study, and it is not opened again."))
        if st.button(tr("Close it for good"), type="primary", key="study-close"):
            try:
                get_studies().close(stand.study.study_id, visit.acting)
            except FirstReadError as exc:
                st.warning(plain(exc.sentence), icon=":material/save:")
            else:
                visit.notice = tr("The study is closed.")
                st.rerun()


def _arm(arm: Arm) -> str:
    return tr(ARM_NAMES[arm])


def _seconds(estimate: Estimate) -> str:
    value, low, high = (exp(one) for one in (estimate.value, estimate.low, estimate.high))
    if estimate.error == 0.0:
        return number(value, ".0f")
    return tr("{value:.0f} ({low:.0f} to {high:.0f})", value=value, low=low, high=high)


def _draw_arms(found: StudyResults) -> None:
    arrays = found.arrays
    n_ill, n = int(arrays.ill.sum()), len(arrays.ill)
    st.subheader(tr("By arm"))
    st.caption(
        tr(
            "{readers} readers, {n} films, {ill} of them with pneumonia. Readers and films are "
            "samples: intervals of 95 % by Obuchowski and Rockette with Hillis' degrees of "
            "freedom. Times are geometric means.",
            readers=len(arrays.readers),
            n=n,
            ill=n_ill,
        )
    )
    rows = [
        (
            _arm(arm),
            rate_cell(rate_of(found.area.arms[place], n)),
            rate_cell(rate_of(found.sensitivity.arms[place], n_ill)),
            rate_cell(rate_of(found.specificity.arms[place], n - n_ill)),
            _seconds(found.log_seconds.arms[place]),
        )
        for place, arm in enumerate(arrays.arms)
    ]
    head = (tr("Arm"), tr("ROC AUC"), tr("Sensitivity"), tr("Specificity"), tr("Time in s"))
    draw_text_table(head, rows, tr("Figures by arm"))
    _draw_differences(found)


def _draw_differences(found: StudyResults) -> None:
    arms, rows = found.arrays.arms, []
    for first, second in found.area.differences:
        # the later arm less the earlier: what the model adds is above 0
        rows.append(
            (
                f"{_arm(arms[second])} - {_arm(arms[first])}",
                *(
                    _difference(analysis, first, second)
                    for analysis in (found.area, found.sensitivity, found.specificity)
                ),
                _ratio(found.log_seconds.differences[first, second]),
                _p_number(found.area.differences[first, second].p_value),
            )
        )
    head = (
        *(tr("Difference"), tr("ROC AUC"), tr("Sensitivity"), tr("Specificity")),
        *(tr("Time, ratio"), tr("p of AUC")),
    )
    draw_text_table(head, [tuple(row) for row in rows], tr("Differences between arms"))
    if len(arms) > 2:
        st.caption(
            tr(
                "All arms alike in ROC AUC: F({first}, {second:.1f}) = {f:.2f}, {p}.",
                first=len(arms) - 1,
                second=found.area.freedom,
                f=found.area.f_value,
                p=_p_text(found.area.p_value),
            )
        )


def _difference(analysis: ReaderStudyAnalysis, first: int, second: int) -> str:
    one = analysis.differences[first, second]
    ends = -one.value, max(-one.high, -1.0), min(-one.low, 1.0)  # with few films they lie beyond
    value, low, high = (0.0 + round(end, 2) for end in ends)  # no -0.00
    if one.error == 0.0:
        return number(value, "+.2f")
    return tr("{value:+.2f} ({low:+.2f} to {high:+.2f})", value=value, low=low, high=high)


def _ratio(one: Estimate) -> str:
    value, low, high = exp(-one.value), exp(-one.high), exp(-one.low)
    if one.error == 0.0:
        return number(value, ".2f")
    return tr("{value:.2f} ({low:.2f} to {high:.2f})", value=value, low=low, high=high)


def _p_number(p: float) -> str:
    return f"< {number(LEAST_P, '.3f')}" if p < LEAST_P else number(p, ".3f")


def _p_text(p: float) -> str:
    return f"p {_p_number(p)}" if p < LEAST_P else f"p = {_p_number(p)}"


def _draw_readers(visit: Visit, stand: Stand, found: StudyResults) -> None:
    """Draw each reader's figures; names are shown to who sees how others read, and one's own."""
    codes = reader_codes(stand.study)

    def named(reader: str) -> str:
        own = reader_key(reader) == reader_key(visit.reader)
        if visit.acting.may(Act.SEE_GROUP) or own:
            return reader
        return tr("Reader {n}", n=codes[reader].removeprefix("reader"))

    st.subheader(tr("Reader by reader"))
    arrays = found.arrays
    by_reader = [
        (named(name), [row.area for row in found.readers if row.reader == name])
        for name in arrays.readers
    ]
    together = [rate_of(one, len(arrays.ill)) for one in found.area.arms]
    draw_plot(plot_areas(arrays.arms, by_reader, together), key="study-areas")
    rows = [
        (
            *(named(row.reader), _arm(row.arm), rate_cell(row.area)),
            *(rate_cell(row.sensitivity), rate_cell(row.specificity), _median(row.seconds)),
        )
        for row in found.readers
    ]
    head = (
        *(tr("Reader"), tr("Arm"), tr("ROC AUC"), tr("Sensitivity"), tr("Specificity")),
        tr("Median time in s"),
    )
    draw_text_table(head, rows, tr("Each reader's figures"))


def _draw_advice(found: StudyResults) -> None:
    st.subheader(tr("By whether the model is right"))
    st.caption(
        tr(
            "Compare the arms on the films on which the model is wrong: there it may mislead. "
            "The reads alone on the same films are the control."
        )
    )
    rows = [
        (
            tr(KINDS[row.kind]).capitalize(),
            str(row.films),
            _arm(row.arm),
            rate_cell(row.right),
            NO_FIGURE if isnan(row.followed) else number(row.followed, ".2f"),
            _median(row.seconds),
        )
        for row in found.by_advice
    ]
    head = (
        *(tr("The model is"), tr("Films"), tr("Arm"), tr("Correct reads")),
        *(tr("Same side as the model"), tr("Median time in s")),
    )
    draw_text_table(head, rows, tr("Figures by the model's advice"))
    _draw_misled(found)


def _draw_misled(found: StudyResults) -> None:
    """Draw how much the arms differ in correct reads, by whether the model is right."""
    arms = found.arrays.arms
    rows = [
        (
            tr(KINDS[kind]).capitalize(),
            f"{_arm(arms[second])} - {_arm(arms[first])}",
            _difference(analysis, first, second),
            _p_number(analysis.differences[first, second].p_value),
        )
        for kind, analysis in found.correct.items()
        for first, second in analysis.differences
    ]
    head = (tr("The model is"), tr("Difference"), tr("Correct reads"), tr("p"))
    draw_text_table(head, rows, tr("Differences by the model's advice"))


def _median(seconds: float) -> str:
    return NO_FIGURE if isnan(seconds) else number(seconds, ".0f")


def _draw_notes(stand: Stand, found: StudyResults) -> None:
    notes: Sequence[str] = [
        trn(
            "{n} film was opened more than once; it is left out of the median times.",
            "{n} films were opened more than once; they are left out of the median times.",
            found.interrupted,
        )
        if found.interrupted
        else "",
        tr("A mean without an interval: neither readers nor films differ enough to give one.")
        if any(
            arm.error == 0.0
            for one in (found.area, found.sensitivity, found.specificity)
            for arm in (*one.arms, *one.differences.values())
        )
        else "",
        "" if washout_kept(stand.study, stand.readings) else tr("The washout was not kept."),
    ]
    for note in filter(None, notes):
        st.caption(f":material/info: {note}")


def _draw_files(stand: Stand, *, enough: bool) -> None:
    study = stand.study
    final = "" if study.closed_at else "-not-final"
    name = f"first-read-study-{study.study_id}{final}"
    with st.container(horizontal=True):
        if enough:
            st.download_button(
                tr("Ratings for iMRMC"),
                study_as_imrmc(study, stand.readings),
                file_name=f"{name}.imrmc",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
                key="study-imrmc",
            )
        st.download_button(
            tr("Every read as CSV"),
            csv_table(COLUMNS, study_rows(study, stand.readings), line_end="\n"),
            file_name=f"{name}.csv",
            mime="text/csv",
            icon=":material/download:",
            on_click="ignore",
            key="study-csv",
        )
    st.caption(tr("Readers and films have numbers there."))
