"""Latents of a run's training images, from which a prior is learned."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor

from core import data
from core.latent import codec
from core.latent.latent_table import images_or_table
from core.models import LatentModel, Posterior
from core.runs import Run, RunError

CHUNK = 8_192
"""Images that are encoded between two reports."""


@dataclass(frozen=True)
class TrainingLatents:
    """Posteriors of the training images, on the model's device.

    Attributes:
        mean: μ [N, d], in a conditional family of the style alone. sigma: σ [N, d], or None where an image becomes a
            point.
        labels: class of each image, int64 [N], -1 for an image without one; None where the set has no classes.
        classes: names of the classes.
    """

    mean: Tensor
    sigma: Tensor | None
    labels: Tensor | None
    classes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.mean)

    def draw(self, rows: Tensor, generator: torch.Generator, noise: float = 1.0) -> Tensor:
        """A draw z ~ q(z | x) for each of the images `rows` [B], [B, d]; the mean where an image becomes a point.

        Args:
            noise: factor of σ; 0 gives the means.
        """
        mean = self.mean[rows]
        if self.sigma is None or noise == 0:
            return mean
        drawn = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + noise * self.sigma[rows] * drawn

    def moments(self, noise: float = 1.0) -> tuple[Tensor, Tensor]:
        """Mean [d] and covariance [d, d] of such draws over all images, in closed form, float64."""
        mean = self.mean.double()
        centre = mean.mean(0)
        away = mean - centre
        covariance = away.T @ away / len(mean)
        if self.sigma is not None:
            covariance = covariance + torch.diag((noise * self.sigma.double()).square().mean(0))
        return centre, covariance


def encode_steps(run: Run, model: LatentModel) -> Generator[tuple[int, int], None, TrainingLatents]:
    """Latents of a run's training images: yields how many are encoded, and of how many; returns them all.

    Rows of a latent table are read, and need no images where the images are missing.

    Raises:
        DataError: images must be encoded, and the data set is missing. RunError: the latents are not finite.
    """
    images = images_or_table(run, model)
    if isinstance(images, Posterior):
        yield len(images.mean), len(images.mean)
        return _checked(run, _of(images, None, ()))
    count = len(data.split(images, run.recipe.validation, run.recipe.train_images)[0])
    parts, rows = [], []
    for first in range(0, count, CHUNK):
        yield first, count
        chosen = np.arange(first, min(first + CHUNK, count))
        index, posterior = codec.training_posteriors(model, run.recipe, images, partial(_these, chosen))
        parts.append(posterior)
        rows.append(index)
    yield count, count
    labels, classes = images.train_labels[np.concatenate(rows)], images.classes
    logvars = [part.logvar for part in parts if part.logvar is not None]
    posterior = Posterior(torch.cat([part.mean for part in parts]), torch.cat(logvars) if logvars else None)
    return _checked(run, _of(posterior, labels if len(np.unique(labels[labels >= 0])) > 1 else None, classes))


def _these(chosen: np.ndarray, trained: np.ndarray) -> np.ndarray:
    """Always these places, whatever the images are."""
    return chosen


def _of(posterior: Posterior, labels: np.ndarray | None, classes: tuple[str, ...]) -> TrainingLatents:
    mean = posterior.style.float()
    sigma = None if posterior.logvar is None else torch.exp(0.5 * posterior.logvar.float())
    if labels is None:
        return TrainingLatents(mean, sigma, None)
    return TrainingLatents(mean, sigma, torch.as_tensor(labels, dtype=torch.int64, device=mean.device), classes)


def _checked(run: Run, latents: TrainingLatents) -> TrainingLatents:
    if not len(latents) or not bool(torch.isfinite(latents.mean).all()):
        raise RunError(f"The training images of '{run.name}' have no finite latents. Train the run again.")
    return latents
