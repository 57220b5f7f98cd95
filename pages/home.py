"""Script of the Home page."""

from ui.home.page import show

show()
