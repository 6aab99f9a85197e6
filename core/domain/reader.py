"""Who acts, and the one table of what each role may open and write."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from core.errors import NotAllowed
from core.language.lists import all_of, one_of
from core.language.words import Message, msg


class Role(StrEnum):
    """A person's role in the reading room."""

    TRAINEE = "trainee"
    READER = "reader"
    TEACHER = "teacher"
    LEAD = "lead"
    ADMIN = "admin"


_ROLES: Mapping[Role, Message] = {
    Role.TRAINEE: msg("trainee"),
    Role.READER: msg("reader"),
    Role.TEACHER: msg("teacher"),
    Role.LEAD: msg("lead"),
    Role.ADMIN: msg("admin"),
}


class Act(StrEnum):
    """A page to open or a thing to write; the value completes "may not ..."."""

    OPEN_REVIEW = "open the page Worklist"
    OPEN_REGIONS = "open the page Regions"
    OPEN_ERRORS = "open the page Errors"
    OPEN_SUBGROUPS = "open the page Subgroups"
    OPEN_RUNS = "open the page Compare runs"
    OPEN_MODEL_CARD = "open the page Model card"
    OPEN_TEACHING = "open the page Teaching"
    OPEN_RECORDS = "open the page Records"
    COMPARE_RUNS = "compare runs"
    ADD_FILMS = "add films to the worklist"
    ERASE_FILMS = "erase films"
    SIGN_READ = "sign a read"
    TAKE_SESSION = "take a teaching session"
    MAKE_CASE_SET = "put a case set together"
    SEE_GROUP = "see how others read a case set"
    ARBITRATE = "arbitrate between reads"
    NOTE_CASE = "note a case"
    CHANGE_CAUSES = "change the list of causes"
    IMPORT_RUN = "import a run"
    CHOOSE_SERVED_RUN = "change the active model"
    SET_PREVALENCE = "set the ward's prevalence"
    OPEN_SITE = "open the page Site"
    OPEN_ARCHIVE = "open the page Archive"
    SET_ARCHIVE = "change how the archive is reached"
    OPEN_READER_STUDY = "open the page Reader study"
    MAKE_STUDY = "make a reader study"
    READ_IN_STUDY = "read in a reader study"
    ACKNOWLEDGE_ALARM = "acknowledge an alarm of the weekly check"
    CHOOSE_SHADOW_RUN = "choose the run that reads along"
    CHANGE_SITE_SETS = "add or remove a set of this site's films"


_ACTS: Mapping[Act, Message] = {
    Act.OPEN_REVIEW: msg("open the page Worklist"),
    Act.OPEN_REGIONS: msg("open the page Regions"),
    Act.OPEN_ERRORS: msg("open the page Errors"),
    Act.OPEN_SUBGROUPS: msg("open the page Subgroups"),
    Act.OPEN_RUNS: msg("open the page Compare runs"),
    Act.OPEN_MODEL_CARD: msg("open the page Model card"),
    Act.OPEN_TEACHING: msg("open the page Teaching"),
    Act.OPEN_RECORDS: msg("open the page Records"),
    Act.COMPARE_RUNS: msg("compare runs"),
    Act.ADD_FILMS: msg("add films to the worklist"),
    Act.ERASE_FILMS: msg("erase films"),
    Act.SIGN_READ: msg("sign a read"),
    Act.TAKE_SESSION: msg("take a teaching session"),
    Act.MAKE_CASE_SET: msg("put a case set together"),
    Act.SEE_GROUP: msg("see how others read a case set"),
    Act.ARBITRATE: msg("arbitrate between reads"),
    Act.NOTE_CASE: msg("note a case"),
    Act.CHANGE_CAUSES: msg("change the list of causes"),
    Act.IMPORT_RUN: msg("import a run"),
    Act.CHOOSE_SERVED_RUN: msg("change the active model"),
    Act.SET_PREVALENCE: msg("set the ward's prevalence"),
    Act.OPEN_SITE: msg("open the page Site"),
    Act.OPEN_ARCHIVE: msg("open the page Archive"),
    Act.SET_ARCHIVE: msg("change how the archive is reached"),
    Act.OPEN_READER_STUDY: msg("open the page Reader study"),
    Act.MAKE_STUDY: msg("make a reader study"),
    Act.READ_IN_STUDY: msg("read in a reader study"),
    Act.ACKNOWLEDGE_ALARM: msg("acknowledge an alarm of the weekly check"),
    Act.CHOOSE_SHADOW_RUN: msg("choose the run that reads along"),
    Act.CHANGE_SITE_SETS: msg("add or remove a set of this site's films"),
}


def act_words(act: Act) -> Message:
    """Return what completes "may not ..."."""
    return _ACTS[act]


def role_words(role: Role) -> Message:
    """Return the name of a role."""
    return _ROLES[role]


_DOCTORS = frozenset({Role.READER, Role.TEACHER, Role.LEAD})
_ALL = frozenset(Role)

WHO_MAY: Mapping[Act, frozenset[Role]] = {
    Act.OPEN_REVIEW: _ALL,
    Act.OPEN_REGIONS: _ALL,
    Act.OPEN_ERRORS: _ALL - {Role.TRAINEE},
    Act.OPEN_SUBGROUPS: _ALL - {Role.TRAINEE},
    Act.OPEN_RUNS: _ALL,
    Act.OPEN_MODEL_CARD: _ALL,
    Act.OPEN_TEACHING: _ALL,
    Act.OPEN_RECORDS: _ALL - {Role.TRAINEE},
    Act.COMPARE_RUNS: frozenset({Role.TEACHER, Role.LEAD, Role.ADMIN}),
    Act.ADD_FILMS: _ALL,
    Act.ERASE_FILMS: frozenset({Role.LEAD, Role.ADMIN}),
    Act.SIGN_READ: _DOCTORS,
    Act.TAKE_SESSION: _DOCTORS | {Role.TRAINEE},
    Act.MAKE_CASE_SET: frozenset({Role.TEACHER, Role.LEAD}),
    Act.SEE_GROUP: frozenset({Role.TEACHER, Role.LEAD}),
    Act.ARBITRATE: frozenset({Role.LEAD}),
    Act.NOTE_CASE: _DOCTORS,
    Act.CHANGE_CAUSES: frozenset({Role.TEACHER, Role.LEAD, Role.ADMIN}),
    Act.IMPORT_RUN: frozenset({Role.LEAD, Role.ADMIN}),
    Act.CHOOSE_SERVED_RUN: frozenset({Role.LEAD}),
    Act.SET_PREVALENCE: frozenset({Role.LEAD}),
    Act.OPEN_SITE: frozenset({Role.LEAD, Role.ADMIN}),
    Act.OPEN_ARCHIVE: frozenset({Role.LEAD, Role.ADMIN}),
    Act.SET_ARCHIVE: frozenset({Role.LEAD, Role.ADMIN}),
    Act.OPEN_READER_STUDY: _ALL,
    Act.MAKE_STUDY: frozenset({Role.TEACHER, Role.LEAD}),
    Act.READ_IN_STUDY: _DOCTORS | {Role.TRAINEE},
    Act.ACKNOWLEDGE_ALARM: frozenset({Role.LEAD}),
    Act.CHOOSE_SHADOW_RUN: frozenset({Role.LEAD}),
    Act.CHANGE_SITE_SETS: frozenset({Role.LEAD, Role.ADMIN}),
}
"""A trainee learns, a doctor signs, a lead answers for the model, an admin keeps the machine."""

READER_LIMIT = 100  # characters

_LOGGED_IN = re.compile(r"⟨([^⟨⟩]+)⟩$")
_BRACKETS = str.maketrans("", "", "⟨⟩")


@dataclass(frozen=True, slots=True)
class Reader:
    """Who acts.

    Attributes
    ----------
    name : str
        As it stands beside what they write; empty until a local user has given one.
    roles : frozenset of Role
        Together they allow what any of them allows.
    """

    name: str
    roles: frozenset[Role]

    def may(self, act: Act) -> bool:
        """Return whether one of the roles allows it."""
        return not self.roles.isdisjoint(WHO_MAY[act])

    def require(self, act: Act) -> None:
        """Go on only if one of the roles allows it.

        Raises
        ------
        NotAllowed
            If none does.
        """
        if not self.may(act):
            raise NotAllowed(
                msg(
                    "{roles} may not {act}: this needs the role {needed}. Change your role, or ask "
                    "the administrator.",
                    roles=roles_text(self.roles),
                    act=act_words(act),
                    needed=who_may_text(act),
                )
            )


SYSTEM = Reader("First Read", frozenset({Role.ADMIN}))
"""The program itself, which erases films when their time is over."""

OPERATOR = Reader("command line", frozenset({Role.ADMIN}))
"""The person at the command line, who can change the files anyway."""


def roles_text(roles: Collection[Role]) -> Message:
    """Return roles as the subject of a sentence."""
    if not roles:
        return msg("Nobody without a role")
    return msg("The role {roles}", roles=all_of(_named(roles)))


def who_may_text(act: Act) -> Message:
    """Return the roles that allow an act, such as "teacher, lead or admin"."""
    return one_of(_named(WHO_MAY[act]))


def _named(roles: Collection[Role]) -> list[Message]:
    return [_ROLES[role] for role in Role if role in roles]


def reader_key(name: str) -> str:
    """Return what tells readers apart: a log-in's identity, whatever the name beside it is by now.

    Where nobody logs in it is the name, without case and needless spaces.
    """
    logged_in = _LOGGED_IN.search(name)
    return " ".join((logged_in[1] if logged_in else name).split()).casefold()


def reader_from_claims(claims: Mapping[str, object], role_claim: str, name_claim: str) -> Reader:
    """Return the reader whom a provider's claims name.

    Names repeat and people sign by them, so that an identity stands beside the name, whole: the
    address where the provider says that it is verified, otherwise the provider's own id. An
    address that nobody has verified may be typed by whoever opens an account.

    Parameters
    ----------
    claims : mapping of str to object
        Of the id token.
    role_claim, name_claim : str
        Which claims hold the roles (a text or a list of texts) and the name.

    Raises
    ------
    NotAllowed
        If the claims name nobody or somebody whose id is too long, or give none of First Read's
        roles.

    References
    ----------
    .. [1] OpenID Connect Core 1.0, 5.7: of the claims only iss and sub identify a person for good.
    """
    identity = _identity(claims)
    stated = claims.get(role_claim)
    given = [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else []
    roles = frozenset(role for role in Role if role in given)
    if not roles:
        raise NotAllowed(
            msg(
                "{identity} has no role here: the claim {claim!r} of the log-in names none of "
                "{roles}. Ask the administrator for a role.",
                identity=identity,
                claim=role_claim,
                roles=one_of(_named(_ALL)),
            )
        )
    name = claims.get(name_claim)
    words = " ".join(name.split()) if isinstance(name, str) else ""
    words = words.translate(_BRACKETS)  # which only stand around an identity
    room = READER_LIMIT - len(f" ⟨{identity}⟩")
    named = room > 0 and words not in ("", identity)
    return Reader(f"{words[:room]} ⟨{identity}⟩" if named else identity, roles)


def _identity(claims: Mapping[str, object]) -> str:
    """Return the verified address of the claims, or the provider's own id."""
    stated = claims.get("email") if claims.get("email_verified") is True else None
    identity = " ".join(str(stated or claims.get("sub") or "").translate(_BRACKETS).split())
    if not identity:
        raise NotAllowed(
            msg(
                "The log-in identifies nobody: it has neither a verified address (the claims email "
                "and email_verified) nor the claim sub. Ask the log-in provider's administrator."
            )
        )
    if len(identity) > READER_LIMIT:
        raise NotAllowed(
            msg(
                "The log-in's id has {length} characters, and a read is signed with {limit} at "
                "most. Ask the log-in provider's administrator for a verified address.",
                length=len(identity),
                limit=READER_LIMIT,
            )
        )
    return identity
