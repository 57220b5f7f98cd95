"""Autoregressive prior over grids of codes: a small causal transformer (van den Oord et al. 2017 use a PixelCNN).

The codes k₁ … kₙ of an image, row by row, are read like a text:

    log p(k) = Σ_i log p(k_i | k_1, …, k_{i−1})

A transformer (Vaswani et al. 2017; layer norms first, as in GPT-2) gives all n conditional distributions of a training
image in one pass, since position i only sees the positions before it. Samples are drawn code by code, each with the
ones drawn before; a cache keeps what the earlier positions have computed.

Two things that the network would have to find out are given to it, so that minutes suffice. Attention does not know
which places of the text stand beside each other in the image: so every position begins with the codes around it
(`AROUND`) and not only with the one before it, as the convolutions of a PixelCNN do. And codes whose entries in the
codebook are alike mean nearly the same: so their embeddings begin alike (`begin_at_codebook`).
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from core.models import LatentModel
from core.models.networks import Size
from core.models.vq_vae import VQVAE
from core.priors.kinds import Learning
from core.priors.latents import TrainingLatents
from core.priors.settings import CodeTransformerSettings, PriorSettings
from core.system import devices

AT_ONCE = 500
"""Grids that are drawn at once, and images whose codes are looked up at once."""

REPORT_EVERY = 10
"""Steps between two reports."""

MOST_EPOCHS = 15
"""Passes over the training images, at most: a small set would be learned by heart."""

WEIGHT_DECAY = 0.02

AROUND = ((0, -2), (-1, -1), (-1, 0), (-1, 1), (-2, 0))
"""Cells whose codes a position begins with, beside the code before it: rows and columns from its own, all of them read
earlier."""

EMBEDDED = 0.2
"""Standard deviation of the embeddings at first."""

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values of the positions so far, [B, heads, t, width / heads] each, of each block."""


class Block(nn.Module):
    """h + attention(norm(h)), then h + mlp(norm(h)); position i attends to the positions up to i."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads = heads
        self.norm, self.to_qkv = nn.LayerNorm(width), nn.Linear(width, 3 * width)
        self.attended, inner = nn.Linear(width, width), 4 * width
        self.mlp = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, inner), nn.GELU(), nn.Linear(inner, width), nn.Dropout(dropout)
        )

    def forward(self, h: Tensor, before: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """h [B, t, width] after the block, and the keys and values of all positions.

        Args:
            before: keys and values of earlier positions; h then holds one position only, the next.
        """
        parts = self.to_qkv(self.norm(h)).view(*h.shape[:2], 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        if before is not None:
            k, v = torch.cat([before[0], k], 2), torch.cat([before[1], v], 2)
        # No dropout here: of MNIST's codes it only slowed the learning down.
        found = F.scaled_dot_product_attention(q, k, v, is_causal=before is None)
        h = h + self.attended(found.transpose(1, 2).flatten(2))
        return h + self.mlp(h), (k, v)


class Transformer(nn.Module):
    """Logits of each code given the codes before it: int64 [B, n] → [B, n, K].

    Args:
        size: number of codes, K. grid: rows and columns, read row by row, n cells.
    """

    around: Tensor

    def __init__(self, size: int, grid: Size, width: int, layers: int, heads: int, dropout: float):
        super().__init__()
        self.size, self.cells = size, grid[0] * grid[1]
        self.register_buffer("around", cells_around(grid), persistent=False)
        self.code = nn.Embedding(size + 1, width)  # the last one stands before the first code
        self.beside = nn.Embedding(len(AROUND) * (size + 1), width)  # one table for each of `AROUND`
        self.place = nn.Parameter(0.1 * torch.randn(self.cells, width))
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, size)
        nn.init.zeros_(self.head.bias)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, codes: Tensor) -> Tensor:
        """Logits of all positions: those of position i depend on the codes before i alone."""
        start = torch.full_like(codes[:, :1], self.size)
        h = self.code(torch.cat([start, codes[:, :-1]], 1)) + self._beside(codes, self.around) + self.place
        for block in self.blocks:
            h, _ = block(h)
        logits: Tensor = self.head(self.norm(h))
        return logits

    def _beside(self, codes: Tensor, around: Tensor) -> Tensor:
        """Sum of the embeddings of the codes around some positions, [B, positions, width].

        Args:
            codes: [B, n], or only those that were read so far. around: rows of `cells_around` for the positions.
        """
        outside = torch.full((len(codes), 1), self.size, dtype=codes.dtype, device=codes.device)
        tables = (self.size + 1) * torch.arange(len(AROUND), device=codes.device)
        found = torch.cat([outside, codes], 1)[:, around + 1] + tables
        summed: Tensor = self.beside(found).sum(2)
        return summed

    def next(self, codes: Tensor, cache: Cache) -> Tensor:
        """Logits [B, K] of the code after those read so far, [B, t], with the cache, which grows by one."""
        place = codes.shape[1]
        code = codes[:, -1] if place else torch.full((len(codes),), self.size, device=codes.device)
        h = self.code(code)[:, None] + self._beside(codes, self.around[place : place + 1]) + self.place[place]
        for k, block in enumerate(self.blocks):
            before = cache[k] if place else None
            h, kept = block(h, before)
            cache[k : k + 1] = [kept]
        logits: Tensor = self.head(self.norm(h[:, 0]))
        return logits


@torch.no_grad()
def begin_at_codebook(network: Transformer, entries: Tensor) -> None:
    """Set all embeddings of codes to random linear maps of the codebook's entries [K, D]; they learn from there."""
    size, dims = entries.shape
    centred = entries - entries.mean(0)
    centred /= centred.square().mean().sqrt().clamp_min(1e-12)
    for table in (network.code.weight, *network.beside.weight.view(len(AROUND), size + 1, -1)):
        table.copy_(EMBEDDED * torch.randn_like(table))  # of "no code", in the last row, it stays
        table[:size] = EMBEDDED * centred @ torch.randn(dims, table.shape[1]) / math.sqrt(dims)


def cells_around(grid: Size) -> Tensor:
    """Index of each cell of `AROUND` for every cell of a grid, read row by row; −1 outside of it. int64 [n, 5]."""
    rows, columns = grid
    cells = torch.arange(rows * columns)[:, None]
    down, across = torch.tensor(AROUND).T
    row, column = cells // columns + down, cells % columns + across
    inside = (row >= 0) & (column >= 0) & (column < columns)
    return torch.where(inside, row * columns + column, -1)


class CodePrior:
    """Learned distribution of the grids of codes of a model.

    Attributes:
        network: the transformer. model: whose codes they are.
    """

    def __init__(self, network: Transformer, model: VQVAE):
        self.network, self.model = network, model

    def draw(self, n: int, seed: int, temperature: float = 1.0) -> np.ndarray:
        """See `LearnedPrior.draw`: the entries of drawn codes, flattened. At a temperature of 0 each code is the most
        probable one given those before."""
        codes = self.draw_codes(n, seed, temperature)
        parts = [self.model.of_codes(codes[k : k + AT_ONCE]) for k in range(0, max(1, n), AT_ONCE)]
        return np.asarray(torch.cat(parts).cpu().numpy())

    @torch.inference_mode()
    def draw_codes(self, n: int, seed: int, temperature: float = 1.0) -> Tensor:
        """n grids of codes, int64 [n, rows, columns]. The first ones do not depend on n."""
        uniform = np.random.default_rng(seed).random((n, self.network.cells))
        device, training = self.network.place.device, self.network.training
        self.network.eval()
        try:
            parts = [
                self._draw(torch.from_numpy(uniform[k : k + AT_ONCE]).to(device), temperature)
                for k in range(0, max(1, n), AT_ONCE)
            ]
        finally:
            self.network.train(training)
        return torch.cat(parts).view(-1, *self.model.grid)

    def _draw(self, uniform: Tensor, temperature: float) -> Tensor:
        """Codes [B, n] from uniform numbers [B, n]: the inverse of each conditional distribution function."""
        codes = torch.zeros((len(uniform), 0), dtype=torch.int64, device=uniform.device)
        cache = cast(Cache, [])
        for place in range(self.network.cells):
            code = choose(self.network.next(codes, cache), uniform[:, place], temperature)
            codes = torch.cat([codes, code[:, None]], 1)
        return codes

    @torch.inference_mode()
    def log_probability(self, codes: Tensor) -> Tensor:
        """log p of grids of codes [B, rows, columns], in nats, [B]."""
        flat, training = codes.flatten(1), self.network.training
        self.network.eval()
        logits = self.network(flat)
        self.network.train(training)
        return -F.cross_entropy(logits.transpose(1, 2), flat, reduction="none").sum(1)

    def tensors(self) -> dict[str, Tensor]:
        """See `LearnedPrior.tensors`."""
        return self.network.state_dict()


def choose(logits: Tensor, uniform: Tensor, temperature: float) -> Tensor:
    """Codes [B] from logits [B, K] and uniform numbers [B] in [0, 1): drawn from softmax(logits / T), at T = 0 the most
    probable one."""
    if temperature <= 0:
        return logits.argmax(1)
    # In double precision on the CPU, so that rounding does not make another code of the same number on another device.
    upper = (logits.cpu().double() / temperature).softmax(1).cumsum(1)
    places = torch.searchsorted(upper, uniform.cpu().double()[:, None].contiguous(), right=True)[:, 0]
    return places.clamp_max(logits.shape[1] - 1).to(logits.device)


def learn(latents: TrainingLatents, model: LatentModel, settings: PriorSettings) -> Generator[Learning, None, None]:
    """Learn the codes of the training images: cross-entropy per code, AdamW, one-cycle learning rate."""
    assert isinstance(settings, CodeTransformerSettings) and isinstance(model, VQVAE)
    codes = codes_of(latents.mean, model)
    device = codes.device
    steps = min(settings.steps, math.ceil(MOST_EPOCHS * len(codes) / settings.batch))
    generator = torch.Generator(device).manual_seed(settings.seed)
    prior = CodePrior(_network(model, settings).to(device), model)
    network = prior.network.train()
    optimizer = torch.optim.AdamW(network.parameters(), settings.lr, (0.9, 0.95), weight_decay=WEIGHT_DECAY)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, settings.lr, total_steps=steps + 1, pct_start=0.1, cycle_momentum=False
    )
    mixed = devices.has_bfloat16(device)
    total, since = torch.zeros((), device=device), 0
    for step in range(1, steps + 1):
        rows = torch.randint(len(codes), (settings.batch,), generator=generator, device=device)
        batch = codes[rows].long()
        with torch.random.fork_rng(devices=[]), torch.autocast(device.type, torch.bfloat16, enabled=mixed):
            torch.manual_seed(settings.seed * 1_000_003 + step)  # of the dropout
            logits = network(batch)
        loss = F.cross_entropy(logits.float().transpose(1, 2), batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        total, since = total + loss.detach(), since + 1
        if step % REPORT_EVERY == 0 or step == steps:
            yield Learning(step, steps, float(total) / since, prior)
            total, since = torch.zeros_like(total), 0
    network.eval().requires_grad_(False)


def codes_of(latents: Tensor, model: VQVAE) -> Tensor:
    """Codes of latent vectors [N, d], row by row, int16 [N, cells]."""
    with torch.inference_mode():
        parts = [model.codes(latents[k : k + AT_ONCE]).flatten(1).short() for k in range(0, len(latents), AT_ONCE)]
        return torch.cat(parts).clone()


def _network(model: VQVAE, settings: CodeTransformerSettings) -> Transformer:
    """An untrained network. The global random state is left alone."""
    entries = model.codebook.entries.cpu()
    shape = settings.width, settings.layers, settings.heads, settings.dropout
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = Transformer(len(entries), model.grid, *shape)
        begin_at_codebook(network, entries)
    return network


def restore(tensors: Mapping[str, Tensor], settings: PriorSettings, model: LatentModel) -> CodePrior:
    """A prior from the tensors of `CodePrior.tensors`.

    Raises:
        ValueError, KeyError, RuntimeError: they do not fit the settings or the model.
    """
    if not isinstance(settings, CodeTransformerSettings) or not isinstance(model, VQVAE):
        raise ValueError("no model of codes")
    network = _network(model, settings)
    # A prior of an older version has no codes around: with zeros it computes what it did.
    beside = {"beside.weight": torch.zeros_like(network.beside.weight)}
    network.load_state_dict(beside | dict(tensors))
    return CodePrior(network.to(model.latent_mean.device).eval().requires_grad_(False), model)
