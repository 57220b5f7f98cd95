"""Script of the Reconstruct page; its content is in `ui/reconstruct/`."""

from ui.reconstruct.page import page

page()
