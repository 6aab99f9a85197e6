"""Everything that belongs to one visit, under one key of the session state."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import TYPE_CHECKING, Literal
from uuid import uuid4

import streamlit as st

from core.domain.mark import Edges
from core.domain.model import ServedRun
from core.domain.reader import Reader, Role
from core.domain.regions import Way
from core.domain.ward import WardPrevalence
from core.domain.worklist import WorklistFilm, WorklistFilter
from core.jobs.activations import LayersTask
from core.jobs.batch import WAITING, BatchJob, FilmOutcome, UploadedFilm
from core.jobs.explanations import ExplanationTask
from core.language.words import tr
from core.reads.drafts import Draft
from core.store.unfinished import Unfinished
from ui.app.presence import session_id
from ui.components.plain_text import plain

if TYPE_CHECKING:  # what writes PDF is loaded where somebody asks for a report
    from core.implants.practice import Practice
    from core.jobs.implant_test import DrawnTrial, ImplantTask
    from core.jobs.reports import ReportsTask

_KEY = "first_read"


@dataclass(frozen=True, slots=True)
class ReadToken:
    """Names a read that is being written: the film, its reader, and which of their reads it is."""

    film: str
    reader: str
    turn: int


@dataclass(slots=True)
class HiddenParts:
    """What a visitor hides of a film to see what its probability would be.

    Attributes
    ----------
    cut : str
        Names how the film is cut into the regions.
    regions : tuple of int
        Labels of an explanation.
    boxes : tuple of Edges
        As shares of the film's sides.
    before : list of (tuple of int, tuple of Edges)
        What was hidden before each change, to be undone.
    turn : int
        Rises when the page, and not the visitor, changes what is hidden.
    """

    cut: str = ""
    regions: tuple[int, ...] = ()
    boxes: tuple[Edges, ...] = ()
    before: list[tuple[tuple[int, ...], tuple[Edges, ...]]] = field(default_factory=list)
    turn: int = 0

    def keep_to(self, cut: str) -> None:
        """Let go of the regions of a film that was cut in another way; boxes stay."""
        if self.cut != cut:
            self.cut, self.regions = cut, ()
            self.before = [((), boxes) for _, boxes in self.before]

    def hide(self, regions: tuple[int, ...], boxes: tuple[Edges, ...]) -> None:
        """Take over what is hidden now."""
        if (regions, boxes) != (self.regions, self.boxes):
            self.before.append((self.regions, self.boxes))
            self.regions, self.boxes = regions, boxes

    def undo(self) -> None:
        """Go back by one change."""
        if self.before:
            self.regions, self.boxes = self.before.pop()
            self.turn += 1

    def show_all(self) -> None:
        """Hide nothing any more; this can be undone."""
        self.hide((), ())
        self.turn += 1


@dataclass(slots=True)
class Visit:
    """One browser session.

    Attributes
    ----------
    films : dict of str to UploadedFilm
        By sha256, in the order of the list: of a site that keeps films, those that are listed now.
        Else all of this visit, whose bytes stay in memory and are never written to disk.
    listed : dict of str to WorklistFilm
        What the shared worklist says of them, where films are kept.
    paused : bool
        Whether the visitor has stopped the reading of kept films.
    find : str
        Part of the name of the kept films that are listed; empty for all.
    put_away : set of str
        Refused pictures that were put away while the list is open: they stay in it.
    list_of : (WorklistFilter, int) or None
        What is listed, and how many films come before it.
    followed_address : bool
        Whether the films that the address named at first were opened.
    selected : str or None
        The film on the viewer.
    claimed : set of str
        The kept films that this visit has claimed.
    reader, roles : str, frozenset of Role
        Who acts; the guard asks again on every run.
    role_changed : bool
        Whether another window has changed the local user's role, and nobody has said so here.
    logged_in : bool
        Whether a log-in says who acts; otherwise it is the local user, who says it.
    upload_round : int
        Part of the uploader's key: a new round empties it.
    read_by : ServedRun or None
        The run that the outcomes are of.
    explaining : ExplanationTask or None
        The explanation that the reader is waiting for or looking at.
    last_film : str or None
        The film that was open last in the error gallery.
    notice : str
        One sentence to show once on the next run.
    left_out : str
        Why films of the last upload are not in the list; empty if all are.
    own : bool
        Whether the visitor has added films, or removed the synthetic ones: no others come back.
    with_examples : bool
        Whether the visitor has asked for the synthetic films beside their own.
    examples_left : int
        How many synthetic films left the list for added ones, until the visitor has seen it said.
    reading : ReadToken or None
        The read that the film on the screen is shown for.
    drafts : dict of ReadToken to Draft
        What a read's form begins with: what was drafted before this visit.
    form_keys : dict of ReadToken to str
        What names the form of a read in the page.
    writing : ReadToken or None
        The read whose form was drawn last.
    shown : (ReadToken, datetime) or None
        Since when a film is shown for a read, while that cannot be stored.
    left : list of (ReadToken, datetime)
        When films were left, as far as that is not stored.
    not_kept : str
        Why the database did not take what was done last; empty if it did.
    kept : dict of ReadToken to Draft
        What was kept last of a read that is being written.
    regions_asked : set of (str, str)
        Film and reader who asked for its regions, where the site reads first.
    correcting : set of ReadToken
        The corrections of signed reads whose forms are open.
    stored : set of ReadToken
        The reads that this visit has locked or signed.
    scores_asked : set of (str, str)
        Film and reader who asked for the score of an adult's film.
    way : Way
        How regions are found, where the run lets one choose.
    doubted_asked : set of str
        Films whose regions are not to be relied on, and were asked for all the same.
    hidden : dict of str to HiddenParts
        What is hidden of a film, by what names it and its regions.
    drawn : dict of str to tuple of Edges
        Where a first read that is not locked yet marks its film, by the marking's token.
    following : str or None
        The next film that waits for the visitor's read, by the order of the list.
    done : str
        The film that was finished last, until another is opened: the way on has the focus.
    locked : str
        The film whose first read was locked last: what asks for its regions has the focus.
    gone_on : str
        The film that was opened last by the way on: the film itself has the focus.
    greeted : (str, str or None, int) or None
        Reader, open film and number of stored reads at which `unfinished` was counted.
    unfinished : Unfinished or None
        What that reader has begun.
    hides_unfinished : bool
        Whether that reader has closed the line that says so.
    nameless : int
        How often a name was asked for: each time its field has the focus.
    shown_read : str
        Which read of a teaching session this window shows; empty where any may follow.
    study_film : str
        The film of a reader study that is on the screen, by its read; empty once it was left.
    complaint : str
        What a signature lacked, until the film or the signature changes.
    beside : dict of str to str
        Which prior film stands beside a film; empty for none.
    layers : LayersTask or None
        The layers that were asked for last.
    reports : dict of str to ReportsTask
        The reports that were asked for last, by what they are of: the open film, or the list.
    ward : (str, WardPrevalence or None) or None
        The film that is open, and the prevalence that it is read with.
    implant_test : ImplantTask or None
        The implant test that was begun last.
    practice : Practice or None
        The round of implanted lesions that is under way.
    drawn_trial : DrawnTrial or None
        The open film of that round.
    """

    films: dict[str, UploadedFilm] = field(default_factory=dict)
    listed: dict[str, WorklistFilm] = field(default_factory=dict)
    outcomes: dict[str, FilmOutcome] = field(default_factory=dict)
    job: BatchJob | None = None
    paused: bool = False
    find: str = ""
    put_away: set[str] = field(default_factory=set)
    list_of: tuple[WorklistFilter, int] | None = None
    followed_address: bool = False
    selected: str | None = None
    claimed: set[str] = field(default_factory=set)
    reader: str = ""
    roles: frozenset[Role] = frozenset()
    role_changed: bool = False
    logged_in: bool = False
    upload_round: int = 0
    read_by: ServedRun | None = None
    explaining: ExplanationTask | None = None
    last_film: str | None = None
    notice: str = ""
    left_out: str = ""
    own: bool = False
    with_examples: bool = False
    examples_left: int = 0
    reading: ReadToken | None = None
    writing: ReadToken | None = None
    shown: tuple[ReadToken, datetime] | None = None
    left: list[tuple[ReadToken, datetime]] = field(default_factory=list)
    not_kept: str = ""
    drafts: dict[ReadToken, Draft] = field(default_factory=dict)
    form_keys: dict[ReadToken, str] = field(default_factory=dict)
    kept: dict[ReadToken, Draft] = field(default_factory=dict)
    regions_asked: set[tuple[str, str]] = field(default_factory=set)
    correcting: set[ReadToken] = field(default_factory=set)
    stored: set[ReadToken] = field(default_factory=set)
    scores_asked: set[tuple[str, str]] = field(default_factory=set)
    way: Way = Way.CAM
    doubted_asked: set[str] = field(default_factory=set)
    hidden: dict[str, HiddenParts] = field(default_factory=dict)
    drawn: dict[str, tuple[Edges, ...]] = field(default_factory=dict)
    following: str | None = None
    done: str = ""
    locked: str = ""
    gone_on: str = ""
    greeted: tuple[str, str | None, int] | None = None
    unfinished: Unfinished | None = None
    hides_unfinished: bool = False
    nameless: int = 0
    shown_read: str = ""
    study_film: str = ""
    complaint: str = ""
    beside: dict[str, str] = field(default_factory=dict)
    layers: LayersTask | None = None
    reports: dict[str, ReportsTask] = field(default_factory=dict)
    ward: tuple[str, WardPrevalence | None] | None = None
    implant_test: ImplantTask | None = None
    practice: Practice | None = None
    drawn_trial: DrawnTrial | None = None

    def correct(self, token: ReadToken) -> None:
        """Open the form that corrects a signed read."""
        self.correcting.add(token)
        self.complaint = ""

    def cancel_correction(self, token: ReadToken) -> None:
        """Close the form that corrects a signed read; the next one begins with the signed words."""
        self.correcting.discard(token)
        for kept in (self.drafts, self.kept):
            kept.pop(token, None)
        self.form_keys[token] = f"{self.form_key(token)}-{uuid4().hex[:8]}"  # an empty one
        self.complaint = ""

    def show_whole_lungs(self) -> None:
        """Explain films by all of the lungs from now on."""
        self.way = Way.WHOLE_LUNGS

    @property
    def acting(self) -> Reader:
        """Who acts."""
        return Reader(self.reader.strip(), self.roles)

    @property
    def size_bytes(self) -> int:
        """Bytes of all films that lie in memory."""
        return sum(film.held_bytes for film in self.films.values())

    def remove(self, keys: Collection[str]) -> None:
        """Let go of films; what was stored of them stays."""
        for key in keys:
            self.films.pop(key, None)
            self.outcomes.pop(key, None)
        self.put_away.difference_update(keys)
        if self.selected not in self.films:
            self.selected = None
        self.left_out = ""

    def remove_shipped(self) -> None:
        """Let go of the synthetic films that ship with the app."""
        self.remove([key for key, film in self.films.items() if film.shipped])

    def give_way(self) -> None:
        """Let the synthetic films leave the list for others, unless both were asked for."""
        if not self.with_examples:
            self.examples_left += sum(film.shipped for film in self.films.values())
            self.remove_shipped()

    def absorb_job(self) -> None:
        """Take over what the running batch has finished; let go of a batch that has ended."""
        job = self.job  # a run of the page that is over may still be at it in its own thread
        if job is None:
            return
        running = job.running
        taken = job.take_outcomes()
        self.outcomes.update({key: taken[key] for key in taken if key in self.films})
        if not running:
            self.notice = job.sentence or self.notice
            self.job = None if self.job is job else self.job

    def wait_for(self, task: ExplanationTask | None) -> None:
        """Wait for this explanation, and not for an earlier one any more."""
        left, self.explaining = self.explaining, task
        if left is not None and left is not task:
            left.leave(session_id())

    def keep_to(self, served: ServedRun) -> bool:
        """Let go of what another run than the served one said; return whether there was any."""
        swapped = self.read_by not in (None, served)
        self.read_by = served
        if not (swapped and self.films):
            return False
        if self.job is not None:
            self.job.cancel()
        self.job, self.outcomes = None, {}
        return True

    def form_key(self, token: ReadToken) -> str:
        """Return what names the form of a read in the page; each reader has an own form."""
        if token not in self.form_keys:
            key = f"{token.film}-{token.turn}-{sha256(token.reader.encode()).hexdigest()[:8]}"
            taken = key in self.form_keys.values()
            self.form_keys[token] = f"{key}-{uuid4().hex[:8]}" if taken else key
        return self.form_keys[token]

    def pass_on(self, written: ReadToken, token: ReadToken) -> None:
        """Make what nobody in particular has written the read of who has given a name by now."""
        self.form_keys[token] = self.form_key(written)
        del self.form_keys[written]
        self.drafts.pop(token, None)
        for kept in (self.drafts, self.kept):
            if written in kept:
                kept[token] = kept.pop(written)

    def outcome(self, key: str) -> FilmOutcome:
        """Return what became of a film so far."""
        return self.outcomes.get(key, WAITING)


def show_notice(visit: Visit, duration: Literal["short", "long"] = "short") -> None:
    """Show what the last run left to say, once."""
    if visit.notice:
        st.toast(plain(visit.notice), duration=duration)
        visit.notice = ""


def show_not_kept(visit: Visit) -> None:
    """Say why the database did not take what was done last, if it did not."""
    if visit.not_kept:
        st.warning(
            tr("Your input is on this page and not stored yet. {why}", why=plain(visit.not_kept)),
            icon=":material/save:",
        )


def get_visit() -> Visit:
    """Return this browser session's visit."""
    if _KEY not in st.session_state:
        st.session_state[_KEY] = Visit()
    visit: Visit = st.session_state[_KEY]
    return visit
