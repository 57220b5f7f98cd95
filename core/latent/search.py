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
"""Steps of a search, and the size of the first step in units of z; it falls along a cosine to a twentieth."""

CHECK_EVERY, CONVERGED_BELOW = 20, 1e-4
"""A code has converged when so many steps gained less than this share of the whole gain of its search. (A share of the
objective itself would depend on the objective's constants.)"""

WARM_UP, PAIRS = 10, 4
"""In a smooth search: steps over which a step grows to its full size, and draws of ε, each with its mirror image −ε,
over which the gradient of a Gaussian posterior is a mean."""

EPSILON_DRAWS = 4
"""Fixed ε samples at which the final and the initial objective of a Gaussian posterior are compared."""


@dataclass(frozen=True)
class SearchResult:
    """Posterior of each image that a search found. All tensors on the model's device, in the order of the images.

    Attributes:
        posterior: μ [N, d] and log σ² [N, d], or points.
        recon: −log p(x | z) of the visible pixels at z = μ, in nats per image, [N]. prior: the prior's term, [N].
        steps: steps that each image took, [N] int64; 0 where the encoder's answer was kept.
        seconds: wall-clock time.
    """

    posterior: Posterior
    recon: Tensor
    prior: Tensor
    steps: Tensor
    seconds: float


@dataclass(frozen=True)
class SearchStep:
    """State of a search after one step.

    Attributes:
        step: number of the step, of at most `total`. moving: images that have not converged yet.
        objective: of each image before the step, [N]. codes: before the step, [restarts, N, code_dim].
        mean: μ of each image after the step, [N, d].
    """

    step: int
    total: int
    moving: int
    objective: Tensor
    mean: Tensor
    codes: Tensor


def initial_code(model: LatentModel, images: Tensor, visible: Tensor | None = None) -> Tensor:
    """Codes [N, code_dim] at which the search for images [N, C, H, W] begins: by the encoder, or by ridge regression.

    Hidden pixels (False in `visible`) are replaced by those of the mean image, so that they add nothing to the
    regression. An encoder needs whole images: hidden pixels are black for it.
    """
    with torch.no_grad():
        if model.encoder is not None:
            return model.code_of(images, visible)
        if not model.has_code_regression:  # a generator from scratch: images have no codes to regress on
            code = torch.zeros(model.code_dim).to(model.latent_mean)
            code[: model.latent_dim] = model.latent_mean
            return code.repeat(len(images), 1)
        away = images.flatten(1) - model.mean_image
        if visible is not None:
            away = away.where(visible.flatten(1), 0.0)
        return model.ridge_bias + away @ model.ridge_weight


@dataclass(frozen=True)
class Problem:
    """Objective of a batch of images, one independent problem per image."""

    model: LatentModel
    images: Tensor
    visible: Tensor | None
    beta: float

    def select(self, rows: Tensor) -> Problem:
        """The problem of some of the images."""
        return replace(self, images=self.images[rows], visible=None if self.visible is None else self.visible[rows])

    def repeated(self, times: int) -> Problem:
        """The problem of the whole batch, so many times in a row."""
        if times == 1:
            return self
        visible = None if self.visible is None else self.visible.repeat(times, 1, 1, 1)
        return replace(self, images=self.images.repeat(times, 1, 1, 1), visible=visible)

    def gradient(self, code: Tensor, draws: Tensor) -> tuple[Tensor, Tensor]:
        """Objective [B] and its gradient with respect to the codes [B, code_dim], as means over draws of ε [k, d]."""
        k, batch = len(draws), len(code)
        with torch.enable_grad():
            code = code.detach().requires_grad_()
            # All draws in one pass: for one image eight of them take little longer than one.
            value = self.repeated(k)._value(code.repeat(k, 1), draws.repeat_interleave(batch, 0)).view(k, batch).mean(0)
            # With respect to the codes alone: no gradient of the decoder's weights is computed.
            (grad,) = torch.autograd.grad(value.sum(), code)
        return value.detach(), grad

    @torch.no_grad()
    def check(self, code: Tensor) -> Tensor:
        """Objective [B]; for a Gaussian posterior the mean over `EPSILON_DRAWS` fixed ε."""
        if not self.model.variational:
            return self._value(code, None)
        draws = torch.randn(EPSILON_DRAWS, self.model.latent_dim, generator=torch.Generator().manual_seed(0)).to(code)
        return torch.stack([self._value(code, draw) for draw in draws]).mean(0)

    def _value(self, code: Tensor, noise: Tensor | None) -> Tensor:
        posterior = self.model.posterior(code)
        z = posterior.mean if noise is None else posterior.at(noise)
        losses = self.model.losses_of_each(posterior, z, self.images, self.visible)
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
    smooth: bool = False,
) -> Generator[SearchStep, None, SearchResult]:
    """Search for the codes of a batch of images by Adam: yields after each step, returns a `SearchResult`.

    The model's weights do not change. Closing the generator ends the search.

    Args:
        images: [N, C, H, W] in [0, 1]. visible: bool of the same shape; hidden pixels (False) have no effect.
        steps: upper limit. lr: size of the first step. beta: weight of the prior's term (default: as in training).
        restarts: searches per image, of which the best counts; the first begins at `code`, the others at random.
        seed: of ε and of the random starts. code: initial codes [N, code_dim] (default `initial_code`).
        smooth: whether the steps grow to their full size over the first `WARM_UP`, and gradients are means over `PAIRS`
            of draws. Adam's first steps have the same length however small the gradient is: without this a search that
            begins near the optimum leaves it and comes back. Meant for one image: the draws multiply the batch.
    """
    began, n = time.perf_counter(), len(images)
    draws = torch.Generator().manual_seed(seed)
    code = initial_code(model, images, visible) if code is None else code.detach()
    problem = Problem(model, images, visible, float(model.beta) if beta is None else beta)
    # Restarts are more images in the same batch: row r · n + i is the r-th search for image i.
    codes = torch.cat([code, *(random_codes(model, code, draws) for _ in range(restarts - 1))])
    adam = _BatchedAdam(problem.repeated(restarts), codes)
    pairs = PAIRS if smooth and model.variational else 0
    for t in range(1, steps + 1):
        noise = torch.randn(pairs or 1, model.latent_dim, generator=draws).to(code)  # the same for all images
        before = adam.code.view(restarts, n, -1).clone()
        size = lr * (0.05 + 0.475 * (1 + math.cos(math.pi * (t - 1) / steps)))
        adam.step(t, size * min(1.0, t / WARM_UP) if smooth else size, torch.cat([noise, -noise]) if pairs else noise)
        mean = model.posterior(adam.code[:n]).mean
        yield SearchStep(t, steps, len(adam.alive), adam.value.view(restarts, n).amin(0), mean, before)
        # The objective of a Gaussian posterior is noisy, and the best of many noisy values would be the luckiest one.
        # The small last steps average the noise away, so only the end is compared with the start.
        if t == steps or (t % CHECK_EVERY == 0 and not model.variational):
            adam.check_convergence(t)
            if not len(adam.alive):
                break
    winner = adam.best_value.view(restarts, n).argmin(0) * n + torch.arange(n, device=code.device)
    posterior = model.posterior(adam.best[winner])
    with torch.no_grad():
        at_mean = model.losses_of_each(posterior, posterior.mean, images, visible)
    taken = adam.taken.view(restarts, n).sum(0)
    return SearchResult(posterior, at_mean.recon, at_mean.kl, taken, time.perf_counter() - began)


def random_codes(model: LatentModel, code: Tensor, draws: torch.Generator) -> Tensor:
    """Random initial codes: draws from the distribution of the model's latents, with the log σ² of `code`."""
    noise = torch.randn(len(code), model.latent_dim, generator=draws).to(code)
    return torch.cat([model.from_noise(noise), code[:, model.latent_dim :]], dim=1)


class _BatchedAdam:
    """Adam on codes [N, k], row by row, with the best code that each row has seen.

    Attributes:
        code: current codes. value: newest objective [N], at one draw of ε for a Gaussian posterior.
        best, best_value: code of the lowest checked objective, and that objective. first, checked: objective at the
            start and at the last check of convergence. taken: steps made.
        alive: rows that have not converged. moving: the problem of those rows.
    """

    def __init__(self, problem: Problem, code: Tensor):
        self.problem, self.code = problem, code.clone()
        self.m, self.v = torch.zeros_like(code), torch.zeros_like(code)
        self.best, self.best_value = code.clone(), problem.check(code)
        self.first, self.value, self.checked = (self.best_value.clone() for _ in range(3))
        self.taken = torch.zeros(len(code), dtype=torch.long, device=code.device)
        self.alive = torch.arange(len(code), device=code.device)
        self.moving = problem

    def step(self, t: int, size: float, draws: Tensor) -> None:
        """One step of Adam (β₁ 0.9, β₂ 0.99) with the learning rate `size`, at draws of ε [k, d]."""
        rows = self.alive
        self.value[rows], grad = self.moving.gradient(self.code[rows], draws)
        if not self.problem.model.variational:
            self._keep(rows, self.value[rows])  # the objective of a point is exact
        m = self.m[rows] = 0.9 * self.m[rows] + 0.1 * grad
        v = self.v[rows] = 0.99 * self.v[rows] + 0.01 * grad.square()
        root = (v / (1 - 0.99**t)).sqrt().add_(1e-12)
        self.code[rows] -= (size / (1 - 0.9**t)) * m / root
        self.taken[rows] = t

    def check_convergence(self, t: int) -> None:
        """Compare the current codes with the best ones, and stop the rows that hardly improve any more."""
        rows = self.alive
        self._keep(rows, self.moving.check(self.code[rows]))
        gained = self.checked[rows] - self.best_value[rows]
        self.checked[rows] = self.best_value[rows]
        if t >= 2 * CHECK_EVERY:  # Adam's first steps are equally large far from the optimum and near it
            self.alive = rows[gained > CONVERGED_BELOW * (self.first[rows] - self.best_value[rows])]
            self.moving = self.problem.select(self.alive)

    def _keep(self, rows: Tensor, value: Tensor) -> None:
        better = value < self.best_value[rows]
        rows = rows[better]
        self.best[rows], self.best_value[rows] = self.code[rows], value[better]
