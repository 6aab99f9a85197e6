"""What deploy/ says is true of this code: settings, users, volumes, health, and what is copied."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.settings import PROJECT_ROOT, Settings

DEPLOY = PROJECT_ROOT / "deploy"
KNOWN = {f"FIRSTREAD_{name.upper()}" for name in Settings.model_fields}
COMPOSE: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text("utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
CONTAINERFILE = (DEPLOY / "Containerfile").read_text("utf-8")


def test_every_setting_that_is_named_exists() -> None:
    for path in DEPLOY.iterdir():
        if path.is_file() and path.suffix != ".json":
            named = set(re.findall(r"FIRSTREAD_[A-Z_]+", path.read_text("utf-8")))
            assert named <= KNOWN, path.name
    of_app = set(SERVICES["app"]["environment"])
    assert {"FIRSTREAD_FILM_KEY", "FIRSTREAD_DATABASE_URL", "FIRSTREAD_REQUIRE_LOGIN"} <= of_app


def test_the_settings_in_force_are_taken_by_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    of_image = re.findall(r"^\s+(?:ENV )?(FIRSTREAD_\w+)=(\S+)", CONTAINERFILE, re.MULTILINE)
    given = dict(of_image) | SERVICES["app"]["environment"]
    for name, value in given.items():
        if not value.startswith("${"):
            monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.metrics
    assert settings.require_login
    assert settings.log_format == "json"
    written = (settings.films, str(settings.cache), str(settings.foreign_runs))
    assert all(place.startswith("/data/") for place in written)


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_privileged_and_each_tells_its_health(name: str) -> None:
    service = SERVICES[name]
    user, _, group = service["user"].partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}
    assert not {"privileged", "pid", "network_mode", "devices"} & service.keys()
    assert service["healthcheck"]["test"][0] == "CMD"
    assert service.get("read_only") or service.get("profiles") == ["trial"]


def test_volumes_networks_and_services_that_are_named_exist() -> None:
    mounts = [mount for service in SERVICES.values() for mount in service.get("volumes", [])]
    sources = {mount.split(":")[0] for mount in mounts}
    files = {source for source in sources if source.startswith(".")}
    assert sources - files == set(COMPOSE["volumes"])
    # the log-in and the certificate are the site's own
    assert {one for one in files if not (DEPLOY / one).exists()} == {"./secrets.toml", "./tls"}
    for service in SERVICES.values():
        assert set(service["networks"]) <= set(COMPOSE["networks"])
        assert set(service.get("depends_on", {})) <= set(SERVICES)


def test_only_the_proxy_and_the_archives_door_are_open_and_the_database_is_inside() -> None:
    open_to_all = {name for name, service in SERVICES.items() if "ports" in service}
    assert open_to_all == {"proxy", "archive"}
    assert SERVICES["database"]["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}
    caddy = (DEPLOY / "Caddyfile").read_text("utf-8")
    assert "respond @machines 404" in caddy
    assert re.search(r"@machines path .*/metrics", caddy)
    assert "Strict-Transport-Security" in caddy


def test_the_image_holds_what_it_needs_and_runs_as_nobody() -> None:
    copied = re.findall(r"^COPY (.+) \S+$", CONTAINERFILE, re.MULTILINE)
    named = [name for line in copied for name in line.split()]
    assert not [name for name in named if not (PROJECT_ROOT / name).exists()]
    assert {"core", "ui", "pages", "models", "synthetic"} <= set(named)
    allowed = (DEPLOY / "Containerfile.dockerignore").read_text("utf-8").split()
    assert {f"!{name}" for name in named} <= set(allowed)
    assert CONTAINERFILE.index("USER 10001:10001") < CONTAINERFILE.index('CMD ["streamlit"')
    assert "HEALTHCHECK" in CONTAINERFILE
    assert "/health" in CONTAINERFILE


def test_every_word_that_compose_asks_for_is_in_the_example_and_no_secret_is() -> None:
    text = (DEPLOY / "compose.yaml").read_text("utf-8")
    asked = set(re.findall(r"\$\{(\w+)", text))
    lines = (DEPLOY / ".env.example").read_text("utf-8").splitlines()
    given = dict(line.split("=", 1) for line in lines if line and line[0] != "#")
    assert asked == set(given)
    assert {name for name, value in given.items() if value} == {"SITE_NAME"}


def test_every_test_that_the_threats_name_exists() -> None:
    guide = (PROJECT_ROOT / "docs" / "deployment.md").read_text("utf-8")
    threats = [line for line in guide.splitlines() if line.startswith("| **")]
    named = [re.findall(r"`(test_\w+)`", line) for line in threats]
    assert all(len(tests) == 1 for tests in named)
    written = "".join(
        path.read_text("utf-8") for path in Path(PROJECT_ROOT / "tests").rglob("test_*.py")
    )
    assert [one for (one,) in named if f"def {one}(" not in written] == []
    letters = "STRIDE"
    found = {line.removeprefix("| **")[0] for line in threats}
    assert found == set(letters)


def test_the_waits_that_are_stated_are_those_that_were_measured() -> None:
    guide = (PROJECT_ROOT / "docs" / "deployment.md").read_text("utf-8")
    results = (PROJECT_ROOT / "bench" / "RESULTS.md").read_text("utf-8")
    measured = results.split("## Load of 25 readers")[1].split("\n## ")[0]
    table = guide.split("<!-- load -->")[1].split("<!-- /load -->")[0]
    rows = re.findall(r"^\| ([^|]+) \| ([0-9.]+ s) \|$", table, re.MULTILINE)
    assert len(rows) == 4
    assert [name for name, value in rows if f"- {name}: **{value}**" not in measured] == []
    assert "816 MB" in measured
    assert "the app used 1.73" in measured
