"""List the reader's films beside the viewer.

Two components, as in the viewer: the thumbnails are one message and the rows another, so a new
score or selection does not send the thumbnails again.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import streamlit as st

from core.domain.model import Side
from core.language.words import msg, tr
from ui.components.declare import declare
from ui.components.events import rerun_only, state_of
from ui.components.worklist.choice import Conversation, continue_conversation

DISMISSED = msg("not to be read here")
"""Status of a picture that a reader has put away."""

_HERE = Path(__file__).parent


_thumbnails_component = declare("first_read_thumbnails", _HERE, ("thumbnails.js",))
_worklist_component = declare("first_read_worklist", _HERE, ("words.js", "worklist.js"), "worklist")


@dataclass(frozen=True, slots=True)
class WorklistRow:
    """One film of the list.

    Attributes
    ----------
    key : str
        Identifies the film; unique in the list.
    name : str
        What the reader knows the film by; shown as text.
    thumbnail_png : bytes or None
        A small PNG of about 104 x 104 pixels; None shows an empty square.
    side : {"suspicious", "not suspicious", "unsure", "none", "hidden"}
        The side that the model takes; "none" if it has not read the film, "hidden" before the
        reader's own first read.
    probability : float or None
        Calibrated, in [0, 1], and drawn as the run's score; None also where only the side may be
        seen.
    quality : {"good", "caution", "refused", "waiting"}
    note : str
        The worst finding in words; empty if there is none.
    status : str
        A few words such as "to read", "signed: normal", "waiting", "cannot be opened".
    synthetic : bool
        Whether the film's file states that it was drawn.
    waits : bool
        Whether the film waits for this reader.
    shipped : bool
        Whether it is one of the built-in synthetic films; beside others they are counted apart.
    """

    key: str
    name: str
    thumbnail_png: bytes | None
    side: Side | Literal["none", "hidden"]
    probability: float | None
    quality: Literal["good", "caution", "refused", "waiting"]
    note: str
    status: str
    synthetic: bool = False
    waits: bool = False
    shipped: bool = False

    @property
    def done(self) -> bool:
        """True if the reader has signed a read of the film, or somebody dismissed it."""
        return self.signed or self.status == DISMISSED

    @property
    def signed(self) -> bool:
        """True if a read of the film is signed."""
        return self.status.startswith("signed")


def show_worklist(
    rows: Sequence[WorklistRow],
    *,
    selected: str | None,
    key: str,
    height: int | str = 640,
    operating_point: float | None = None,
    by_suspicion: bool = True,
) -> str | None:
    """Draw the list; without films, draw nothing.

    Parameters
    ----------
    rows : sequence of WorklistRow
        In the order of upload.
    selected : str or None
        Key of the film that is open. A change of it replaces what the reader chose before.
    key : str
        Identifies this list on the page; the reader's order of sorting belongs to it.
    height : int or str
        Of the whole list, in CSS pixels or as CSS says it; the films scroll inside.
    operating_point : float or None
        Probability to mark on each scale, in [0, 1].
    by_suspicion : bool
        Whether the list is sorted by suspicion at first and may be sorted so; otherwise no order
        of it depends on the model.

    Returns
    -------
    str or None
        Key of the film that the reader chose; None before any choice and once ``selected`` has
        moved on to another film.
    """
    if not rows:
        return None
    # the browser's choice is taken in before the list is mounted, so that the answer knows it
    memory, choice = f"{key}-conversation", state_of(key, "choice")
    before = st.session_state.get(memory, Conversation(asked=selected))
    st.session_state[memory] = conversation = continue_conversation(before, choice, selected)
    described: dict[str, object] = {
        "key": key,
        "height": height,
        "operatingPoint": operating_point,
        "bySuspicion": by_suspicion,
        "heard": conversation.events_read,
        "selected": conversation.selected,
        "rows": [_described(row) for row in rows],
    }
    with st.container(gap=None):
        _worklist_component(key=key, data=described, on_choice_change=rerun_only)
        show_thumbnails(key, {row.key: row.thumbnail_png for row in rows})
    return conversation.chosen if conversation.chosen in {row.key for row in rows} else None


def _described(row: WorklistRow) -> dict[str, object]:
    described = asdict(row) | {"signed": row.signed, "done": row.done}
    described |= {"note": tr(row.note), "status": tr(row.status)}
    described["putAway"] = row.status == DISMISSED
    del described["thumbnail_png"]
    return described


def show_thumbnails(key: str, pictures: Mapping[str, bytes | None]) -> None:
    """Put thumbnails on the page's shelf, where a list of the same key finds them."""
    _thumbnails_component(key=f"{key}-thumbnails", data=pack_thumbnails(key, pictures))


def pack_thumbnails(key: str, pictures: Mapping[str, bytes | None]) -> bytes:
    """Return all thumbnails as a length-prefixed JSON header and the PNG files, end to end.

    Parameters
    ----------
    key : str
        Of the list they belong to.
    pictures : mapping of str to bytes or None
        The small PNG of each film; None for an empty square.

    Returns
    -------
    bytes
        uint32 little-endian length of the header; the header (``list``, and ``thumbnails``: key,
        CRC-32 and length in bytes of each); the files.
    """
    files = [(film, png) for film, png in pictures.items() if png is not None]
    index = [[film, zlib.crc32(png), len(png)] for film, png in files]
    header = json.dumps({"list": key, "thumbnails": index}).encode()
    return b"".join([len(header).to_bytes(4, "little"), header, *(png for _, png in files)])
