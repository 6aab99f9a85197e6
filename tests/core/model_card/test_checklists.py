"""The checklists have every item once, and what fills an item follows from the run's records."""

from collections import Counter
from pathlib import Path

import pytest
from fixtures.foreign_models import TEST, models  # noqa: F401 (a fixture)
from fixtures.kept_run_copies import MODELS, copy_unaudited
from fixtures.run_facts import facts_of

from core.domain.reader import OPERATOR
from core.imported_runs.importing import ForeignRequest, import_run
from core.model_card.checklists.checklist import (
    FilledItem,
    State,
    count_answer,
    count_states,
    describe_checklist,
    fill_checklist,
    open_answer,
)
from core.model_card.checklists.claim import CLAIM
from core.model_card.checklists.stard_ai import STARD
from core.model_card.export import CHECKLISTS
from core.model_card.facts import gather_facts
from core.reports.document import Paragraph, Table
from core.runs.listing import list_runs
from core.settings import SERVED_RUN

RUNS = [run.run_id for run in list_runs(MODELS)]
LETTERS = {15: "abcd", 16: "abc", 17: "ab", 26: "ab", 40: "ab"}


def by_number(items: tuple[FilledItem, ...]) -> dict[str, FilledItem]:
    return {one.item.number: one for one in items}


def test_claim_has_its_44_items_once_and_in_order() -> None:
    assert [item.number for item in CLAIM.items] == [str(n) for n in range(1, 45)]


def test_stard_ai_has_its_40_items_once_and_in_order() -> None:
    wanted = [f"{n}{letter}" for n in range(1, 41) for letter in LETTERS.get(n, [""])]
    assert [item.number for item in STARD.items] == wanted


@pytest.mark.parametrize("checklist", CHECKLISTS, ids=lambda one: one.key)
@pytest.mark.parametrize("name", RUNS)
def test_every_item_says_how_far_it_is_filled_and_where(name: str, checklist) -> None:
    for one in fill_checklist(checklist, facts_of(name)):
        assert one.item.topic
        assert one.item.asks
        assert one.answer.text.endswith(".")
        assert bool(one.answer.where) == (one.answer.state is not State.OPEN), one.item.number


@pytest.mark.parametrize("checklist", CHECKLISTS, ids=lambda one: one.key)
def test_the_count_and_the_open_items_are_those_of_the_table(checklist) -> None:
    facts = facts_of(SERVED_RUN)
    section = describe_checklist(checklist, facts)
    table = next(block for block in section.blocks if isinstance(block, Table))
    said = next(block.text for block in section.blocks if isinstance(block, Paragraph))
    states = Counter(row[2] for row in table.rows)
    assert said.startswith(
        f"{states['filled']} of {len(checklist.items)} filled, {states['partly']} partly, "
        f"{states['open']} open."
    )
    for row in table.rows:
        named = f"{row[0]} {row[1].split(':')[0]}" in said.partition("Open: ")[2]
        assert named == (row[2] == "open")


def test_what_a_run_lacks_is_open_in_its_checklists(tmp_path: Path) -> None:
    with_audit = by_number(fill_checklist(CLAIM, facts_of(SERVED_RUN)))
    unaudited = facts_of("m01", copy_unaudited(tmp_path / "models", "m01"))
    without = by_number(fill_checklist(CLAIM, unaudited))
    assert with_audit["30"].answer.state is State.FILLED
    assert without["30"].answer.state is State.OPEN
    assert "30 Robustness" in open_answer(tuple(without.values()))


def test_the_numbers_of_an_item_are_the_records() -> None:
    facts = facts_of(SERVED_RUN)
    items = by_number(fill_checklist(STARD, facts))
    matrix = facts.record["metrics"]["test"]["matrix"]
    for name, count in matrix.items():
        assert f"{name.replace('_', ' ')} {count}" in items["30"].answer.text
    assert f"{facts.run.operating_point.threshold:.3f}" in items["15c"].answer.text
    assert f"{len(facts.predictions)} films" in items["40b"].answer.text


def test_what_an_imported_run_does_not_tell_is_open(models: Path, tmp_path: Path) -> None:  # noqa: F811
    rows = [f"{film},{0.9 if 'person' in film else 0.2}" for film in TEST]
    content = "\n".join(["film_id,probability", *rows]).encode()
    import_run(content, ForeignRequest("theirs"), models, tmp_path, OPERATOR)
    facts = gather_facts(tmp_path / "theirs", models / "split.json")
    items = by_number(fill_checklist(CLAIM, facts))
    unknown = [items[number] for number in ("9", "22", "24", "25", "26", "27", "31", "33")]
    assert {one.answer.state for one in unknown} == {State.OPEN}
    assert items["37"].answer.state is State.FILLED
    counts = count_states(tuple(items.values()))
    own = count_states(fill_checklist(CLAIM, facts_of(SERVED_RUN)))
    assert counts[State.OPEN] > own[State.OPEN]
    assert count_answer(tuple(items.values())).startswith(f"{counts[State.FILLED]} of 44 filled")
