"""Let Ctrl+Enter reach the page from every choice, and put the focus where it belongs."""

from __future__ import annotations

from pathlib import Path

from ui.components.declare import declare

_component = declare("first_read_keys", Path(__file__).parent, ("keys.js",))


def listen_for_keys(  # nosec B107 # the token names a moment
    focus: str = "", token: str = "", *, harmless: bool = False, subject: str = "", after: str = ""
) -> None:
    """Mount the listener; it draws nothing.

    Without it a chosen verdict swallows Ctrl+Enter, and a button of the page takes it while a
    comment is written. A field for text stores its text.

    Parameters
    ----------
    focus : str
        Key of the button, field or film viewer that is to have the focus; empty for none.
    token : str
        It is focused once for each.
    harmless : bool
        Whether the key may act from a field for text too: it neither locks nor signs here.
    subject : str
        What the page is about; another one is shown from the top of the page.
    after : str
        Key of what has the focus once the key has stored a text; empty: the field keeps it.
    """
    given = {"focus": focus, "token": token, "harmless": harmless}
    _component(key="page-keys", data={**given, "subject": subject, "after": after})
