"""Autoregressive prior over grids of codes: a small causal transformer (van den Oord et al. 2017 use a PixelCNN).

The codes k₁ … kₙ of an image, row by row, are read like a text:

    log p(k) = Σ_i log p(k_i | k_1, …, k_{i−1})

A transformer (Vaswani et al. 2017; layer norms first, as in GPT-2) gives all n conditional distributions of a training
image in one pass, since position i only sees the positions before it. Samples are drawn code by code, each with the
ones drawn before; a cache keeps what the earlier positions have computed.
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
from core.models.vq_vae import VQVAE
from core.priors.kinds import Learning
from core.priors.latents import TrainingLatents
from core.priors.settings import CodeTransformerSettings, PriorSettings
from core.system import devices

AT_ONCE = 500
"""Grids that are drawn at once, and images whose codes are looked up at once."""

REPORT_EVERY = 10
"""Steps between two reports."""

MOST_EPOCHS = 40
"""Passes over the training images, at most: a small set would be learned by heart."""

WEIGHT_DECAY = 0.02

Cache = list[tuple[Tensor, Tensor]]
"""Keys and values of the positions so far, [B, heads, t, width / heads] each, of each block."""


class Block(nn.Module):
    """h + attention(norm(h)), then h + mlp(norm(h)); position i attends to the positions up to i."""

    def __init__(self, width: int, heads: int, dropout: float):
        super().__init__()
        self.heads, self.dropout = heads, dropout
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
        dropout = self.dropout if self.training else 0.0
        found = F.scaled_dot_product_attention(q, k, v, dropout_p=dropout, is_causal=before is None)
        h = h + self.attended(found.transpose(1, 2).flatten(2))
        return h + self.mlp(h), (k, v)


class Transformer(nn.Module):
    """Logits of each code given the codes before it: int64 [B, n] → [B, n, K].

    Args:
        size: number of codes, K. cells: length of a grid read row by row, n.
    """

    def __init__(self, size: int, cells: int, width: int, layers: int, heads: int, dropout: float):
        super().__init__()
        self.size, self.cells = size, cells
        self.code = nn.Embedding(size + 1, width)  # the last one stands before the first code
        self.place = nn.Parameter(0.02 * torch.randn(cells, width))
        self.blocks = nn.ModuleList(Block(width, heads, dropout) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, size)
        nn.init.normal_(self.code.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        nn.init.normal_(self.head.weight, std=0.02)

    def forward(self, codes: Tensor) -> Tensor:
        """Logits of all positions: those of position i depend on the codes before i alone."""
        start = torch.full_like(codes[:, :1], self.size)
        h = self.code(torch.cat([start, codes[:, :-1]], 1)) + self.place
        for block in self.blocks:
            h, _ = block(h)
        logits: Tensor = self.head(self.norm(h))
        return logits

    def next(self, code: Tensor, place: int, cache: Cache) -> Tensor:
        """Logits [B, K] of the code at a place, from the code before it [B] and the cache, which grows by one."""
        h = self.code(code)[:, None] + self.place[place]
        for k, block in enumerate(self.blocks):
            before = cache[k] if place else None
            h, kept = block(h, before)
            cache[k : k + 1] = [kept]
        logits: Tensor = self.head(self.norm(h[:, 0]))
        return logits


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
        code = torch.full((len(uniform),), self.network.size, device=uniform.device)
        drawn, cache = [], cast(Cache, [])
        for place in range(self.network.cells):
            code = choose(self.network.next(code, place, cache), uniform[:, place], temperature)
            drawn.append(code)
        return torch.stack(drawn, 1)

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
    rows, columns = model.grid
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        return Transformer(
            len(model.codebook.entries),
            rows * columns,
            settings.width,
            settings.layers,
            settings.heads,
            settings.dropout,
        )


def restore(tensors: Mapping[str, Tensor], settings: PriorSettings, model: LatentModel) -> CodePrior:
    """A prior from the tensors of `CodePrior.tensors`.

    Raises:
        ValueError, KeyError, RuntimeError: they do not fit the settings or the model.
    """
    if not isinstance(settings, CodeTransformerSettings) or not isinstance(model, VQVAE):
        raise ValueError("no model of codes")
    network = _network(model, settings)
    network.load_state_dict(dict(tensors))
    return CodePrior(network.to(model.latent_mean.device).eval().requires_grad_(False), model)
