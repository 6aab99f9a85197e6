"""The worklist, a Streamlit component."""

from ui.worklist.worklist import WorklistRow, pack_thumbnails, show_thumbnails, show_worklist

__all__ = ["WorklistRow", "pack_thumbnails", "show_thumbnails", "show_worklist"]
