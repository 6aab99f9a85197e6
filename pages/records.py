"""Find signed reads again, see a film's history, and take the list out."""

import streamlit as st

from core.domain.reader import Act
from core.domain.review import ReviewRecord
from core.reads.arbitration import list_disputes, list_settled
from core.reads.export import FINDINGS, ORDER, describe_read
from ui.app.guard import guard, show_errors
from ui.app.ledger import Ledger, get_ledger
from ui.app.resources import get_served
from ui.app.session import show_notice
from ui.charts.base import plot_reads
from ui.components.panels import draw_standing_line
from ui.records.agreement import draw_finding_agreement
from ui.records.data import LISTED, films_waiting, leave_out, reads_only
from ui.records.disputes import draw_disputes
from ui.records.filters import Chosen, choose_order, choose_reads, choose_run, draw_exports
from ui.records.monitoring import draw_drift, draw_roc, drift_of
from ui.records.panels import draw_chain, draw_history, draw_readers, opens_unread
from ui.records.reliance import draw_own_reliance
from ui.review.dispute_link import ADDRESS

SHOWN_COLUMNS = (
    "Read at (UTC)",
    "Film",
    "Films",
    "Reader",
    "Verdict",
    FINDINGS,
    "Confidence (1 to 5)",
    "Probability",
    "Shown number",
    "Reader and model",
    "Reference",
    "Kind",
    ORDER,
    "Seconds",
    "Quality",
    "Comment",
)


def draw_empty() -> None:
    """Say what will stand here, and lead to where it comes from."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("No signed reads yet")
        st.write(
            "Every read signed on the page Worklist is listed here: the reader, the film, the "
            "verdict and the model's result. Nothing is ever overwritten: a correction is stored "
            "with the read that it corrects."
        )
        st.page_link("pages/review.py", label="Go to the worklist", icon=":material/radiology:")


def draw_list(found: list[ReviewRecord], ledger: Ledger) -> ReviewRecord | None:
    """Draw the reads as a table, and return the one that is chosen."""
    described = [describe_read(record, ledger.references) for record in found]
    rows = [{name: row[name] for name in SHOWN_COLUMNS} for row in described]
    event = st.dataframe(
        rows,
        hide_index=True,
        height=460,
        on_select="rerun",
        selection_mode="single-row",
        key="records-table",
        column_config={
            "Read at (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Confidence (1 to 5)": st.column_config.NumberColumn("Confidence"),
            "Probability": st.column_config.NumberColumn(
                format="%.2f", help="At the share of pneumonia among the run's validation films."
            ),
            "Shown number": st.column_config.TextColumn(help="What the reader saw of the score."),
            "Seconds": st.column_config.NumberColumn(
                format="%.0f", help="On the screen until this read."
            ),
            "Comment": st.column_config.TextColumn(width="large"),
        },
    )
    chosen = event["selection"]["rows"]
    return found[chosen[0]] if chosen and chosen[0] < len(found) else None


def draw_reads(chosen: Chosen, ledger: Ledger) -> None:
    """Draw the list with its plot and exports, and the history of the film that is chosen."""
    if not chosen.listed:
        st.info("No read matches. Remove a search word or a filter.", icon=":material/search:")
        return
    list_side, plot_side = st.columns([2.4, 1])
    with list_side:
        read = draw_list(chosen.listed[:LISTED], ledger)
        if len(chosen.listed) > LISTED:
            st.caption(
                f"The newest {LISTED:,} of {len(chosen.listed):,} matching reads are listed; the "
                "exports contain all of them. Search or filter by date to see older ones."
            )
        draw_exports(chosen.listed, ledger)
    plot_side.plotly_chart(plot_reads(chosen.listed[:LISTED]), key="reads-plot")
    if read is None:
        st.caption("Choose a row to see every read of that film.")
    else:
        draw_history(read)


visit = guard("records")
with show_errors():
    show_notice(visit)
    ledger, hidden = get_ledger(), set[str]()
    weeks = drift_of(ledger.records) if ledger.records else []
    waiting = films_waiting(ledger, visit)
    settling = ADDRESS in st.query_params  # the film comes first then
    finding = st.expander("Find reads", icon=":material/search:") if settling else st.container()
    if waiting:
        with finding:
            hidden = set() if opens_unread(visit, len(waiting)) else waiting
        ledger = leave_out(ledger, waiting) if reads_only(visit) else ledger
    if ledger.records:
        with finding:
            chosen = choose_reads(ledger, hidden)
        settles = visit.acting.may(Act.ARBITRATE)
        seen = ledger.records if settles else leave_out(ledger, hidden).records
        disputes = list_disputes(seen)
        names = [f"Reads ({len(chosen.listed)})", "Readers and model"]
        alarms = sum(week.alarm for week in weeks)
        drift_tab = f"Drift ({alarms} weeks with an alarm)" if alarms else "Drift"
        names += [f"Disputes ({len(disputes)})", drift_tab, "Audit log"]
        opened = names[2] if settling else None
        reads, readers, queue, drift, chain = st.tabs(names, key="records-tabs", default=opened)
        with reads:
            draw_reads(chosen, ledger)
        with readers:
            beside = choose_order(choose_run(chosen.counted))
            draw_readers(beside, ledger.references)
            draw_own_reliance(visit, beside, ledger)
            draw_finding_agreement(beside)
            draw_roc(beside, ledger.references)
        with queue:
            draw_disputes(visit, disputes, list_settled(seen) if settles else [])
        with drift, show_errors():
            draw_drift(weeks)
        with chain:
            draw_chain()
    else:
        draw_empty()
        with st.expander("Verify all other records", icon=":material/verified:"):
            draw_chain()
    draw_standing_line(get_served(), visit.reader)
