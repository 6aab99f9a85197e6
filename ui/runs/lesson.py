"""The lesson: a model that called nearly every normal pneumonia, and which mistake did that."""

from __future__ import annotations

import streamlit as st

from core.comparison.exhibit import ORIGIN, Exhibit, ExhibitRun, cause_text, gather_exhibit
from core.domain.reader import Act, who_may_text
from core.language.words import msg, tr
from core.runs.listing import list_readable_runs
from core.settings import get_settings
from ui.charts.base import draw_plot
from ui.charts.runs import plot_losses, plot_windows, style_runs
from ui.components.figures import draw_figures

CONTROL = msg("none: the control")
TITLE = msg("A model that called nearly every normal pneumonia")


def _draw_story() -> None:
    """Say what happened, as it was reported."""
    found, cleared = ORIGIN.sensitivity, ORIGIN.specificity
    st.markdown(
        tr(
            "In 2023 the project that preceded First Read chose its fifth model as the "
            "final one. On the {films} films of the official test split it found "
            "{found} of {ill} pneumonias ({sensitivity:.2f}) and **called "
            "{alarms} of {normals} normals pneumonia** (specificity {specificity:.2f}, "
            "{low:.2f} to {high:.2f}). Nobody could see why. Its loss, {log_loss:.2f}, "
            "is that of a model that gives every film a probability of 0.5 (0.69): it "
            "had learned almost nothing.",
            films=found.n + cleared.n,
            found=ORIGIN.true_positive,
            ill=found.n,
            sensitivity=found.value,
            alarms=ORIGIN.false_positive,
            normals=cleared.n,
            specificity=cleared.value,
            low=cleared.low,
            high=cleared.high,
            log_loss=ORIGIN.log_loss,
        )
    )
    st.markdown(
        tr(
            "Three things were wrong with its training. Each is reproduced here alone "
            "and with the others, everything else unchanged:\n- **The zoom.** "
            "`zoom_range=[0.1, 0.2]` was meant to enlarge films by 10 to 20 %. It shows "
            "a tenth to a fifth of each side instead, five to ten times larger.\n- **The "
            "split.** Validation films were drawn one by one: films of one child were in "
            "both training and validation.\n- **The weights.** The class weights were "
            "computed from one batch of 64 films."
        )
    )


def _draw_table(exhibit: Exhibit) -> None:
    """Draw what each run of the exhibit scores."""
    rows = [
        {
            tr("Run"): run.run.run_id,
            tr("Role"): tr("exhibit") if run.mistakes else "",
            tr("Mistakes"): _mistakes_text(run, exhibit),
            tr("Normals called pneumonia"): tr(
                "{alarms} of {n}",
                alarms=run.measured["matrix"]["false_positive"],
                n=run.rate("specificity").n,
            ),
            tr("Specificity"): run.rate("specificity"),
            tr("Sensitivity"): run.rate("sensitivity"),
            tr("ROC AUC"): run.rate("roc_auc"),
            tr("Log loss"): run.rate("log_loss"),
        }
        for run in exhibit.runs
    ]
    styles = style_runs([run.run.run_id for run in exhibit.runs])
    draw_figures(
        rows,
        colours={run_id: style.colour for run_id, style in styles.items()},
        height="content",
        column_config={tr("Mistakes"): st.column_config.TextColumn(width="large")},
        alt=tr("The runs of the exhibit with what they score"),
    )
    first = exhibit.runs[0]
    st.caption(
        tr(
            "{part}, n = {n}, 95 % intervals; each run at the operating "
            "point that finds 97 of 100 pneumonias on its own validation films, "
            "probabilities recalibrated on them. Each was trained once: another seed "
            "would change the numbers too, and the intervals do not include that.",
            part=tr(first.measured["split"]).capitalize(),
            n=first.measured["n"],
        )
    )
    if exhibit.control is None:
        st.caption(
            tr(
                "The control, with none of the mistakes, is not here: `python -m core "
                "train c05`. Without it, the effect of each mistake is not shown."
            )
        )


def _mistakes_text(run: ExhibitRun, exhibit: Exhibit) -> str:
    """Return what is wrong with a run, short enough for a cell of the table."""
    if run is exhibit.together and len(exhibit.apart) > 1:
        return tr("all {runs} below together", runs=len(exhibit.apart))
    return tr(run.mistakes or CONTROL)


def _draw_pictures(exhibit: Exhibit) -> None:
    """Draw what training showed, and the losses."""
    styles = style_runs([run.run.run_id for run in exhibit.runs])
    moved = [run for run in exhibit.runs if run.mistakes]
    st.markdown(f"#### {tr('What training showed of a film')}")
    for side, run in zip(st.columns(len(moved)), moved, strict=True):
        style = styles[run.run.run_id]
        with side:
            draw_plot(plot_windows(run, style), f"windows-{style.run_id}")
    st.caption(
        tr(
            "The outer square is the film, the ovals are the lungs. Each frame is what "
            "one training picture shows. A frame smaller than the film means that it was "
            "enlarged in training; a larger one, that it was shrunk."
        )
    )
    st.markdown(f"#### {tr('The effect on the loss')}")
    ordered = [styles[run.run.run_id] for run in exhibit.runs]
    for side, kind in zip(st.columns(2), ("train_loss", "validation_loss"), strict=True):
        with side:
            draw_plot(plot_losses(exhibit.runs, ordered, kind), kind)


def offer_lesson() -> None:
    """Draw the button that opens the lesson."""
    if st.button(tr("Lesson"), icon=":material/biotech:", help=tr(TITLE)):
        st.query_params.from_dict({"lesson": "zoom"})
        st.rerun()


def draw_lesson(*, way_back: bool) -> None:
    """Draw the story, its cause, and the runs that show it.

    Parameters
    ----------
    way_back : bool
        Whether the visitor may compare runs, and so go back to them.

    Raises
    ------
    ModelMissing, ModelIntegrity
        If a file of a run is missing or is not the one that its record states.
    """
    if way_back and st.button(
        tr("Back to the runs"), icon=":material/arrow_back:", type="tertiary"
    ):
        st.query_params.clear()
        st.rerun()
    if not way_back:
        st.info(
            tr(
                "Comparing runs needs the role {roles}. This is the lesson.",
                roles=who_may_text(Act.COMPARE_RUNS),
            ),
            icon=":material/lock:",
        )
    st.header(tr(TITLE))
    st.badge(tr("Runs with mistakes on purpose. None of them can serve."), color="orange")
    exhibit = gather_exhibit(list_readable_runs(get_settings().models)[0])
    story_side, cause_side = st.columns([3, 2], gap="large")
    with story_side:
        _draw_story()
    with cause_side:
        st.markdown(f"#### {tr('The cause')}")
        st.info(cause_text(exhibit), icon=":material/biotech:")
        st.markdown(
            tr(
                "**How to notice it in time:** Look at the films as the network sees "
                "them. Compare the training loss with that of a constant guess. Watch "
                "specificity as well as sensitivity. Evaluate whole parts of the data, "
                "never one batch."
            )
        )
    if exhibit.together is not None:
        part = tr(exhibit.together.measured["split"])
        st.markdown(f"#### {tr('The runs on the {part}', part=part)}")
        _draw_table(exhibit)
        _draw_pictures(exhibit)
