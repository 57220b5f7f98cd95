"""Script of the Interpolate page; its content is in `ui/interpolate/`."""

from ui.interpolate.page import page

page()
