"""Quiz "You are the discriminator": real pictures, pictures of a decoder and of the GAN it became, and D's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data import ImageSet
from core.latent import codec, sampling

if TYPE_CHECKING:
    from core.models import GAN

QUESTIONS = 20
"""Pictures in a round."""

KINDS = ("real", "before", "after")
"""Origins of a picture: the data set, the decoder before the adversarial training, the generator after it."""

THRESHOLD_IMAGES = 256
"""Real and generated images whose mean outputs give a critic (`wgan-gp`) its threshold."""


@dataclass(frozen=True)
class Round:
    """Questions and answers of one round.

    Attributes:
        pictures: `uint8` [n, ...], in the order in which they are asked.
        truth: origin of each picture. kinds: the origins in play.
        rows: index of a real picture among the data set's real images, else −1, [n].
        z: latent vector of a generated picture, NaN for a real one, [n, d].
        verdicts: raw outputs of D, [n]. threshold: output above which D takes a picture for real.
    """

    seed: int
    pictures: np.ndarray
    truth: tuple[str, ...]
    kinds: tuple[str, ...]
    rows: np.ndarray
    z: np.ndarray
    verdicts: np.ndarray
    threshold: float

    @property
    def taken_as_real(self) -> np.ndarray:
        """Which pictures D takes for real, bool [n]."""
        return np.asarray(self.verdicts > self.threshold)

    @property
    def discriminator_correct(self) -> int:
        """Number of pictures that D classifies correctly as real or generated."""
        return int((self.taken_as_real == (np.array(self.truth) == "real")).sum())


@dataclass(frozen=True)
class Score:
    """Result of a round of `of` pictures.

    Attributes:
        exact: correct answers. real_or_made: answers that are correct as to real or generated.
        discriminator: the same for D.
    """

    exact: int
    real_or_made: int
    discriminator: int
    of: int


def make_round(model: GAN, images: ImageSet, seed: int, kind: str, n: int = QUESTIONS) -> Round:
    """A balanced round in random order: the numbers of pictures of each origin differ by at most one.

    Without a source to compare with, the origins are real and after. Real pictures are test images if there are any: D
    was not trained on them.

    Args:
        kind: adversarial loss of D (`Recipe.adversarial`).
    """
    rng = np.random.default_rng(seed)
    kinds = KINDS if model.source_decoder is not None else ("real", "after")
    # Starts with another origin at each seed, so that not always the same one has a picture less.
    truth = rng.permutation(np.array([kinds[(i + seed) % len(kinds)] for i in range(n)]))
    real = real_images(images)
    rows = np.full(n, -1)
    rows[truth == "real"] = rng.choice(len(real), (truth == "real").sum(), replace=len(real) < n)
    noise = rng.standard_normal((n, model.latent_dim), dtype=np.float32)
    z = sampling.sample_latents(model, noise)
    z[truth == "real"] = np.nan
    pictures = np.zeros((n, *real.shape[1:]), np.uint8)
    pictures[truth == "real"] = real[rows[truth == "real"]]
    source = model.source_model()
    for origin, generator in (("before", source), ("after", model)):
        if generator is not None:
            pictures[truth == origin] = codec.decode(generator, z[truth == origin])
    verdicts = discriminator_outputs(model, pictures)
    threshold = decision_threshold(model, images, kind)
    return Round(seed, pictures, tuple(truth.tolist()), kinds, rows, z, verdicts, threshold)


def real_images(images: ImageSet) -> np.ndarray:
    """The real pictures of the quiz: the test images, or without any the training images."""
    return images.test_images if len(images.test_images) else images.train_images


def discriminator_outputs(model: GAN, pictures: np.ndarray) -> np.ndarray:
    """Raw outputs of the discriminator for pictures, float32 [n]."""
    import torch

    with torch.inference_mode():
        outputs = model.discriminator(codec.image_tensor(pictures, model))
        return np.asarray(outputs.float().cpu().numpy())


def decision_threshold(model: GAN, images: ImageSet, kind: str) -> float:
    """Output above which the discriminator takes a picture for real (`adversarial_losses.decision_threshold`)."""
    import torch

    from core.models import adversarial_losses

    if kind != "wgan-gp":
        none = torch.zeros(1)
        return float(adversarial_losses.decision_threshold(kind, none, none))
    z = sampling.draws(model, THRESHOLD_IMAGES, 0)
    fake = torch.from_numpy(discriminator_outputs(model, codec.decode(model, z)))
    real = torch.from_numpy(discriminator_outputs(model, real_images(images)[:THRESHOLD_IMAGES]))
    return float(adversarial_losses.decision_threshold(kind, real, fake))


def score(round: Round, answers: Sequence[object]) -> Score:
    """Score of the answers, one index into `round.kinds` for each picture.

    Raises:
        ValueError: not one valid answer for each picture.
    """
    valid = [a for a in answers if isinstance(a, int) and not isinstance(a, bool) and 0 <= a < len(round.kinds)]
    if not len(answers) == len(valid) == len(round.truth):
        raise ValueError(f"A round needs {len(round.truth)} answers from 0 to {len(round.kinds) - 1}.")
    given = [round.kinds[a] for a in valid]
    exact = sum(a == b for a, b in zip(given, round.truth, strict=True))
    real = sum((a == "real") == (b == "real") for a, b in zip(given, round.truth, strict=True))
    return Score(exact, real, round.discriminator_correct, len(given))
