"""Each film is scored once: finished parts stay, torn ones go again, other jobs are refused."""

import io
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from core.errors import Cancelled, DatasetError, ExplanationError
from core.jobs.film_scores import BAD, READ, REFUSED, FilmScore
from core.jobs.scoring import archive
from core.jobs.scoring.archive import Steps, choose_part, score_archive
from core.jobs.scoring.manifest import LOCK_FILE, own_folder, read_manifest, write_manifest
from core.jobs.scoring.parts import PartKey, is_whole, part_path, read_parts
from core.jobs.scoring.summary import summarise, summary_lines
from core.settings import PROJECT_ROOT, SERVED_RUN

MODELS = PROJECT_ROOT / "models"
FILMS = 10


def score_of(name):
    """Return a made-up score: the first film is bad, the second refused."""
    number = int(name.split("-")[1].split(".")[0])
    if number == 0:
        return FilmScore(BAD, "It is cut short.")
    if number == 1:
        return FilmScore(REFUSED, "Blank.", "blank", ("refuse:blank",), "ab" * 32, 9, 8, "PNG")
    return FilmScore(
        READ,
        "",
        "",
        (),
        f"{number:064x}",
        90,
        80,
        "PNG",
        number - 5.0,
        (number + 0.5) / 10,
        "unsure",
    )


class Counting:
    """Scores films by their names, last batch first, and counts them; stops after some."""

    def __init__(self, batches=None):
        self.films, self._most = [], batches

    def __call__(self, reading, batches, stopping):
        for done, batch in enumerate(reversed(list(batches))):
            if done == self._most:
                raise Cancelled("stopped")
            self.films += [film.name for film in batch.films]
            yield batch, [score_of(film.name) for film in batch.films]


@pytest.fixture
def films(tmp_path):
    place = tmp_path / "films"
    place.mkdir()
    for number in range(FILMS):
        (place / f"film-{number}.png").write_bytes(b"x" * number)
    return place


@pytest.fixture
def out(tmp_path):
    return tmp_path / "scores"


def score(films, out, scorer, **how):
    return score_archive(str(films), out, MODELS, SERVED_RUN, scorer, films_a_part=4, **how)


def rows(out):
    table = pq.read_table(out / "films")
    return sorted(table.to_pylist(), key=lambda row: row["number"])


def test_every_film_stands_once_with_what_became_of_it(films, out):
    told = []
    job = score(films, out, Counting(), steps=Steps(told.append, lambda *done: told.append(done)))
    assert (job.films, job.parts, job.run_id) == (FILMS, 3, SERVED_RUN)
    assert job.finished
    assert told == [FILMS, (0, 10, 0), (2, 10, 2), (6, 10, 6), (10, 10, 10)]
    found = rows(out)
    assert [row["film"] for row in found] == [f"film-{number}.png" for number in range(FILMS)]
    assert [row["state"] for row in found] == [BAD, REFUSED, *[READ] * 8]
    assert found[0]["reason"] == "It is cut short."
    assert found[1]["code"] == "blank"
    assert (found[1]["probability"], found[9]["probability"]) == (None, 0.95)
    assert found[9]["logit"] == 4.0


def test_a_stopped_job_goes_on_without_its_finished_films(films, out):
    first, then = Counting(batches=1), Counting()
    with pytest.raises(Cancelled):
        score(films, out, first)
    assert not read_manifest(out).finished
    kept = part_path(out, 2).stat().st_mtime_ns
    score(films, out, then)
    assert first.films == ["film-8.png", "film-9.png"]
    assert len(first.films + then.films) == len({*first.films, *then.films}) == FILMS
    assert part_path(out, 2).stat().st_mtime_ns == kept
    assert [row["number"] for row in rows(out)] == list(range(FILMS))
    again = Counting()
    score(films, out, again)
    assert again.films == []


def cut(content):
    return content[:-20]


def flipped(content):
    """Flip a bit of the films' names."""
    names = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(0).column(1)
    at = names.dictionary_page_offset + names.total_compressed_size - 2
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.parametrize(
    "damage", [cut, flipped, lambda _: b""], ids=["cut", "one bit flipped", "empty"]
)
def test_a_torn_part_alone_is_scored_again(films, out, damage):
    score(films, out, Counting())
    whole, path = rows(out), part_path(out, 1)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DatasetError, match=r"part-000001\.parquet is damaged"):
        list(read_parts(out, ("film", "number", "state", "findings", "film_sha256", "side")))
    again = Counting()
    score(films, out, again)
    assert again.films == [f"film-{number}.png" for number in range(4, 8)]
    assert rows(out) == whole


def test_a_part_counts_for_its_own_job_number_and_films_only(films, out):
    job = score(films, out, Counting())
    key = PartKey(job.job, 0, 4)
    assert is_whole(out, key)
    for other in (key._replace(job="another"), key._replace(films=3), key._replace(number=9)):
        assert not is_whole(out, other)
    part_path(out, 1).write_bytes(part_path(out, 0).read_bytes())
    assert not is_whole(out, PartKey(job.job, 1, 4))


OTHERS = {
    "run": ({"run_id": "c05"}, "the run was c05 and is f08"),
    "export": ({"export_sha256": "0"}, "run f08 has another export now"),
    "gate": ({"gate_sha256": "0"}, "the quality gate is another one"),
    "explained": ({"explained_by": "0"}, "the films were explained, and now are not"),
    "calibration": ({"identity": "0"}, "another calibration or threshold"),
}


@pytest.mark.parametrize("other", OTHERS)
def test_the_scores_of_another_job_are_refused_with_the_difference(films, out, other):
    changed, sentence = OTHERS[other]
    write_manifest(out, replace(score(films, out, Counting()), **changed))
    with pytest.raises(DatasetError, match=sentence) as refused:
        score(films, out, Counting())
    assert "Name another folder with --out" in str(refused.value)
    assert len(rows(out)) == FILMS


def test_other_films_are_refused(films, out):
    score(films, out, Counting())
    (films / "film-3.png").write_bytes(b"of another size")
    with pytest.raises(DatasetError, match="the source had 10 films and has 10, or some have"):
        score(films, out, Counting())
    (films / "film-10.png").write_bytes(b"new")
    with pytest.raises(DatasetError, match="had 10 films and has 11"):
        score(films, out, Counting())


def test_a_folder_with_other_files_or_of_another_process_is_refused(films, out):
    out.mkdir()
    (out / "thesis.txt").write_text("mine")
    with pytest.raises(DatasetError, match="holds other files"):
        score(films, out, Counting())
    assert [path.name for path in out.iterdir()] == ["thesis.txt"]
    (out / "thesis.txt").unlink()
    held = pytest.raises(DatasetError, match="Another process scores films into")
    with own_folder(out), held:
        score(films, out, Counting())
    assert {path.name for path in out.iterdir()} == {LOCK_FILE}


def test_a_place_without_films_makes_no_job(films, out):
    for film in films.iterdir():
        film.unlink()
    with pytest.raises(DatasetError, match="no file that may be a film"):
        score(films, out, Counting())
    assert read_manifest(out) is None


def test_a_run_without_evidence_by_place_is_not_explained(films, out, monkeypatch):
    opened = archive.open_engine(MODELS, SERVED_RUN, 1)
    monkeypatch.setattr(type(opened.classifier), "has_evidence", False)
    monkeypatch.setattr(archive, "open_engine", lambda *_, **__: opened)
    with pytest.raises(ExplanationError, match="cannot be split by place"):
        score(films, out, Counting(), explained=True)
    assert not out.exists()


def test_the_manifest_of_another_version_is_refused(films, out):
    write_manifest(out, replace(score(films, out, Counting()), format=99))
    with pytest.raises(DatasetError, match="another version of First Read"):
        score(films, out, Counting())


@pytest.mark.parametrize(
    ("count", "part"),
    [(1, 32), (20_000, 32), (100_000, 100), (10_000_000, 1000)],
    ids=["one", "twenty thousand", "a hundred thousand", "ten million"],
)
def test_parts_grow_with_the_archive(count, part):
    assert choose_part(count) == part


def test_the_summary_says_what_can_be_seen_without_labels(films, out):
    with pytest.raises(DatasetError, match="holds no scores"):
        summarise(out)
    with pytest.raises(Cancelled):
        score(films, out, Counting(batches=2))
    lines = "\n".join(summary_lines(summarise(out)))
    assert "6 of 10 films are finished, scored by run f08." in lines
    assert "run its command again" in lines
    score(films, out, Counting())
    summary = summarise(out)
    assert summary.histogram.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1]
    assert summary.refusals == {"blank": 1}
    lines = "\n".join(summary_lines(summary))
    assert "Read: 8. Refused by the quality check: 1. Bad films: 1." in lines
    assert "film-0.png: It is cut short." in lines
    assert "unsure: 8 films" in lines
    assert "goes on" not in lines


def test_a_stop_ends_the_listing_too(films, out):
    with pytest.raises(Cancelled):
        score(films, out, Counting(), stopping=lambda: True)
    assert read_manifest(out) is None
