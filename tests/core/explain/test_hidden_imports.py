"""Hiding a module from one thread's imports, and keeping the heap small."""

import subprocess
import sys
import threading
from importlib import import_module

import pytest

from core.explain.lime import without_module
from core.jobs.memory import give_memory_back, keep_heap_small

SURROGATE_WITHOUT_PANDAS = """
import sys
from core.explain.lime import load_surrogate
load_surrogate()
assert "sklearn" in sys.modules and "pandas" not in sys.modules
import pandas
from core.explain.lime import load_surrogate
load_surrogate()
"""


@pytest.fixture
def rare_module(tmp_path, monkeypatch):
    (tmp_path / "rarely_used_here.py").write_text("value = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield "rarely_used_here"
    sys.modules.pop("rarely_used_here", None)


def test_a_hidden_module_is_as_if_it_were_not_installed(rare_module):
    with without_module(rare_module), pytest.raises(ModuleNotFoundError, match="is hidden"):
        import_module(rare_module)
    assert import_module(rare_module).value == 7


def test_another_thread_imports_it_meanwhile(rare_module):
    seen = []
    with without_module(rare_module):
        other = threading.Thread(target=lambda: seen.append(import_module(rare_module).value))
        other.start()
        other.join()
    assert seen == [7]


def test_the_finder_goes_away_after_an_error(rare_module):
    before = list(sys.meta_path)
    with pytest.raises(RuntimeError), without_module(rare_module):
        raise RuntimeError
    assert sys.meta_path == before


def test_the_surrogate_loads_without_pandas_and_pandas_loads_afterwards():
    subprocess.run([sys.executable, "-c", SURROGATE_WITHOUT_PANDAS], check=True, timeout=120)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_glibc_takes_every_setting():
    assert keep_heap_small()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc is Linux's")
def test_free_memory_in_the_middle_of_the_heap_is_given_back():
    blocks = [bytes(100_000) for _ in range(400)]
    last = bytes(100_000)
    blocks.clear()
    assert give_memory_back()
    assert len(last) == 100_000
