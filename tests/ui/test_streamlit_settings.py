"""What the app ships as Streamlit settings: nobody is asked, told, counted or held up."""

import tomllib

import pytest

from core.settings import PROJECT_ROOT, Settings

SHIPPED = tomllib.loads((PROJECT_ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "showEmailPrompt", False),
        ("server", "address", "127.0.0.1"),
        ("server", "enableXsrfProtection", True),
        ("server", "fileWatcherType", "none"),
        ("browser", "gatherUsageStats", False),
        ("runner", "postScriptGC", False),
        ("client", "showErrorDetails", "none"),
        ("client", "showSidebarNavigation", False),
    ],
)
def test_a_fresh_machine_starts_quietly_and_locally(section, name, value):
    assert SHIPPED[section][name] == value


def test_the_upload_limit_is_about_the_decoders():
    assert SHIPPED["server"]["maxUploadSize"] == Settings.model_fields["max_film_mb"].default


def test_both_themes_are_finished():
    dark, light = SHIPPED["theme"]["dark"], SHIPPED["theme"]["light"]
    assert set(dark) == set(light)
    assert dark["backgroundColor"] != light["backgroundColor"]
