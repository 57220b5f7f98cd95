"""How well a decoder's output explains an image: −log p(x | z), summed over pixels, in nats per image.

Grey pixels lie in [0, 1]. The Bernoulli likelihood reads them as probabilities, which is the field's habit and not a
density: its cross-entropy cannot reach 0 on grey pixels (see `statistics.bce_floor`).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST_NOISE = 0.01
"""Mean σ² of Bernoulli pixels, at least: what a probability of .99 has."""


class Likelihood(nn.Module):
    """What the kinds below share: a score per pixel, summed over the pixels that can be seen."""

    def per_pixel(self, output: Tensor, images: Tensor) -> Tensor:
        """−log p of each pixel, the shape of `images`."""
        raise NotImplementedError

    def nll(self, output: Tensor, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """−log p(x | z) summed over pixels, [B].

        Args:
            output: what the decoder says, images: the truth, both [B, 1, 28, 28].
            visible: the same shape, False where a pixel is hidden. Hidden pixels count for nothing and carry no
                gradient, whatever stands there.
        """
        if visible is not None:
            # Put right before the score, not only cut from it: a NaN times zero would still be a NaN in the gradient.
            output, images = output.where(visible, 0.0), images.where(visible, 0.0)
        pixels = self.per_pixel(output, images)
        if visible is not None:
            pixels = pixels.where(visible, 0.0)
        return pixels.flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        """E[x | z] in [0, 1], to be shown."""
        return output.clamp(0.0, 1.0)

    def noise(self, images: Tensor) -> float:
        """σ² of the Gaussian that is as strict as this with a pixel that is reconstructed perfectly: the mean over the
        pixels of uint8 images [N, 1, 28, 28]. (That of 1/σ² has no bound where a likelihood knows black and white.)
        """
        raise NotImplementedError


class Bernoulli(Likelihood):
    """Cross-entropy of each pixel. The decoder's output is a logit."""

    def per_pixel(self, output: Tensor, images: Tensor) -> Tensor:
        """−x log p − (1 − x) log(1 − p). Computed on logits: finite at any logit, where log(sigmoid) is not."""
        return F.binary_cross_entropy_with_logits(output, images, reduction="none")

    def mean(self, output: Tensor) -> Tensor:
        """E[x | z] in [0, 1]."""
        return torch.sigmoid(output)

    def noise(self, images: Tensor) -> float:
        """x (1 − x): one over the second derivative of the cross-entropy by p, at p = x. Not below `LEAST_NOISE`: where
        all is black or white it would be 0, and a decoder is never that certain."""
        grey = images.float() / 255
        return max(LEAST_NOISE, float((grey * (1 - grey)).mean()))


class Gaussian(Likelihood):
    """Squared error at a standard deviation σ, fixed or learned with the weights.

    With a learned σ the optimum is the root mean squared error itself, and the balance between reconstruction and KL
    needs no hand-tuned weight: σ-VAE, Rybkin, Daniilidis & Levine 2021.
    """

    def __init__(self, sigma: float = 0.3, learned: bool = False):
        super().__init__()
        start = torch.tensor(math.log(sigma))
        if learned:
            self.log_sigma = nn.Parameter(start)
        else:
            self.register_buffer("log_sigma", start)

    @property
    def sigma(self) -> float:
        """The standard deviation in grey levels from 0 to 1."""
        return float(self._log_sigma().detach().exp())

    def _log_sigma(self) -> Tensor:
        # Below one grey level in 400 a perfect reconstruction would be rewarded without limit.
        return self.log_sigma.clamp(-6.0, 2.0)

    def per_pixel(self, output: Tensor, images: Tensor) -> Tensor:
        """−log N(x; output, σ²)."""
        log_sigma = self._log_sigma()
        squared = (images - output).square()
        return 0.5 * squared * torch.exp(-2 * log_sigma) + (log_sigma + 0.5 * math.log(2 * math.pi))

    def noise(self, images: Tensor) -> float:
        """σ²."""
        return self.sigma**2


class SquaredError(Likelihood):
    """(x − output)², the textbook autoencoder's loss. Not a density: its unit is squared grey levels, and it equals
    the Gaussian's nats only at σ = 1/√2 and up to a constant."""

    def per_pixel(self, output: Tensor, images: Tensor) -> Tensor:
        """The squared error."""
        return (images - output).square()

    def noise(self, images: Tensor) -> float:
        """½: at σ² = ½ the Gaussian's exponent is the squared error."""
        return 0.5


def build(name: str, sigma: float) -> Likelihood:
    """The likelihood of a recipe. `sigma` is where a learned one starts."""
    return {
        "bernoulli": Bernoulli,
        "gaussian": lambda: Gaussian(sigma),
        "gaussian-learned": lambda: Gaussian(sigma, learned=True),
        "mse": SquaredError,
    }[name]()
