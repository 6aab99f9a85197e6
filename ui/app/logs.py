"""Streamlit's own log lines on the way of all others: else they would hold an error's words."""

from __future__ import annotations

import logging

import streamlit.logger

from core.observability.logs import configure_logs


def configure_app_logs() -> None:
    """Send the app's log lines, Streamlit's and its server's among them, through one list."""
    handler = configure_logs("app")

    def attach(logger: logging.Logger) -> None:
        former = getattr(logger, "streamlit_console_handler", None)
        if former is not None:
            logger.removeHandler(former)
        logger.streamlit_console_handler = handler  # type: ignore[attr-defined]
        logger.addHandler(handler)

    streamlit.logger.setup_formatter = attach
    streamlit.logger.update_formatter()
