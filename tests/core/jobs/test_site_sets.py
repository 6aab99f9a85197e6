"""A site's folder becomes a set: de-identified, each film once, none that runs learned from."""

from __future__ import annotations

import io
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from fixtures.dicom_films import STUDY, content_of
from fixtures.dicom_films import film as dicom_film
from fixtures.review_records import lead
from PIL import Image

from core.datasets.training_fingerprints import TrainingFingerprints
from core.domain.site_set import LeftOut, SiteKind, WhyLeftOut
from core.errors import Cancelled, DatasetError
from core.imaging.decoding import decode_radiograph
from core.imaging.fingerprint import fingerprint_of, stack_fingerprints
from core.jobs.film_headers import KnownByHeader
from core.jobs.film_pool import FilmPool
from core.jobs.site_libraries import SiteSetFilms, open_site_library
from core.jobs.site_scores import (
    ScoreTask,
    SiteScores,
    missing_scores,
    open_site_scores,
    read_set,
)
from core.jobs.site_sets import AddedSet, Adding, add_site_set
from core.library.site_library import HALVES
from core.pipeline import open_engine, read_film
from core.runs.store import load_run
from core.settings import PROJECT_ROOT, SERVED_RUN, Settings
from core.sites.labels import read_labels
from core.sites.source import open_films
from core.store.engine import Database
from core.store.films.keyring import FilmKeyring
from core.store.films.objects import FilmObjects
from core.store.films.site_films import SqlSiteSets
from core.store.site_schema import site_films

MODELS = PROJECT_ROOT / "models"
RUN = load_run(MODELS / SERVED_RUN)
ADA = lead("Dr. Ada")
NORMAL = sorted((PROJECT_ROOT / "synthetic" / "test" / "NORMAL").glob("*.png"))[:4]
ILL = sorted((PROJECT_ROOT / "synthetic" / "test" / "PNEUMONIA").glob("*.png"))[:3]
LABELS = read_labels(
    b"film,patient,label,reader_1,reader_2,ward\n"
    b"a.png,Anna,normal,0,1,north\n"
    b"b.png,Anna,pneumonia,,,north\n"
    b"b-again.png,Bert,pneumonia,,,south\n"
    b"b-small.jpg,Cara,pneumonia,,,south\n"
    b"grey.png,Dora,normal,,,south\n"
    b"broken.png,Emil,normal,,,south\n"
    b"learned.png,Fritz,normal,,,south\n"
    b"unsettled.png,Gina,,1,0,south\n"
    b"ACC-5,,pneumonia,1,1,south\n"
    b"gone.png,Hans,normal,,,south\n"
)
PLACES = {
    "a.png": 1,
    "b-again.png": 2,
    "b-small.jpg": 3,
    "b.png": 4,
    "broken.png": 5,
    "grey.png": 6,
    "learned.png": 7,
    "scan.dcm": 8,
    "unlabelled.png": 9,
    "unsettled.png": 10,
}
"""Of each file in the order of names, from 1."""


def resaved(path: Path) -> bytes:
    """Return a film at half its size as a JPEG."""
    film, buffer = Image.open(path).convert("L"), io.BytesIO()
    film.resize((film.width // 2, film.height // 2)).save(buffer, "JPEG", quality=60)
    return buffer.getvalue()


def as_dicom(path: Path) -> bytes:
    """Return a film as a DICOM file of 12 bits that names its patient."""
    levels = np.asarray(Image.open(path).convert("L")).astype(np.uint16) * 16
    return content_of(dicom_film(levels, PatientAge="003Y", BodyPartExamined="CHEST", **STUDY))


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("site")
    shutil.copy(NORMAL[0], place / "a.png")
    shutil.copy(ILL[0], place / "b.png")
    shutil.copy(ILL[0], place / "b-again.png")
    (place / "b-small.jpg").write_bytes(resaved(ILL[0]))
    Image.new("L", (300, 300), 128).save(place / "grey.png")
    (place / "broken.png").write_bytes(NORMAL[0].read_bytes()[:200])
    shutil.copy(NORMAL[1], place / "learned.png")
    shutil.copy(NORMAL[2], place / "unsettled.png")
    shutil.copy(NORMAL[3], place / "unlabelled.png")
    (place / "scan.dcm").write_bytes(as_dicom(ILL[1]))
    return place


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("kept")


@pytest.fixture(scope="module")
def sets(place, empty_database) -> Iterator[SqlSiteSets]:
    shutil.copyfile(empty_database, place / "reads.sqlite3")
    with closing(Database.open(f"sqlite:///{place / 'reads.sqlite3'}")) as database:
        keyring = FilmKeyring(database, place / "films.key")
        yield SqlSiteSets(database, FilmObjects(str(place / "films")), keyring)


@pytest.fixture(scope="module")
def engine():
    return open_engine(MODELS, SERVED_RUN)


@pytest.fixture(scope="module")
def scores(tmp_path_factory, engine) -> SiteScores:
    return SiteScores(tmp_path_factory.mktemp("scores"), engine.gate.sha256)


@pytest.fixture(scope="module")
def adding(sets, scores) -> Iterator[Adding]:
    learned = decode_radiograph(NORMAL[1].read_bytes()).pixels
    table = TrainingFingerprints(
        ("train/NORMAL/x.jpeg",), stack_fingerprints([fingerprint_of(learned)])
    )
    files = scores.files_of(RUN, MODELS, 1)
    with closing(FilmPool()) as pool:
        pool.prepare(files)
        yield Adding(sets, pool, files, table, ADA)


def add(folder: Path, adding: Adding, name: str = "Ward", **hooks) -> AddedSet:
    with open_films(str(folder)) as source:
        return add_site_set(KnownByHeader(source), LABELS, name, SiteKind.FOLDER, adding, **hooks)


@pytest.fixture(scope="module")
def added(folder, adding) -> AddedSet:
    return add(folder, adding)


@pytest.fixture(scope="module")
def library(added, sets, scores, adding) -> SiteSetFilms:
    set_id = added.site_set.set_id
    read_set(sets, scores, set_id, RUN, adding.files, adding.pool)
    return open_site_library(sets, scores, added.site_set)


def test_each_film_that_is_left_out_stands_with_its_reason(added):
    assert set(added.site_set.left_out) == {
        LeftOut(PLACES["b-small.jpg"], WhyLeftOut.COPY, "2"),
        LeftOut(PLACES["b.png"], WhyLeftOut.SAME_FILE, "2"),
        LeftOut(PLACES["broken.png"], WhyLeftOut.UNREADABLE),
        LeftOut(PLACES["grey.png"], WhyLeftOut.REFUSED, "blank"),
        LeftOut(PLACES["learned.png"], WhyLeftOut.LEARNED, "train/NORMAL/x.jpeg"),
        LeftOut(PLACES["unsettled.png"], WhyLeftOut.NOT_SETTLED),
    }
    assert added.names[PLACES["grey.png"]] == "grey.png"
    assert added.missing == ("gone.png",)
    assert (added.site_set.unlabelled, added.site_set.missing) == (1, 1)
    assert added.site_set.overlap_checked


def test_films_are_numbered_and_patients_are_numbers(added, sets):
    one = added.site_set
    films = sets.films(one.set_id)
    assert (one.films, one.ill, one.patients, one.patients_stated) == (3, 2, 3, True)
    assert [(film.number, film.ill, film.patient) for film in films] == [
        (1, False, 1),
        (2, True, 2),
        (3, True, 3),
    ]
    assert films[0].readers == {"reader_1": False, "reader_2": True}
    assert films[2].groups == {"ward": "south"}  # known by its accession number
    assert [bool(film.patient_key) for film in films] == [False, False, True]


def test_nothing_that_names_a_patient_or_a_file_is_kept(added, sets, place):
    copies = [sets.content(film.film_id) for film in sets.films(added.site_set.set_id)]
    on_disk = [path.read_bytes() for path in place.rglob("*") if path.is_file()]
    told = b"".join([*copies, *on_disk])
    assert b"north" in told  # what tells groups apart is kept in plain text
    names = ("Anna", "Bert", "ller^J", "MRN-778899", "ACC-5", "20240611", "a.png", "scan.dcm")
    assert [name for name in names if name.encode() in told] == []
    assert all(content.startswith(b"\x89PNG") for content in copies)


def test_a_copy_holds_the_films_own_pixels(added, sets, folder):
    first, _, scan = (
        decode_radiograph(sets.content(one.film_id)) for one in sets.films(added.site_set.set_id)
    )
    np.testing.assert_array_equal(
        first.pixels, decode_radiograph((folder / "a.png").read_bytes()).pixels
    )
    original = decode_radiograph((folder / "scan.dcm").read_bytes()).pixels
    assert np.abs(scan.pixels / scan.pixels.max() - original / original.max()).max() < 1e-3
    assert first.synthetic  # which these films are


def test_a_run_says_of_a_kept_film_what_it_says_of_the_original(library, folder, engine):
    said = library.predictions(RUN)
    read = read_film((folder / "a.png").read_bytes(), engine).prediction
    assert said.probability[0] == pytest.approx(read.probability, abs=1e-5)
    scan = read_film((folder / "scan.dcm").read_bytes(), engine).prediction
    assert said.probability[2] == pytest.approx(scan.probability, abs=1e-2)
    assert said.films.label.tolist() == [0, 1, 1]
    assert set(said.films.split.tolist()) <= set(HALVES)
    assert not said.films.patient_in_train.any()


def test_a_set_that_a_run_reads_anew_gives_the_same_and_counts_what_was_refused(library, adding):
    read = library.read(adding.files)
    np.testing.assert_allclose(
        read.films.scored.probability, library.predictions(RUN).probability, atol=1e-5
    )
    assert Counter(read.films.refused) == {"blank": 1}
    assert read.films.patients_stated
    assert read.left_out[f"file {PLACES['b-small.jpg']}"] == "the same picture as film 2"
    np.testing.assert_array_equal(read.films.readers["reader_1"], [0, -1, 1])
    with pytest.raises(Cancelled):
        library.read(adding.files, cancelled=lambda: True)
    alone = library.read_unlabelled(adding.files)
    np.testing.assert_array_equal(alone.probabilities, read.films.scored.probability)
    assert (alone.refused, alone.twice) == ({"blank": 1}, 0)


def test_what_a_run_says_is_kept_by_its_export_and_goes_with_the_set(
    library, scores, added, tmp_path
):
    set_id = added.site_set.set_id
    other = load_run(MODELS / "f04")
    assert scores.has(set_id, RUN)
    assert missing_scores(scores, [set_id], {"f08": RUN, "f04": other}) == [(set_id, other)]
    assert missing_scores(scores, [set_id], {"f04": other}, {(set_id, "f04")}) == []
    with pytest.raises(DatasetError, match="f04 has not read the films of Ward"):
        library.predictions(other)
    elsewhere = SiteScores(tmp_path, "another gate")
    elsewhere.keep("site-gone", RUN, library.predictions(RUN))
    assert elsewhere.has("site-gone", RUN)
    assert not scores.has("site-gone", RUN)
    elsewhere.forget_others(["site-here"])
    assert not elsewhere.has("site-gone", RUN)


def test_another_database_forgets_nothing_of_this_ones_sets(library, tmp_path):
    here, there = (
        open_site_scores(Settings(cache=tmp_path, database_url=f"sqlite:///{name}.sqlite3"), "gate")
        for name in ("here", "there")
    )
    here.keep("site-here", RUN, library.predictions(RUN))
    there.forget_others([])
    assert here.has("site-here", RUN)
    assert not there.has("site-here", RUN)


def test_a_film_that_is_erased_is_measured_no_more(library, sets, scores, added):
    fewer = SiteSetFilms(
        added.site_set,
        library.films[:2],
        sets.content,
        lambda run: scores.of(library.name, run),
        lambda _run: True,
    )
    assert fewer.predictions(RUN).films.film_id.tolist() == [
        film.film_id for film in library.films[:2]
    ]
    with pytest.raises(DatasetError, match="is not a film of the set"):
        fewer.read_bytes(library.films[2].film_id)


def test_adding_that_is_stopped_leaves_nothing(folder, adding, sets):
    kept = len(list(sets.sets()))
    asked = iter([False, False, False, False, True])
    with pytest.raises(Cancelled, match="nothing of them is kept"):
        add(folder, adding, "Stopped", cancelled=lambda: next(asked, True))
    assert len(sets.sets()) == kept
    assert sets.erase_unfinished() == 0
    kept_films = sets.database.rows(site_films.select())
    assert {row.set_id for row in kept_films} == {one.set_id for one in sets.sets()}


def test_a_set_without_a_film_says_what_became_of_them(folder, adding):
    only = {name: LABELS[name] for name in ("grey.png", "broken.png")}
    with open_films(str(folder)) as source, pytest.raises(DatasetError) as refused:
        add_site_set(source, only, "Empty", SiteKind.FOLDER, adding)
    assert "Refused by the quality check: 1" in str(refused.value)
    assert "Cannot be read: 1" in str(refused.value)


def test_runs_read_sets_one_after_the_other_and_a_failure_does_not_stop_them():
    read = []

    def score(set_id, run, note, cancelled):
        note(1, 2)
        if run.run_id == "f04":
            raise DatasetError("no room")
        read.append((set_id, run.run_id))

    other = load_run(MODELS / "f04")
    task = ScoreTask([("site-a", RUN), ("site-a", other), ("site-b", RUN)], score).start()
    assert task.wait(10)
    assert read == [("site-a", "f08"), ("site-b", "f08")]
    assert task.failed == {("site-a", "f04"): "no room"}
    assert (task.result, task.waiting, task.now) == (2, frozenset(), None)


def test_a_stopped_task_still_knows_what_it_has_not_read():
    began = threading.Event()

    def score(set_id, _run, _note, cancelled):
        if set_id == "site-b":
            began.set()
            while not cancelled():
                time.sleep(0.01)
            raise Cancelled("stopped")

    wanted = [("site-a", RUN), ("site-b", RUN), ("site-c", RUN)]
    task = ScoreTask(wanted, score).start()
    assert began.wait(10)
    task.cancel()
    assert task.wait(10)
    assert task.failed == {}
    assert task.waiting == {("site-b", "f08"), ("site-c", "f08")}
