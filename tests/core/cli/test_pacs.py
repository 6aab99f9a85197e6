"""Who may send films to the receiver, as the command line says it where one sets it."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from core.__main__ import app
from core.settings import get_settings

EVERYBODY = "from everybody who reaches the port: name under Who may send whose films are taken"


@pytest.mark.parametrize(
    ("listens", "known", "senders"),
    [
        pytest.param("127.0.0.1", "", "and from no other machine", id="this machine"),
        pytest.param("0.0.0.0", "", EVERYBODY, id="everybody"),
        pytest.param("0.0.0.0", "CR1,CR2", "only from CR1, CR2", id="known"),
    ],
)
def test_where_the_receiver_is_set_it_is_said_who_may_send(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, listens: str, known: str, senders: str
) -> None:
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", f"sqlite:///{tmp_path}/reads.sqlite3")
    monkeypatch.setenv("FIRSTREAD_ARCHIVE_LISTEN", listens)
    get_settings.cache_clear()
    told = f"Listens on {listens}:11112 as FIRSTREAD, "
    for command in (["set", "receive=true", f"known_aets={known}"], ["show"]):
        done = CliRunner().invoke(app, ["pacs", *command])
        assert done.exit_code == 0, done.output
        line = next(line for line in done.output.splitlines() if line.startswith(told))
        assert senders in line
    off = CliRunner().invoke(app, ["pacs", "set", "receive=false"])
    assert told not in off.output
