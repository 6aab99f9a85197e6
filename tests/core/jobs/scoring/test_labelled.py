"""Scored films with labels become a run as imports do; what is left out is counted by why."""

import numpy as np
import pytest

from core.comparison.scored_films import align_runs
from core.domain.reader import OPERATOR, Reader, Role
from core.errors import DatasetError, ForeignRunRefused, NotAllowed
from core.evaluation.evaluate import SITE
from core.jobs.film_scores import BAD, READ, REFUSED, FilmScore
from core.jobs.scoring.labelled import NO_SCORE, TWICE, UNREADABLE, make_run
from core.jobs.scoring.labelled import REFUSED as REFUSED_WHY
from core.jobs.scoring.manifest import Manifest, write_manifest
from core.jobs.scoring.parts import PartKey, write_part
from core.runs.predictions import read_predictions
from core.runs.store import load_run
from core.settings import PROJECT_ROOT
from core.sites.labels import NOT_SETTLED
from core.sites.source import ListedFilm

MODELS = PROJECT_ROOT / "models"
PROBABILITIES = [0.1, 0.2, 0.3, 0.9, 0.7, 0.8, 0.6, 0.4]
LABELS = (
    b"film,patient,reader_1,reader_2,label\n"
    b"ward/0.png,1,0,0,\n1.png,1,0,0,\n2.png,2,0,0,\n3.png,3,0,0,\n"
    b"4.png,4,1,1,\n5.png,5,1,1,\n6.png,6,1,1,\n7.png,7,1,0,1\n"
    b"again.png,8,1,1,\nbad.png,9,1,1,\nrefused.png,10,0,0,\nopen.png,11,1,0,\ngone.png,12,1,1,\n"
)


def scored(folder, run_id="f08", shift=0.0):
    """Write eight read films, a copy, a bad and a refused one, and one that readers argue over."""
    names = ["ward/0.png", *(f"{number}.png" for number in range(1, 8))]
    scores = [
        FilmScore(READ, "", "", (), f"{n:02x}" * 32, 90, 80, "PNG", 4 * p, p - shift, "unsure")
        for n, p in enumerate(PROBABILITIES)
    ]
    names += ["again.png", "bad.png", "refused.png", "open.png"]
    scores += [scores[4], FilmScore(BAD, "cut"), FilmScore(REFUSED, "no", "blank"), scores[0]]
    job = Manifest(
        run_id,
        "identity",
        "export",
        "gate",
        "",
        0.5,
        "place",
        "listing",
        len(names),
        20,
        "1",
        "now",
    )
    folder.mkdir()
    write_manifest(folder, job)
    films = [ListedFilm(name, 1) for name in names]
    write_part(folder, PartKey(job.job, 0, len(names)), 0, films, scores, explained=False)
    return folder


def test_the_labelled_films_are_measured_and_the_others_counted(tmp_path):
    out = scored(tmp_path / "spring 2026")
    made = make_run(out, LABELS, "", MODELS, tmp_path / "runs", OPERATOR)
    assert made.folder == tmp_path / "runs" / "f08-spring-2026"
    # By hand, at 0.5: 3 of 4 ill films found, 3 of 4 well ones cleared.
    point = made.point
    assert (point.threshold, point.n, point.n_positive) == (0.5, 8, 4)
    assert (point.sensitivity, point.specificity) == (0.75, 0.75)
    why = {TWICE: 1, UNREADABLE: 1, REFUSED_WHY: 1, NOT_SETTLED: 1, NO_SCORE: 1}
    assert made.left_out == why
    run = load_run(made.folder)
    assert run.foreign
    assert list(run.metrics) == [SITE]
    assert run.metrics[SITE]["rates"]["roc_auc"]["value"] == pytest.approx(12 / 16)
    predictions = read_predictions(run)
    assert predictions.films.film_id[0] == f"site-{'00' * 8}"
    assert not any("png" in film for film in predictions.films.film_id)
    np.testing.assert_array_equal(np.sort(predictions.probability), np.sort(PROBABILITIES))
    first, second = predictions.films.patient[:2]
    assert first == second
    lines = "\n".join(made.lines())
    assert "8 labelled films" in lines
    assert f"{UNREADABLE}: 1" in lines


def test_two_runs_on_the_same_files_are_compared_film_by_film(tmp_path):
    runs = tmp_path / "runs"
    for name, shift in (("one", 0.0), ("two", 0.1)):
        make_run(scored(tmp_path / name, shift=shift), LABELS, name, MODELS, runs, OPERATOR)
    predictions = {name: read_predictions(load_run(runs / name)) for name in ("one", "two")}
    together = align_runs(predictions, {"one": 0.5, "two": 0.5}, SITE)
    assert len(together) == 8
    np.testing.assert_allclose(together.disagreement, 0.1)


REFUSALS = {
    "a taken name": ("f08", LABELS, ForeignRunRefused, "run f08 exists"),
    "no name": ("../x", LABELS, ForeignRunRefused, "cannot name a run"),
    "one class": ("one", b"film,label\n1.png,0\n2.png,0\n", ForeignRunRefused, "too few films"),
    "other films": ("none", b"film,label\nx.png,0\n", DatasetError, "name no film that was scored"),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_become_a_run_is_refused(tmp_path, case):
    name, labels, error, said = REFUSALS[case]
    out = scored(tmp_path / "out")
    with pytest.raises(error, match=said):
        make_run(out, labels, name, MODELS, tmp_path / "runs", OPERATOR)
    assert not (tmp_path / "runs").exists()


def test_only_who_imports_runs_makes_one_of_scores(tmp_path):
    out = scored(tmp_path / "out")
    with pytest.raises(NotAllowed):
        make_run(out, LABELS, "x", MODELS, tmp_path / "runs", Reader("A", frozenset({Role.READER})))
