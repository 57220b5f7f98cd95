"""The front door: page config, navigation, nothing else."""

import streamlit as st

from ui.shell import ICON, after_script_run, style

# An icon of our own: Streamlit would fetch a named one from another host.
st.set_page_config(page_title="Latent Lab", page_icon=ICON, layout="wide")
style()
page = st.navigation(
    [
        st.Page("pages/home.py", title="Home", icon=":material/home:", default=True),
        st.Page("pages/data.py", title="Data", icon=":material/photo_library:"),
        st.Page("pages/train.py", title="Train", icon=":material/show_chart:"),
        st.Page("pages/generate.py", title="Generate", icon=":material/tune:"),
        st.Page("pages/reconstruct.py", title="Reconstruct", icon=":material/healing:"),
        st.Page("pages/interpolate.py", title="Interpolate", icon=":material/route:"),
        st.Page("pages/gan.py", title="VAE → GAN", icon=":material/swords:"),
        st.Page("pages/planes.py", title="Planes", icon=":material/adjust:"),
        st.Page("pages/map.py", title="Map", icon=":material/scatter_plot:"),
        st.Page("pages/outliers.py", title="Outliers", icon=":material/troubleshoot:"),
    ],
    position="top",
)
page.run()
after_script_run()
