"""From a signed read to its film: in the worklist, among labelled films, or gone."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core.datasets.fetch import find_public_set
from core.domain.review import ReviewRecord
from core.files import sha256_of
from core.language.words import tr
from core.library.films import PublicLibrary, SyntheticLibrary
from core.phantom.builtin import built_in_files
from core.reads.export import is_synthetic
from core.settings import get_settings
from ui.app.kept_films import take_up
from ui.app.ledger import get_test_files
from ui.app.resources import get_engine, get_films, get_libraries
from ui.app.session import Visit
from ui.library.films import case_of
from ui.library.gallery_query import GALLERY
from ui.review.dispute_link import CODE_LENGTH

REVIEW, ERRORS = "pages/review.py", "pages/errors.py"


def draw_film_links(visit: Visit, read: ReviewRecord) -> None:
    """Draw what opens the film of a read on the Worklist and on Errors, or say that it is gone."""
    film = read.film_sha256
    held = film in visit.films or (
        get_settings().keeps_films and get_films().find(film) is not None
    )
    library = find_in_library(read)
    with st.container(horizontal=True, vertical_alignment="center"):
        if held and st.button(
            tr("Open the film on the Worklist"),
            icon=":material/radiology:",
            key=f"records-open-{film[:12]}",
        ):
            take_up(visit, film[:CODE_LENGTH])
            visit.selected, visit.complaint = film, ""
            st.switch_page(REVIEW)
        if library:
            st.page_link(
                ERRORS,
                label=tr("Open the film on Errors"),
                icon=":material/grid_view:",
                query_params=library,
                help=tr("With its reference and every run's result."),
            )
        if not held:
            st.page_link(REVIEW, label=tr("Go to the Worklist"), icon=":material/upload:")
    if not held and not library:
        st.caption(tr("The film is not kept any more. Upload it on the Worklist to see it again."))


def find_in_library(read: ReviewRecord) -> dict[str, str]:
    """Return the address of a read's film on the page Errors; empty where it is in no library."""
    settings = get_settings()
    if is_synthetic(read):
        name, files = SyntheticLibrary.name, tuple(built_in_files())
    else:
        name, files = PublicLibrary.name, get_test_files(settings.data)
    path = _by_hash(files).get(read.film_sha256)
    if path is None or name not in get_libraries():
        return {}
    film_id = _film_id(path, find_public_set(settings.data), synthetic=is_synthetic(read))
    run = get_engine().classifier.run_record.run_id
    view = None if film_id is None else case_of(name, run, film_id)
    return {} if view is None else GALLERY.write(view)


@st.cache_resource(show_spinner=False, max_entries=4)
def _by_hash(files: tuple[Path, ...]) -> dict[str, Path]:
    return {sha256_of(path): path for path in files}


def _film_id(path: Path, root: Path | None, *, synthetic: bool) -> str | None:
    """Return the id of a library's film by its file, or by a larger file of the same name."""
    place = "/".join(path.parts[-3:])
    if synthetic or (root is not None and path.is_relative_to(root)):
        return place
    named = [] if root is None else sorted(root.glob(f"test/*/{path.stem}.*"))
    return "/".join(named[0].parts[-3:]) if named else None
