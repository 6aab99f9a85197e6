"""First Read as a server: the pages of streamlit_app.py, headers, log, and what machines ask."""

import streamlit as st
from starlette.middleware import Middleware

from ui.app import read_address
from ui.app.headers import SecurityHeaders
from ui.app.logs import configure_app_logs
from ui.app.probes import ROUTES
from ui.app.shutdown import lifespan

configure_app_logs()
app = st.App(
    "streamlit_app.py",
    lifespan=lifespan,
    routes=[*ROUTES, read_address.ROUTE],
    middleware=[Middleware(SecurityHeaders)],
)
