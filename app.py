"""Entry point of the Streamlit app: page configuration and navigation."""

import streamlit as st

from bootstrap import door
from ui.registry import HOME, PAGES
from ui.shell import ICON, after_script_run, keyboard, navigation, share, style

# The icon is a file of the project: Streamlit would fetch a named one from another host.
st.set_page_config(page_title="Latent Lab", page_icon=ICON, layout="wide")
style()
keyboard()
navigation()
door.replace_streamlits_own_check()
if problem := door.listening_problem(st.get_option("server.address")):
    st.error(problem)  # started without the lab's own server, which would have refused
    st.stop()
share()
st.navigation(
    [st.Page(page.script, title=page.title, icon=page.icon, default=page is HOME) for page in PAGES], position="top"
).run()
after_script_run()
