"""What if: regions and boxes of a film hidden, and whether the marked places matter."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from html import escape

import streamlit as st

from core.domain.mark import MAX_MARKS, Mark
from core.domain.regions import Explanation, Fill
from core.evaluation.film_number import ScoreWords
from core.explain.region_words import region_name, zone_words
from core.explain.what_if import MarkedHidden, Spread, hide_marked, hide_parts
from core.language.numbers import number
from core.language.words import msg, tr, trn
from ui.app.explanations import get_healthy
from ui.app.guard import show_errors
from ui.app.lru_cache import Recent
from ui.app.resources import get_input
from ui.app.session import HiddenParts, Visit
from ui.components.region_list import log_odds_of, probability_of
from ui.components.viewer.viewer import Marking, Switching, read_marks_event, read_switched_event
from ui.regions.subject import Subject

FILLS = {
    Fill.HEALTHY: msg("Healthy lung"),
    Fill.DARK: msg("Dark lung"),
    Fill.OWN_MEAN: msg("Its mean grey"),
}
FILL_KEY = "what-if-fill"
FILL_HELP = msg(
    "What stands where a part is hidden. Healthy lung is drawn from this film by a "
    "network that takes lesions away; of a real film it changes little. Dark lung is "
    "the grey that a fifth of the lungs is darker than."
)
MARKED_KEY = "what-if-marked"
KEPT_RESULTS = 64

FARTHEST = 9.0
"""Log odds at either end of a row's line."""

MOST_NAMED = 3

_ROW = """
<div class="fr-what-row" role="img" aria-label="{label}">
  <span class="fr-what-name">{name}</span>
  <div class="fr-what-line">
    <div class="fr-track"></div>
    <div class="fr-point" style="left:{point:.2f}%"></div>
    {span}
    <div class="fr-dot" style="left:{at:.2f}%"></div>
  </div>
  <span class="fr-what-value">{value}</span>
</div>
"""
_AXIS = (
    '<div class="fr-what-row fr-what-axis" aria-hidden="true"><span>{name}</span>'
    '<div class="fr-what-line">{ticks}</div><span></span></div>'
)
_TICK = '<i style="left:{at:.2f}%">{value}</i>'
_SPAN = '<div class="fr-what-span" style="left:{low:.2f}%;width:{width:.2f}%"></div>'


def hidden_of(
    visit: Visit, subject: Subject, explanation: Explanation, viewer: str
) -> tuple[HiddenParts, Switching, Marking]:
    """Return what is hidden of a film after what was done in the viewer, and what the viewer takes.

    Parameters
    ----------
    viewer : str
        Key of the viewer.
    """
    name = f"{subject.key}-{subject.run_id}"
    parts = visit.hidden.setdefault(name, HiddenParts())
    parts.keep_to(hashlib.sha256(explanation.segments.tobytes()).hexdigest()[:16])
    token = f"{name}-{parts.cut}-{parts.turn}"
    switched = read_switched_event(viewer, token, len(explanation.weights))
    boxes = read_marks_event(viewer, token)
    parts.hide(
        parts.regions if switched is None else switched, parts.boxes if boxes is None else boxes
    )
    switching = Switching(token, parts.regions)
    return parts, switching, Marking(token, parts.boxes, edit=True, most=MAX_MARKS)


def draw_what_if(subject: Subject, explanation: Explanation, parts: HiddenParts) -> None:
    """Draw what the probability would be, what is hidden, and what the marked places do."""
    st.caption(
        tr(
            "Click a region to hide it from the model, or use the full stop and Enter. "
            "Hide a box with m or the tool above the film."
        )
    )
    fills = possible_fills(subject)
    if st.session_state.get(FILL_KEY) not in fills:
        st.session_state[FILL_KEY] = fills[0]
    fill = st.segmented_control(
        tr("Hidden parts become"),
        fills,
        format_func=lambda one: tr(FILLS[one]),
        key=FILL_KEY,
        required=True,
        persist_state="session",
        width="stretch",
        help=tr(FILL_HELP),
    )
    if fill is Fill.HEALTHY:
        st.caption(
            tr("Of a real film the healthy drawing changes little. Try dark lung beside it.")
        )
    with show_errors():  # the way back stays
        _draw_change(subject, explanation, parts, fill or fills[0])
    undo, restore = st.columns(2, gap="small")
    undo.button(
        tr("Undo"),
        icon=":material/undo:",
        shortcut="u",
        width="stretch",
        disabled=not parts.before,
        on_click=parts.undo,
        key="what-if-undo",
    )
    restore.button(
        tr("Show all"),
        icon=":material/visibility:",
        width="stretch",
        disabled=not (parts.regions or parts.boxes),
        on_click=parts.show_all,
        key="what-if-all",
    )
    _draw_marked(subject, [Mark(*edges) for edges in parts.boxes])


def _draw_change(
    subject: Subject, explanation: Explanation, parts: HiddenParts, fill: Fill
) -> None:
    run = subject.engine.classifier
    shown, hidden = hide_parts(
        get_input(subject.film, subject.engine),
        run,
        explanation.segments,
        parts.regions,
        [Mark(*edges) for edges in parts.boxes],
        fill,
        get_healthy(subject.film, subject.engine),
    )
    threshold = run.run_record.own_threshold
    said = subject.said
    rows = [_row(tr("As it is"), shown, threshold, said)]
    if parts.regions or parts.boxes:
        rows.append(_row(tr("With parts hidden"), hidden, threshold, said))
    _draw_rows(rows, said)
    st.markdown(change_text(shown, hidden, threshold, hidden_text(explanation, parts), said))


def possible_fills(subject: Subject) -> list[Fill]:
    """Return what hidden parts may become: the healthy drawing is made of cropped films alone."""
    run = subject.engine.classifier.run_record
    return [fill for fill in FILLS if fill is not Fill.HEALTHY or run.cropped_to_lungs]


def hidden_text(explanation: Explanation, parts: HiddenParts) -> str:
    """Return in words what is hidden; empty if nothing is."""
    regions, boxes = len(parts.regions), len(parts.boxes)
    names = [tr("{n} regions", n=regions)] if regions > MOST_NAMED else []
    for label in () if names else parts.regions:
        zone = zone_words(explanation.zones[label]).lower() if explanation.zones else ""
        names.append(f"{zone} ({region_name(label).lower()})" if zone else region_name(label))
    if boxes:
        names.append(trn("{n} box", "{n} boxes", boxes))
    return ", ".join(names)


def change_text(shown: float, hidden: float, threshold: float, what: str, said: ScoreWords) -> str:
    """Return in sentences how a score changes, and whether it crosses the operating point.

    Parameters
    ----------
    shown, hidden : float
        Log odds.
    threshold : float
        A probability.
    """
    name, before, after = tr(said.name).capitalize(), said.of(shown), said.of(hidden)
    if not what:
        return tr("{name} **{number}**. Nothing is hidden.", name=name, number=before)
    changed = tr(
        "{name} **{before} → {after}** without {what}: log odds {shown:+.2f} → {hidden:+.2f}.",
        name=name,
        before=before,
        after=after,
        what=what,
        shown=shown,
        hidden=hidden,
    )
    called = [probability_of(each) >= threshold for each in (shown, hidden)]
    if called[0] == called[1]:
        return changed
    verdict = (
        tr("The model would call the film **suspicious**.")
        if called[1]
        else tr("The model would call the film **not suspicious**.")
    )
    return f"{changed} {verdict}"


def _row(
    name: str,
    log_odds: float,
    threshold: float,
    said: ScoreWords,
    spread: Spread | None = None,
) -> str:
    small, span = number(log_odds, "+.2f"), ""
    if spread is not None:
        small = tr("{low:+.2f} to {high:+.2f}", low=spread.low, high=spread.high)
        low, high = _along(spread.low), _along(spread.high)
        span = _SPAN.format(low=low, width=high - low)
    return _ROW.format(
        label=escape(
            tr(
                "{name}: {kind} {number}, log odds {log_odds:+.2f}, threshold at log odds "
                "{threshold:+.2f}",
                name=name,
                kind=tr(said.name),
                number=said.of(log_odds),
                log_odds=log_odds,
                threshold=log_odds_of(threshold),
            )
        ),
        name=escape(name),
        value=f"{said.of(log_odds)}<br><small>{small}</small>",
        point=_along(log_odds_of(threshold)),
        at=_along(log_odds),
        span=span,
    )


def _draw_rows(rows: Sequence[str], said: ScoreWords) -> None:
    ticks = "".join(
        _TICK.format(at=_along(place), value=value)
        for place, value in said.ticks()
        if abs(place) < FARTHEST
    )
    axis = _AXIS.format(name=tr(said.name), ticks=ticks)
    st.html(f'<div class="fr-what-if">{"".join(rows)}{axis}</div>')
    scale = tr("The line across is the threshold. The small number is the log odds.")
    st.caption(f"{scale} {said.note}")


def _along(log_odds: float) -> float:
    """Return where log odds lie along a row's line, in percent."""
    return 50.0 + 50.0 * min(1.0, max(-1.0, log_odds / FARTHEST))


def _range(spread: Spread, said: ScoreWords) -> str:
    low, high = said.of(spread.low), said.of(spread.high)
    return low if low == high else tr("{low} to {high}", low=low, high=high)


@st.cache_resource(show_spinner=False)
def _results() -> Recent[MarkedHidden]:
    return Recent(KEPT_RESULTS)


def _draw_marked(subject: Subject, boxes: Sequence[Mark]) -> None:
    """Draw the test of the places that were marked at the first read, or else of the boxes."""
    marks = tuple(subject.marks) or tuple(boxes)
    st.markdown(tr("**Does the place matter?**"))
    asked = st.toggle(
        tr("Test what I marked") if subject.marks else tr("Test my boxes"),
        key=MARKED_KEY,
        disabled=not marks,
        help=tr(
            "Hides the place in many ways, and equal places elsewhere in the lungs "
            "in the same ways."
        ),
    )
    if not marks:
        st.caption(tr("Hide a box first, or mark a place at your next first read."))
        return
    if not asked:
        return
    threshold = subject.engine.classifier.run_record.own_threshold
    name = f"{subject.film.view_key}|{subject.run_id}|{[mark.edges for mark in marks]}"
    found, said = _results().get_or_make(name, lambda: _test(subject, marks)), subject.said
    rows = [
        _row(tr("As it is"), found.shown, threshold, said),
        _row(
            tr("Marks hidden") if subject.marks else tr("Boxes hidden"),
            found.hidden.median,
            threshold,
            said,
            found.hidden,
        ),
    ]
    if found.elsewhere is not None:
        elsewhere = found.elsewhere
        rows.append(_row(tr("Equal places hidden"), elsewhere.median, threshold, said, elsewhere))
    _draw_rows(rows, said)
    st.markdown(marked_text(found, said))


def _test(subject: Subject, marks: Sequence[Mark]) -> MarkedHidden:
    return hide_marked(
        get_input(subject.film, subject.engine),
        subject.engine.classifier,
        marks,
        get_healthy(subject.film, subject.engine),
    )


def marked_text(found: MarkedHidden, said: ScoreWords) -> str:
    """Return in sentences what hiding the marked places does, beside equal places elsewhere."""
    hidden, elsewhere = found.hidden, found.elsewhere
    words = tr(
        "Hidden in {ways} ways: **{before} → {after}** ({range}); log odds {shown:+.2f} → "
        "{hidden:+.2f}.",
        ways=hidden.ways,
        before=said.of(found.shown),
        after=said.of(hidden.median),
        range=_range(hidden, said),
        shown=found.shown,
        hidden=hidden.median,
    )
    if elsewhere is None:
        return f"{words} {tr('There is no other place of that size to compare with.')}"
    numbers = {
        "number": said.of(elsewhere.median),
        "range": _range(elsewhere, said),
        "log_odds": elsewhere.median,
    }
    others = (
        tr(
            "Equal places elsewhere in the lungs: {number} ({range}), log odds {log_odds:+.2f}.",
            **numbers,
        )
        if found.in_lungs
        else tr("Equal places elsewhere: {number} ({range}), log odds {log_odds:+.2f}.", **numbers)
    )
    if hidden.high < elsewhere.low:
        meaning = tr("The model's score depends on the marked place more than on others.")
    elif hidden.low > elsewhere.high:
        meaning = tr("Hiding the marked place raises the score more than hiding others.")
    else:
        meaning = tr("The ranges overlap: what the marked place does cannot be told from others.")
    return f"{words} {others} {meaning}"
