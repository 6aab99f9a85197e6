"""Ask whether the packages of requirements.lock have known vulnerabilities: ``make audit``.

Exceptions stand in pyproject.toml, each with its reason. Where no service answers, the audit says
so and does not fail: a machine without a network can still run every other check.

References
----------
.. [1] https://github.com/pypa/pip-audit
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
PATIENCE_S = 15
NOBODY = "Not audited: no service for known vulnerabilities answers here."
UNREACHED = re.compile("ConnectionError|could not connect|timed out|HTTPSConnectionPool", re.I)


def judge(
    report: Mapping[str, Any] | None, accepted: Mapping[str, str], error: str = ""
) -> tuple[list[str], bool]:
    """Return in sentences what pip-audit has found, and whether it may stay so.

    Parameters
    ----------
    report : mapping or None
        As pip-audit writes it with ``--format json``; None if it wrote none.
    accepted : mapping of str to str
        Identifiers of known vulnerabilities, each with why it does no harm here.
    error : str
        What pip-audit said beside its report.
    """
    if report is None:
        unreached = bool(UNREACHED.search(error))
        return [NOBODY if unreached else f"pip-audit does not work: {error[-500:]}"], unreached
    audited = [one for one in report["dependencies"] if "vulns" in one]
    if not audited:
        return [NOBODY], True
    found, met = list[str](), set[str]()
    for package in audited:
        for one in package["vulns"]:
            names = {one["id"], *one["aliases"]}
            met |= names
            if names.isdisjoint(accepted):
                fixed = ", ".join(one["fix_versions"]) or "no version yet"
                where = f"{package['name']} {package['version']}"
                found.append(f"{where} has {one['id']}, fixed in {fixed}.")
    found += [f"{name} is accepted, and no package has it now." for name in accepted.keys() - met]
    unknown = len(report["dependencies"]) - len(audited)
    told = f"{len(audited)} packages audited; {unknown} more are unknown to the service."
    return [*found, told], not found


def ask(requirements: str) -> tuple[dict[str, Any] | None, str]:
    """Run pip-audit on locked requirements; return its report, and what it said beside."""
    with tempfile.TemporaryDirectory() as folder:
        asked, out = Path(folder) / "asked.txt", Path(folder) / "report.json"
        asked.write_text(requirements, encoding="utf-8")
        command = [sys.executable, "-m", "pip_audit", "--requirement", str(asked), "--disable-pip"]
        command += ["--require-hashes", "--format", "json", "--output", str(out)]
        command += ["--progress-spinner", "off", "--timeout", str(PATIENCE_S)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        written = out.read_text(encoding="utf-8") if out.exists() else ""
    return (json.loads(written) if written else None), done.stderr


def first_of(lock: str) -> str:
    """Return the lines of the first package of a lock file.

    Raises
    ------
    ValueError
        If there is none: asking about nothing would look like a service that does not answer.
    """
    found = re.search(r"^\S+==.+\n(?:\s+--hash.+\n)+", lock, re.MULTILINE)
    if found is None:
        raise ValueError(f"{LOCK.name} names no package with its hashes.")
    return found[0]


def main() -> int:
    """Audit the lock file, once its first package has shown that a service answers."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    accepted = settings["tool"]["first-read"]["accepted-vulnerabilities"]
    lock = LOCK.read_text(encoding="utf-8")
    report, error = ask(first_of(lock))
    if judge(report, {}, error)[0] != [NOBODY]:
        report, error = ask(lock)
    sentences, passed = judge(report, accepted, error)
    sys.stdout.write("\n".join(sentences) + "\n")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
