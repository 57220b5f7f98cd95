"""VQ-VAE: an image becomes a grid of codes, each one of the K entries of a learned codebook.

van den Oord, Vinyals & Kavukcuoglu 2017. Read `VQVAE.losses_at` first, then `Codebook`. Codes have few dimensions
(8, say): the nearest entry is then cheap to find, and more entries are used (Yu et al. 2022).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models.base import LatentModel, Losses, Posterior, build_decoder, build_encoder, build_likelihood
from core.models.likelihood import Likelihood
from core.models.networks import Size
from core.recipes.family import RECONSTRUCTION, Family, Field, Measure, Term
from core.recipes.recipe import Recipe

FAMILY = Family(
    key="vq",
    order=5,
    name="Vector-quantised VAE",
    abbreviation="VQ-VAE",
    sentence="Encoder and decoder; each image becomes a grid of codes, entries of a learned codebook.",
    model="VQVAE",
    latent="codes",
    terms=(
        RECONSTRUCTION,
        Term(
            "commitment",
            "Commitment",
            "‖z − e‖²",
            "kl",
            weight="commitment",
            bare=True,
            meaning="How far the encoder's outputs are from the entries of the codebook that replace them.",
        ),
    ),
    measures=(
        Measure(
            "perplexity",
            "Perplexity",
            "decoder",
            unit="codes",
            meaning="How many codes a batch would use if it used each of them equally often: from 1 to the size of the "
            "codebook.",
        ),
        Measure("codes_used", "Codes used", "muted", unit="codes", meaning="Number of different codes in a batch."),
    ),
    not_generator="its decoder needs a grid of codes that go together, which no draw from N(0, I) is",
    fields=("optimizer", "schedule", "precision"),
    own_fields=(
        Field(
            "codebook_size",
            128,
            "Entries of the codebook, K. An image of n codes then takes n · log₂ K bits.",
            low=2,
            high=4096,
            unit="codes",
        ),
        Field(
            "codebook_dim",
            8,
            "Dimensions of a code. Few are enough, since a code is only one of K; with many dimensions fewer codes are "
            "used.",
            low=1,
            high=256,
            unit="dimensions",
        ),
        Field(
            "grid_pixels",
            4,
            "Pixels along a side of a cell of the grid: 4 makes 7 × 7 codes of 28 × 28 pixels. Smaller cells are "
            "sharper, and their arrangement is harder to learn for a prior.",
            low=2,
            high=16,
            unit="pixels",
        ),
        Field(
            "commitment",
            0.25,
            "Weight of the commitment loss, which keeps the encoder's outputs near the entries of the codebook.",
            low=0.0,
            high=100.0,
            group="loss",
            symbol="β",
        ),
        Field(
            "codebook_decay",
            0.99,
            "Decay of the running averages that are the codebook: an entry is the mean of the encoder's outputs that "
            "it replaced during about 1 / (1 − decay) steps.",
            low=0.0,
            high=0.9999,
            group="training",
        ),
    ),
    objective=(
        r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\log p(x \mid e)}_{\text{reconstruction}} + \beta\,"
        r"\underbrace{\textstyle\sum_i \lVert z_i - \mathrm{sg}[e_i] \rVert^2}_{\text{commitment}}, \\ &"
        r"z = \mathrm{encoder}(x), \quad e_i = \text{the entry of the codebook nearest to } z_i\end{aligned}"
    ),
    explanation=(
        "A VQ-VAE replaces each vector zᵢ of the encoder's grid by the **nearest entry of a codebook**, and decodes "
        "the grid of entries. Choosing an entry has no gradient, so that of the reconstruction is copied from eᵢ to zᵢ "
        "(straight through). The second term keeps zᵢ near its entry; the entries themselves are running means of the "
        "outputs that they replaced."
    ),
    code=("loss", "losses_at", "after_step"),
    samples="Samples of random codes",
    caption=(
        "Solid: training, dashed: validation. Total = reconstruction + weight · commitment. Perplexity is how many "
        "codes a batch would use if it used each equally often: the nearer to the size of the codebook, the better."
    ),
)

DEAD_SHARE = 0.05
"""A code is dead when it replaces less than this share of what each would if all were used equally."""

SMOOTHING = 1e-5
"""ε of the Laplace smoothing of the counts."""


def perplexity(counts: Tensor) -> Tensor:
    """exp of the entropy of the codes' frequencies, from counts [K]: from 1 (one code) to K (all equally often)."""
    shares = counts / counts.sum()
    return torch.exp(-torch.xlogy(shares, shares).sum())


class Codebook(nn.Module):
    """K vectors of D dimensions: running means of the encoder's outputs nearest to each.

    The update is online k-means with exponential moving averages (van den Oord et al. 2017, appendix A.1). It happens
    in `update` alone, so that evaluation, diagrams and copies never change the entries.

    Buffers:
        entries: [K, D]. counts: moving average of how many outputs per batch each replaced, [K].
        sums: moving average of the sum of those outputs, [K, D].
    """

    entries: Tensor
    counts: Tensor
    sums: Tensor

    def __init__(self, size: int, dims: int, decay: float):
        super().__init__()
        self.decay = decay
        self.register_buffer("entries", torch.randn(size, dims))
        # Without a count every code is dead: the first update takes all entries from the encoder's outputs.
        self.register_buffer("counts", torch.zeros(size))
        self.register_buffer("sums", torch.zeros(size, dims))

    def nearest(self, z: Tensor) -> Tensor:
        """Indices of the entries nearest to vectors [..., D] in Euclidean distance, int64 [...]."""
        with torch.no_grad(), torch.autocast(z.device.type, enabled=False):
            entries, flat = self.entries, z.float().flatten(0, -2)
            # ‖z − e‖² is least where z·e − ½‖e‖² is largest.
            scores = torch.addmm(-0.5 * entries.square().sum(1), flat, entries.T)
            return scores.argmax(1).view(z.shape[:-1])

    def look_up(self, codes: Tensor) -> Tensor:
        """Entries of codes [...]: [..., D]."""
        return F.embedding(codes, self.entries)

    @torch.no_grad()
    def update(self, z: Tensor, codes: Tensor, generator: torch.Generator) -> None:
        """Move the entries towards the outputs z [N, D] that they replaced, by codes [N], and revive dead codes: those
        become random outputs of the batch (as in Jukebox, Dhariwal et al. 2020)."""
        size = len(self.entries)
        self.counts.lerp_(torch.bincount(codes, minlength=size).to(z), 1 - self.decay)
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, codes, z), 1 - self.decay)
        total = self.counts.sum()
        smoothed = (self.counts + SMOOTHING) / (total + size * SMOOTHING) * total
        self.entries.copy_(self.sums / smoothed.unsqueeze(1))
        even = len(z) / size
        dead = self.counts < DEAD_SHARE * even
        picks = torch.randint(len(z), (size,), generator=generator, device=z.device)  # as many each time: reproducible
        self.entries.copy_(torch.where(dead.unsqueeze(1), z[picks], self.entries))
        self.counts.masked_fill_(dead, even)
        self.sums.copy_(torch.where(dead.unsqueeze(1), even * z[picks], self.sums))


class QuantisedDecoder(nn.Module):
    """A decoder behind the codebook: z [B, d] → the nearest entry of each cell → raw numbers per pixel.

    Attributes:
        codebook: K entries. network: of the grid of entries. dims: numbers of one cell.
    """

    def __init__(self, codebook: Codebook, network: nn.Module):
        super().__init__()
        self.codebook, self.network, self.dims = codebook, network, codebook.entries.shape[1]

    def cells(self, z: Tensor) -> Tensor:
        """z [B, d] by cells, [B, cells, D]."""
        return z.view(len(z), -1, self.dims)

    def forward(self, z: Tensor, entries: Tensor | None = None) -> Tensor:
        """Raw numbers per pixel. The gradient with respect to the entries is copied to z (straight-through estimator,
        Bengio et al. 2013).

        Args:
            entries: the nearest ones [B, cells, D], where they are known already.
        """
        cells = self.cells(z)
        entries = self.codebook.look_up(self.codebook.nearest(cells)) if entries is None else entries
        through = cells + (entries - cells).detach()
        output: Tensor = self.network(through.flatten(1))
        return output


class VQVAE(LatentModel):
    """x̂ = decoder(e), e_i the entry nearest to z_i, z = encoder(x): [B, cells, D] flattened, cell after cell.

    A latent vector is the grid before quantisation, so that it can be moved, mixed and searched like any other;
    `decode` quantises it first. There is no Gaussian prior, nor a Gaussian that would fit: without a prior learned over
    the codes, samples are of codes drawn for each cell by itself.

    Attributes:
        grid: rows and columns of the codes.

    Buffers beside those of `LatentModel`, instead of a covariance of thousands of dimensions:
        latent_var: variance of each dimension over training images, [d].
    """

    family = FAMILY
    decoder: QuantisedDecoder
    latent_var: Tensor

    def __init__(self, encoder: nn.Module, decoder: QuantisedDecoder, likelihood: Likelihood, recipe: Recipe):
        super().__init__(encoder, decoder, likelihood, recipe.latent_dim, recipe.shape)
        self.grid: Size = recipe.grid

    @classmethod
    def from_recipe(cls, recipe: Recipe) -> Self:
        """An untrained model of the recipe; its codebook begins as random vectors."""
        encoder = build_encoder(recipe, recipe.latent_dim)
        codebook = Codebook(recipe.value("codebook_size"), recipe.value("codebook_dim"), recipe.value("codebook_decay"))
        model = cls(encoder, QuantisedDecoder(codebook, build_decoder(recipe)), build_likelihood(recipe), recipe)
        model.set_objective(recipe)
        return model

    def _register_spread(self, latent_dim: int) -> None:
        self.register_buffer("latent_var", torch.ones(latent_dim))

    @property
    def latent_cov(self) -> Tensor:  # type: ignore[override]
        """Covariance of the latents as far as it is kept: its diagonal, [d, d]."""
        return torch.diag(self.latent_var)

    @property
    def latent_variance(self) -> Tensor:
        return self.latent_var

    def set_moments(self, mean: Tensor, cov: Tensor) -> None:
        """Set mean [d] and variances [d] of the latents of training images."""
        self.latent_mean.copy_(mean)
        self.latent_var.copy_(cov)

    @property
    def codebook(self) -> Codebook:
        """The K entries that a cell can be."""
        return self.decoder.codebook

    def codes(self, z: Tensor) -> Tensor:
        """Codes of latent vectors [B, d]: int64 [B, rows, columns], each from 0 to K − 1."""
        return self.codebook.nearest(self.decoder.cells(z)).view(-1, *self.grid)

    def of_codes(self, codes: Tensor) -> Tensor:
        """Latent vectors [B, d] that lie at the entries of codes [B, rows, columns]."""
        return self.codebook.look_up(codes.flatten(1)).flatten(1)

    def losses_at(self, posterior: Posterior, z: Tensor, images: Tensor, visible: Tensor | None = None) -> Losses:
        """recon: −log p(x | e). commitment: ‖z − e‖² summed over the cells, [B]; its gradient reaches the encoder only,
        as the entries are no parameters."""
        cells = self.decoder.cells(z)
        codes = self.codebook.nearest(cells)
        entries = self.codebook.look_up(codes)
        output = self.decoder(z, entries).to(images.dtype)
        terms = {
            "recon": self.likelihood.nll(output, images, visible),
            "commitment": (cells - entries).square().flatten(1).sum(1),
        }
        return Losses(terms, {"cells": cells.detach(), "codes": codes})

    def after_step(self, losses: Losses, generator: torch.Generator) -> Mapping[str, Tensor]:
        """Update the codebook by the outputs and codes of the batch. perplexity, codes_used: of the batch's codes."""
        codes = losses.kept["codes"].flatten()
        self.codebook.update(losses.kept["cells"].flatten(0, 1), codes, generator)
        counts = torch.bincount(codes, minlength=len(self.codebook.entries)).float()
        return {"perplexity": perplexity(counts), "codes_used": (counts > 0).float().sum()}

    def through_latents(self, noise: Tensor) -> Tensor:
        """Random codes from standard normal noise [B, d]: for each cell by itself, as often as the training images have
        each code, whatever stands beside it. Returns their entries, [B, d]."""
        counts = self.codebook.counts.cpu().double()
        upper = (counts / counts.sum().clamp_min(1e-300)).cumsum(0)
        first = self.decoder.cells(noise)[..., 0].cpu().double()
        drawn = torch.special.ndtr(first)  # uniform on [0, 1]
        codes = torch.searchsorted(upper, drawn).clamp_max(len(counts) - 1)
        return self.of_codes(codes.to(noise.device))
