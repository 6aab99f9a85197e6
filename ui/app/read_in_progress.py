"""Keeps what is done at a read while it is written, so that an interruption loses none of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from core.domain.mark import Mark
from core.domain.reader import Act, Reader, reader_key
from core.domain.review import ReadKind, ReviewRecord
from core.errors import ReviewStoreError
from core.jobs.batch import UploadedFilm
from core.language.words import msg
from core.pipeline import FilmReading
from core.reads.drafts import Draft, ReadInProgress, ReviewStepKind, draft_as_json
from core.reads.protocol import first_read_of, kind_of_next, reads_by
from core.reads.signing import utc_now
from core.settings import get_settings
from core.store.drafts import SqlReviewSteps
from ui.app.resources import get_database, get_store
from ui.app.session import ReadToken, Visit

CHANGED = msg(
    "The reader has changed, and this is the new reader's own form. The other read stays with "
    "the reader who wrote it."
)


ELSEWHERE = msg("Your read of this film was stored in another window.")
KEPT_HERE = msg(
    "Your read of this film was stored in another window. What you chose here stands in the form "
    "of your next read."
)


def get_review_steps() -> SqlReviewSteps:
    """Return the kept steps of reads."""
    return SqlReviewSteps(get_database())


@dataclass(frozen=True, slots=True)
class ReadContext:
    """The film that is open in one run of the page Worklist, and what is stored of it.

    Attributes
    ----------
    reading : FilmReading or None
        None until the film has been read, and for one that cannot be.
    history : sequence of ReviewRecord
        Of the film, oldest first.
    """

    visit: Visit
    film: UploadedFilm
    reading: FilmReading | None
    history: Sequence[ReviewRecord]

    @property
    def own(self) -> list[ReviewRecord]:
        """What the visitor has stored of the film, oldest first."""
        return reads_by(self.history, self.visit.acting.name)

    @property
    def token(self) -> ReadToken:
        """Which read of the film the visitor's next one is; others' reads do not count."""
        return ReadToken(self.film.key, reader_key(self.visit.acting.name), len(self.own))

    @property
    def form_key(self) -> str:
        """What names the form of the visitor's next read in the page."""
        return self.visit.form_key(self.token)

    @property
    def kind(self) -> ReadKind:
        """Which kind of read the visitor's next one is."""
        return kind_of_next(
            self.history,
            self.visit.acting.name,
            None if self.reading is None else self.reading.prediction,
            read_first=get_settings().read_first,
        )

    @property
    def drawn(self) -> tuple[Mark, ...]:
        """What is marked on the film and not locked yet."""
        return tuple(Mark(*edges) for edges in self.visit.drawn.get(self.form_key, ()))

    @property
    def drawn_at_first(self) -> tuple[Mark, ...]:
        """What the visitor marked at their locked first read, on the film as it lies now."""
        first = first_read_of(self.history, self.visit.acting.name)
        if first is None:
            return ()
        quarters = self.film.turn.quarters - first.quality.turn.quarters
        return tuple(mark.turned(quarters) for mark in first.drawn)

    @property
    def regions_asked(self) -> bool:
        """Whether the visitor has asked for the model's regions."""
        return (self.film.key, self.token.reader) in self.visit.regions_asked

    @property
    def hides_score(self) -> bool:
        """Whether the score is held back: an adult's film, and nobody asked for it."""
        asked = (self.film.key, self.token.reader) in self.visit.scores_asked
        return self.reading is not None and self.reading.quality.score_on_request and not asked

    @property
    def of_others(self) -> bool:
        """Whether the film is of a population that the regions were not measured on."""
        return self.reading is not None and self.reading.quality.of_others

    @property
    def shows_regions(self) -> bool:
        """Whether the model's regions are on the film: at once, or on request after reading."""
        if self.hides_score:
            return False
        return not get_settings().read_first or (self.regions_asked and self.kind is ReadKind.READ)


def open_read(visit: Visit, key: str) -> ReadContext:
    """Return one of the visit's films with what is stored of it."""
    history = get_store().history(key)
    return ReadContext(visit, visit.films[key], visit.outcome(key).reading, history)


def progress_of(token: ReadToken) -> ReadInProgress:
    """Return how far a read has come, by what is kept."""
    return get_review_steps().progress(token.film, token.reader, token.turn)


def record_progress(read: ReadContext) -> None:
    """Note that a film is shown for a read, and take up what was kept of that read.

    Where the database cannot be written, `Visit.not_kept` says why: the film and the read stay on
    the page, and the next run tries again.
    """
    visit, visit.not_kept = read.visit, ""
    try:
        _note_reader(visit, read.token)
        _note_shown(read)
    except ReviewStoreError as exc:
        visit.not_kept = exc.sentence


def _note_reader(visit: Visit, token: ReadToken) -> None:
    """Keep a read with its reader: who gives a name goes on with it, and another name does not."""
    before, visit.writing = visit.writing, token
    if before is None or before.film != token.film:
        return
    if before.reader == token.reader:
        if token.reader and before.turn < token.turn and before not in visit.stored:
            _note_elsewhere(visit, before, token)
        return
    visit.complaint = ""
    if before.reader == "" and before.turn == token.turn:
        if before in visit.kept or not _is_drafted(token):
            _pass_on(visit, before, token)
    elif before in visit.kept:
        visit.complaint = CHANGED


def _note_elsewhere(visit: Visit, written: ReadToken, token: ReadToken) -> None:
    """Say that another window has stored the read; what was chosen here begins the next one."""
    visit.complaint = ELSEWHERE
    if written in visit.kept:
        visit.drafts.setdefault(token, replace(visit.kept[written], drawn=()))
        visit.complaint = KEPT_HERE


def _pass_on(visit: Visit, written: ReadToken, token: ReadToken) -> None:
    """Make the form of nobody in particular that of who has given a name; what is kept, too."""
    stored = written in visit.kept
    visit.pass_on(written, token)
    if stored and visit.acting.may(Act.SIGN_READ):
        _note_empty(written, Reader(written.reader, visit.roles))


def _is_drafted(token: ReadToken) -> bool:
    try:
        return progress_of(token).draft is not None
    except ReviewStoreError:
        return False  # then the form is all that there is


def _note_shown(read: ReadContext) -> None:
    visit, key = read.visit, read.film.key
    if read.reading is None or not visit.acting.may(Act.SIGN_READ):
        leave(visit)
        return
    token, before = read.token, visit.reading
    if token == before:
        return
    _take_up(visit, token)
    since = utc_now()
    if before is not None and (before.film, before.reader) == (key, ""):
        since = progress_of(before).since or since  # the reader has only written their name by now
    if visit.shown is None or visit.shown[0] != token:
        visit.shown = token, since
    _note_left(visit)
    at = visit.shown[1]
    get_review_steps().note(key, token.turn, ReviewStepKind.OPENED, visit.acting, at=at)
    visit.reading, visit.shown = token, None


def _take_up(visit: Visit, token: ReadToken) -> None:
    progress = progress_of(token)
    if progress.draft not in (None, Draft()) and token not in visit.kept:
        visit.drafts[token] = visit.kept[token] = progress.draft
        edges = tuple(mark.edges for mark in progress.draft.drawn)
        visit.drawn.setdefault(visit.form_key(token), edges)
    if progress.regions_asked:
        visit.regions_asked.add((token.film, token.reader))


def leave(visit: Visit) -> None:
    """Note that the film is not shown for its read any more."""
    visit.shown = None
    _note_left(visit)


def _note_left(visit: Visit) -> None:
    """Note which film was left, and what could not be noted of that before."""
    reading, visit.reading = visit.reading, None
    if reading is not None:
        visit.left.append((reading, utc_now()))
    while visit.left:
        # Taken first: a run of the page that is over may still be at it in its own thread.
        try:
            token, at = visit.left.pop(0)
        except IndexError:
            return
        by = Reader(token.reader, visit.roles)
        try:
            if by.may(Act.SIGN_READ):
                get_review_steps().note(token.film, token.turn, ReviewStepKind.LEFT, by, at=at)
        except ReviewStoreError:
            visit.left.insert(0, (token, at))
            raise


def keep_draft(read: ReadContext, draft: Draft, begun: Draft) -> None:
    """Keep what is being written, if it is other than what is kept or what it began with.

    Where that fails, `Visit.not_kept` says why, and the next run tries again.
    """
    visit, token = read.visit, read.token
    if draft == visit.kept.get(token, begun):
        return
    steps, stored = get_review_steps(), draft_as_json(draft)
    try:
        steps.note(token.film, token.turn, ReviewStepKind.DRAFT, visit.acting, stored)
    except ReviewStoreError as exc:
        visit.not_kept = exc.sentence
    else:
        visit.kept[token] = draft


def cancel_correction(read: ReadContext) -> None:
    """Let go of what was written to correct a signed read.

    Where the database cannot be written, `Visit.not_kept` says why and the form stays open.
    """
    visit, token = read.visit, read.token
    if token in visit.kept:
        try:
            _note_empty(token, visit.acting)
        except ReviewStoreError as exc:
            visit.not_kept = exc.sentence
            return
    visit.cancel_correction(token)


def _note_empty(token: ReadToken, by: Reader) -> None:
    """Note that nothing is written for a read any more."""
    empty = draft_as_json(Draft())
    get_review_steps().note(token.film, token.turn, ReviewStepKind.DRAFT, by, empty)


def keep_regions_asked(read: ReadContext) -> None:
    """Keep that the reader wants to see the model's regions."""
    visit, token = read.visit, read.token
    get_review_steps().note(token.film, token.turn, ReviewStepKind.REGIONS, visit.acting)
    visit.regions_asked.add((token.film, token.reader))


def film_left_open(visit: Visit, signed: Mapping[str, ReviewRecord]) -> str | None:
    """Return which of the visit's films its reader worked on last and has not signed, if any.

    Parameters
    ----------
    signed : mapping of str to ReviewRecord
        Each film's newest standing record, the reader's own where there is one.
    """
    name = visit.acting.name
    key = get_review_steps().newest_film(visit.films.keys(), name)
    if key is None or key not in signed:
        return key
    # Another's record may supersede the reader's own, which is in the history alone then.
    own = reads_by([signed[key]], name) or reads_by(get_store().history(key), name)
    return key if not own or own[-1].kind is ReadKind.FIRST else None
