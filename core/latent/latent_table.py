"""Latents of training images whose files are missing: those of a latent table, which needs no images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import data
from core.data import ImageSet
from core.runs import Run
from core.runs.images import images_of

if TYPE_CHECKING:
    from core.models import LatentModel, Posterior


def images_or_table(run: Run, model: LatentModel) -> ImageSet | Posterior:
    """The images of a run, from which its latents can be encoded; where they are missing, the posteriors of all rows of
    its latent table, N of them.

    Raises:
        DataError: the images are missing, and the model has no latent table.
    """
    try:
        return images_of(run)
    except data.DataError:
        table = model.latent_table
        if table is None or not len(table):
            raise
        return model.posterior(table)
