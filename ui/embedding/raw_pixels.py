"""The map of raw pixels where nothing has been trained yet: it needs images, but no model."""

from __future__ import annotations

import streamlit as st

from core import data
from core.data import ImageSet
from core.data.registry import SOURCES
from ui.shared import address
from ui.shared.address import Parameter
from ui.shared.formatting import escape_markdown

FIRST = "digits"
"""The set that comes with the lab."""

SET = Parameter("set", "map_set", address.one_of(*SOURCES), FIRST, f"one of {', '.join(SOURCES)}")


def images() -> ImageSet | None:
    """The images of a set that is on this machine, chosen in a box; None, with the reason on the page, where they
    cannot be read."""
    ready = [name for name, status in data.status().items() if status.ready and not SOURCES[name].pictures]
    SET.adopt()
    if st.session_state[SET.box] not in ready:
        address.warn("The data set in the address is not on this machine. You see the digits.")
        st.session_state[SET.box] = FIRST
    st.markdown("**Until then: a map of the raw pixels.** It needs no model.")
    st.selectbox(
        "Images",
        ready,
        format_func=lambda name: SOURCES[name].title,
        key=SET.box,
        width=300,
        help="The data set whose images are shown. The Data page downloads more.",
    )
    try:
        return data.load(SET.keep())
    except data.DataError as error:
        st.warning(escape_markdown(str(error)))
        return None
