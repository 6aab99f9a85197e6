"""A table as CSV, Parquet and JSON, offered for download."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import streamlit as st


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The same rows in three formats."""

    csv: str
    parquet: bytes
    json: str


def offer_table(
    files: TableFiles, name: str, labels: tuple[str, str, str], *, key: str, **shown: Any
) -> None:
    """Draw a download button for each format.

    Parameters
    ----------
    name : str
        Of the files, without an ending.
    labels : (str, str, str)
        Of the buttons for CSV, Parquet and JSON.
    key : str
        That the keys of the buttons begin with.
    """
    csv, parquet, json = labels
    st.download_button(
        csv,
        files.csv,
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"{key}-csv",
        **shown,
    )
    st.download_button(
        parquet,
        files.parquet,
        file_name=f"{name}.parquet",
        mime="application/vnd.apache.parquet",
        on_click="ignore",
        key=f"{key}-parquet",
        **shown,
    )
    st.download_button(
        json,
        files.json,
        file_name=f"{name}.json",
        mime="application/json",
        on_click="ignore",
        key=f"{key}-json",
        **shown,
    )
