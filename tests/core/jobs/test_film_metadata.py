"""What is collected about every public film: rows, gate findings, and copies."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from core.datasets.split import Split
from core.errors import DatasetError
from core.jobs import film_metadata
from core.jobs.film_metadata import add_duplicates, add_findings, list_films

CHILD, COPY = "train/NORMAL/IM-0001-0001.jpeg", "train/NORMAL/IM-0002-0001.jpeg"
SPLIT = Split((CHILD,), (), (), {}, {}, (), 20, 0.15, "")


def counted(calls: list[tuple[int, int]]):
    return lambda done, of: calls.append((done, of))


def test_children_of_the_split_come_first_and_adults_bring_what_their_manifest_says(
    tmp_path: Path,
) -> None:
    (tmp_path / "nih_rsna").mkdir()
    (tmp_path / "nih_rsna" / "manifest.csv").write_text(
        "file,patient_id,age,rsna_class,folder_label\na.png,7,45,Normal,NORMAL\n"
    )
    child, adult = list_films(SPLIT, tmp_path)
    assert child["film_id"] == CHILD
    assert adult == {
        "film_id": "nih_rsna/a.png",
        "patient": "nih7",
        "age_band": "40 to 59 years",
        "radiologists": "Normal",
        "text_mined": "NORMAL",
    }


def test_without_the_external_films_it_is_said_where_they_belong(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="point FIRSTREAD_DATA at the folder that holds"):
        list_films(SPLIT, tmp_path)


def test_findings_are_codes_in_order_apart_by_a_space(monkeypatch: pytest.MonkeyPatch) -> None:
    quality = SimpleNamespace(findings=[SimpleNamespace(code="b"), SimpleNamespace(code="a")])
    monkeypatch.setattr(film_metadata, "decode_radiograph", lambda content: content)
    monkeypatch.setattr(film_metadata, "assess_film", lambda _film, _gate, _px: quality)
    rows, calls = [{"film_id": CHILD}], []
    add_findings(rows, lambda _: b"", SimpleNamespace(input_px=8), counted(calls))
    assert rows == [{"film_id": CHILD, "findings": "a b"}]
    assert calls == [(1, 1)]


@pytest.mark.parametrize(("near", "kind"), [((), "exact"), (((CHILD, COPY),), "near")])
def test_a_copy_without_a_row_gets_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, near, kind: str
) -> None:
    report = SimpleNamespace(near=near, clusters=((CHILD, COPY),))
    monkeypatch.setattr(film_metadata, "find_public_set", lambda data: data)
    monkeypatch.setattr(film_metadata, "index_dataset", lambda root: root)
    monkeypatch.setattr(film_metadata, "find_duplicates", lambda _index, **_: report)
    rows = [{"film_id": CHILD}]
    add_duplicates(rows, tmp_path, counted([]))
    assert [row["film_id"] for row in rows] == [CHILD, COPY]
    assert {(row["copy_group"], row["copy_kind"]) for row in rows} == {(CHILD, kind)}


def test_without_the_public_set_it_is_said_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="data fetch"):
        add_duplicates([], tmp_path / "none", counted([]))
