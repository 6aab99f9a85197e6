"""``python -m core licences`` and ``sbom``: every package that this installation is made of.

References
----------
.. [1] CycloneDX 1.5, JSON, https://cyclonedx.org/docs/1.5/json/
.. [2] Package URLs of PyPI, https://github.com/package-url/purl-spec
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Annotated, Any
from uuid import uuid4

import typer
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from core import __version__
from core.cli.console import print_text, show_errors
from core.errors import SettingsError
from core.files import replace_file
from core.settings import PROJECT_ROOT

REQUIREMENTS = PROJECT_ROOT / "requirements.txt"
UNSTATED = "not stated"
LOCK_HEAD = (
    "# What the container installs, on Linux with x86-64 and Python 3.11.\n"
    "# docs/dependencies.md says how this file is made; do not edit it."
)
_LONGEST_NAME = 60
"""A longer licence is its whole text, which some packages put in the place of its name."""

_TEXTS = ("Apache License", "MIT License", "BSD License", "ISC License")


@dataclass(frozen=True, slots=True)
class Package:
    """An installed package.

    Attributes
    ----------
    licence : str
        Its name or expression, as the package states it.
    is_expression : bool
        Whether that is an expression of SPDX.
    needs : tuple of str
        Names of the installed packages that it needs.
    """

    name: str
    version: str
    licence: str
    is_expression: bool
    needs: tuple[str, ...]

    @property
    def address(self) -> str:
        """What names it in a bill of materials."""
        return f"pkg:pypi/{canonicalize_name(self.name)}@{self.version}"


def licences() -> None:
    """Print every package that the app needs, with its version and its licence."""
    with show_errors():
        for package in list_packages(REQUIREMENTS):
            print_text(f"{package.name} {package.version}: {package.licence}")


def sbom(
    out: Annotated[Path, typer.Argument(help="File to write, such as first-read.cdx.json.")],
) -> None:
    """Write the bill of materials of this installation, as CycloneDX 1.5 in JSON."""
    with show_errors():
        bill = bill_of_materials(list_packages(REQUIREMENTS))
        try:
            replace_file(out, (json.dumps(bill, indent=1) + "\n").encode())
        except OSError as exc:
            raise SettingsError(f"{out} cannot be written ({exc.strerror}).") from exc
        print_text(f"{out}: {len(bill['components'])} packages.")


def lock(
    report: Annotated[Path, typer.Argument(help="What `pip install --dry-run --report` wrote.")],
    out: Annotated[Path, typer.Option(help="File to write.")] = PROJECT_ROOT / "requirements.lock",
) -> None:
    """Write the lock file of the container: every package, its version and its file's sha256."""
    planned = json.loads(report.read_text("utf-8"))["install"]
    rows = sorted(
        (
            canonicalize_name(one["metadata"]["name"]),
            one["metadata"]["version"],
            one["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for one in planned
    )
    lines = [f"{name}=={version} \\\n    --hash=sha256:{sha256}" for name, version, sha256 in rows]
    out.write_text("\n".join([LOCK_HEAD, *lines]) + "\n", "utf-8")
    typer.echo(f"written: {out}")


def list_packages(requirements: Path) -> list[Package]:
    """Return the packages of a file of requirements and all that they need, by name.

    Raises
    ------
    SettingsError
        If the file cannot be read, or one that it names is not installed.
    """
    try:
        lines = requirements.read_text("utf-8").splitlines()
    except OSError as exc:
        raise SettingsError(f"{requirements} cannot be read ({exc.strerror}).") from exc
    wanted = [Requirement(line) for line in lines if line.strip() and line[0] not in "#-"]
    found: dict[str, Package] = {}
    while wanted:
        one = wanted.pop()
        name = canonicalize_name(one.name)
        if name in found:
            continue
        try:
            installed = distribution(one.name)
        except PackageNotFoundError as exc:
            raise SettingsError(
                f"{one.name} is not installed: run pip install -r requirements.txt."
            ) from exc
        needed = _needed(installed, one.extras)
        needs = tuple(sorted(canonicalize_name(each.name) for each in needed))
        licence, is_expression = _licence(installed)
        found[name] = Package(name, installed.version, licence, is_expression, needs)
        wanted += needed
    return [found[name] for name in sorted(found)]


def _needed(installed: Distribution, extras: Iterable[str]) -> list[Requirement]:
    """Return what a package needs on this machine."""
    needed = []
    for line in installed.requires or ():
        try:
            one = Requirement(line)
        except InvalidRequirement:  # of an old package; pip passes it over as well
            continue
        marker = one.marker
        if marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras)):
            needed.append(one)
    return needed


def _licence(installed: Distribution) -> tuple[str, bool]:
    stated = installed.metadata
    expression = _first(stated.get_all("License-Expression"))
    if expression:
        return expression, True
    text = _first(stated.get_all("License"))
    if text and len(text) <= _LONGEST_NAME and text.casefold() != "unknown":
        return text, False
    classes = [str(one) for one in stated.get_all("Classifier") or ()]
    named = [one.split(" :: ")[-1] for one in classes if one.startswith("License :: ")]
    return ", ".join(named) or _name_of(text or _licence_file(installed)), False


def _first(given: list[str] | None) -> str:
    return " ".join(str(given[0]).split()) if given else ""


def _licence_file(installed: Distribution) -> str:
    files = [one for one in installed.files or () if one.name.upper().startswith("LICENSE")]
    return files[0].read_text("utf-8") if files else ""


def _name_of(text: str) -> str:
    """Return the name of a licence by how its text begins."""
    return next((name for name in _TEXTS if name.casefold() in text[:400].casefold()), UNSTATED)


def bill_of_materials(packages: list[Package]) -> dict[str, Any]:
    """Return a bill of materials as CycloneDX has it [1]_."""
    address_of = {package.name: package.address for package in packages}
    whole = f"first-read@{__version__}"
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "serialNumber": f"urn:uuid:{uuid4()}",
        "version": 1,
        "metadata": {
            "timestamp": datetime.now(UTC).isoformat(timespec="seconds"),
            "component": {
                "type": "application",
                "bom-ref": whole,
                "name": "First Read",
                "version": __version__,
            },
        },
        "components": [
            {
                "type": "library",
                "bom-ref": package.address,
                "name": package.name,
                "version": package.version,
                "purl": package.address,
                "licenses": _licences_of(package),
            }
            for package in packages
        ],
        "dependencies": [
            {"ref": whole, "dependsOn": sorted(address_of.values())},
            *(
                {"ref": package.address, "dependsOn": [address_of[one] for one in package.needs]}
                for package in packages
            ),
        ],
    }


def _licences_of(package: Package) -> list[dict[str, Any]]:
    if package.is_expression:
        return [{"expression": package.licence}]
    return [] if package.licence == UNSTATED else [{"license": {"name": package.licence}}]
