"""What an acceptance test gives a site to read by, and how that is kept and said."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.acceptance.criteria import Declaration, Judged
from core.acceptance.measured import Acceptance
from core.domain.model import RunRecord, SiteSetting
from core.domain.site import chosen_on_text
from core.errors import ReviewStoreError
from core.language.numbers import day_text
from core.language.words import Message, msg
from core.runs.store import export_identity

RUNS_OWN = 0
"""Stands for the version of a run's own calibration and operating point."""


@dataclass(frozen=True, slots=True)
class KeptSetting:
    """A site's setting with what it was judged by.

    Attributes
    ----------
    films, patients, tuning : int
        Films that passed the quality check, their patients, and those films that tuned.
    refused : int
        Films that the quality check refused.
    ill_scores, well_scores : tuple of float
        As of `core.acceptance.measured.Acceptance`; empty where they were not kept.
    """

    setting: SiteSetting
    declaration: Declaration
    judged: tuple[Judged, ...]
    films: int
    patients: int
    tuning: int
    refused: int
    ill_scores: tuple[float, ...] = ()
    well_scores: tuple[float, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return it as the database keeps it."""
        kept: dict[str, Any] = _KEPT.dump_python(self, mode="json")
        return kept

    @classmethod
    def from_json(cls, kept: object) -> KeptSetting:
        """Read what ``to_json`` wrote.

        Raises
        ------
        ReviewStoreError
            If it is no such setting.
        """
        try:
            return _KEPT.validate_python(kept)
        except ValidationError as exc:
            raise ReviewStoreError(
                msg("A kept setting of the site cannot be read. Restore the database.")
            ) from exc


_KEPT = TypeAdapter(KeptSetting)


@dataclass(frozen=True, slots=True)
class SettingLine:
    """One line of the log: which version a run reads by from then on.

    Attributes
    ----------
    version : int
        `RUNS_OWN` for the run's own.
    adopted : KeptSetting or None
        None where an earlier version, or the run's own, was taken up again.
    """

    run_id: str
    version: int
    adopted: KeptSetting | None
    reason: str
    set_by: str
    set_at: datetime


@dataclass(frozen=True, slots=True)
class InForce:
    """What a run reads by at a site.

    Attributes
    ----------
    kept : KeptSetting or None
        None: by the run's own calibration and operating point.
    void : KeptSetting or None
        What would be in force if the run's export were still the one that was measured.
    """

    kept: KeptSetting | None = None
    void: KeptSetting | None = None

    @property
    def setting(self) -> SiteSetting | None:
        """The setting alone."""
        return None if self.kept is None else self.kept.setting

    @property
    def note(self) -> str:
        """What is said of it beside the run's name; empty where nobody accepted the run here."""
        if self.kept is not None:
            return setting_text(self.kept.setting)
        if self.void is not None:
            return msg(
                "Version {version} of the site's setting is void: the run's export is another "
                "one. The run's own threshold is used.",
                version=self.void.setting.version,
            )
        return ""


def decide_in_force(lines: tuple[SettingLine, ...], run: RunRecord) -> InForce:
    """Return what a run reads by.

    Parameters
    ----------
    lines : tuple of SettingLine
        Of all runs, oldest first.
    """
    own = [line for line in lines if line.run_id == run.run_id]
    newest = own[-1].version if own else RUNS_OWN
    found = {one.setting.version: one for line in own if (one := line.adopted) is not None}
    kept = found.get(newest)
    if kept is None:
        return InForce()
    same = kept.setting.export_sha256 == export_identity(run.without_site)
    return InForce(kept=kept) if same else InForce(void=kept)


def setting_of(
    found: Acceptance, site: str, version: int, reason: str, by: str, at: datetime
) -> KeptSetting:
    """Return what an acceptance test found as a site's setting.

    Raises
    ------
    DatasetError
        If its calibration would put films into another order than the run does.
    """
    setting = SiteSetting(
        version=version,
        site=site,
        run_id=found.run_id,
        export_sha256=found.export_sha256,
        calibration=found.calibration,
        point=replace(found.point, chosen_on=chosen_on_text(site, version)),
        own_threshold=found.own_threshold,
        bands=found.score_bands,
        films=found.site.n,
        sensitivity=found.site.rates["sensitivity"],
        specificity=found.site.rates["specificity"],
        go=found.go,
        reason=reason,
        adopted_by=by,
        adopted_at=at,
    )
    return KeptSetting(
        setting,
        found.declaration,
        found.judged,
        films=found.films,
        patients=found.patients,
        tuning=found.tuning,
        refused=sum(found.refused.values()),
        ill_scores=found.ill_scores,
        well_scores=found.well_scores,
    )


def setting_text(setting: SiteSetting) -> Message:
    """Return in a sentence which threshold is in force, and since when; a no go with its reason."""
    numbers = {
        "threshold": setting.point.threshold,
        "version": setting.version,
        "day": day_text(setting.adopted_at),
        "n": setting.films,
    }
    if setting.go:
        return msg(
            "Site threshold {threshold:.2f}, version {version}, accepted {day} on {n} films.",
            **numbers,
        )
    return msg(
        "Site threshold {threshold:.2f}, version {version}, adopted {day} in spite of a no go on "
        "{n} films: “{reason}”.",
        **numbers,
        reason=setting.reason,
    )
