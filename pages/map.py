"""Script of the Map page; its content is in `ui/embedding/`."""

from ui.embedding.page import page

page()
