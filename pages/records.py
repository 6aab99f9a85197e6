"""Find signed reads again, see a film's history, and take the list out."""

import streamlit as st

from core.domain import ReviewRecord, Verdict
from core.review_table import AGREE, DISAGREE, describe_read, find_reads, reads_as_csv
from ui.charts import plot_reads
from ui.guard import guard, spoken_errors
from ui.panels import draw_record, draw_standing_line
from ui.resources import get_served, get_store

LISTED = 5000
SHOWN_COLUMNS = (
    "Read at (UTC)",
    "Film",
    "Reader",
    "Verdict",
    "Confidence (1 to 5)",
    "Probability",
    "Reader and model",
    "Quality",
    "Comment",
)


def draw_empty() -> None:
    """Say what will stand here, and lead to where it comes from."""
    _, middle, _ = st.columns([1, 2, 1])
    with middle:
        st.header("No signed reads yet")
        st.write(
            "Every verdict that is signed on the Review page is kept here: who read which film, "
            "what they said, and what the model had said. Nothing is ever overwritten; a "
            "correction stands beside what it corrects."
        )
        st.page_link("pages/review.py", label="Go to Review", icon=":material/radiology:")


def choose_reads(records: list[ReviewRecord]) -> list[ReviewRecord]:
    """Draw the search line and return what it leaves."""
    words_side, verdict_side, model_side, export_side = st.columns(
        [3, 1.6, 1.8, 1.4], vertical_alignment="bottom"
    )
    words = words_side.text_input("Find film, reader or comment", placeholder="Any word")
    verdict = verdict_side.selectbox(
        "Verdict", [None, *Verdict], format_func=lambda chosen: chosen or "any"
    )
    comparison = model_side.selectbox(
        "Reader and model", [None, AGREE, DISAGREE], format_func=lambda chosen: chosen or "any"
    )
    found = find_reads(records, words, verdict, comparison)
    export_side.download_button(
        f"CSV of {len(found)}",
        reads_as_csv(found),
        file_name="first-read-records.csv",
        mime="text/csv",
        icon=":material/download:",
        disabled=not found,
        width="stretch",
    )
    return found


def draw_list(found: list[ReviewRecord]) -> ReviewRecord | None:
    """Draw the reads as a table, and return the one that is chosen."""
    described = [describe_read(record) for record in found]
    rows = [{name: row[name] for name in SHOWN_COLUMNS} for row in described]
    event = st.dataframe(
        rows,
        hide_index=True,
        width="stretch",
        height=460,
        on_select="rerun",
        selection_mode="single-row",
        key="records-table",
        column_config={
            "Read at (UTC)": st.column_config.DatetimeColumn(format="YYYY-MM-DD HH:mm"),
            "Probability": st.column_config.NumberColumn(format="%.2f"),
            "Comment": st.column_config.TextColumn(width="large"),
        },
    )
    chosen = event["selection"]["rows"]
    return found[chosen[0]] if chosen and chosen[0] < len(found) else None


def draw_history(record: ReviewRecord) -> None:
    """Draw every read of one film, oldest first."""
    history = get_store().history(record.film_sha256)
    st.subheader(f"All reads of {record.film_name or record.film_sha256[:12]}")
    corrected = {read.supersedes for read in history}
    for read in history:
        draw_record(read, superseded=read.record_id in corrected)
    st.caption(f"Film sha256 {record.film_sha256}")


visit = guard("records")
with spoken_errors():
    records = list(get_store().recent(LISTED))
    if not records:
        draw_empty()
    else:
        found = choose_reads(records)
        list_side, plot_side = st.columns([2.4, 1])
        with list_side:
            chosen = draw_list(found) if found else None
        if found:
            plot_side.plotly_chart(plot_reads(found), key="reads-plot")
        if not found:
            st.info("No read matches. Take a word away, or choose any.", icon=":material/search:")
        elif chosen is None:
            st.caption("Choose a row to see every read of that film.")
        else:
            draw_history(chosen)
        if len(records) == LISTED:
            st.caption(f"Only the newest {LISTED} reads are listed and exported here.")
    draw_standing_line(get_served(), visit.reader)
