"""Readers and roles: one table says what each may open and write, and every write asks it."""

from __future__ import annotations

import ast
from contextlib import closing
from pathlib import Path

import pytest
from fixtures.review_records import FILM, lead, put, record, sign

from core.domain.quality import QualityReport
from core.domain.reader import OPERATOR, WHO_MAY, Act, Reader, Role, reader_from_claims, reader_key
from core.domain.review import Verdict
from core.error_analysis.notes import write_note
from core.errors import NotAllowed, ReviewStoreError
from core.imported_runs.importing import ForeignRequest, import_run
from core.reads.drafts import Draft
from core.reads.signing import ShownFilm, sign_read
from core.settings import PROJECT_ROOT
from core.store.engine import Database
from core.store.local_reader import choose_local_reader, read_local_reader
from core.store.notes import SqlCaseNotes
from core.store.reads import SqlReviewStore
from core.store.served_runs import choose_served_run, list_served_choices
from ui.app.guard import PAGES, act_of

pytest_plugins = ["fixtures.review_databases"]

WRITES_WITHOUT_A_READER = {
    "insert_chained",  # which the others call
    "_add_lines",
    "note_served_run",  # the log of what serves is the process's own
    "choose_local_reader",  # the local user says who they are
    "_insert",  # of a film; `keep` and `keep_refusal`, which call it, ask
    "_make_secret",  # the key ring's own
    "_note",  # of an erasure; `erase`, which calls it, asks
    "note_arrival",  # of what the archive sent; what is kept of it asks
    "_insert_sending",  # of a signed read; `ask_to_send` asks
    "note_service",  # a process says that it lives
    "keep_week",  # of the weekly check, which the program makes
    "keep_reading",  # of the run that reads along; who chose it was asked
    "insert_rows",  # of a backup, into an empty database; whoever runs the command owns both
}


def acting(*roles: Role, name: str = "Dr Ádám") -> Reader:
    return Reader(name, frozenset(roles))


def refused(act: Act) -> list[Role]:
    """Return the roles that the table leaves out, as the tests' own reading of the rules."""
    doctors = {Role.READER, Role.TEACHER, Role.LEAD}
    allowed = {
        Act.SIGN_READ: doctors,
        Act.ARBITRATE: {Role.LEAD},
        Act.NOTE_CASE: doctors,
        Act.CHANGE_CAUSES: {Role.TEACHER, Role.LEAD, Role.ADMIN},
        Act.IMPORT_RUN: {Role.LEAD, Role.ADMIN},
        Act.CHOOSE_SERVED_RUN: {Role.LEAD},
    }
    return [role for role in Role if role not in allowed[act]]


def sign_it(by: Reader, url: str) -> None:
    sign_read(Draft(Verdict.NORMAL), ShownFilm(FILM, "", "", QualityReport(), None), by)


def store_it(by: Reader, url: str) -> None:
    store = SqlReviewStore(Database.open(url))
    try:
        store.append(record(), by)
    finally:
        assert store.count() == 0


def choose_it(by: Reader, url: str) -> None:
    database = Database.open(url)
    try:
        choose_served_run(database, run_id="f03", reason="why not", chosen_by=by)
    finally:
        assert list_served_choices(database) == []


def import_it(by: Reader, url: str) -> None:
    folder = Path(url.removeprefix("sqlite:///")).parent / "foreign"
    try:
        import_run(b"", ForeignRequest("theirs"), PROJECT_ROOT / "models", folder, by)
    finally:
        assert not folder.exists()


def in_notes(write):
    def act(by: Reader, url: str) -> None:
        notes = SqlCaseNotes(Database.open(url))
        causes = notes.causes()
        try:
            write(notes, by)
        finally:
            assert (notes.count(), notes.causes()) == (0, causes)

    return act


A_NOTE = write_note("public", "a", lead("Dr Ádám"), "f04", comment="x")
WRITES = [
    (Act.SIGN_READ, sign_it),
    (Act.SIGN_READ, store_it),
    (Act.CHOOSE_SERVED_RUN, choose_it),
    (Act.IMPORT_RUN, import_it),
    (Act.NOTE_CASE, in_notes(lambda _, by: write_note("public", "a", by, "f04"))),
    (Act.NOTE_CASE, in_notes(lambda notes, by: notes.append(A_NOTE, by))),
    (Act.NOTE_CASE, in_notes(lambda notes, by: notes.turn_tag("public", "a", by, "f04", "x"))),
    (Act.CHANGE_CAUSES, in_notes(lambda notes, by: notes.offer_cause("new", by))),
    (Act.CHANGE_CAUSES, in_notes(lambda notes, by: notes.retire_cause("other", by))),
]
REFUSALS = [(act, write, role) for act, write in WRITES for role in refused(act)]


@pytest.mark.parametrize(("act", "write", "role"), REFUSALS)
def test_each_write_is_refused_to_the_wrong_role_and_leaves_nothing(
    act, write, role, sqlite_url
) -> None:
    with pytest.raises(NotAllowed, match=f"The role {role} may not {act}: this needs the role"):
        write(acting(role), sqlite_url)


def test_a_write_by_nobody_is_refused(sqlite_url) -> None:
    with pytest.raises(NotAllowed, match="Nobody without a role may not sign a read"):
        store_it(acting(), sqlite_url)


def test_nobody_stores_what_another_reader_signed_or_noted(sqlite_url) -> None:
    database = Database.open(sqlite_url)
    store, notes = SqlReviewStore(database), SqlCaseNotes(database)
    with pytest.raises(NotAllowed, match="Dr Grace may not store what Dr Ádám signed"):
        store.append(record(), lead("Dr Grace"))
    with pytest.raises(NotAllowed, match="Dr Grace may not store a note of Dr Ádám"):
        notes.append(A_NOTE, lead("Dr Grace"))
    sign(store, record())
    put(notes, A_NOTE)
    assert (store.count(), notes.count()) == (1, 1)


def test_every_function_that_inserts_rows_asks_who_acts() -> None:
    without = set()
    for path in (PROJECT_ROOT / "core").rglob("*.py"):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef):
                calls = [node.func for node in ast.walk(function) if isinstance(node, ast.Call)]
                inserts = any(
                    getattr(call, "id", "") in {"insert", "insert_chained"} for call in calls
                )
                if inserts and not any(getattr(call, "attr", "") == "require" for call in calls):
                    without.add(function.name)
    assert without == WRITES_WITHOUT_A_READER


def test_the_table_names_every_act_and_every_page() -> None:
    assert set(WHO_MAY) == set(Act)
    pages = {act for act in Act if act.startswith("open the page ")}
    assert {act_of(name) for name in PAGES} == pages
    assert all(Role.LEAD in roles for roles in WHO_MAY.values())


def test_several_roles_allow_what_any_of_them_allows() -> None:
    both = acting(Role.TRAINEE, Role.ADMIN)
    assert both.may(Act.IMPORT_RUN)
    assert not both.may(Act.SIGN_READ)
    with pytest.raises(NotAllowed, match="The role trainee and admin may not sign a read"):
        both.require(Act.SIGN_READ)


def test_the_command_line_imports_and_signs_nothing() -> None:
    assert OPERATOR.may(Act.IMPORT_RUN)
    assert not OPERATOR.may(Act.SIGN_READ)


# --- the local user -------------------------------------------------------------------------------


def test_a_newcomer_is_a_lead_without_a_name(database) -> None:
    assert read_local_reader(database) == Reader("", frozenset({Role.LEAD}))


def test_the_local_users_name_and_role_are_there_after_a_restart(database, url) -> None:
    choose_local_reader(database, "Dr Ada", Role.TEACHER)
    chosen = choose_local_reader(database, "  Dr  Grace ", Role.TRAINEE)
    assert chosen == Reader("Dr Grace", frozenset({Role.TRAINEE}))
    with closing(Database.open(url)) as restarted:
        assert read_local_reader(restarted) == chosen


@pytest.mark.parametrize("name", ["x" * 101, "a\x00b"])
def test_a_name_that_cannot_be_kept_is_refused(sqlite_url, name) -> None:
    database = Database.open(sqlite_url)
    with pytest.raises(ReviewStoreError, match="A name has at most 100 letters"):
        choose_local_reader(database, name, Role.LEAD)
    assert read_local_reader(database).name == ""


# --- claims of a log-in ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("claims", "name", "roles"),
    [
        (
            {"sub": "u1", "email": "ada@x.org", "email_verified": True, "name": "Ada  B"}
            | {"roles": "lead"},
            "Ada B ⟨ada@x.org⟩",
            {"lead"},
        ),
        (
            {"email": "ada@x.org", "email_verified": True, "roles": ["lead", "other"]},
            "ada@x.org",
            {"lead"},
        ),
        (
            {"sub": "u1", "name": "Ada", "roles": ["admin", "reader"]},
            "Ada ⟨u1⟩",
            {"admin", "reader"},
        ),
        ({"sub": "u1", "name": 7, "roles": ["trainee"]}, "u1", {"trainee"}),
    ],
)
def test_claims_give_name_and_roles(claims, name, roles) -> None:
    assert reader_from_claims(claims, "roles", "name") == Reader(name, frozenset(map(Role, roles)))


@pytest.mark.parametrize("verified", [{}, {"email_verified": False}, {"email_verified": "true"}])
def test_an_address_that_nobody_verified_signs_for_nobody(verified) -> None:
    claims = {"sub": "u9", "email": "lea@ward.org", "name": "Lea", "roles": "reader"} | verified
    assert reader_from_claims(claims, "roles", "name").name == "Lea ⟨u9⟩"


def test_a_log_in_stays_one_reader_whatever_name_stands_beside_its_identity() -> None:
    names = ["Lea Lead", "Lea Smith", "lea LEAD ⟨ben⟩", "", "u1"]
    claims = [{"sub": "U1", "name": name, "roles": "lead"} for name in names]
    readers = [reader_from_claims(one, "roles", "name").name for one in claims]
    assert {reader_key(name) for name in readers} == {"u1"}
    assert reader_key("Ada (u1)") == "ada (u1)"  # a local name says nothing of an identity


def test_a_long_name_gives_way_to_the_identity_and_two_people_stay_two() -> None:
    long = {"name": "N" * 100, "roles": "reader"}
    one, other = (reader_from_claims({"sub": s, **long}, "roles", "name").name for s in "ab")
    assert (len(one), one[-4:], other[-4:]) == (100, " ⟨a⟩", " ⟨b⟩")


def test_an_identity_that_no_signature_holds_is_refused_rather_than_cut() -> None:
    with pytest.raises(NotAllowed, match=r"id has 101 characters, and a read is signed with 100"):
        reader_from_claims({"sub": "s" * 101, "roles": "reader"}, "roles", "name")


def test_which_claim_holds_the_roles_is_a_setting() -> None:
    claims = {"sub": "u1", "roles": "trainee", "groups": ["lead"], "nickname": "Ada"}
    assert reader_from_claims(claims, "groups", "nickname") == Reader(
        "Ada ⟨u1⟩", frozenset({Role.LEAD})
    )


@pytest.mark.parametrize("roles", [None, "", "Lead", "lead,reader", ["leader"], {"lead": 1}, 3])
def test_a_log_in_without_a_role_is_refused(roles) -> None:
    with pytest.raises(NotAllowed, match="u1 has no role here: the claim 'roles'"):
        reader_from_claims({"sub": "u1", "roles": roles}, "roles", "name")


@pytest.mark.parametrize("claims", [{}, {"sub": " "}, {"email": "ada@x.org"}, {"name": "Ada"}])
def test_a_log_in_that_names_nobody_is_refused(claims) -> None:
    with pytest.raises(NotAllowed, match="The log-in identifies nobody"):
        reader_from_claims({**claims, "roles": "lead"}, "roles", "name")
