"""README.md and docs/ are short, and name every package and every benchmark."""

import re

import pytest

from bench.__main__ import Benchmark
from core.domain.reader import WHO_MAY, Act, Role
from core.language.current import LANGUAGES
from core.settings import PROJECT_ROOT

REQUIREMENTS = ("requirements.txt", "requirements-dev.txt")


def read(path: str) -> str:
    return (PROJECT_ROOT / path).read_text("utf-8")


def packages_of(path: str) -> set[str]:
    lines = [line for line in read(path).splitlines() if line and line[0] not in "#-"]
    return {re.split(r"[\[<>=~!; ]", line)[0] for line in lines}


def test_the_readme_is_read_in_one_go() -> None:
    assert len(read("README.md").splitlines()) <= 120


def test_every_package_has_its_reason_in_the_dependencies_and_no_other_is_there() -> None:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \|$", read("docs/dependencies.md"), re.MULTILINE)
    explained = [name for row in rows for name in row.split(", ")]
    assert len(explained) == len(set(explained)) + 2  # the heads and the rules of two tables
    assert set(explained) - {"Package", "---"} == set().union(*map(packages_of, REQUIREMENTS))


MEASURED = (
    *("acceptance", "acceptance without labels"),
    *("implants", "implants by size", "implants controls"),
)


@pytest.mark.parametrize("name", MEASURED)
def test_the_tables_of_benchmarks_are_those_that_were_measured(name: str) -> None:
    text = read("docs/evaluation.md")
    shown = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0].strip()
    assert "| --- |" in shown
    assert shown in read("bench/RESULTS.md")


@pytest.mark.parametrize("name", ["monitoring", "monitoring elsewhere", "monitoring shadow"])
def test_the_tables_of_monitoring_are_those_that_were_measured(name: str) -> None:
    text = read("docs/user-guide/monitoring.md")
    shown = text.split(f"<!-- {name} -->")[1].split(f"<!-- /{name} -->")[0].strip()
    assert "| --- |" in shown
    assert shown in read("bench/RESULTS.md")


def test_what_is_written_of_implanted_lesions_is_what_the_tables_say() -> None:
    text = read("docs/evaluation.md")
    rows, sizes = (
        [[cell.strip() for cell in line.split("|")[1:-1]] for line in part.splitlines()]
        for part in (
            text.split(f"<!-- {name} -->")[1].split("<!-- /")[0]
            for name in ("implants", "implants by size")
        )
    )
    zones = [row for row in rows if row and row[0] in ("f08", "f03")]
    assert len(zones) == 14
    assert {row[5] for row in zones} == {"above 4"}  # "in no zone does half of the films turn"
    last = max((row for row in zones[:6]), key=lambda row: float(row[3].split()[0]))
    assert last[1] == "Left upper"
    pointing = [(float(row[7].split()[0]), float(row[8])) for row in zones]
    assert min(hit for hit, _ in pointing[:7]) >= 0.85
    hit, chance = pointing[-1]
    assert hit <= chance
    largest = [float(row[5].split()[0]) for row in sizes if row and row[0] == "f08"]
    assert largest == sorted(largest)
    assert largest[-1] < 0.25


def test_every_benchmark_is_listed() -> None:
    text = read("docs/CONTRIBUTING.md")
    assert not [name for name in Benchmark if f"`python -m bench {name}`" not in text]


def test_every_page_of_the_documentation_is_linked_from_the_readme() -> None:
    readme = read("README.md")
    pages = [path.relative_to(PROJECT_ROOT) for path in (PROJECT_ROOT / "docs").rglob("*.md")]
    assert not [str(page) for page in pages if f"({page})" not in readme]


def test_every_language_is_named_in_its_page() -> None:
    page = read("docs/user-guide/languages.md")
    assert not [name for name in LANGUAGES.values() if name not in page]


ROWS_OF_ROLES = {
    "Pages Worklist, Regions, Model card, Teaching, Reader study; the lesson on Compare runs; "
    "add films": (
        Act.ADD_FILMS,
        Act.OPEN_REVIEW,
        Act.OPEN_REGIONS,
        Act.OPEN_MODEL_CARD,
        Act.OPEN_TEACHING,
        Act.OPEN_READER_STUDY,
        Act.OPEN_RUNS,
    ),
    "Pages Errors, Subgroups, Records": (Act.OPEN_ERRORS, Act.OPEN_SUBGROUPS, Act.OPEN_RECORDS),
    "Compare runs": (Act.COMPARE_RUNS,),
    "Sign a read, note a case": (Act.SIGN_READ, Act.NOTE_CASE),
    "Take a teaching session, read in a reader study": (Act.TAKE_SESSION, Act.READ_IN_STUDY),
    "Assemble a case set, see how others read it, make a reader study": (
        Act.MAKE_CASE_SET,
        Act.SEE_GROUP,
        Act.MAKE_STUDY,
    ),
    "Arbitrate between reads": (Act.ARBITRATE,),
    "Change the list of causes": (Act.CHANGE_CAUSES,),
    "Import a run, erase films, pages Site and Archive, how the archive is reached": (
        Act.IMPORT_RUN,
        Act.ERASE_FILMS,
        Act.OPEN_SITE,
        Act.OPEN_ARCHIVE,
        Act.SET_ARCHIVE,
    ),
    "Change the active model, adopt a site's threshold": (Act.CHOOSE_SERVED_RUN,),
    "Add or remove a set of this site's films": (Act.CHANGE_SITE_SETS,),
    "Set the ward's prevalence": (Act.SET_PREVALENCE,),
    "Acknowledge an alarm of the weekly check, choose the run that reads along": (
        Act.ACKNOWLEDGE_ALARM,
        Act.CHOOSE_SHADOW_RUN,
    ),
}


def test_the_table_of_roles_says_what_each_role_may() -> None:
    guide = (PROJECT_ROOT / "docs" / "user-guide" / "readers-and-roles.md").read_text("utf-8")
    rows = [line.strip("|").split("|") for line in guide.splitlines() if line.startswith("|")][2:]
    stated = {row[0].strip(): [cell.strip() == "yes" for cell in row[1:]] for row in rows}
    assert {act for acts in ROWS_OF_ROLES.values() for act in acts} == set(Act)
    assert stated == {
        name: [role in WHO_MAY[acts[0]] for role in Role] for name, acts in ROWS_OF_ROLES.items()
    }
    assert all(len({WHO_MAY[act] for act in acts}) == 1 for acts in ROWS_OF_ROLES.values())
