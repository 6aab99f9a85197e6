"""A run at a site: its own network and calibration, then the site's calibration and threshold."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from core.domain.arrays import FloatImage
from core.domain.model import RunClassifier, RunRecord, SiteSetting
from core.errors import ModelIntegrity
from core.language.words import msg
from core.runs.store import export_identity


def run_at_site(run: RunRecord, setting: SiteSetting) -> RunRecord:
    """Return a run's record with the operating point of a site.

    The unsure band is left out: its error rates hold for the films that it was measured on.

    Raises
    ------
    ModelIntegrity
        If the setting is of another run, or of another export of it.
    """
    own = run.without_site
    if (setting.run_id, setting.export_sha256) != (own.run_id, export_identity(own)):
        raise ModelIntegrity(
            msg(
                "The setting {version} of {site} was measured with another export of run {run}. "
                "Accept the run again.",
                version=setting.version,
                site=setting.site,
                run=own.run_id,
            )
        )
    return replace(
        own, operating_point=setting.point, abstention=None, decided={}, site=setting, own=own
    )


class SiteClassifier:
    """A classifier whose probabilities and threshold are those of a site.

    Log odds, evidence and disagreement stay the run's own, so that the parts of an explanation
    still add up to its score.
    """

    def __init__(self, own: RunClassifier, setting: SiteSetting) -> None:
        self.own = own
        self._setting = setting
        self._run = run_at_site(own.run_record, setting)

    @property
    def run_record(self) -> RunRecord:
        """The run's record with the operating point of the site."""
        return self._run

    def predict(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 probabilities of the site for a (N, px, px, 1) float32 batch."""
        return self.calibrate(self.own.logits(batch))

    def logits(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 logits."""
        return self.own.logits(batch)

    def calibrate(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """Return the site's probabilities for logits."""
        own = self.own.calibrate(logits).astype(np.float64)
        return self._setting.calibration.apply(own).astype(np.float32)

    def log_odds(self, batch: FloatImage) -> npt.NDArray[np.float32]:
        """Return (N,) float32 log odds of the run's own probabilities."""
        return self.own.log_odds(batch)

    @property
    def has_evidence(self) -> bool:
        """Whether the log odds can be split by place."""
        return self.own.has_evidence

    def evidence(self, batch: FloatImage) -> npt.NDArray[np.float32] | None:
        """Return (N, h, w) float32 parts of the run's own log odds; None if there are none."""
        return self.own.evidence(batch)

    def disagreement(self, batch: FloatImage) -> npt.NDArray[np.float32] | None:
        """Return each film's spread of the members' own probabilities; None without members."""
        return self.own.disagreement(batch)


def without_site(classifier: RunClassifier) -> RunClassifier:
    """Return a classifier without a site's setting."""
    return classifier.own if isinstance(classifier, SiteClassifier) else classifier
