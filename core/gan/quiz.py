"""A round of "You are the discriminator": pictures that are real, a VAE's or a GAN's, and what D says of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from core.data import ImageSet
from core.latent import codec, sampling

if TYPE_CHECKING:
    from core.models import GAN

QUESTIONS = 20
KINDS = ("real", "vae", "gan")
"""Where a picture can come from; `vae` is the decoder that the generator started from, whatever family it is of."""

THRESHOLD_IMAGES = 256
"""Real and generated images that a critic, which knows no line of its own, is given one from."""


@dataclass(frozen=True)
class Round:
    """What is on the table.

    Attributes:
        pictures: `uint8` [n, 28, 28], in the order they are asked.
        truth: of each, one of `kinds`. kinds: those in play.
        rows: of a real one its place among the data set's real images, else −1, [n]. z: of a made one its latent
            vector, of a real one NaN, [n, d].
        verdicts: what D says, as it says it, [n]; line: the verdict above which it takes an image for real.
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
        return self.verdicts > self.threshold

    @property
    def discriminator_correct(self) -> int:
        """How often D is right. It only says real or made."""
        return int((self.taken_as_real == (np.array(self.truth) == "real")).sum())


@dataclass(frozen=True)
class Score:
    """What came of a round: right answers among `of`.

    Attributes:
        exact: real, VAE or GAN. real_or_made: only whether it is real. discriminator: D at the same.
    """

    exact: int
    real_or_made: int
    discriminator: int
    of: int


def make_round(model: GAN, images: ImageSet, seed: int, kind: str, n: int = QUESTIONS) -> Round:
    """A balanced round in random order: the numbers of the kinds differ by one at most. Without a decoder to compare
    with, real plays against GAN. Real images are test images where there are any: D has not seen them.

    Args:
        kind: the loss that D was trained with (`Recipe.adversarial`).
    """
    rng = np.random.default_rng(seed)
    kinds = KINDS if model.origin is not None else ("real", "gan")
    # From another kind on with each seed: the one that comes short by a picture changes.
    truth = rng.permutation(np.array([kinds[(i + seed) % len(kinds)] for i in range(n)]))
    real = real_images(images)
    rows = np.full(n, -1)
    rows[truth == "real"] = rng.choice(len(real), (truth == "real").sum(), replace=len(real) < n)
    noise = rng.standard_normal((n, model.latent_dim), dtype=np.float32)
    z = sampling.sample_latents(model, noise)
    z[truth == "real"] = np.nan
    pictures = np.zeros((n, *real.shape[1:]), np.uint8)
    pictures[truth == "real"] = real[rows[truth == "real"]]
    for made in kinds[1:]:
        pictures[truth == made] = codec.decode(model.before() if made == "vae" else model, z[truth == made])
    said = discriminator_outputs(model, pictures)
    return Round(seed, pictures, tuple(truth.tolist()), kinds, rows, z, said, decision_threshold(model, images, kind))


def real_images(images: ImageSet) -> np.ndarray:
    """The real images that are asked about, `uint8` [N, 28, 28]."""
    return images.test_images if len(images.test_images) else images.train_images


def discriminator_outputs(model: GAN, pictures: np.ndarray) -> np.ndarray:
    """D's raw verdicts on `uint8` [n, 28, 28]: float32 [n]."""
    import torch

    with torch.inference_mode():
        return model.discriminator(codec.image_tensor(pictures, model)).float().cpu().numpy()


def decision_threshold(model: GAN, images: ImageSet, kind: str) -> float:
    """The verdict above which D takes an image for real (`adversarial_losses.decision_threshold`)."""
    import torch

    from core.models import adversarial_losses

    if kind != "wgan-gp":
        none = torch.zeros(1)
        return float(adversarial_losses.decision_threshold(kind, none, none))
    z = sampling.draws(model, THRESHOLD_IMAGES, 0)
    fake = torch.from_numpy(discriminator_outputs(model, codec.decode(model, z)))
    real = torch.from_numpy(discriminator_outputs(model, real_images(images)[:THRESHOLD_IMAGES]))
    return float(adversarial_losses.decision_threshold(kind, real, fake))


def score(dealt: Round, answers: list[int]) -> Score:
    """What answers, places in `dealt.kinds`, are worth.

    Raises:
        ValueError: not one answer for each picture.
    """
    bad = [a for a in answers if isinstance(a, bool) or not isinstance(a, int) or not 0 <= a < len(dealt.kinds)]
    if len(answers) != len(dealt.truth) or bad:
        raise ValueError(f"A round needs {len(dealt.truth)} answers from 0 to {len(dealt.kinds) - 1}.")
    said = [dealt.kinds[a] for a in answers]
    exact = sum(a == b for a, b in zip(said, dealt.truth, strict=True))
    real = sum((a == "real") == (b == "real") for a, b in zip(said, dealt.truth, strict=True))
    return Score(exact, real, dealt.discriminator_correct, len(said))
