"""Script of the Planes page; its content is in `ui/planes/`."""

from ui.planes.page import page

page()
