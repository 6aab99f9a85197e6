"""What is settled before a film is read: how many films, and the criteria that decide."""

from __future__ import annotations

from dataclasses import dataclass, replace

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.acceptance.criteria import MEASURE_WORDS, USUAL_CRITERIA, Criterion, Declaration, Measure
from core.acceptance.sample_size import plan_sample
from core.errors import FirstReadError
from core.language.words import msg, tr
from core.reads.signing import utc_now
from ui.components.plain_text import plain

LIMITS = {
    Measure.SENSITIVITY: msg("Sensitivity at least"),
    Measure.SPECIFICITY: msg("Specificity at least"),
    Measure.ROC_AUC: msg("ROC AUC at least"),
    Measure.CALIBRATION: msg("Calibration error at most"),
    Measure.REFUSED: msg("Refused films at most"),
}
WHOLE = msg("The whole 95 % interval has to keep this limit, not the value alone.")


def draw_sample_size() -> None:
    """Draw how many films an interval of a wished width needs."""
    st.caption(tr("How many test films give an interval as narrow as you need?"))
    left, right = _row()
    width = left.number_input(
        tr("Width of the interval"), 0.02, 0.5, 0.10, 0.01, format="%.2f", key="site-width"
    )
    prevalence = right.number_input(
        tr("Share of pneumonia"), 0.01, 0.99, 0.5, 0.01, format="%.2f", key="site-prevalence"
    )
    left, right = _row()
    sensitivity = left.number_input(
        tr("Expected sensitivity"), 0.5, 0.99, 0.96, 0.01, format="%.2f", key="site-expected-sens"
    )
    specificity = right.number_input(
        tr("Expected specificity"), 0.5, 0.99, 0.90, 0.01, format="%.2f", key="site-expected-spec"
    )
    try:
        plan = plan_sample(sensitivity, specificity, width, prevalence)
    except FirstReadError as exc:
        st.warning(plain(str(exc)), icon=":material/calculate:")
        return
    st.markdown(
        tr(
            "**{films} test films**: {ill} with pneumonia for the sensitivity, {well} without for "
            "the specificity. The tuning films come on top.",
            films=plan.films,
            ill=plan.ill,
            well=plan.well,
        )
    )


def _row() -> list[DeltaGenerator]:
    """Return two places, whose fields stand level where only one of their labels breaks."""
    return st.columns(2, vertical_alignment="bottom")


@dataclass(frozen=True, slots=True)
class Stated:
    """What the fields state."""

    site: str
    criteria: tuple[Criterion, ...]
    sensitivity: float
    tuning: int
    seed: int

    def declare(self, by: str) -> Declaration:
        """Return it as a declaration of now."""
        return Declaration(self.criteria, self.sensitivity, self.tuning, self.seed, by, utc_now())


def draw_criteria() -> Stated:
    """Draw the criteria and how the threshold is chosen."""
    site = st.text_input(
        tr("Name of the site"), key="site-name", max_chars=100, placeholder=tr("such as Ward 3")
    )
    left, right = _row()
    sensitivity = left.number_input(
        tr("Threshold for a sensitivity of"),
        *(0.5, 0.99, 0.97, 0.01),
        format="%.2f",
        key="site-sensitivity",
        help=tr("The site's threshold is chosen on the tuning films to reach it."),
    )
    tuning = right.number_input(
        tr("Tuning films"),
        *(0, 100_000, 200, 10),
        key="site-tuning",
        help=tr("Their patients give threshold and calibration. The others are the test."),
    )
    criteria = []
    for turn, usual in enumerate(USUAL_CRITERIA):
        if turn % 2 == 0:
            left, right = _row()
        side = (left, right)[turn % 2]
        limit = side.number_input(
            tr(LIMITS[usual.measure]),
            *(0.01, 0.99, usual.limit, 0.01),
            format="%.2f",
            key=f"site-limit-{usual.measure}",
            help=tr(WHOLE) if usual.whole_interval else tr(MEASURE_WORDS[usual.measure]),
        )
        criteria.append(replace(usual, limit=limit))
    seed = right.number_input(
        tr("Draw of the patients"),
        *(0, 1_000_000, 0, 1),
        key="site-seed",
        help=tr("The same number draws the same tuning patients again."),
    )
    return Stated(site.strip(), tuple(criteria), sensitivity, int(tuning), int(seed))
