"""A file with films in it, offered for saving.

Streamlit's own button puts a file at an address that is served without a cookie. This one gets the
file as the viewer gets a film, and the browser saves what it has.
"""

from __future__ import annotations

import json
from pathlib import Path

from ui.components.declare import declare

_component = declare("first_read_saver", Path(__file__).parent, ("saver.js",), "saver")


def offer_file(label: str, content: bytes, *, name: str, mime: str, key: str) -> None:
    """Draw a button that saves a file.

    Parameters
    ----------
    name : str
        Of the file, with its ending.
    mime : str
        Its media type.
    """
    _component(key=key, data=encode_file(content, label=label, name=name, mime=mime))


def encode_file(content: bytes, **head: str) -> bytes:
    """Return a file as a length-prefixed JSON header and its bytes, as `encode_film` does."""
    prefix = json.dumps(head).encode()
    return b"".join([len(prefix).to_bytes(4, "little"), prefix, content])
