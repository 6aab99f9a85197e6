"""By which threshold the served run reads here, what it read by before, and the way back."""

from __future__ import annotations

import streamlit as st

from core.acceptance.criteria import MEASURE_WORDS
from core.acceptance.setting import RUNS_OWN, InForce, KeptSetting, SettingLine, setting_text
from core.domain.model import RunRecord
from core.domain.rate import interval_text
from core.domain.reader import Act
from core.errors import FirstReadError
from core.language.numbers import time_text
from core.language.words import tr
from core.store.site_settings import list_site_settings, take_up_setting
from ui.app.identity import not_allowed
from ui.app.resources import get_database, get_engine, get_in_force, serve_anew
from ui.app.session import Visit
from ui.charts.base import draw_plot
from ui.charts.site import plot_bands
from ui.components.plain_text import plain

REASON, VERSION = "site-back-reason", "site-back-version"


def draw_in_force(visit: Visit) -> None:
    """Draw what the served run reads by at this site, with the way back to an earlier version."""
    now, run = get_in_force(), get_engine().classifier.run_record
    lines = tuple(one for one in list_site_settings(get_database()) if one.run_id == run.run_id)
    with st.container(border=True, key="site-now"):
        if not lines:
            _draw_said(now, run)
            return
        said, acts = st.columns([3, 1], vertical_alignment="center")
        with said:
            _draw_said(now, run)
        with acts.popover(
            tr("Take up an earlier version"),
            icon=":material/history:",
            width="stretch",
            key=f"site-back-{len(lines)}",  # each change begins another one, closed
        ):
            _draw_way_back(visit, run.run_id, lines)


def _draw_said(now: InForce, run: RunRecord) -> None:
    own = run.without_site.operating_point.threshold
    if now.void is not None:
        st.warning(plain(tr(now.note)), icon=":material/link_off:")
    if now.kept is None:
        st.markdown(
            tr(
                "**Run {run} reads by its own threshold, {threshold:.2f}.** It was chosen on "
                "public films. Accept the run on films of this site to replace it.",
                run=run.run_id,
                threshold=own,
            )
        )
        return
    setting = now.kept.setting
    badge = (
        f":blue-badge[:material/check: {tr('Go')}]"
        if setting.go
        else f":orange-badge[:material/priority_high: {tr('No go')}]"
    )
    st.markdown(f"{badge} **{plain(tr(setting_text(setting)))}**")
    st.caption(
        tr(
            "{site}, run {run}. Sensitivity {sensitivity}, specificity {specificity} on {n} test "
            "films. On the run's probability the site's threshold is {on_own:.2f}; the run's own, "
            "{own:.2f}, is not used.",
            on_own=setting.own_threshold,
            site=plain(setting.site),
            run=setting.run_id,
            sensitivity=tr(interval_text(setting.sensitivity, 2)),
            specificity=tr(interval_text(setting.specificity, 2)),
            n=setting.films,
            own=own,
        )
    )
    if not setting.go:
        unmet = ", ".join(
            tr(MEASURE_WORDS[one.criterion.measure]) for one in now.kept.judged if not one.met
        )
        st.caption(tr("Not met: {criteria}.", criteria=unmet))


def _versions(lines: tuple[SettingLine, ...]) -> dict[int, KeptSetting]:
    return {one.version: one.adopted for one in lines if one.adopted is not None}


def _draw_way_back(visit: Visit, run_id: str, lines: tuple[SettingLine, ...]) -> None:
    known, newest = _versions(lines), lines[-1].version
    offered = [version for version in (RUNS_OWN, *known) if version != newest]

    def named(version: int) -> str:
        if version == RUNS_OWN:
            return tr("The run's own threshold")
        point = known[version].setting.point
        return tr(
            "Version {version}, threshold {threshold:.2f}",
            version=version,
            threshold=point.threshold,
        )

    if not_allowed(visit, Act.CHOOSE_SERVED_RUN):
        return
    with st.form("site-back", border=False):
        version = st.selectbox(tr("Read by"), offered, format_func=named, key=VERSION)
        reason = st.text_input(tr("Reason"), key=REASON, max_chars=1000)
        sent = st.form_submit_button(tr("Take up"), type="primary", icon=":material/undo:")
    if not sent or version is None:
        return
    try:
        take_up_setting(get_database(), run_id, version, reason, visit.acting)
    except FirstReadError as exc:
        st.error(tr("Not changed: {why}", why=plain(str(exc))), icon=":material/error:")
        return
    serve_anew()
    visit.notice = tr("{now} is in force. The change is recorded.", now=named(version))
    st.rerun()


def draw_history() -> None:
    """Draw every change of what a run reads by, newest first, and the bands of what is in force."""
    lines = list_site_settings(get_database())
    if not lines:
        st.info(
            tr(
                "No run was accepted here yet. Each version of the site's threshold is listed "
                "here, with who adopted it and why."
            ),
            icon=":material/history:",
        )
        return
    st.dataframe(
        [_row(line) for line in reversed(lines)],
        hide_index=True,
        height="content" if len(lines) <= 8 else 330,
        key="site-log",
        alt=tr("Changes of the site's threshold, newest first"),
    )
    kept = get_in_force().kept
    if kept is not None:
        draw_plot(plot_bands(kept.setting.bands), "site-bands-now")
        st.caption(
            tr(
                "Beside a film of the worklist stands the likelihood ratio of its band, counted on "
                "the test films."
            )
        )


def _row(line: SettingLine) -> dict[str, str]:
    kept = line.adopted
    if kept is not None:
        what = tr(
            "Version {version} adopted, threshold {threshold:.2f}",
            version=line.version,
            threshold=kept.setting.point.threshold,
        )
        judged = tr("go") if kept.setting.go else tr("no go")
        films = tr("{tuning} tuned, {n} measured", tuning=kept.tuning, n=kept.setting.films)
    else:
        judged = films = ""
        what = (
            tr("The run's own threshold again")
            if line.version == RUNS_OWN
            else tr("Version {version} again", version=line.version)
        )
    return {
        tr("Changed at (UTC)"): time_text(line.set_at),
        tr("Run"): line.run_id,
        tr("What"): what,
        tr("Result"): judged,
        tr("Site"): "" if kept is None else kept.setting.site,
        tr("Films"): films,
        tr("By"): line.set_by,
        tr("Reason"): line.reason,
    }
