"""Trace of a latent search for one image: every iterate, its decoded image and its objective.

The trace of an encoder has one iterate. That of a search has one for its start and one for each step; the last is the
code with the lowest objective of all of them. All objectives are computed alike, on the visible pixels, so that an
encoder can be compared with a search; so are the times: warm, as medians, with the decoding of the picture. Where the
search begins at the encoder's answer, the difference of the two is the amortisation gap of that image (Cremer, Li &
Duvenaud 2018): the cost of one network for all images against an optimum for this image.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from torch import Tensor

from core.evaluation import inpainting, metrics
from core.evaluation.threads import one_thread
from core.images import convert
from core.latent import codec, neighbours, search
from core.latent.search import SearchStep
from core.models import LatentModel, Posterior
from core.system.progress import Steps

EPSILON_DRAWS = 32
"""Draws of ε over which the objective of a Gaussian posterior is averaged, the same at every iterate: half of them, and
the same with the opposite sign, so that what is linear in ε cancels."""

IMPORTANCE_SAMPLES = 256
"""Samples of the importance-weighted bound on −log p(x) of one image."""

TIMED_PASSES, TIMED_ROUNDS, PAUSE, LONGEST = 5, 5, 0.004, 0.4
"""Passes of a round, whose median counts; rounds, of which the quickest counts; seconds between two rounds, in which
other threads get their turn, and after which no further round begins."""

STARTS = ("guess", "zero", "nearest")
"""Initial codes for a family without an encoder: ridge regression from pixels, z = 0, or the code of the training image
that is nearest in the visible pixels."""


@dataclass(frozen=True)
class SearchTrace:
    """Iterates of the search for one image, S of them; the last is the result: the best one, unless it was stopped.

    Attributes:
        z: μ at each iterate, float32 [S, d]. logvar: log σ² at the last one, [d], or None for a point.
        pictures: decoded at μ, `uint8` [S, H, W] or [S, H, W, 3].
        recon, prior: nats per image on the visible pixels: E_q[−log p(x | z)] and the prior's term, [S].
        beta: weight of the prior's term. mse: mean squared error per pixel against the whole original, [S].
        hidden_mse: the same over hidden pixels alone, [S]; NaN where nothing is hidden.
        bound: importance-weighted upper bound on −log p of the visible pixels at the result, in nats, from
            `IMPORTANCE_SAMPLES` samples of its Gaussian, never above `negative_elbo` there; NaN for a point.
        seconds: duration from the image to its reconstruction, decoding included: of a warm pass of the encoder, or of
            all steps of the search at their median duration. steps: of the optimiser; 0 for an encoder.
        ended: False where the search was stopped before its end.
    """

    z: np.ndarray
    logvar: np.ndarray | None
    pictures: np.ndarray
    recon: np.ndarray
    prior: np.ndarray
    beta: float
    mse: np.ndarray
    hidden_mse: np.ndarray
    bound: float
    seconds: float
    steps: int
    ended: bool = True

    @property
    def objective(self) -> np.ndarray:
        """recon + β · prior at each iterate, [S]: what the search minimises."""
        return np.asarray(self.recon + self.beta * self.prior)

    @property
    def negative_elbo(self) -> np.ndarray:
        """recon + prior at each iterate, [S], whatever β is; the negative ELBO of a Gaussian posterior."""
        return np.asarray(self.recon + self.prior)


def trace_encoder(
    model: LatentModel, image: np.ndarray, visible: np.ndarray, fill: np.ndarray, label: int | None = None
) -> SearchTrace:
    """Trace of the encoder's answer, in one pass, to a picture whose hole is filled with `fill`.

    Args:
        label: class of the picture where it is known, for a conditional family.
    Raises:
        ValueError: the model has no encoder.
    """
    if model.encoder is None:
        raise ValueError("This model has no encoder.")
    x = codec.image_tensor(inpainting.fill_holes(image[None], visible, fill), model)
    with torch.no_grad(), one_thread():  # as searches in their process: the times can be compared
        labels = _labels(label, x)
        code = model.code_of(x, labels=labels)
        seconds = min(warm_seconds(lambda: model.code_of(x, labels=labels)))
        return _trace(model, code, image, visible, seconds, 0, True)


def _labels(label: int | None, x: Tensor) -> Tensor | None:
    return None if label is None else torch.tensor([label], device=x.device)


def warm_seconds(work: Callable[[], object], passes: int = TIMED_PASSES) -> list[float]:
    """Durations of some work on a warm machine: the median of several passes in each of several rounds.

    The quickest round counts: any single pass may be interrupted, and all of a round may be slow while another thread
    of the lab is busy.
    """
    work()  # allocates the memory
    rounds: list[float] = []
    end = time.perf_counter() + LONGEST
    while len(rounds) < TIMED_ROUNDS and (not rounds or time.perf_counter() < end):
        if rounds:
            time.sleep(PAUSE)
        rounds.append(median(_seconds(work) for _ in range(passes)))
    return rounds


def _seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def starting_code(
    model: LatentModel,
    image: np.ndarray,
    visible: np.ndarray,
    fill: np.ndarray,
    start: str = "guess",
    training: np.ndarray | None = None,
    rows: np.ndarray | None = None,
    places: np.ndarray | None = None,
    label: int | None = None,
) -> Tensor:
    """Code [1, code_dim] at which a search begins: the encoder's answer to the filled picture, or one of `STARTS`.

    Args:
        training, rows, places: for `nearest`, see `nearest_code`. label: class of the picture where it is known, for a
            conditional family; the search keeps it.
    Raises:
        ValueError: unknown start, or `nearest` without the pictures of the table.
    """
    with torch.no_grad():
        if model.encoder is not None:
            x = codec.image_tensor(inpainting.fill_holes(image[None], visible, fill), model)
            return model.code_of(x, labels=_labels(label, x))
        if start == "nearest":
            return nearest_code(model, image, visible, training, rows, places)
        if start not in STARTS:
            raise ValueError(f"There is no start '{start}'. The starts are {', '.join(STARTS)}.")
        mask = inpainting.mask_tensor(visible, 1, model)
        code = search.initial_code(model, codec.image_tensor(image[None], model), mask)
        if start == "zero":
            code = code.clone()
            code[:, : model.latent_dim] = 0.0  # the log σ² of a Gaussian posterior stays
        return code


def nearest_code(
    model: LatentModel,
    image: np.ndarray,
    visible: np.ndarray,
    training: np.ndarray | None,
    rows: np.ndarray | None = None,
    places: np.ndarray | None = None,
) -> Tensor:
    """Row [1, code_dim] of the latent table whose training image is nearest to `image` in the visible pixels.

    Args:
        training: the pictures that rows of the latent table belong to. rows: those rows, `int64` [N]; None: all rows,
            in order. places: those of `training` that are meant, `int64` [N]; None for all, in order.
    Raises:
        ValueError: `training` does not belong to the model's latent table.
    """
    table = model.latent_table
    if rows is None:
        rows = np.arange(0 if table is None else len(table))
    if places is None:
        places = np.arange(0 if training is None else len(training))
    if table is None or training is None or len(places) != len(rows) or not len(places):
        raise ValueError("The training images of this model are missing, so none of them can be the start.")
    seen = np.asarray(visible, bool)
    best, least = 0, math.inf
    for first in range(0, len(places), neighbours.BLOCK):  # the training images may be larger than the memory
        block = training[places[first : first + neighbours.BLOCK]]
        (index,), (distance,) = neighbours.nearest(image[seen][None], block[:, seen])
        if distance < least:
            best, least = first + int(index), float(distance)
    row = int(rows[best])
    return table[row : row + 1].clone()


class TracedSearch:
    """Search for one image that records its iterates. Iterating yields a `SearchStep` per step; `trace` can be called
    whenever the iteration stops."""

    def __init__(
        self,
        model: LatentModel,
        image: np.ndarray,
        visible: np.ndarray,
        code: Tensor,
        *,
        steps: int = search.STEPS,
        lr: float = search.LR,
        restarts: int = 1,
        seed: int = 0,
    ):
        """
        Args:
            image: picture `uint8` [H, W] or [H, W, 3]. visible: `bool` [H, W]; hidden pixels (False) have no effect.
            code: initial code [1, code_dim]. The others: as in `search.search`.
        """
        self.model, self.image, self.visible = model, image, visible
        self._seconds: list[float] = []  # of each step
        self._codes: list[Tensor] = []
        self._steps = Steps(
            search.search(
                model,
                codec.image_tensor(image[None], model),
                visible=None if visible.all() else inpainting.mask_tensor(visible, 1, model),
                code=code,
                steps=steps,
                lr=lr,
                restarts=restarts,
                seed=seed,
                smooth=True,
            )
        )

    def __iter__(self) -> Iterator[SearchStep]:
        while True:
            began = time.perf_counter()
            step = next(self._steps, None)
            if step is None:
                return
            self._seconds.append(time.perf_counter() - began)  # without the time of the code that watches the search
            self._codes.append(step.codes[:, 0])
            yield step

    def trace(self) -> SearchTrace:
        """Trace of the best of all restarts, as far as the search has come (one step at least)."""
        paths = torch.stack(self._codes, 1)  # [restarts, steps, code_dim]
        result, steps = self._steps.result, len(self._codes)
        seconds = steps * median(self._seconds)
        if result is None:
            recon, prior = _loss_terms(self.model, paths[:, -1], self.image, self.visible)
            path = paths[int((recon + float(self.model.beta) * prior).argmin())]
            return _trace(self.model, path, self.image, self.visible, seconds, steps, False)
        end = result.posterior
        code = end.mean if end.logvar is None else torch.cat([end.mean, end.logvar], 1)
        path = torch.cat([paths[int((paths - code).norm(dim=2).amin(1).argmin())], code])
        recon, prior = _loss_terms(self.model, path, self.image, self.visible)
        best = int((recon + float(self.model.beta) * prior).argmin())
        rows = [*range(len(path) - 1), best]
        terms = recon[rows], prior[rows]
        return _trace(self.model, path[rows], self.image, self.visible, seconds, steps, True, terms)


def _trace(
    model: LatentModel,
    codes: Tensor,
    image: np.ndarray,
    visible: np.ndarray,
    seconds: float,
    steps: int,
    ended: bool,
    terms: tuple[Tensor, Tensor] | None = None,
) -> SearchTrace:
    """Trace with the given codes [S, code_dim] as iterates. terms: their loss terms, where they are known."""
    recon, prior = terms or _loss_terms(model, codes, image, visible)
    posterior = model.posterior(codes)
    with torch.no_grad():
        pictures = convert.channels_last(model.decode(posterior.mean)).astype(np.float64)
        seconds += min(warm_seconds(lambda: model.decode(posterior.mean[-1:])))
    originals = np.broadcast_to(image, pictures.shape)
    return SearchTrace(
        posterior.mean.cpu().numpy(),
        None if posterior.logvar is None else posterior.logvar[-1].cpu().numpy(),
        convert.to_uint8(pictures),
        recon.cpu().numpy().astype(np.float64),
        prior.cpu().numpy().astype(np.float64),
        float(model.beta),
        inpainting.pixel_mse(pictures, originals),
        inpainting.hidden_mse(pictures, originals, visible),
        float(recon[-1]) + float(prior[-1]) - _gain(model, posterior, image, visible),
        seconds,
        steps,
        ended,
    )


def _gain(model: LatentModel, posterior: Posterior, image: np.ndarray, visible: np.ndarray) -> float:
    """By how much the importance-weighted bound of the last posterior lies below its negative ELBO, in nats, never less
    than 0; NaN for a point.

    Both are estimated from the same draws, log mean w against mean log w, so that the difference has the right sign and
    little noise (Burda, Grosse & Salakhutdinov 2016).
    """
    if posterior.logvar is None:
        return float("nan")
    rows = IMPORTANCE_SAMPLES // 4  # decoded at once
    last = Posterior(posterior.mean[-1:].repeat(rows, 1), posterior.logvar[-1:].repeat(rows, 1))
    x = codec.image_tensor(np.broadcast_to(image, (rows, *image.shape)), model)
    draws = torch.Generator(x.device).manual_seed(0)
    seen = inpainting.mask_tensor(visible, rows, model)
    weights = metrics.log_weights(model, x, last, 4, draws, seen).double().flatten()
    return max(0.0, float(torch.logsumexp(weights, 0) - math.log(len(weights)) - weights.mean()))


@torch.no_grad()
def _loss_terms(model: LatentModel, codes: Tensor, image: np.ndarray, visible: np.ndarray) -> tuple[Tensor, Tensor]:
    """E_q[−log p(x | z)] on the visible pixels and the prior's term at codes [S, code_dim]: [S] each, in nats."""
    n, posterior = len(codes), model.posterior(codes)
    x = codec.image_tensor(np.broadcast_to(image, (n, *image.shape)), model)
    mask = inpainting.mask_tensor(visible, n, model)
    half = torch.randn(EPSILON_DRAWS // 2, model.latent_dim, generator=torch.Generator().manual_seed(0)).to(codes)
    draws = torch.cat([half, -half]) if model.variational else half[:1]  # which a point does not use
    losses = [model.losses_of_each(posterior, posterior.at(draw), x, mask) for draw in draws]
    return torch.stack([part.recon for part in losses]).mean(0), losses[0].kl
