"""An earlier film of the same patient beside the open one, and what is known of it."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.domain.findings import findings_text
from core.domain.model import Prediction
from core.domain.reader import reader_key
from core.domain.review import ReadKind, ReviewRecord, verdict_words
from core.domain.worklist import FilmStatus, WorklistFilm
from core.errors import Cancelled, FilmStoreError, RadiographError
from core.jobs.kept_films import as_uploaded, outcome_of
from core.language.words import msg, tr
from core.pipeline import FilmReading
from core.reads.priors import FilmScore, change_text, history_of, log_odds_of, span_text
from core.reads.protocol import has_own_read
from core.settings import get_settings
from ui.app.query_params import put
from ui.app.read_in_progress import ReadContext
from ui.app.resources import get_film_view, get_films, get_identity, get_store
from ui.app.ward import number_of
from ui.components.plain_text import plain
from ui.components.viewer.viewer import Pair, show_film

PRIOR_VIEWER = "viewer-prior"
PAIR = "open and prior"
CHOICE_HEIGHT = 56
"""Of the line above the films, in CSS pixels."""
KEY = "y"
FILM, PRIOR = "film", "prior"
"""Name in the address the open film and the one beside it, by the beginning of their hashes."""
CODE_LENGTH = 12
UNSETTLED = msg("No settled read of it yet.")
NOT_MEASURED = msg(
    "How much the score differs between films of an unchanged chest was not measured."
)
_SAID = {
    ReadKind.FIRST: msg("first read"),
    ReadKind.READ: msg("signed"),
    ReadKind.ARBITRATION: msg("arbitration"),
}


@dataclass(frozen=True, slots=True, eq=False)
class Priors:
    """The earlier films of the open film's patient.

    Attributes
    ----------
    spans : dict of str to str
        For each film how long before it was taken, the newest first.
    beside : WorklistFilm or None
        The one that stands beside the open film.
    """

    spans: dict[str, str]
    beside: WorklistFilm | None = None

    @property
    def height(self) -> int:
        """What the choice takes from the films, in CSS pixels."""
        return CHOICE_HEIGHT if self.spans else 0

    @property
    def keys(self) -> tuple[tuple[str, str], ...]:
        """The page's keys for them, as the viewer lists keys."""
        return ((KEY, tr("Newest prior film beside, or away")),) if self.spans else ()

    @property
    def pair(self) -> Pair | None:
        """What links the open film to the one beside it."""
        return None if self.beside is None else Pair(PAIR, tr("This film"))

    @property
    def span(self) -> str:
        """How long before the film beside was taken."""
        return "" if self.beside is None else self.spans[self.beside.film_sha256]


def priors_of(read: ReadContext) -> Priors:
    """Return the earlier films of a film's patient, and which of them is to stand beside it."""
    listed = read.visit.listed.get(read.film.key)
    if listed is None or not listed.patient or listed.taken_at is None:
        return Priors({})
    found = {film.film_sha256: film for film in get_films().priors(read.film.key)}
    spans = {
        key: span_text(listed.taken_at - film.taken_at)
        for key, film in found.items()
        if film.taken_at is not None
    }
    return Priors(spans, found.get(read.visit.beside.get(read.film.key, "")))


def lay_out(read: ReadContext, priors: Priors) -> tuple[DeltaGenerator, DeltaGenerator | None]:
    """Draw the choice of a prior film; return the places of the open film and of the prior."""
    _put_into_address(read, priors)
    if not priors.spans:
        return st.container(), None
    _draw_choice(read, priors)
    if priors.beside is None:
        return st.container(), None
    here, there = st.columns(2, gap="small")
    return here, there


def is_code(text: str) -> bool:
    """Return whether a text of the address may be the beginning of a film's hash."""
    return len(text) >= CODE_LENGTH and text.isascii() and text.isalnum()


def _put_into_address(read: ReadContext, priors: Priors) -> None:
    """Let a reload, or whoever gets the address, see the same two films."""
    film = "" if priors.beside is None else read.film.key[:CODE_LENGTH]
    prior = "" if priors.beside is None else priors.beside.film_sha256[:CODE_LENGTH]
    stands = st.query_params.get(FILM, ""), st.query_params.get(PRIOR, "")
    if stands != (film, prior):
        put(**{FILM: film, PRIOR: prior})


def _draw_choice(read: ReadContext, priors: Priors) -> None:
    film, beside = read.film.key, priors.beside
    names = list(priors.spans)
    words = {"": tr("No prior film beside")} | {
        name: tr("Prior {n}: {span}", n=n, span=priors.spans[name])
        for n, name in enumerate(names, 1)
    }
    key, shown = f"prior-{film}", "" if beside is None else beside.film_sha256

    def put(name: str) -> None:
        read.visit.beside[film] = name

    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            tr("Prior film: {span}", span=priors.spans[names[0]])
            if beside is None
            else tr("Close the prior film"),
            icon=":material/compare:" if beside is None else ":material/close:",
            shortcut=KEY,
            on_click=put,
            args=("" if beside else names[0],),
            key="prior-newest",
        )
        if len(names) > 1:
            if st.session_state.get(key) != shown:
                st.session_state[key] = shown
            st.selectbox(
                tr("Prior film"),
                list(words),
                format_func=words.__getitem__,
                key=key,
                on_change=lambda: put(st.session_state[key]),
                label_visibility="collapsed",
                width=220,
            )


def draw_prior(priors: Priors, place: DeltaGenerator | None, height: str) -> None:
    """Show the prior film, or the sentence that says why it cannot be shown.

    Parameters
    ----------
    height : str
        As in `show_film`.
    """
    if priors.beside is None or place is None:
        return
    with place:
        try:
            view = get_film_view(as_uploaded(priors.beside, get_films()))
        except (RadiographError, FilmStoreError, Cancelled) as exc:
            st.error(plain(str(exc)), icon=":material/broken_image:")
            return
        pair = Pair(PAIR, tr("Prior film, {span}", span=priors.span), companion=True)
        show_film(view, key=PRIOR_VIEWER, height=height, pair=pair)


def draw_account(read: ReadContext, priors: Priors) -> None:
    """Say what was signed of the prior film, and how the score has changed where one may know."""
    prior = priors.beside
    if prior is None:
        return
    history = get_store().history(prior.film_sha256)
    reader = read.visit.acting.name
    settled = prior.status is FilmStatus.SIGNED
    known = [_read_text(one) for one in history_of(history, reader, settled=settled)]
    heading = tr("**Prior film, {span}**", span=priors.span)
    st.caption("  \n".join([heading, *(known or [tr(UNSETTLED)])]))
    now = None if read.reading is None else read.reading.prediction
    if now is None or read.hides_score or _is_blind(read):
        return
    if get_settings().read_first and not (settled or has_own_read(history, reader)):
        st.caption(
            tr(
                "The change of the model's score is shown once you have locked a first read of the "
                "prior film too, or it is signed."
            )
        )
        return
    said = outcome_of(prior, get_identity()).reading
    before = None if said is None or _is_held_back(read, said) else said.prediction
    if before is None or before.run_id != now.run_id:
        st.caption(tr("No score of the prior film by the same run: no change is stated."))
        return
    name, (then, here) = _scores(read, before, now)
    if said is not None and said.quality.of_others != read.of_others:
        name = ""  # one number would be a probability here, and the other a likelihood ratio
    heading, change = change_text(then, here, priors.span, name)
    st.caption(f"**{heading}**  \n{change}", help=tr(NOT_MEASURED))


def _scores(read: ReadContext, *predictions: Prediction) -> tuple[str, list[FilmScore]]:
    """Return the kind of number that scores have on the page, and what is told of each.

    The kind is empty where the served run's scores have no likelihood ratio.
    """
    numbers = [number_of(read, prediction) for prediction in predictions]
    scores = [
        FilmScore(prediction.side, log_odds_of(prediction))
        if number is None
        else FilmScore(prediction.side, number.ratio.log_value, number.words)
        for prediction, number in zip(predictions, numbers, strict=True)
    ]
    return "" if numbers[0] is None else numbers[0].name, scores


def _read_text(record: ReviewRecord) -> str:
    """Return a read without its comment, which may tell what the model said."""
    read = record.read
    found = tr(findings_text(read.findings))
    said = tr(
        "{kind} {verdict}{confidence}, by {reader}.",
        kind=_SAID[record.kind],
        verdict=verdict_words(read.verdict),
        confidence=read.confidence_text,
        reader=plain(record.reader),
    )
    said = f"{said[:1].upper()}{said[1:]}"
    return f"{said} {found.capitalize()}." if found else said


def _is_blind(read: ReadContext) -> bool:
    """Return whether the visitor is to read the open film before anything of the model is shown."""
    own = has_own_read(read.history, read.visit.acting.name)
    return read.kind is ReadKind.FIRST or (get_settings().read_first and not own)


def _is_held_back(read: ReadContext, said: FilmReading) -> bool:
    """Return whether the prior film is an adult's, and nobody asked for its score."""
    asked = (said.film_sha256, reader_key(read.visit.acting.name)) in read.visit.scores_asked
    return said.quality.score_on_request and not asked
