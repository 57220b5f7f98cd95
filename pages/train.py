"""Script of the Train page."""

from ui.train.page import show

show()
