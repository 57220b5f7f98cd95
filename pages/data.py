"""Script of the Data page; its content is in `ui/data/`."""

from ui.data.page import page

page()
