"""How the archive is reached: stated, tried, saved."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.domain.archive import ArchiveSettings, Route
from core.errors import ArchiveError
from core.language.numbers import time_text
from core.language.words import msg, tr
from core.pacs.connections import ask_all
from ui.app.archive_link import look_again
from ui.app.session import Visit
from ui.archive.traffic import get_archive
from ui.components.plain_text import plain

ROUTES = {
    Route.NONE: msg("Not at all"),
    Route.DICOMWEB: msg("Over DICOMweb"),
    Route.DIMSE: msg("Over DICOM"),
}


def draw_connection(visit: Visit, *, may_set: bool) -> None:
    """Draw the settings; only who may set them can save, and everybody here can test."""
    kept = get_archive().current()
    shown = ArchiveSettings() if kept is None else kept.settings
    if kept is not None:
        st.caption(
            tr("Set by {name}, {time} UTC.", name=plain(kept.set_by), time=time_text(kept.set_at))
        )
    st.caption(
        tr(
            "Passwords and tokens are no part of it. State them in the environment: "
            "`FIRSTREAD_ARCHIVE_USER`, `FIRSTREAD_ARCHIVE_PASSWORD`, `FIRSTREAD_ARCHIVE_TOKEN`, "
            "`FIRSTREAD_FHIR_TOKEN`."
        )
    )
    with st.form("archive-form", border=False):
        settings = _draw_fields(shown, disabled=not may_set)
        test, save = st.columns(2)
        tests = test.form_submit_button(
            tr("Test"), icon=":material/network_check:", width="stretch"
        )
        saves = save.form_submit_button(
            tr("Save"),
            icon=":material/save:",
            type="primary",
            width="stretch",
            disabled=not may_set,
        )
    if not (tests or saves):
        return
    try:
        stated = ArchiveSettings(**settings)
    except ArchiveError as exc:
        st.error(plain(str(exc)))
        return
    if saves:
        get_archive().put(stated, visit.acting)
        look_again()
        st.success(tr("Saved. A running service takes it up within seconds."))
    else:
        _draw_answers(stated)


def _draw_answers(settings: ArchiveSettings) -> None:
    with st.spinner(tr("The archive is asked.")):
        answers = ask_all(settings)
    if not answers:
        st.info(tr("There is nothing to test: state an address, a host or a folder."))
    for one in answers:
        show = st.success if one.works else st.error
        show(f"{tr(one.way)}: {plain(tr(one.sentence))}")


def _draw_fields(shown: ArchiveSettings, *, disabled: bool) -> dict[str, Any]:
    """Draw every field; return what is stated by the settings' names."""
    stated: dict[str, Any] = {}
    place, films, more = st.columns(3)
    with place:
        st.markdown(f"#### {tr('Where it is')}")
        stated["dicomweb"] = st.text_input(
            tr("DICOMweb address"), shown.dicomweb, placeholder="https://pacs.example/dicom-web",
            disabled=disabled,
        ).strip()  # fmt: skip
        stated["host"] = st.text_input(
            tr("DICOM host"), shown.host, placeholder="pacs.example", disabled=disabled
        ).strip()
        stated["port"] = st.number_input(tr("DICOM port"), 1, 65535, shown.port, disabled=disabled)
        stated["called_aet"] = st.text_input(
            tr("The archive's AE title"), shown.called_aet, max_chars=16, disabled=disabled
        ).strip()
        stated["own_aet"] = st.text_input(
            tr("First Read's AE title"), shown.own_aet, max_chars=16, disabled=disabled
        ).strip()
    with films:
        st.markdown(f"#### {tr('How films come')}")
        stated["fetch"] = st.checkbox(
            tr("Ask for new films over DICOMweb"), shown.fetch, disabled=disabled
        )
        stated["fetch_days"] = st.number_input(
            tr("Days to look back"), 1, 365, shown.fetch_days, disabled=disabled,
            help=tr("By the date of the study. 1 is today."),
        )  # fmt: skip
        stated["receive"] = st.checkbox(
            tr("Take films that the archive sends (C-STORE)"), shown.receive, disabled=disabled
        )
        stated["receive_port"] = st.number_input(
            tr("Port to listen on"), 1, 65535, shown.receive_port, disabled=disabled
        )
        stated["known_aets"] = _listed(
            tr("Who may send"), shown.known_aets,
            tr("AE titles between commas. Empty: everybody who reaches the port."),
            disabled=disabled,
        )  # fmt: skip
        stated["folder"] = st.text_input(
            tr("Folder to watch"), shown.folder, disabled=disabled,
            help=tr("Files move from it into its folders taken, left out and refused."),
        ).strip()  # fmt: skip
    with more:
        st.markdown(f"#### {tr('Which films are taken')}")
        stated["modalities"] = _listed(
            tr("Modalities"), shown.modalities, tr("Between commas. Empty: all."), disabled=disabled
        )
        stated["body_parts"] = _listed(
            tr("Body parts"), shown.body_parts,
            tr("Between commas. A film that states none is taken."),
            disabled=disabled,
        )  # fmt: skip
        least, most = st.slider(
            tr("Age in years"), 0, 120, (round(shown.least_years), round(shown.most_years)),
            disabled=disabled, help=tr("A film that states no age is taken."),
        )  # fmt: skip
        stated["least_years"], stated["most_years"] = float(least), float(most)
        st.markdown(f"#### {tr('Reports that go back')}")
        stated["send"] = st.radio(
            tr("As DICOM objects"), list(ROUTES), list(ROUTES).index(shown.send),
            format_func=lambda route: tr(ROUTES[route]), disabled=disabled, horizontal=True,
            help=tr("A structured report, the film with regions, and outlines over the film."),
        )  # fmt: skip
        stated["fhir"] = st.text_input(
            tr("FHIR address"), shown.fhir, placeholder="https://fhir.example/r4",
            disabled=disabled,
            help=tr("A DiagnosticReport is put there too. Empty: none."),
        ).strip()  # fmt: skip
        stated["send_on_signing"] = st.checkbox(
            tr("Send each report when its read is signed"), shown.send_on_signing,
            disabled=disabled,
            help=tr("Without it a report goes out when somebody sends it from the Worklist."),
        )  # fmt: skip
    return stated


def _listed(label: str, shown: tuple[str, ...], about: str, *, disabled: bool) -> tuple[str, ...]:
    words = st.text_input(label, ", ".join(shown), disabled=disabled, help=about)
    return tuple(word.strip() for word in words.split(",") if word.strip())
