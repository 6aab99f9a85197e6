"""What `make audit` makes of what pip-audit has found."""

from __future__ import annotations

from typing import Any

import pytest

from deploy.audit import LOCK, NOBODY, first_of, judge

KNOWN = {"id": "PYSEC-1", "aliases": ["CVE-1"], "fix_versions": ["2.1", "3.0"]}
REACHED = {"name": "calm", "version": "1.0", "vulns": []}
SKIPPED = {"name": "calm", "skip_reason": "Dependency not found on PyPI"}
SEVERED = "ERROR:pip_audit._cli: HTTPSConnectionPool(host='x', port=443): Max retries exceeded"


def report(*packages: dict[str, Any]) -> dict[str, Any]:
    return {"dependencies": list(packages), "fixes": []}


def having(**changed: Any) -> dict[str, Any]:
    return report(REACHED, {"name": "leaky", "version": "2.0", "vulns": [KNOWN | changed]})


def test_a_vulnerability_that_nobody_accepted_fails_and_is_named_with_what_mends_it() -> None:
    sentences, passed = judge(having(), {})
    assert not passed
    assert sentences[0] == "leaky 2.0 has PYSEC-1, fixed in 2.1, 3.0."
    assert "no version yet" in judge(having(fix_versions=[]), {})[0][0]


@pytest.mark.parametrize("name", ["PYSEC-1", "CVE-1"])
def test_an_accepted_one_passes_by_either_of_its_names(name: str) -> None:
    sentences, passed = judge(having(), {name: "That function is not called."})
    assert passed
    assert sentences == ["2 packages audited; 0 more are unknown to the service."]


def test_an_exception_that_no_package_needs_any_more_fails() -> None:
    sentences, passed = judge(report(REACHED), {"CVE-9": "Old."})
    assert not passed
    assert sentences[0] == "CVE-9 is accepted, and no package has it now."


@pytest.mark.parametrize(
    ("found", "error"),
    [
        pytest.param(None, SEVERED, id="no connection"),
        pytest.param(report(SKIPPED, SKIPPED), "", id="a mirror without that service"),
    ],
)
def test_where_no_service_answers_the_audit_says_so_and_does_not_fail(
    found: dict[str, Any] | None, error: str
) -> None:
    assert judge(found, {"CVE-9": "Old."}, error) == ([NOBODY], True)


def test_a_pip_audit_that_does_not_work_fails() -> None:
    sentences, passed = judge(None, {}, "No module named pip_audit")
    assert not passed
    assert sentences == ["pip-audit does not work: No module named pip_audit"]


def test_the_first_package_of_the_lock_is_asked_about_and_no_lock_passes_for_being_unread() -> None:
    lock = LOCK.read_text(encoding="utf-8")
    first = first_of(lock)
    assert first.count("==") == 1
    assert first in lock
    with pytest.raises(ValueError, match="names no package"):
        first_of("calm==1.0\n")
