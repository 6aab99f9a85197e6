"""Find signed reads again, see a film's history, and take the list out."""

import streamlit as st

from core.domain.reader import Act
from core.language.words import tr, trn
from core.reads.arbitration import list_disputes, list_settled
from ui.app.guard import guard, show_errors
from ui.app.resources import get_served
from ui.app.session import show_notice
from ui.components.panels import draw_standing_line
from ui.records.agreement import draw_finding_agreement
from ui.records.data import films_waiting, leave_out, reads_only, visible_ledger
from ui.records.disputes import disputes_tab, draw_disputes, own_disputes
from ui.records.filters import choose_order, choose_reads, choose_run
from ui.records.monitoring import draw_drift, draw_roc, drift_of
from ui.records.panels import draw_chain, draw_readers, opens_unread
from ui.records.reads import draw_reads
from ui.records.reliance import draw_own_reliance
from ui.review.dispute_link import ADDRESS


def draw_empty(*, hidden: bool) -> None:
    """Say what will stand here, and lead to where it comes from."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header(tr("No reads that you may see yet") if hidden else tr("No signed reads yet"))
        st.write(
            tr(
                "All reads here are of films that await your own first read. They are "
                "listed once you have locked it."
            )
            if hidden
            else tr(
                "Every read signed on the page Worklist is listed here: the reader, "
                "the film, the verdict and the model's result. Nothing is ever "
                "overwritten: a correction is stored with the read that it corrects."
            )
        )
        st.page_link("pages/review.py", label=tr("Go to the worklist"), icon=":material/radiology:")


visit = guard("records")
with show_errors():
    show_notice(visit)
    ledger, hidden, shown = visible_ledger(visit), set[str](), False
    weeks = drift_of(ledger.records) if ledger.records else []
    waiting = films_waiting(ledger, visit)
    settling = ADDRESS in st.query_params  # the film comes first then
    finding = (
        st.expander(tr("Find reads"), icon=":material/search:") if settling else st.container()
    )
    if waiting:
        with finding:
            shown = opens_unread(visit, len(waiting))
            hidden = set() if shown else waiting
        ledger = leave_out(ledger, waiting) if reads_only(visit) else ledger
    if ledger.records:
        with finding:
            chosen = choose_reads(ledger, hidden)
        settles = visit.acting.may(Act.ARBITRATE)
        seen = ledger.records if settles else leave_out(ledger, hidden).records
        disputes = list_disputes(seen)
        own = own_disputes(visit, disputes)
        disputes = [one for one in disputes if one not in own]
        names = [tr("Reads ({reads})", reads=len(chosen.listed)), tr("Readers and model")]
        alarms = sum(week.alarm for week in weeks)
        drift_tab = (
            trn("Drift ({n} week with an alarm)", "Drift ({n} weeks with an alarm)", alarms)
            if alarms
            else tr("Drift")
        )
        names += [disputes_tab(disputes, own), drift_tab, tr("Audit trail")]
        opened = names[2] if settling else None
        reads, readers, queue, drift, chain = st.tabs(names, key="records-tabs", default=opened)
        with reads:
            draw_reads(visit, chosen, ledger, 0 if not waiting or shown else len(waiting))
        with readers:
            beside = choose_order(choose_run(chosen.counted))
            draw_readers(beside, ledger.references)
            draw_own_reliance(visit, beside, ledger)
            draw_finding_agreement(beside)
            draw_roc(beside, ledger.references)
        with queue:
            draw_disputes(visit, disputes, list_settled(seen) if settles else [], own)
        with drift, show_errors():
            draw_drift(weeks)
        with chain:
            draw_chain()
    else:
        draw_empty(hidden=bool(waiting))
        with st.expander(tr("Verify all other records"), icon=":material/verified:"):
            draw_chain()
    draw_standing_line(get_served(), visit.reader)
