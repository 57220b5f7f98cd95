"""Amounts of work that are the same in every training, used where it is done and where its time is estimated.

Needs no torch.
"""

from __future__ import annotations

VALIDATION_SEARCH_STEPS = 20
"""Steps of the search for the latents of validation images in families without an encoder: enough to compare epochs,
and about a tenth of the time of training one."""

REGRESSION_IMAGES = 10_000
"""Greatest number of images that the ridge regression from pixels to codes is fitted on, and principal directions are
computed from: enough for 784 pixels, and done in a tenth of a second."""

ROUND_SAMPLES = 2_000
"""Images that a GAN generates to be measured after each round."""
