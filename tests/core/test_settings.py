"""What a site may configure from outside, and what is refused."""

import os
from pathlib import Path

import pytest

from core.errors import SettingsError
from core.settings import PROJECT_ROOT, SERVED_RUN, Settings, get_settings


@pytest.fixture(autouse=True)
def fresh_machine(monkeypatch, tmp_path):
    """Leave no variable and no .env file of the machine that runs the tests."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FIRSTREAD_{name.upper()}", raising=False)
    monkeypatch.chdir(tmp_path)


def test_a_fresh_machine_serves_a_run_from_the_project_folder():
    settings = Settings()

    assert settings.models == PROJECT_ROOT / "models"
    assert settings.data == PROJECT_ROOT / "data"
    assert settings.served_run == SERVED_RUN
    assert (settings.models / settings.served_run / "run.json").is_file()


def test_the_default_database_lies_in_the_project_wherever_the_app_is_started():
    assert Settings().database_url == f"sqlite:///{PROJECT_ROOT}/var/firstread.sqlite3"


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("data", "/films", Path("/films")),
        ("models", "/runs", Path("/runs")),
        ("served_run", "f02", "f02"),
        ("database_url", "postgresql+psycopg://reads", "postgresql+psycopg://reads"),
        ("keep_file_names", "no", False),
        ("inference_threads", "4", 4),
        ("lime_samples", "500", 500),
    ],
)
def test_every_setting_comes_from_its_environment_variable(monkeypatch, name, text, value):
    monkeypatch.setenv(f"FIRSTREAD_{name.upper()}", text)

    assert getattr(Settings(), name) == value


@pytest.mark.parametrize(
    ("name", "text", "limit"),
    [
        ("inference_threads", "0", "greater than or equal to 1"),
        ("inference_threads", "65", "less than or equal to 64"),
        ("lime_samples", "99", "greater than or equal to 100"),
        ("lime_samples", "10001", "less than or equal to 10000"),
    ],
)
def test_a_number_beyond_its_limit_is_refused_with_the_limit(monkeypatch, name, text, limit):
    monkeypatch.setenv(f"FIRSTREAD_{name.upper()}", text)

    with pytest.raises(SettingsError, match=f"(?s){name.upper()}.*{limit}"):
        get_settings()


def test_a_word_where_a_number_belongs_is_refused(monkeypatch):
    monkeypatch.setenv("FIRSTREAD_LIME_SAMPLES", "many")

    with pytest.raises(SettingsError, match=r"(?s)LIME_SAMPLES.*valid integer"):
        get_settings()


def test_a_dotenv_file_configures_the_app_and_the_environment_outranks_it(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("FIRSTREAD_SERVED_RUN=f02\nFIRSTREAD_LIME_SAMPLES=200\n")
    monkeypatch.setenv("FIRSTREAD_LIME_SAMPLES", "300")

    settings = Settings()

    assert (settings.served_run, settings.lime_samples) == ("f02", 300)


def test_lines_of_other_programs_in_a_dotenv_file_are_passed_over(tmp_path):
    (tmp_path / ".env").write_text("OTHER_PROGRAM=1\nFIRSTREAD_SERVED_RUN=f02\n")

    assert Settings().served_run == "f02"


def test_variables_without_the_prefix_change_nothing(monkeypatch):
    monkeypatch.setenv("SERVED_RUN", "f02")

    assert Settings().served_run == SERVED_RUN


def test_the_process_reads_its_settings_once(monkeypatch):
    monkeypatch.setenv("FIRSTREAD_SERVED_RUN", "f02")
    first = get_settings()
    monkeypatch.setitem(os.environ, "FIRSTREAD_SERVED_RUN", "f03")  # setenv forgets the settings

    assert get_settings() is first
    assert first.served_run == "f02"
