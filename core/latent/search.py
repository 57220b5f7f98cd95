"""Latent search: Adam on the latent codes of images with the decoder frozen."""

from __future__ import annotations

import math
import time
from collections.abc import Generator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from core.models import LatentModel, Posterior

STEPS, LR = 60, 0.1
"""Steps of a search and the first step's size in units of z; it falls along a cosine to a twentieth."""


CHECK_EVERY, CONVERGED_BELOW = 20, 1e-4
"""A point has arrived when that many steps gained less than this share of all that its search has gained. (A share of
the objective itself would depend on its constants.)"""


EPSILON_DRAWS = 4
"""Draws of ε, the same for everybody, at which the end of a search for a posterior with a width meets its start."""


@dataclass(frozen=True)
class SearchResult:
    """Images that were given a place. All tensors on the model's device, in the order of the images.

    Attributes:
        posterior: μ [N, d] and log σ² [N, d], or points.
        recon, prior: nats per image at μ (visible pixels only) and the prior's term, [N].
        steps: how many steps each image took, [N] int64; 0 where the encoder's answer was taken as it is.
        seconds: of wall-clock time.
    """

    posterior: Posterior
    recon: Tensor
    prior: Tensor
    steps: Tensor
    seconds: float


@dataclass(frozen=True)
class SearchStep:
    """A search after one more step: `step` of at most `of`, `left` images still moving, the objective of each image
    where it stood [N], and its place `mean` [N, d]. `stood`: the codes before the step, [restarts, N, code_dim]."""

    step: int
    total: int
    moving: int
    objective: Tensor
    mean: Tensor
    codes: Tensor


def initial_code(model: LatentModel, images: Tensor, visible: Tensor | None = None) -> Tensor:
    """A first guess at the codes of images [N, 1, 28, 28], [N, code_dim]: the encoder's, or the ridge regression's.

    Hidden pixels are taken to be as in the mean image: for the regression they then say nothing. An encoder knows no
    hidden pixels, so it sees them black.
    """
    with torch.no_grad():
        if model.encoder is not None:
            return model.encoder(images if visible is None else images.where(visible, 0.0))
        if not hasattr(model, "guess"):  # a generator that was never shown where images lie
            code = torch.zeros(model.code_dim).to(model.latent_mean)
            code[: model.latent_dim] = model.latent_mean
            return code.repeat(len(images), 1)
        away = images.flatten(1) - model.mean_image
        if visible is not None:
            away = away.where(visible.flatten(1), 0.0)
        return model.guess_at_mean + away @ model.guess


@dataclass(frozen=True)
class Problem:
    """The objective of a batch of images, each image for itself."""

    model: LatentModel
    images: Tensor
    visible: Tensor | None
    beta: float

    def only(self, rows: Tensor) -> Problem:
        return replace(self, images=self.images[rows], visible=None if self.visible is None else self.visible[rows])

    def repeated(self, times: int) -> Problem:
        again = (times, 1, 1, 1)
        return (
            self
            if times == 1
            else replace(
                self,
                images=self.images.repeat(again),
                visible=None if self.visible is None else self.visible.repeat(again),
            )
        )

    def gradient(self, code: Tensor, noise: Tensor) -> tuple[Tensor, Tensor]:
        """Objective [B] and its gradient by the codes [B, code_dim] at one draw of ε [d]."""
        with torch.enable_grad():
            code = code.detach().requires_grad_()
            value = self._value(code, noise)
            # By the codes alone: the decoder gets no gradient, and none is computed for it.
            (grad,) = torch.autograd.grad(value.sum(), code)
        return value.detach(), grad

    @torch.no_grad()
    def check(self, code: Tensor) -> Tensor:
        """Objective [B]; where the posterior has a width, the mean over `DRAWS` fixed draws."""
        if not self.model.variational:
            return self._value(code, None)
        draws = torch.randn(EPSILON_DRAWS, self.model.latent_dim, generator=torch.Generator().manual_seed(0)).to(code)
        return torch.stack([self._value(code, draw) for draw in draws]).mean(0)

    def _value(self, code: Tensor, noise: Tensor | None) -> Tensor:
        found = self.model.posterior(code)
        z = found.mean if noise is None else found.at(noise)
        losses = self.model.losses_at(found, z, self.images, self.visible)
        return losses.recon + self.beta * losses.kl


def search(
    model: LatentModel,
    images: Tensor,
    *,
    visible: Tensor | None = None,
    steps: int = STEPS,
    lr: float = LR,
    beta: float | None = None,
    restarts: int = 1,
    seed: int = 0,
    code: Tensor | None = None,
) -> Generator[SearchStep, None, SearchResult]:
    """Walk to where images fit best, one step of all of them at a time; the generator returns a `Placed`.

    The model is left as it is, to the bit. Closing the generator ends the search.

    Args:
        images: [N, 1, 28, 28] in [0, 1]. visible: bool of the same shape; hidden pixels (False) count for nothing.
        steps: at most so many. lr: of the first step. beta: weight of the prior's term (default: as in training).
        restarts: searches per image, of which the best counts; the first begins at `code`, the others at random.
        code: where to begin, [N, code_dim] (default `start`).
    """
    began, n = time.perf_counter(), len(images)
    draws = torch.Generator().manual_seed(seed)
    code = initial_code(model, images, visible) if code is None else code.detach()
    problem = Problem(model, images, visible, float(model.beta) if beta is None else beta)
    # Restarts are more images in the same batch: row r · n + i is the r-th search for image i.
    codes = torch.cat([code, *(_random_codes(model, code, draws) for _ in range(restarts - 1))])
    walk = _BatchedAdam(problem.repeated(restarts), codes)
    for t in range(1, steps + 1):
        noise = torch.randn(model.latent_dim, generator=draws).to(code)  # one for all: no image knows its neighbours
        stood = walk.code.view(restarts, n, -1).clone()
        walk.step(t, lr * (0.05 + 0.475 * (1 + math.cos(math.pi * (t - 1) / steps))), noise)
        mean = model.posterior(walk.code[:n]).mean
        yield SearchStep(t, steps, len(walk.alive), walk.value.view(restarts, n).amin(0), mean, stood)
        # Where there is a width, a look has noise in it and the best of many would be the luckiest: the small last
        # steps average the noise away, so only the end is compared with the start.
        if t == steps or (t % CHECK_EVERY == 0 and not model.variational):
            walk.look_back(t)
            if not len(walk.alive):
                break
    winner = walk.best_value.view(restarts, n).argmin(0) * n + torch.arange(n, device=code.device)
    found = model.posterior(walk.best[winner])
    with torch.no_grad():
        at_mean = model.losses_at(found, found.mean, images, visible)
    taken = walk.taken.view(restarts, n).sum(0)
    return SearchResult(found, at_mean.recon, at_mean.kl, taken, time.perf_counter() - began)


def _random_codes(model: LatentModel, code: Tensor, draws: torch.Generator) -> Tensor:
    """Other places to begin: draws of what the model's latents are spread over, with the widths of `code`."""
    noise = torch.randn(len(code), model.latent_dim, generator=draws).to(code)
    return torch.cat([model.from_noise(noise), code[:, model.latent_dim :]], dim=1)


class _BatchedAdam:
    """Adam on codes [N, k], each row for itself, with the best place each has seen.

    Attributes:
        code: where each row stands. value: its newest objective [N], at one draw of ε where there is a width.
        best, best_value: the place of the lowest checked objective, and that objective. first, settled: the objective
            at the start and when it was last looked back at. taken: steps made.
        alive: the rows that still move.
    """

    def __init__(self, problem: Problem, code: Tensor):
        self.problem, self.code = problem, code.clone()
        self.m, self.v = torch.zeros_like(code), torch.zeros_like(code)
        self.best, self.best_value = code.clone(), problem.check(code)
        self.first, self.value, self.settled = (self.best_value.clone() for _ in range(3))
        self.taken = torch.zeros(len(code), dtype=torch.long, device=code.device)
        self.alive = torch.arange(len(code), device=code.device)
        self.moving = problem  # the problem of those alive

    def step(self, t: int, size: float, noise: Tensor) -> None:
        """One step of Adam (β₁ 0.9, β₂ 0.99) of that size."""
        rows = self.alive
        self.value[rows], grad = self.moving.gradient(self.code[rows], noise)
        if not self.problem.model.variational:
            self._keep(rows, self.value[rows])  # a point's objective is exact, and known before the step
        m = self.m[rows] = 0.9 * self.m[rows] + 0.1 * grad
        v = self.v[rows] = 0.99 * self.v[rows] + 0.01 * grad.square()
        root = (v / (1 - 0.99**t)).sqrt().add_(1e-12)
        self.code[rows] -= (size / (1 - 0.9**t)) * m / root
        self.taken[rows] = t

    def look_back(self, t: int) -> None:
        """Compare where the rows stand with their best, and let those rest that hardly improve any more."""
        rows = self.alive
        self._keep(rows, self.moving.check(self.code[rows]))
        gained = self.settled[rows] - self.best_value[rows]
        self.settled[rows] = self.best_value[rows]
        if t >= 2 * CHECK_EVERY:  # the first steps of Adam are as large far from the goal as near it
            self.alive = rows[gained > CONVERGED_BELOW * (self.first[rows] - self.best_value[rows])]
            self.moving = self.problem.only(self.alive)

    def _keep(self, rows: Tensor, value: Tensor) -> None:
        better = value < self.best_value[rows]
        rows = rows[better]
        self.best[rows], self.best_value[rows] = self.code[rows], value[better]
