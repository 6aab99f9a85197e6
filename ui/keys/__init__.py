"""Keys that must work wherever the focus is."""

from ui.keys.keys import listen_for_keys

__all__ = ["listen_for_keys"]
