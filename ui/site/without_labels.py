"""What a site can know before anybody has labelled a film: the share of pneumonia."""

from __future__ import annotations

import streamlit as st

from core.acceptance.report import refused_text
from core.domain.rate import interval_text
from core.jobs.site_tests import PrevalenceResult, PrevalenceTask, UnlabelledFilms
from core.language.words import tr, trn
from ui.charts.base import draw_plot
from ui.charts.model_card import plot_rates
from ui.components.plain_text import plain
from ui.site.source_choice import choose_unlabelled
from ui.site.tasks import BUSY, follow_task, get_desk, own_engine


def draw_without_labels() -> None:
    """Draw what estimates the share of pneumonia among films without labels."""
    task = get_desk().prevalence
    if task is not None and task.result is not None:
        _draw_result(task.result)
        return
    if task is not None:
        words = tr("Reading the films of {place}", place=plain(tr(task.title)))
        follow_task(task, words, "site-prevalence", _forget)
    if task is None or not task.running:
        _draw_start()


def _forget() -> None:
    get_desk().prevalence = None


def _draw_start() -> None:
    fields, words = st.columns([1, 1], gap="large")
    with fields.container(border=True):
        films, lacks = choose_unlabelled()
        if st.button(
            tr("Estimate the share of pneumonia"),
            type="primary",
            icon=":material/play_arrow:",
            key="site-estimate",
            width="stretch",
        ):
            _start(films, lacks)
    with words:
        st.markdown(
            tr(
                "Without labels a site can estimate the **share of pneumonia** among its films, "
                "from the scores alone (Saerens' expectation maximisation)."
            )
        )
        st.markdown(
            tr(
                "It holds only if children with pneumonia, and children without, score here as on "
                "the validation films. It chooses no threshold and calibrates nothing: that takes "
                "labels."
            )
        )


def _start(films: UnlabelledFilms | None, lacks: str) -> None:
    if films is None:
        st.error(plain(lacks), icon=":material/error:")
        return
    engine, files = own_engine()
    if get_desk().begin(PrevalenceTask(films, engine.classifier.run_record, files)):
        st.rerun()
    st.error(tr(BUSY), icon=":material/error:")


def _draw_result(result: PrevalenceResult) -> None:
    share, read = result.share, result.reading
    st.markdown(
        tr(
            "### About {share:.0f} of 100 films show pneumonia",
            share=100.0 * share.value,
        )
    )
    rows = [
        (tr("these films"), share, True),
    ]
    draw_plot(plot_rates(rows, tr("share of pneumonia")), "site-share")
    st.caption(
        tr(
            "{share} on {n} films, 95 % interval over the films. The run's probabilities are made "
            "for a share of {assumed:.2f}, that of the films it was calibrated on.",
            share=tr(interval_text(share, 2)),
            n=share.n,
            assumed=result.assumed,
        )
    )
    lines = [
        refused_text(read.refused),
        trn("{n} file could not be read.", "{n} files could not be read.", len(read.unreadable)),
    ]
    if read.twice:
        lines.append(
            trn(
                "{n} file is the same as another one and counts once with it.",
                "{n} files are the same as another one and count once with it.",
                read.twice,
            )
        )
    st.caption(plain(" ".join(lines)))
    st.button(tr("Other films"), icon=":material/restart_alt:", key="site-other", on_click=_forget)
