"""Most facts here are of one run, whole or in a copy that lacks something."""

import pytest


@pytest.fixture(scope="session", autouse=True)
def _clusters(clusters_once: None) -> None:
    """Cluster the run's feature space once."""
