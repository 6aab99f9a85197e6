"""A read that the store took is still there when the process is killed."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

from core.settings import PROJECT_ROOT
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


def acknowledged_until_killed(url, after_s):
    """Return the ids that a writer printed before it was killed, `after_s` after its first one."""
    process = start(WRITER, url)
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
