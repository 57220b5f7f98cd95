"""Script of the VAE → diffusion page."""

from ui.diffusion.page import show

show()
