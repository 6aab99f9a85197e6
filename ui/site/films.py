"""A site's own sets of films: what there is, what was left out and why, adding and removing."""

from __future__ import annotations

from datetime import timedelta

import streamlit as st

from core.domain.reader import Act
from core.domain.site_set import (
    REASONS,
    LeftOut,
    SiteKind,
    SiteSet,
    site_kind_words,
)
from core.errors import FirstReadError
from core.jobs.site_libraries import SiteSetFilms
from core.jobs.site_sets import AddedSet, AddTask
from core.language.lists import said_rows
from core.language.numbers import time_text
from core.language.words import Message, msg, tr, trn
from core.reads.signing import utc_now
from core.store.films.site_films import MOST_LETTERS
from core.tables import csv_table
from ui.app.identity import not_allowed
from ui.app.progress import REFRESH_S, Watch
from ui.app.reading_sets import (
    read_on,
    reading_stopped,
    sets_under_way,
    stop_all_reading,
    stop_reading,
    why_not_read,
)
from ui.app.resources import get_site_libraries, get_site_scores, get_site_sets
from ui.app.session import Visit
from ui.components.plain_text import plain
from ui.library.runs import get_runs
from ui.site.adding import Wish, begin_adding, forget_task, task_of_visit

MOST_UPLOAD_MB = 1000
WHERE = {
    SiteKind.FOLDER: msg("On the server"),
    SiteKind.ZIP: msg("Upload"),
    SiteKind.ARCHIVE: msg("Archive"),
    SiteKind.READS: msg("Signed reads"),
}
EXPLAINED = {
    SiteKind.FOLDER: msg(
        "A folder or a zip file on the server, or an address such as s3://bucket/films."
    ),
    SiteKind.ZIP: msg("One zip file with the films. A larger set lies better on the server."),
    SiteKind.ARCHIVE: msg(
        "Films of studies between two days, over DICOMweb. Labels name them by accession number or "
        "SOP instance UID."
    ),
    SiteKind.READS: msg(
        "Kept films whose label is settled: two readers signed the same, or a senior reader "
        "arbitrated. Signed reads have seen the model, so they favour it."
    ),
}
LABELS_HELP = msg(
    "One row a film: film, label (pneumonia or normal), or reader_1 and reader_2. A column patient "
    "holds a patient's films together. Other columns are groups, such as ward."
)


def show_site_films(visit: Visit) -> None:
    """Draw the sets, what is under way, and the form that adds one."""
    st.caption(
        tr(
            "A set of labelled films of this site. Copies of the pixels are kept, encrypted, until "
            "the set is removed. Names and numbers of patients are not. Errors, Compare runs, "
            "Subgroups and Model card offer the set once a run has read it."
        )
    )
    libraries = get_site_libraries()
    _draw_under_way()
    _draw_added()
    for library in libraries:
        _draw_set(visit, library)
    if not libraries:
        st.info(
            tr("There is no set yet. Add labelled films to measure runs on them."),
            icon=":material/folder_open:",
        )
    with st.expander(tr("Add a set"), icon=":material/add:", expanded=not libraries):
        _draw_form(visit)


# --- one set --------------------------------------------------------------------------------------


def _draw_set(visit: Visit, library: SiteSetFilms) -> None:
    one = library.site_set
    with st.container(border=True):
        words_side, remove_side = st.columns([5, 1], vertical_alignment="top")
        words_side.markdown(f"**{plain(one.name)}**  \n{_counts_text(one)}")
        with remove_side:
            _draw_remove(visit, one)
        st.caption(
            tr(
                "Added by {name}, {time} UTC, from: {place}.",
                name=plain(one.added_by),
                time=time_text(one.added_at),
                place=tr(site_kind_words(one.kind)),
            )
        )
        _draw_readings(one)
        _draw_left_out(one)


def _counts_text(one: SiteSet) -> str:
    films = trn("{n:,} film", "{n:,} films", one.films)
    patients = trn("{n:,} patient", "{n:,} patients", one.patients)
    if not one.patients_stated:
        patients = tr("patients not stated for all films")
    return tr(
        "{films}, {ill:,} with pneumonia and {normal:,} normal; {patients}",
        films=films,
        ill=one.ill,
        normal=one.films - one.ill,
        patients=patients,
    )


def _draw_readings(one: SiteSet) -> None:
    """Say which runs have read the set, and why one cannot."""
    scores = get_site_scores()
    own = {name: run for name, run in get_runs().items() if not run.foreign}
    read = [name for name, run in own.items() if scores.has(one.set_id, run)]
    st.markdown(
        tr(
            "Read by {read} of {n} runs: {names}",
            read=len(read),
            n=len(own),
            names=", ".join(read) or tr("none yet"),
        )
    )
    for name in own:
        why = why_not_read(one.set_id, name)
        if why and name not in read:
            st.caption(plain(tr("Run {run} cannot read them: {why}", run=name, why=tr(why))))


def _draw_left_out(one: SiteSet) -> None:
    if not one.overlap_checked:
        st.warning(
            tr(
                "The films were not compared with the training films: "
                "models/training_fingerprints.parquet is missing. Rates may be too good."
            ),
            icon=":material/warning:",
        )
    notes = [
        trn("{n:,} file without a label", "{n:,} files without a label", one.unlabelled)
        if one.unlabelled
        else "",
        trn("{n:,} label without a file", "{n:,} labels without a file", one.missing)
        if one.missing
        else "",
    ]
    if any(notes):
        st.caption("; ".join(filter(None, notes)))
    if not one.left_out:
        st.caption(tr("No labelled film was left out."))
        return
    heading = trn("{n:,} film left out", "{n:,} films left out", len(one.left_out))
    with st.expander(heading, icon=":material/filter_alt_off:"):
        counted = [f"{tr(REASONS[why])}: {n}" for why, n in one.count_left_out().items()]
        st.markdown("\n".join(f"- {words}" for words in counted))
        st.dataframe(
            said_rows(_row(left_out) for left_out in one.left_out),
            hide_index=True,
            height=min(320, 38 * (len(one.left_out) + 1)),
            width="content",
            key=f"site-left-out-{one.set_id}",
            column_config={tr("File"): st.column_config.NumberColumn(width=80)},
        )
        st.caption(
            tr(
                "File names are not kept: a file is known by its place in the order of names. The "
                "list with names is offered once, when a set is added."
            )
        )


def _row(one: LeftOut) -> dict[Message, object]:
    return {msg("File"): one.place, msg("Why"): tr(one.words)}


def _draw_remove(visit: Visit, one: SiteSet) -> None:
    if not visit.acting.may(Act.CHANGE_SITE_SETS):
        return
    with st.popover(tr("Remove"), icon=":material/delete:", width="stretch"):
        st.write(
            trn(
                "This erases {n:,} film, its key, and what runs said of it.",
                "This erases {n:,} films, their keys, and what runs said of them.",
                one.films,
            )
        )
        pressed = st.button(
            tr("Erase the set"), type="primary", key=f"site-remove-{one.set_id}", width="stretch"
        )
        if pressed:
            stop_reading(one.set_id)
            get_site_sets().remove(one.set_id, visit.acting)
            get_site_scores().forget_others([other.set_id for other in get_site_sets().sets()])
            visit.notice = tr("Removed: {name}.", name=one.name)
            st.rerun()


# --- what is under way ----------------------------------------------------------------------------


def _draw_under_way() -> None:
    """Follow what this visit adds and what runs read, and draw the page again at news."""
    task, reading = task_of_visit(), sets_under_way()
    adding = task if task is not None and task.running else None
    if adding is not None or reading is not None:
        read = None if reading is None else reading.now
        st.fragment(_follow, run_every=REFRESH_S if adding else 2.0)(Watch(), adding, read)
    if reading is None and reading_stopped([one.name for one in get_site_libraries()]):
        st.button(
            tr("Read on"),
            icon=":material/play_arrow:",
            key="site-films-read-on",
            on_click=read_on,
        )


def _follow(watch: Watch, adding: AddTask | None, read: tuple[str, str] | None) -> None:
    news = False
    if adding is not None:
        counted = trn(
            "{done:,} of {n:,} film checked",
            "{done:,} of {n:,} films checked",
            adding.total,
            done=adding.done,
        )
        st.progress(adding.progress, text=counted)
        st.button(
            tr("Stop"), icon=":material/stop_circle:", key="site-films-stop", on_click=adding.cancel
        )
        news |= adding.finished
    reading = sets_under_way()
    if reading is not None and reading.now is not None:
        set_id, run = reading.now
        named = {one.name: one.title for one in get_site_libraries()}
        done = reading.done / max(1, reading.total)
        st.progress(
            min(1.0, done),
            text=tr(
                "Run {run} reads {name}: {done:,} of {n:,} films",
                run=run,
                name=plain(named.get(set_id, set_id)),
                done=reading.done,
                n=reading.total,
            ),
        )
        st.button(
            tr("Stop reading"),
            icon=":material/stop_circle:",
            key="site-films-stop-reading",
            on_click=stop_all_reading,
        )
    news |= (None if reading is None else reading.now) != read
    watch.rerun_if(news=news)


def _draw_added() -> None:
    """Say what came of the last adding of this visit, with the names that are not kept."""
    task = task_of_visit()
    if task is None or task.running:
        return
    if task.sentence:
        st.error(plain(tr(task.sentence)), icon=":material/error:")
        st.button(tr("Close"), key="site-films-close", on_click=forget_task)
    elif task.result is not None:
        _draw_result(task.result)


def _draw_result(added: AddedSet) -> None:
    one = added.site_set
    st.success(
        tr(
            "Added: {name}. {counts}. Left out: {n}.",
            name=plain(one.name),
            counts=_counts_text(one),
            n=len(one.left_out),
        ),
        icon=":material/check_circle:",
    )
    with st.container(horizontal=True):
        if one.left_out or added.missing:
            rows = [[added.names[left.place], tr(left.words)] for left in one.left_out]
            rows += [
                [name, tr("the labels name it, and there is no such file")]
                for name in added.missing
            ]
            st.download_button(
                tr("What was left out, with names"),
                csv_table([tr("Film"), tr("Why")], rows),
                file_name="first-read-left-out.csv",
                mime="text/csv",
                icon=":material/download:",
                on_click="ignore",
            )
        st.button(tr("Close"), key="site-films-close", on_click=forget_task)


# --- adding ---------------------------------------------------------------------------------------


def _draw_form(visit: Visit) -> None:
    if not_allowed(visit, Act.CHANGE_SITE_SETS):
        return
    task = task_of_visit()
    if task is not None and task.running:
        st.caption(tr("A set is being added. Another can follow it."))
        return
    kind = st.segmented_control(
        tr("Where the films are"),
        list(WHERE),
        format_func=lambda one: tr(WHERE[one]),
        default=SiteKind.FOLDER,
        required=True,
        key="site-films-kind",
        width="stretch",
    )
    st.caption(tr(EXPLAINED[kind]))
    with st.form("site-films-form", border=False):
        wish = _draw_fields(kind)
        sent = st.form_submit_button(tr("Add"), type="primary", icon=":material/add:")
    if not sent:
        return
    try:
        begin_adding(wish, visit.acting)
    except FirstReadError as exc:
        st.error(plain(str(exc)), icon=":material/error:")
        return
    st.rerun()


def _draw_fields(kind: SiteKind) -> Wish:
    place, packed, days = "", None, None
    name = st.text_input(
        tr("Name of the set"),
        max_chars=MOST_LETTERS,
        key="site-films-name",
        placeholder=tr("such as: children's ward, 2025"),
    )
    if kind is SiteKind.FOLDER:
        place = st.text_input(
            tr("Where the films lie"),
            key="site-films-place",
            placeholder=tr("such as /data/ward-3 or s3://bucket/films"),
        )
    elif kind is SiteKind.ZIP:
        packed = st.file_uploader(
            tr("Films (zip)"), type=["zip"], key="site-films-packed", max_upload_size=MOST_UPLOAD_MB
        )
    elif kind is SiteKind.ARCHIVE:
        first_side, last_side = st.columns(2)
        today = utc_now().date()
        first = first_side.date_input(
            tr("First day"), today - timedelta(days=365), key="site-films-first"
        )
        days = (first, last_side.date_input(tr("Last day"), today, key="site-films-last"))
    labels = None
    if kind is not SiteKind.READS:
        labels = st.file_uploader(
            tr("Labels (CSV)"), type=["csv"], key="site-films-labels", help=tr(LABELS_HELP)
        )
    return Wish(
        kind,
        name,
        place,
        None if packed is None else packed.getvalue(),
        None if labels is None else labels.getvalue(),
        days,
    )
