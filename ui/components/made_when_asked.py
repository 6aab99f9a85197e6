"""A PDF that takes seconds to make, and is made when somebody asks for it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.language.words import tr


def offer_pdf(
    label: str, make: Callable[[], bytes], *, name: str, key: str, about: str = ""
) -> None:
    """Draw a button that opens, makes a PDF and offers it.

    A download button that makes its file itself has another address after each run, and loses it.

    Parameters
    ----------
    name : str
        Of the file, with its ending.
    about : str
        What is in it; shown where the mouse rests.
    """
    box = st.popover(
        label, icon=":material/picture_as_pdf:", help=about or None, key=f"{key}-box",
        on_change="rerun", width="stretch",
    )  # fmt: skip
    if not box.open:
        return
    with box, st.spinner(tr("The file is being made.")):
        content = make()
    box.download_button(
        tr("Save {file}", file=label),
        content,
        file_name=name,
        mime="application/pdf",
        icon=":material/download:",
        width="stretch",
        on_click="ignore",
        key=key,
    )
