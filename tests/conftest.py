"""What every test may use."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from core.run_store import read_record, write_record
from core.serving import AUDIT_FILE
from core.settings import PROJECT_ROOT, SERVED_RUN, get_settings


@pytest.fixture(scope="session", autouse=True)
def served_models(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return the models that tests serve: those of the project if the served run has its audit.

    Otherwise a copy with a stand-in for it, which every test and every server that one starts uses.
    """
    models = PROJECT_ROOT / "models"
    if AUDIT_FILE in read_record(models / SERVED_RUN)["files"]:
        yield models
        return
    copy = tmp_path_factory.mktemp("served") / "models"
    shutil.copytree(models, copy)
    write_stand_in_audit(copy / SERVED_RUN)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FIRSTREAD_MODELS", str(copy))
        get_settings.cache_clear()
        yield copy
    get_settings.cache_clear()


def write_stand_in_audit(folder: Path) -> None:
    """Give a copied run an audit that says nothing."""
    (folder / AUDIT_FILE).write_text('{"stand_in": true}')
    write_record(folder, {k: v for k, v in read_record(folder).items() if k != "files"})


settings.register_profile("first_read", deadline=None)  # a busy machine is no failure
settings.load_profile("first_read")


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Return the folder with the shared films, or skip (never under CI) with what to set."""
    folder = get_settings().data
    if (folder / "kermany224" / "train").is_dir():
        return folder
    sentence = f"no films at {folder}: set FIRSTREAD_DATA to the folder that holds kermany224/"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)
