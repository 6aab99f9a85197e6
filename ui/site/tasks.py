"""What is measured in the background on this server: one test at a time, seen by all its leads."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from core.jobs.film_worker import EngineFiles
from core.jobs.site_tests import AcceptanceTask, FilmsTask, PrevalenceTask
from core.language.words import msg, tr, trn
from core.pipeline import Engine
from core.settings import get_settings
from ui.app.progress import REFRESH_S, Watch
from ui.app.resources import get_engine
from ui.components.plain_text import plain


@dataclass(slots=True)
class Desk:
    """The newest test of each kind, under way or done.

    Attributes
    ----------
    adopted : int
        The version as which the acceptance test was adopted; 0 as long as it was not.
    """

    acceptance: AcceptanceTask | None = None
    adopted: int = 0
    prevalence: PrevalenceTask | None = None

    @property
    def busy(self) -> bool:
        """Whether films are being read for one of them."""
        return any(one is not None and one.running for one in (self.acceptance, self.prevalence))

    def begin(self, task: AcceptanceTask | PrevalenceTask) -> bool:
        """Begin a test and return True, unless another one is under way."""
        with _one_at_a_time:
            if self.busy:
                return False
            if isinstance(task, AcceptanceTask):
                self.acceptance, self.adopted = task, 0
            else:
                self.prevalence = task
            task.start()
            return True


BUSY = msg("Films are being read for another test. Wait for it.")
_one_at_a_time = threading.Lock()


@st.cache_resource(show_spinner=False)
def get_desk() -> Desk:
    """Return the desk of this server; what lies on it survives a reload of the page."""
    return Desk()


def own_engine() -> tuple[Engine, EngineFiles]:
    """Return the served run with its own calibration, and how a worker process opens it."""
    engine = get_engine().own
    return engine, EngineFiles.of(engine, get_settings().models, get_settings().inference_threads)


def follow_task(task: FilmsTask[Any], words: str, key: str, forget: Callable[[], None]) -> None:
    """Draw how far a task is with a button that stops it, or why it came to nothing."""
    if task.running:
        st.fragment(_follow, run_every=REFRESH_S)(Watch(), task, words, key)
    elif task.sentence:
        st.warning(plain(tr(task.sentence)), icon=":material/error:")
        st.button(tr("Put away"), icon=":material/close:", key=f"{key}-away", on_click=forget)


def _follow(watch: Watch, task: FilmsTask[Any], words: str, key: str) -> None:
    if task.total:
        words = trn(
            "{what}: {done:,} of {n:,} film",
            "{what}: {done:,} of {n:,} films",
            task.total,
            what=words,
            done=task.done,
        )
    st.progress(min(1.0, task.progress), text=words)
    st.button(
        tr("Stop"),
        icon=":material/stop_circle:",
        key=f"{key}-stop",
        on_click=task.cancel,
        disabled=task.cancelled,
    )
    watch.rerun_if(news=task.finished)
