"""The worklist, a Streamlit component."""

from ui.worklist.worklist import WorklistRow, show_worklist

__all__ = ["WorklistRow", "show_worklist"]
