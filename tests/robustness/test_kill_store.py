"""A read that the store took is still there when the process is killed."""

import os
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from core.domain.review import ReadKind
from core.errors import ReviewStoreError
from core.settings import PROJECT_ROOT
from core.store.audit_log import verify_records
from core.store.drafts import SqlReviewSteps
from core.store.engine import Database, migration_status
from core.store.reads import SqlReviewStore

LONG = os.environ.get("FIRSTREAD_LONG") == "1"
ROUNDS = 100 if LONG else 4
FILM = "ab" * 32
ROOT = PROJECT_ROOT

WRITER = f"""
import sys
from datetime import UTC, datetime
from uuid import uuid4
from core.domain.quality import QualityReport
from core.domain.reader import Reader, Role
from core.domain.review import ReaderRead, ReviewRecord, Verdict
from core.store.engine import Database
from core.store.reads import SqlReviewStore

store = SqlReviewStore(Database.open(sys.argv[1]))
reader = Reader("killed", frozenset({{Role.READER}}))
while True:
    record_id = uuid4().hex
    read = ReaderRead(Verdict.NORMAL, 3, "x" * 1500, datetime.now(UTC))
    store.append(
        ReviewRecord(record_id, "{FILM}", "", "killed", read, None, QualityReport(), "", "test"),
        reader,
    )
    print(record_id, flush=True)
"""
READER = """
import sys
from datetime import UTC, datetime
from hashlib import sha256
from core.domain.mark import Mark
from core.domain.model import OperatingPoint, Prediction
from core.domain.quality import QualityReport
from core.domain.reader import Reader, Role
from core.domain.review import ReadKind, Verdict
from core.reads.drafts import Draft, ReviewStepKind, draft_as_json
from core.reads.protocol import kind_of_next, reads_by
from core.reads.signing import ShownFilm, sign_read, utc_now
from core.store.drafts import SqlReviewSteps
from core.store.engine import Database
from core.store.reads import SqlReviewStore

database = Database.open(sys.argv[1])
store, steps = SqlReviewStore(database), SqlReviewSteps(database)
reader = Reader("Dr. Killed", frozenset({Role.READER}))
POINT = OperatingPoint(0.4, 0.97, 0.8, 624, 390, "validation")
MODEL = Prediction(0.9, 2.0, "run-1", POINT)
number = len({one.film_sha256 for one in store.everything()})
number = max(number - 1, 0)  # the one that the last process may have left

def say(*words):
    print(*words, flush=True)

while True:
    film = sha256(b"film %d" % number).hexdigest()
    history = store.history(film)
    turn = len(reads_by(history, reader.name))
    if turn == 2:
        number += 1
        continue
    kind = kind_of_next(history, reader.name, MODEL, read_first=True)
    steps.note(film, turn, ReviewStepKind.OPENED, reader)
    drawn = (Mark(0.1, 0.1, 0.4, 0.4),) if kind is ReadKind.FIRST else ()
    draft = Draft(Verdict.NORMAL, 3, f"{film[:8]} {turn} " + "x" * 1500, drawn)
    steps.note(film, turn, ReviewStepKind.DRAFT, reader, draft_as_json(draft))
    say("drafted", film, turn)
    if kind is ReadKind.READ:
        steps.note(film, turn, ReviewStepKind.REGIONS, reader)
    progress = steps.progress(film, reader.name, turn)
    shown = ShownFilm(
        film, "film.png", "run-1", QualityReport(), MODEL, history,
        opened_at=progress.opened_at, shown_s=progress.seconds_until(utc_now()), kind=kind,
        order_known=False,
    )
    store.append(sign_read(draft, shown, reader), reader)
    say("stored", film, turn)
    steps.note(film, turn, ReviewStepKind.LEFT, reader)
"""
STOPPED_APP = f"""
import sys, threading, time
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4
import streamlit as st
import core.store.reads
from core.domain.quality import QualityReport
from core.domain.reader import Reader, Role
from core.domain.review import ReaderRead, ReviewRecord, Verdict
from core.errors import ReviewStoreError
from core.settings import get_settings
from core.store.engine import Database
from ui.app.shutdown import lifespan

store = core.store.reads.SqlReviewStore(Database.open(get_settings().database_url))
reader = Reader("stopped", frozenset({{Role.READER}}))
whole = core.store.reads.note_signed

def slowly(connection, film_sha256, *more, **others):
    print("begun", film_sha256, flush=True)
    time.sleep(0.6)
    return whole(connection, film_sha256, *more, **others)

def sign():
    with suppress(ReviewStoreError):
        while True:
            film = uuid4().hex * 2
            read = ReaderRead(Verdict.NORMAL, 3, "", datetime.now(UTC))
            args = (film, "", "stopped", read, None, QualityReport(), "", "test")
            store.append(ReviewRecord(uuid4().hex, *args), reader)

core.store.reads.note_signed = slowly
threading.Thread(target=sign, daemon=True).start()
app = st.App("{ROOT}/streamlit_app.py", lifespan=lifespan)
"""
MIGRATOR = """
import sys
from core.store.engine import Database

print("ready", flush=True)
Database.open(sys.argv[1])
"""


def start(script, url):
    return subprocess.Popen(
        [sys.executable, "-c", script, url], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def kill(process):
    process.send_signal(signal.SIGKILL)
    rest = process.stdout.read()
    process.stdout.close()
    assert process.wait() == -signal.SIGKILL
    return rest


def acknowledged_until_killed(url, after_s, script=WRITER):
    """Return the lines that a writer printed before it was killed, `after_s` after its first."""
    process = start(script, url)
    first = process.stdout.readline()
    time.sleep(after_s)
    lines = (first + kill(process)).splitlines(keepends=True)
    return [line.strip() for line in lines if line.endswith("\n")]


def integrity(path):
    connection = sqlite3.connect(path)
    try:
        return connection.execute("PRAGMA integrity_check").fetchall()
    finally:
        connection.close()


def test_every_read_that_was_acknowledged_before_a_kill_is_there_afterwards(tmp_path):
    path = tmp_path / "reads.sqlite3"
    url = f"sqlite:///{path}"
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    acknowledged = []
    for _ in range(ROUNDS):
        printed = acknowledged_until_killed(url, after_s=moments.uniform(0.0, 0.5))
        assert printed
        acknowledged += printed
        assert integrity(path) == [("ok",)], f"seed {seed}"
    store = SqlReviewStore(Database.open(url))
    stored = {record.record_id for record in store.history(FILM)}
    store.database.close()
    assert set(acknowledged) <= stored, f"seed {seed}"
    # one append may be on disk without its id having been printed, once a round
    assert len(stored) <= len(acknowledged) + ROUNDS, f"seed {seed}"


def test_reads_of_the_default_order_are_whole_and_in_order_after_kills_at_any_moment(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("FIRSTREAD_READ_FIRST", "true")  # the writing processes ask for it too
    url = f"sqlite:///{tmp_path / 'reads.sqlite3'}"
    seed = random.randrange(2**32)
    moments, said = random.Random(seed), []
    for _ in range(ROUNDS):
        said += acknowledged_until_killed(url, moments.uniform(0.0, 0.5), READER)
    database = Database.open(url)
    store, steps = SqlReviewStore(database), SqlReviewSteps(database)
    histories = {}
    for record in store.everything():
        histories.setdefault(record.film_sha256, []).append(record)
    assert len(histories) >= ROUNDS
    for film, history in histories.items():
        kinds = [one.kind for one in history]
        assert kinds == [ReadKind.FIRST, ReadKind.READ][: len(kinds)], f"seed {seed}"
        assert [len(one.drawn) for one in history] == [1, 0][: len(kinds)], f"seed {seed}"
        assert [one.supersedes for one in history[1:]] == [history[0].record_id][: len(kinds) - 1]
        comments = [f"{film[:8]} {turn} " + "x" * 1500 for turn in range(len(kinds))]
        assert [one.read.comment for one in history] == comments, f"seed {seed}"
    # a kill may leave the newest film between its two reads; the next process went on with it
    assert [len(one) for one in histories.values()][:-1] == [2] * (len(histories) - 1)
    for what, film, turn in map(str.split, said):
        if what == "stored":
            assert len(histories[film]) > int(turn), f"seed {seed}"
        else:
            draft = steps.progress(film, "Dr. Killed", int(turn)).draft
            assert draft.comment == f"{film[:8]} {turn} " + "x" * 1500, f"seed {seed}"
    report = verify_records(database)
    database.close()
    assert report.faults == (), f"seed {seed}"
    assert integrity(tmp_path / "reads.sqlite3") == [("ok",)], f"seed {seed}"


def test_the_writers_that_live_on_are_not_held_up_by_one_that_was_killed(tmp_path):
    url = f"sqlite:///{tmp_path / 'reads.sqlite3'}"
    victim, survivor = start(WRITER, url), start(WRITER, url)
    printed = [victim.stdout.readline().strip(), survivor.stdout.readline().strip()]
    kill(victim)
    printed += [survivor.stdout.readline().strip() for _ in range(50)]
    kill(survivor)
    store = SqlReviewStore(Database.open(url))
    stored = {record.record_id for record in store.history(FILM)}
    store.database.close()
    assert set(printed) <= stored


def test_a_migration_killed_at_any_moment_can_be_run_again(tmp_path):
    seed = random.randrange(2**32)
    moments = random.Random(seed)
    for number in range(ROUNDS):
        url = f"sqlite:///{tmp_path / f'reads-{number}.sqlite3'}"
        process = start(MIGRATOR, url)
        assert process.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.0, 0.1))
        process.kill()
        process.wait()
        process.stdout.close()
        store = SqlReviewStore(Database.open(url))
        assert store.count() == 0, f"seed {seed}"
        store.database.close()
        assert migration_status(url).up_to_date, f"seed {seed}"


def test_an_app_that_is_told_to_stop_finishes_the_reads_that_it_began(tmp_path):
    url, script = f"sqlite:///{tmp_path / 'reads.sqlite3'}", tmp_path / "stopped_app.py"
    script.write_text(STOPPED_APP)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streamlit", "run", script),
            *(f"--server.port={port}", "--server.headless=true"),
        ],
        env=os.environ | {"FIRSTREAD_DATABASE_URL": url, "PYTHONPATH": str(ROOT)},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    begun, told = [], False
    for line in process.stdout:
        begun += [line.split()[1]] if line.startswith("begun") else []
        if begun and not told and answers(port):
            process.send_signal(signal.SIGTERM)
            told = True
    process.stdout.close()
    assert process.wait(30) in (0, -signal.SIGTERM)
    assert told
    store = SqlReviewStore(Database.open(url))
    stored = {record.film_sha256 for record in store.everything()}
    store.database.close()
    assert set(begun) == stored


def answers(port):
    with suppress(OSError):
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    return False


def test_a_database_that_is_being_stopped_waits_for_its_writes_and_takes_no_other(tmp_path):
    database = Database.open(f"sqlite:///{tmp_path / 'reads.sqlite3'}")
    writes, ends = threading.Event(), threading.Event()

    def write():
        with database.writing():
            writes.set()
            ends.wait(10)

    thread = threading.Thread(target=write)
    thread.start()
    assert writes.wait(10)
    assert not database.finish_writes(0.01)
    ends.set()
    assert database.finish_writes(10)
    thread.join()
    stopped = pytest.raises(ReviewStoreError, match="is being stopped, so nothing was stored")
    with stopped, database.writing():
        pass
    database.close()
