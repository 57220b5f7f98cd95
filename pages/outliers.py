"""Script of the Outliers page; its content is in `ui/outliers/`."""

from ui.outliers.page import page

page()
