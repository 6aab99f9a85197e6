"""``python -m core settings``: what is in force on this machine, and where it comes from."""

from __future__ import annotations

import os
import re
import tomllib
from contextlib import closing
from pathlib import Path

from pydantic import SecretStr

from core.cli.console import print_text, show_errors
from core.domain.archive import ArchiveSettings, Route
from core.errors import FirstReadError
from core.serving.choice import decide_served_run, decision_text
from core.settings import PROJECT_ROOT, SERVED_RUN, Settings, get_settings
from core.store.archive import SqlArchive
from core.store.engine import Database, migration_status
from core.store.local_reader import read_local_reader
from core.store.served_runs import list_served_choices

SET, NOT_SET = "set", "not set"
_USER = re.compile(r"://[^/@]*@")
_QUERIED = re.compile(r"((?:password|passwd|token|secret|key)\w*=)[^&\s]*", re.IGNORECASE)


def settings() -> None:
    """Print every setting in force and where it comes from, and what the database adds to it."""
    with show_errors():
        chosen = get_settings()
        for line in describe(chosen):
            print_text(line)
        print_text("")
        for line in [login_text(chosen), *site_text(chosen)]:
            print_text(line)


def describe(chosen: Settings) -> list[str]:
    """Return one line a setting: its name, its value, and where the value comes from."""
    prefix = Settings.model_config["env_prefix"]
    return [
        f"{prefix}{name.upper()} = {_shown(getattr(chosen, name))} ({_origin(chosen, name)})"
        for name in Settings.model_fields
    ]


def _shown(value: object) -> str:
    if isinstance(value, SecretStr):
        return SET if value.get_secret_value() else NOT_SET
    if isinstance(value, bool):
        return str(value).lower()
    return without_secrets(str(value)) or "empty"


def without_secrets(address: str) -> str:
    """Return an address without user, password, or what its query calls a secret."""
    return _QUERIED.sub(r"\1***", _USER.sub("://***@", address))


def _origin(chosen: Settings, name: str) -> str:
    variable = f"{Settings.model_config['env_prefix']}{name}".casefold()
    if any(one.casefold() == variable for one in os.environ):
        return "environment"
    return ".env" if name in chosen.model_fields_set else "default"


def login_text(chosen: Settings) -> str:
    """Return in a sentence whether people log in, by the files that Streamlit reads."""
    places = (Path.cwd(), PROJECT_ROOT, Path.home())
    files = [place / ".streamlit" / "secrets.toml" for place in places]
    found = next((one for one in files if one.is_file()), None)
    if found is None:
        lacks = "nobody can enter" if chosen.require_login else "whoever reaches the app may use it"
        return f"Log-in: none is set up, so {lacks}."
    try:
        held = "auth" in tomllib.loads(found.read_text("utf-8"))
    except (OSError, ValueError):
        return f"Log-in: {found} cannot be read, so nobody can enter."
    if not held:
        return f"Log-in: {found} has no section [auth], so nobody can enter."
    return (
        f"Log-in: set up in {found}; roles come from the claim {chosen.role_claim}, names from "
        f"{chosen.name_claim}."
    )


def site_text(chosen: Settings) -> list[str]:
    """Return in sentences what the database adds; it is neither made nor changed."""
    try:
        status = migration_status(chosen.database_url)
    except FirstReadError as exc:
        return [f"Database: {exc}"]
    where = f"{status.place[:1].lower()}{status.place[1:]}, revision {status.revision or 'none'}"
    if not status.up_to_date:
        command = "`python -m core db migrate`"
        return [f"Database: {where}; this version needs {status.newest}: run {command}."]
    with closing(Database(chosen.database_url)) as database:
        choices = list_served_choices(database)
        newest = choices[-1] if choices else None
        decision = decide_served_run(chosen.named_run, SERVED_RUN, newest)
        local, archive = read_local_reader(database), SqlArchive(database).settings
    days = f"for {chosen.keep_films_days} days" if chosen.keeps_films else "for the time of a visit"
    return [
        f"Database: {where}, up to date.",
        decision_text(decision),
        f"Without a log-in the user acts as {', '.join(sorted(local.roles))}.",
        f"Films are kept {days} in {without_secrets(chosen.films)}.",
        archive_text(archive),
    ]


def archive_text(ways: ArchiveSettings) -> str:
    """Return in a sentence how films come from the archive, and how reports go back."""
    comes = [
        f"asked for at {without_secrets(ways.dicomweb)}" if ways.fetch else "",
        f"received on port {ways.receive_port} as {ways.own_aet} from "
        f"{' and '.join(ways.known_aets) or 'whoever reaches it'}"
        if ways.receive
        else "",
        f"taken from the folder {ways.folder}" if ways.folder else "",
    ]
    goes = [
        f"by {ways.send.value}" if ways.send is not Route.NONE else "",
        f"to {without_secrets(ways.fhir)}" if ways.fhir else "",
    ]
    films, reports = (", ".join(filter(None, each)) or "no way is set" for each in (comes, goes))
    return f"Archive: films: {films}; reports: {reports}."
