"""The pages of docs/ that are written by ``python -m core reference``."""

import pytest
import typer
from typer.testing import CliRunner

from core.__main__ import app
from core.cli.reference import COMMANDS_FILE, SETTINGS_FILE
from core.settings import PROJECT_ROOT, Settings


@pytest.fixture
def written(tmp_path) -> dict[str, str]:
    answer = CliRunner().invoke(app, ["reference", "--out", str(tmp_path)])
    assert answer.exit_code == 0
    return {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}


@pytest.mark.parametrize("name", [COMMANDS_FILE, SETTINGS_FILE])
def test_the_committed_page_is_what_the_command_writes(written, name) -> None:
    committed = (PROJECT_ROOT / "docs" / name).read_text("utf-8")
    assert committed == written[name], "run `python -m core reference`"


def test_every_setting_has_a_row_with_a_description(written) -> None:
    rows = [line for line in written[SETTINGS_FILE].splitlines() if line.startswith("| `FIRST")]
    assert len(rows) == len(Settings.model_fields)
    assert all(field.description for field in Settings.model_fields.values())


def test_no_default_names_a_folder_of_this_machine(written) -> None:
    assert str(PROJECT_ROOT) not in "".join(written.values())


def test_every_command_that_help_shows_has_a_section_and_no_other(written) -> None:
    def paths(group: typer.core.TyperGroup, name: str) -> list[str]:
        found = []
        for word, command in group.commands.items():
            inner = isinstance(command, typer.core.TyperGroup)
            if not command.hidden:
                found += paths(command, f"{name} {word}") if inner else [f"{name} {word}"]
        return found

    sections = [line for line in written[COMMANDS_FILE].splitlines() if line.startswith("## ")]
    commands = paths(typer.main.get_command(app), "python -m core")
    assert sections == [f"## `{path}`" for path in commands]


def test_every_argument_and_option_says_what_it_does(written) -> None:
    rows = [line for line in written[COMMANDS_FILE].splitlines() if line.startswith("| `")]
    assert not [row for row in rows if row.endswith(("| None |", "|  |"))]
