"""First Read's settings, from the environment.

Every setting is an environment variable with the prefix ``FIRSTREAD_`` and has a default that works
on a fresh machine.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import SettingsError
from core.language.current import ENGLISH
from core.language.words import msg, tr

PROJECT_ROOT = Path(__file__).resolve().parent.parent

SERVED_RUN = "f08"
"""The run that reads films where no other is asked for."""


class Settings(BaseSettings):
    """What a site may change without touching code."""

    model_config = SettingsConfigDict(env_prefix="FIRSTREAD_", env_file=".env", extra="ignore")

    data: Path = Field(
        default=PROJECT_ROOT / "data",
        description=(
            "Folder with the public data sets, one sub-folder each. Training, measurements and "
            "some tests need it; the page Errors shows its films."
        ),
    )
    models: Path = Field(
        default=PROJECT_ROOT / "models", description="Folder with one sub-folder for each run."
    )
    foreign_runs: Path = Field(
        default=PROJECT_ROOT / "var" / "foreign_runs",
        description="Folder for imported predictions of other models.",
    )
    served_run: str = Field(
        default=SERVED_RUN,
        description="Run that reads films; if set, it overrides the choice made in the app.",
    )
    database_url: str = Field(
        default=f"sqlite:///{PROJECT_ROOT / 'var' / 'firstread.sqlite3'}",
        description="SQLAlchemy URL of the database, SQLite or PostgreSQL.",
    )
    films: str = Field(
        default=str(PROJECT_ROOT / "var" / "films"),
        description="Where films are kept, encrypted: a folder, or an address that fsspec knows, "
        "such as `s3://bucket/films` (needs the package s3fs).",
    )
    film_key: SecretStr = Field(
        default=SecretStr(""),
        description="Master keys of the kept films, 32 bytes in base64, the newest first, between "
        "commas. Empty: they lie in the file `films.key` beside the database.",
    )
    keep_films_days: int = Field(
        default=30,
        ge=0,
        le=36500,
        description="Days for which a film is kept after its arrival. `0` keeps no film: films "
        "last for one visit, and what was kept is erased. Teaching cases stay.",
    )
    teaching_consent: str = Field(
        default="",
        max_length=500,
        description="Consent or ethics decision, in words, by which settled disputes may become "
        "teaching cases; stored with each case. Empty: none can be made.",
    )
    keep_origin: bool = Field(
        default=False,
        description="Keep whom an uploaded DICOM film names (patient, study), encrypted with the "
        "film, so that reports can go back. Films from the archive keep it always.",
    )
    language: Literal["", "en", "es"] = Field(
        default="",
        description="Language of the interface where a reader chose none, and of reports that are "
        "sent by themselves: `en` or `es`. Empty: that of the browser, and English.",
    )
    archive_user: str = Field(default="", description="Log-in of the archive's DICOMweb service.")
    archive_password: SecretStr = Field(
        default=SecretStr(""), description="Password of that log-in."
    )
    archive_token: SecretStr = Field(
        default=SecretStr(""),
        description="Bearer token of the archive's DICOMweb service, instead of a log-in.",
    )
    read_token: SecretStr = Field(
        default=SecretStr(""),
        description="Token for `POST /read`, by which a program has one film read. Empty: the "
        "address is closed.",
    )
    fhir_token: SecretStr = Field(
        default=SecretStr(""), description="Bearer token of the FHIR server that takes reports."
    )
    cache: Path = Field(
        default=PROJECT_ROOT / "var" / "cache",
        description="Folder for what can be recomputed: thumbnails, features, scores. "
        "A damaged file in it counts as missing.",
    )
    keep_file_names: bool = Field(
        default=True,
        description="Store file names with reads. Set `false` where file names identify people.",
    )
    offer_synthetic: bool = Field(
        default=True,
        description="Offer the synthetic films, and list them in Review until a film is added. "
        "Set `false` where only patients' films are read.",
    )
    max_film_mb: int = Field(
        default=64,
        ge=1,
        le=512,
        description="Largest file of a film, in MB. 64 hold 15 megapixels of 16 bits twice.",
    )
    max_visit_mb: int = Field(
        default=1000,
        ge=64,
        le=64_000,
        description="Most that all films of one visit may take, in MB; they lie in memory.",
    )
    role_claim: str = Field(
        default="roles",
        min_length=1,
        description="Claim of the log-in that holds a person's roles, one or a list.",
    )
    name_claim: str = Field(
        default="name",
        min_length=1,
        description="Claim of the log-in that holds a person's name.",
    )
    require_login: bool = Field(
        default=False,
        description=(
            "Refuse everybody while no log-in is set up. Set `true` where others reach the address."
        ),
    )
    first_steps: bool = Field(
        default=True,
        description=(
            "Show the first steps to a browser that opens the app for the first time. "
            "Set `false` where everybody knows them."
        ),
    )
    read_first: bool = Field(
        default=True,
        description=(
            "A reader locks a first read before the model's output is shown. "
            "Set `false` to show it at once."
        ),
    )
    triage: bool = Field(
        default=False,
        description=(
            "Sort the worklist by the model's suspicion before the first read. Every read then "
            "records that its reader knew the order."
        ),
    )
    inference_threads: int = Field(
        default=2, ge=1, le=64, description="Processor threads of one prediction."
    )
    lime_samples: int = Field(
        default=1000,
        ge=100,
        le=10_000,
        description="Perturbed films of one explanation by LIME, at most.",
    )

    log_format: Literal["text", "json"] = Field(
        default="text",
        description="How a line of the log is written: `text` or `json`, one object a line.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="warning",
        description="What is logged: `debug`, `info`, `warning` or `error`, and all above it.",
    )
    metrics: bool = Field(
        default=False,
        description="Answer `/metrics` of the app for Prometheus, to whoever reaches the address.",
    )
    archive_listen: IPv4Address = Field(
        default=IPv4Address("127.0.0.1"),
        description="Address on which `pacs serve` takes films and answers `/metrics`. Without it "
        "only this machine reaches it. `0.0.0.0`: whoever reaches the machine.",
    )
    archive_metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Port on which `pacs serve` answers `/metrics`, `/health` and `/ready`. "
        "`0`: none.",
    )

    @property
    def shows_order(self) -> bool:
        """Whether the worklist shows the model's side, or is sorted by it, before a first read."""
        return self.triage or not self.read_first

    @property
    def keeps_films(self) -> bool:
        """Whether films outlast a visit, and stand in one worklist for all readers."""
        return self.keep_films_days > 0

    @property
    def report_language(self) -> str:
        """The language of reports that are sent by themselves."""
        return self.language or ENGLISH

    @property
    def named_run(self) -> str:
        """The run that the outside names to be served; empty if it names none."""
        return self.served_run if "served_run" in self.model_fields_set else ""

    @property
    def run_folders(self) -> tuple[Path, Path]:
        """Where runs are looked for: those trained here first, then those imported."""
        return self.models, self.foreign_runs


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Return the process's settings, read once.

    Raises
    ------
    SettingsError
        If a value cannot be used.
    """
    try:
        return Settings()
    except ValidationError as exc:
        wrong = "; ".join(map(_wrong_text, exc.errors()))
        raise SettingsError(
            msg("{wrong}. Correct the environment or the file .env.", wrong=wrong)
        ) from exc


def _wrong_text(error: Mapping[str, Any]) -> str:
    setting = f"FIRSTREAD_{str(error['loc'][0]).upper()}"
    return tr(
        "{setting} is {value!r}: {why}",
        setting=setting,
        value=error["input"],
        why=error["msg"],
    )
