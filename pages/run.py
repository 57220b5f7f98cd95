"""Script of the Runs page."""

from ui.run.page import show

show()
