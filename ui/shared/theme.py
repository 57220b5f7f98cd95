"""One colour per role, everywhere: charts, diagrams, formulas, badges.

The palette starts from Okabe and Ito's, which readers with any colour vision can tell apart; each role has a twin for
the dark theme. A chart never relies on colour alone: training is solid, validation dashed.
"""

from __future__ import annotations

import streamlit as st

ROLES = {
    # role: (light theme, dark theme)
    "reconstruction": ("#0072B2", "#56B4E9"),
    "kl": ("#C0560A", "#F0A34A"),
    "total": ("#3B3B3B", "#E6E6E6"),
    "real": ("#00795A", "#3FC79A"),
    "generated": ("#A8488A", "#E39AC6"),
    "encoder": ("#0072B2", "#56B4E9"),
    "latent": ("#C0560A", "#F0A34A"),
    "decoder": ("#5B4BB5", "#A99BF5"),
    "discriminator": ("#8A6A00", "#F0E442"),
    "muted": ("#6B7280", "#9CA3AF"),
}

RUN_COLOURS = {
    "light": ("#0072B2", "#C0560A", "#00795A", "#A8488A", "#8A6A00", "#3B3B3B"),
    "dark": ("#56B4E9", "#F0A34A", "#3FC79A", "#E39AC6", "#F0E442", "#E6E6E6"),
}
"""For curves of several runs laid over each other, in this order; after six, line style tells them apart."""

DASH = {"train": "solid", "validation": "dash"}


def mode() -> str:
    """`light` or `dark`, as the visitor's browser shows the page now."""
    return "dark" if getattr(st.context.theme, "type", None) == "dark" else "light"


def colour(role: str) -> str:
    """The colour of a role in the visitor's theme; grey for a role without one, as a family of one's own may name."""
    return ROLES.get(role, ROLES["muted"])[mode() == "dark"]
