"""Films explained in a process of its own: the same weights, and what remains when it is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import imagecodecs
import numpy as np
import pytest

from core.domain.model import ModelInput
from core.domain.regions import CamSettings, Explanation, Fill, LimeSettings
from core.errors import ExplanationError, ModelIntegrity
from core.jobs.explainer import ENDED, Explainer, Order, RemoteSteps, RunFiles
from core.jobs.explanation_worker import carry_out
from core.jobs.explanations import ExplanationQueue, ExplanationTask
from core.phantom.film import draw_film
from core.phantom.settings import draw_settings
from core.pipeline import (
    Explainable,
    explain_film,
    open_classifier,
    open_engine,
    open_healthy,
    prepare_film,
)
from core.runs.store import export_identity, load_run
from core.settings import PROJECT_ROOT, SERVED_RUN

MODELS = PROJECT_ROOT / "models"
RUN = load_run(MODELS / SERVED_RUN)
FILES = RunFiles(MODELS, SERVED_RUN, 2, export_identity(RUN))
SETTINGS = LimeSettings(samples=100)


@pytest.fixture(scope="module")
def film() -> ModelInput:
    pixels = draw_film(draw_settings(3, "lobar"), height_px=400).pixels
    png = imagecodecs.png_encode(np.rint(pixels * 255).astype(np.uint8))
    return prepare_film(png, open_engine(MODELS, SERVED_RUN))


@pytest.fixture
def explainer() -> Iterator[Explainer]:
    made = Explainer()
    yield made
    made.close()


def wait_for_end(task: ExplanationTask) -> None:
    end = time.monotonic() + 60
    while not task.finished:
        assert time.monotonic() < end
        time.sleep(0.01)


def finish(steps: RemoteSteps) -> Explanation:
    while not steps.finished:
        steps.advance()
    return steps.explain()


def test_the_process_gives_the_weights_that_this_one_gives(
    explainer: Explainer, film: ModelInput
) -> None:
    here = explain_film(film, Explainable(open_classifier(RUN)), SETTINGS)
    explainer.prepare(FILES)
    steps = explainer.begin(film, FILES, SETTINGS)
    assert (steps.samples, steps.share) == (0, 0.0)
    there = finish(steps)
    np.testing.assert_allclose(there.weights, here.weights, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(there.segments, here.segments)
    assert there.settings == here.settings
    assert (steps.samples, steps.share) == (100, 1.0)


def test_the_evidence_of_a_film_is_there_at_once(explainer: Explainer, film: ModelInput) -> None:
    run = Explainable(open_classifier(RUN), open_healthy(MODELS))
    here = explain_film(film, run, CamSettings())
    steps = explainer.begin(film, FILES, CamSettings())
    assert steps.finished
    there = steps.explain()
    np.testing.assert_allclose(there.weights, here.weights, rtol=1e-5, atol=1e-7)
    assert there.parts == pytest.approx(here.parts)


def test_lime_may_fill_with_healthy_lung(explainer: Explainer, film: ModelInput) -> None:
    settings = LimeSettings(samples=100, fill=Fill.HEALTHY)
    here = explain_film(film, Explainable(open_classifier(RUN), open_healthy(MODELS)), settings)
    there = finish(explainer.begin(film, FILES, settings))
    np.testing.assert_allclose(there.weights, here.weights, rtol=1e-5, atol=1e-7)
    dark = finish(explainer.begin(film, FILES, replace(settings, fill=Fill.DARK)))
    assert not np.allclose(there.weights, dark.weights, atol=0.01)


def test_a_queue_answers_with_evidence_as_soon_as_it_is_its_turn(
    explainer: Explainer, film: ModelInput
) -> None:
    queue = ExplanationQueue()
    begin = lambda: explainer.begin(film, FILES, CamSettings())  # noqa: E731
    task = queue.request("film", begin, "reader")
    assert task is not None
    wait_for_end(task)
    assert task.result is not None
    assert sum(task.result.parts.values()) == pytest.approx(task.result.score)


def test_two_films_take_turns(explainer: Explainer, film: ModelInput) -> None:
    other = replace(film, tensor=np.ascontiguousarray(film.tensor[:, ::-1]))
    first, second = (explainer.begin(each, FILES, SETTINGS) for each in (film, other))
    first.advance()
    alone = finish(explainer.begin(other, FILES, SETTINGS))
    np.testing.assert_array_equal(finish(second).weights, alone.weights)
    assert not first.finished
    assert not np.array_equal(finish(first).weights, alone.weights)


def test_what_was_under_way_fails_with_a_sentence_and_the_next_film_finds_a_new_process(
    explainer: Explainer, film: ModelInput
) -> None:
    first, second = (explainer.begin(film, FILES, SETTINGS) for _ in range(2))
    lost = explainer.process_id
    assert lost is not None
    os.kill(lost, signal.SIGKILL)
    for steps in (first, second):
        with pytest.raises(ExplanationError, match="Ask for them again"):
            steps.advance()
    assert finish(explainer.begin(film, FILES, SETTINGS)).weights.any()
    assert explainer.process_id != lost


def test_a_process_that_ended_while_it_had_nothing_to_do_is_replaced(
    explainer: Explainer, film: ModelInput
) -> None:
    explainer.prepare(FILES)
    lost = explainer.process_id
    assert lost is not None
    os.kill(lost, signal.SIGKILL)
    time.sleep(0.2)
    assert finish(explainer.begin(film, FILES, SETTINGS)).weights.any()


def test_a_reader_hears_that_the_process_was_lost(explainer: Explainer, film: ModelInput) -> None:
    queue = ExplanationQueue()

    def begin() -> RemoteSteps:
        steps = explainer.begin(film, FILES, SETTINGS)
        assert explainer.process_id is not None
        os.kill(explainer.process_id, signal.SIGKILL)
        return steps

    task = queue.request("film", begin, "reader")
    assert task is not None
    wait_for_end(task)
    assert task.sentence == ENDED


def test_a_run_whose_files_have_changed_explains_nothing(
    explainer: Explainer, film: ModelInput
) -> None:
    with pytest.raises(ModelIntegrity, match="have changed since First Read was started"):
        explainer.begin(film, replace(FILES, identity="0" * 64), SETTINGS)


def test_a_fault_of_the_film_is_its_own_sentence(explainer: Explainer, film: ModelInput) -> None:
    with pytest.raises(ExplanationError, match="samples is 1"):
        explainer.begin(film, FILES, LimeSettings(samples=1))


def test_what_nobody_holds_is_forgotten(film: ModelInput) -> None:
    sent: list[Order] = []
    under_way: dict = {}

    class Here(Explainer):
        def carry_out(self, order: Order):
            sent.append(order)
            return carry_out(order, under_way)

    here = Here()
    kept = here.begin(film, FILES, SETTINGS)
    dropped = here.begin(film, FILES, SETTINGS)
    assert set(under_way) == {0, 1}
    del dropped
    kept.advance()
    assert set(under_way) == {0}
    assert sent[-1].forgotten == (1,)


def test_steps_of_another_process_are_no_fault() -> None:
    with pytest.raises(ExplanationError, match="Ask for them again"):
        carry_out(Order(7), {})


def test_the_process_knows_none_of_the_apps_settings(
    explainer: Explainer, film: ModelInput, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FIRSTREAD_DATABASE_URL", "postgresql://user:secret@host/reads")
    explainer.begin(film, FILES, SETTINGS)
    environment = Path(f"/proc/{explainer.process_id}/environ").read_bytes()
    assert b"PATH=" in environment
    assert b"secret" not in environment


def test_it_ends_with_its_explainer(explainer: Explainer) -> None:
    explainer.prepare(FILES)
    process = explainer.process_id
    explainer.close()
    assert explainer.process_id is None
    assert not Path(f"/proc/{process}").exists()
