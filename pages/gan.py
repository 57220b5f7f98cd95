"""Script of the VAE → GAN page."""

from ui.gan.page import show

show()
