"""First Read as a server: the pages of streamlit_app.py, and the headers that a browser obeys."""

import streamlit as st
from starlette.middleware import Middleware

from ui.app.headers import SecurityHeaders

app = st.App("streamlit_app.py", middleware=[Middleware(SecurityHeaders)])
