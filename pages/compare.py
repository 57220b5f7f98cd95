"""Script of the Compare page."""

from ui.compare.page import page

page()
