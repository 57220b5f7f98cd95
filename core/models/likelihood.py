"""Likelihoods p(x | z) of an image given the decoder's output: −log p summed over pixels and channels, nats per image.

Every channel of every pixel lies in [0, 1] and is independent of the others given z. The Bernoulli likelihood reads the
values as probabilities, which is the field's habit and not a density: its cross-entropy cannot reach 0 on grey pixels
(see `statistics.bce_floor`). The discretised logistic alone gives the probability of the 256 levels that a file holds,
so that its nats convert to bits (`bits_per_dim`).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LEAST_NOISE = 0.01
"""Mean σ² of Bernoulli pixels, at least: that of a probability of .99."""


class Likelihood(nn.Module):
    """Base class: −log p of each value, summed over the visible ones.

    Attributes:
        of_levels: whether p is the probability of 8-bit levels, so that its nats convert to bits per dimension.
    """

    of_levels = False

    def per_value(self, output: Tensor, images: Tensor) -> Tensor:
        """−log p of each channel of each pixel, the shape of `images`."""
        raise NotImplementedError

    def nll(self, output: Tensor, images: Tensor, visible: Tensor | None = None) -> Tensor:
        """−log p(x | z) summed over pixels and channels, [B].

        Args:
            output: of the decoder, images: the truth, both [B, C, H, W].
            visible: bool [B, 1, H, W] or [B, C, H, W], False where a pixel is hidden. Hidden pixels add nothing and
                carry no gradient, whatever their values are.
        """
        if visible is not None:
            # Replaced before the score, not only cut from it: the gradient of NaN times zero would still be NaN.
            output, images = output.where(visible, 0.0), images.where(visible, 0.0)
        values = self.per_value(output, images)
        if visible is not None:
            values = values.where(visible, 0.0)
        return values.flatten(1).sum(1)

    def mean(self, output: Tensor) -> Tensor:
        """E[x | z] in [0, 1], the picture to show."""
        return output.clamp(0.0, 1.0)

    def start_at(self, sigma: float) -> None:
        """Let a learned scale begin at this standard deviation; without one there is nothing to do."""

    def noise(self, images: Tensor) -> float:
        """σ² of the Gaussian whose −log p has the same curvature at a perfect reconstruction, the mean over all values.

        (The mean of 1/σ² has no bound where a likelihood allows certain black and white.)

        Args:
            images: uint8 [N, C, H, W].
        """
        raise NotImplementedError


class Bernoulli(Likelihood):
    """Cross-entropy of each channel of each pixel. The decoder's output is a logit."""

    def per_value(self, output: Tensor, images: Tensor) -> Tensor:
        """−x log p − (1 − x) log(1 − p). Computed on logits: finite at any logit, where log(sigmoid) is not."""
        return F.binary_cross_entropy_with_logits(output, images, reduction="none")

    def mean(self, output: Tensor) -> Tensor:
        """E[x | z] in [0, 1]."""
        return torch.sigmoid(output)

    def noise(self, images: Tensor) -> float:
        """x (1 − x): one over the second derivative of the cross-entropy by p, at p = x. Not below `LEAST_NOISE`: for
        images of only black and white it would be 0, and a decoder is never that certain."""
        x = images.float() / 255
        return max(LEAST_NOISE, float((x * (1 - x)).mean()))


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
        """The standard deviation, on the scale of pixels from 0 to 1."""
        return float(self._log_sigma().detach().exp())

    @torch.no_grad()
    def start_at(self, sigma: float) -> None:
        """Set a learned σ; a fixed one stays."""
        if isinstance(self.log_sigma, nn.Parameter):
            self.log_sigma.fill_(math.log(sigma))

    def _log_sigma(self) -> Tensor:
        # Without a lower bound (here 1/400) a perfect reconstruction would be rewarded without limit.
        return self.log_sigma.clamp(-6.0, 2.0)

    def per_value(self, output: Tensor, images: Tensor) -> Tensor:
        """−log N(x; output, σ²)."""
        log_sigma = self._log_sigma()
        squared = (images - output).square()
        return 0.5 * squared * torch.exp(-2 * log_sigma) + (log_sigma + 0.5 * math.log(2 * math.pi))

    def noise(self, images: Tensor) -> float:
        """σ²."""
        return self.sigma**2


class SquaredError(Likelihood):
    """(x − output)², the textbook autoencoder's loss. Not a density: its unit is a squared pixel value, and it equals
    the Gaussian's nats only at σ = 1/√2 and up to a constant."""

    def per_value(self, output: Tensor, images: Tensor) -> Tensor:
        """The squared error."""
        return (images - output).square()

    def noise(self, images: Tensor) -> float:
        """½: at σ² = ½ the Gaussian's exponent is the squared error."""
        return 0.5


class DiscretizedLogistic(Likelihood):
    """Probability of the 8-bit level under a logistic distribution: PixelCNN++, Salimans et al. 2017.

    The decoder's output is the location μ. The level k/255 has the probability that a logistic variable of location μ
    and scale s falls into its bin, (k ± ½)/255; the bins of 0 and 255 are open-ended. The scale is learned with the
    weights, one for all pixels and channels. It is a probability, not a density: it cannot fall below 0 nats.
    """

    of_levels = True
    levels = 256

    def __init__(self, sigma: float = 0.3):
        """`sigma`: the standard deviation to begin with; that of a logistic variable is s π / √3."""
        super().__init__()
        self.log_scale = nn.Parameter(torch.tensor(math.log(sigma * math.sqrt(3) / math.pi)))

    @property
    def sigma(self) -> float:
        """The standard deviation s π / √3, on the scale of pixels from 0 to 1."""
        return self.scale * math.pi / math.sqrt(3)

    @torch.no_grad()
    def start_at(self, sigma: float) -> None:
        """Set the scale to that of a standard deviation σ."""
        self.log_scale.fill_(math.log(sigma * math.sqrt(3) / math.pi))

    @property
    def scale(self) -> float:
        """s of the logistic distribution, on the scale of pixels from 0 to 1."""
        return float(self._log_scale().detach().exp())

    def _log_scale(self) -> Tensor:
        # At the lower bound, a quarter of a level, one bin has nearly all probability; below it gradients explode.
        return self.log_scale.clamp(-7.0, 2.0)

    def per_value(self, output: Tensor, images: Tensor) -> Tensor:
        """−log P(level). The difference of two sigmoids is taken as a product, which is exact far from μ as well:
        sigmoid(a) − sigmoid(b) = sigmoid(a) · sigmoid(−b) · (1 − exp(b − a))."""
        half = 0.5 / (self.levels - 1)
        scale = self._log_scale().exp()
        upper, lower = (images + half - output) / scale, (images - half - output) / scale
        darkest, brightest = images < half, images > 1.0 - half
        below = F.logsigmoid(upper).masked_fill(brightest, 0.0)  # log P(x ≤ upper edge): the top bin has none
        above = F.logsigmoid(-lower).masked_fill(darkest, 0.0)  # log P(x ≥ lower edge): the bottom bin has none
        width = torch.log(-torch.expm1(-2.0 * half / scale))
        return -(below + above + width * ~(darkest | brightest))

    def mean(self, output: Tensor) -> Tensor:
        """E[x | z] of the logistic variable cut off at 0 and 1, in closed form: ∫₀¹ P(X > t) dt."""
        scale = self._log_scale().exp()
        return (scale * (F.softplus(output / scale) - F.softplus((output - 1.0) / scale))).clamp(0.0, 1.0)

    def noise(self, images: Tensor) -> float:
        """s² / (2 sigmoid(δ) sigmoid(−δ)) with δ = half a bin / s: one over the second derivative at μ = x."""
        scale = self._log_scale().detach().exp()
        half_bin = 0.5 / (self.levels - 1) / scale
        return float(scale.square() / (2.0 * torch.sigmoid(half_bin) * torch.sigmoid(-half_bin)))


def build(name: str, sigma: float) -> Likelihood:
    """The likelihood of a recipe. `sigma`: its standard deviation, or the one a learned scale begins with."""
    choices: dict[str, Callable[[], Likelihood]] = {
        "bernoulli": Bernoulli,
        "gaussian": lambda: Gaussian(sigma),
        "gaussian-learned": lambda: Gaussian(sigma, learned=True),
        "logistic": lambda: DiscretizedLogistic(sigma),
        "mse": SquaredError,
    }
    return choices[name]()
