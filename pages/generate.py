"""Script of the Generate page."""

from ui.generate.page import show

show()
