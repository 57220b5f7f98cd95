"""Colours by role for charts, diagrams, formulas and badges, in a light and a dark theme.

The palette is based on Okabe and Ito's, whose colours readers with any colour vision can distinguish. Charts do not
rely on colour alone: training curves are solid, validation curves dashed.
"""

from __future__ import annotations

import streamlit as st

ROLES = {
    # role: (light theme, dark theme)
    "reconstruction": ("#0072B2", "#56B4E9"),
    "kl": ("#AA4C08", "#F0A34A"),
    "total": ("#3B3B3B", "#E6E6E6"),
    "real": ("#00795A", "#3FC79A"),
    "generated": ("#A8488A", "#E39AC6"),
    "encoder": ("#0072B2", "#56B4E9"),
    "latent": ("#AA4C08", "#F0A34A"),
    "decoder": ("#5B4BB5", "#A99BF5"),
    "discriminator": ("#826400", "#F0E442"),
    "muted": ("#626874", "#9CA3AF"),
}

RUN_COLOURS = {
    "light": ("#0072B2", "#AA4C08", "#00795A", "#A8488A", "#826400", "#3B3B3B"),
    "dark": ("#56B4E9", "#F0A34A", "#3FC79A", "#E39AC6", "#F0E442", "#E6E6E6"),
}
"""Colours of several runs' curves in one chart, in this order; from the seventh run on, line styles differ."""

DASH = {"train": "solid", "validation": "dash"}


def mode() -> str:
    """Current theme of the visitor's browser, `light` or `dark`."""
    return "dark" if getattr(st.context.theme, "type", None) == "dark" else "light"


def colour(role: str) -> str:
    """Colour of a role in the visitor's theme, as #RRGGBB; grey for a user-defined family's role outside `ROLES`."""
    return ROLES.get(role, ROLES["muted"])[mode() == "dark"]
