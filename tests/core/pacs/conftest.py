"""A PACS that is really there: Orthanc, one for all tests of a worker."""

from collections.abc import Iterator

import pytest
from fixtures.orthanc import Orthanc, free_port

RECEIVES_ON = free_port()


@pytest.fixture(scope="session")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    pacs = Orthanc(tmp_path_factory.mktemp("orthanc"), {"firstread": ("FIRSTREAD", RECEIVES_ON)})
    pacs.start()
    yield pacs
    pacs.kill()


@pytest.fixture(scope="session")
def receives_on() -> int:
    """Return the port to which the PACS sends what it is told to send to `firstread`."""
    return RECEIVES_ON
