"""First Read as a server: the pages of streamlit_app.py, headers, and what machines ask."""

import streamlit as st
from starlette.middleware import Middleware

from ui.app.headers import SecurityHeaders
from ui.app.probes import ROUTES

app = st.App("streamlit_app.py", routes=ROUTES, middleware=[Middleware(SecurityHeaders)])
