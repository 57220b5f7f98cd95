"""Finding the place of one image so that it can be watched: every station of the way, its picture, its price.

An encoder's answer has one station. A search has one for its start and one for each step; the last is the best place
it saw. All are priced alike, on the visible pixels, so that an encoder can be compared with a search: the difference
of the two, where the search begins at the encoder's answer, is the amortisation gap of that image (Cremer, Li &
Duvenaud 2018): what one network for all images costs against an optimum for this one.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from core.evaluation import inpainting
from core.images.convert import to_uint8
from core.latent import codec, search
from core.latent.search import SearchStep
from core.models import AutoDecoder, LatentModel
from core.system.progress import Steps

EPSILON_DRAWS = 16
"""Draws of ε, the same at every station, that the price of a posterior with a width is averaged over."""

STARTS = ("guess", "zero", "nearest")
"""Where a family without an encoder begins: the ridge regression from pixels, the middle of the prior, or the place of
the training image that is most alike in the visible pixels."""


@dataclass(frozen=True)
class SearchTrace:
    """The way to an image's place, S stations; the last counts.

    Attributes:
        z: μ at each station, float32 [S, d]. logvar: log σ² at the last one, [d], or None for a point.
        pictures: decoded at μ, `uint8` [S, 28, 28].
        recon, prior: nats per image on the visible pixels, E_q[−log p(x | z)] and the prior's term, [S].
        beta: the prior's weight. mse: per pixel against the whole original, [S]. hidden: the same over hidden pixels
            alone, [S], NaN where nothing is hidden.
        seconds: until the place was found. steps: of the optimiser; 0 for an encoder's answer.
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
    seconds: float
    steps: int
    ended: bool = True

    @property
    def objective(self) -> np.ndarray:
        """recon + β · prior at each station, [S]: what is minimised; for VAE and VAD the negative ELBO."""
        return self.recon + self.beta * self.prior


def trace_encoder(model: LatentModel, image: np.ndarray, visible: np.ndarray, fill: np.ndarray) -> SearchTrace:
    """The encoder's answer in one pass to an image [28, 28] whose hole is filled with `fill` [28, 28]."""
    seen = codec.image_tensor(inpainting.fill_holes(image, visible, fill)[None], model)
    with torch.no_grad():
        times = []
        for _ in range(5):  # the first pass also pays for memory, and one that was interrupted says nothing
            began = time.perf_counter()
            code = model.encoder(seen)
            times.append(time.perf_counter() - began)
    return _found(model, code, image, visible, sorted(times)[2], 0, True)


def starting_code(
    model: LatentModel,
    image: np.ndarray,
    visible: np.ndarray,
    fill: np.ndarray,
    start: str = "guess",
    training: np.ndarray | None = None,
) -> Tensor:
    """The code [1, code_dim] that a search begins at: the encoder's answer to the filled image, or one of `STARTS`.

    Args:
        training: `uint8` [M, 28, 28], an image for each row of the latent table, in its order; for `nearest`.
    Raises:
        ValueError: no such start, or `nearest` without the images of the table.
    """
    with torch.no_grad():
        if model.encoder is not None:
            return model.encoder(codec.image_tensor(inpainting.fill_holes(image, visible, fill)[None], model))
        if start == "nearest":
            return nearest_code(model, image, visible, training)
        if start not in STARTS:
            raise ValueError(f"There is no start '{start}'. The starts are {', '.join(STARTS)}.")
        code = search.initial_code(
            model, codec.image_tensor(image[None], model), inpainting.mask_tensor(visible, 1, model)
        )
        if start == "zero":
            code = code.clone()
            code[:, : model.latent_dim] = 0.0  # a posterior keeps the width of the guess
        return code


def nearest_code(model: AutoDecoder, image: np.ndarray, visible: np.ndarray, training: np.ndarray | None) -> Tensor:
    """The row [1, code_dim] of the training image that is closest to `image` in its visible pixels.

    Raises:
        ValueError: `training` does not belong to the table.
    """
    if training is None or len(training) != len(model.table) or not len(training):
        raise ValueError("The training images of this model are not at hand, so none of them can be the start.")
    seen = np.asarray(visible, bool).ravel()
    own, best, row = image.reshape(784)[seen].astype(np.float32), np.inf, 0
    for first in range(0, len(training), 4096):  # a block at a time: 60,000 images as floats are 188 MB
        block = training[first : first + 4096].reshape(-1, 784)[:, seen].astype(np.float32)
        distance = np.square(block - own).sum(1)
        if distance.min(initial=np.inf) < best:
            row, best = first + int(distance.argmin()), float(distance.min())
    return model.table[row : row + 1].clone()


class TracedSearch:
    """One image's search: iterate over it for a look per step; whenever you stop, `found` says how far it came."""

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
            image: `uint8` [28, 28]. visible: `bool` [28, 28]; hidden pixels (False) count for nothing.
            code: where it begins, [1, code_dim]. The others: as in `search.search`.
        """
        self.model, self.image, self.visible = model, image, visible
        self.seconds, self._stood = 0.0, []
        hidden = None if visible.all() else inpainting.mask_tensor(visible, 1, model)
        self._walk = Steps(
            search.search(
                model,
                codec.image_tensor(image[None], model),
                visible=hidden,
                code=code,
                steps=steps,
                lr=lr,
                restarts=restarts,
                seed=seed,
            )
        )

    def __iter__(self) -> Iterator[SearchStep]:
        began = time.perf_counter()
        for look in self._walk:
            self.seconds += time.perf_counter() - began  # the search's own time, without who watches it
            self._stood.append(look.codes[:, 0])
            yield look
            began = time.perf_counter()
        self.seconds += time.perf_counter() - began

    def trace(self) -> SearchTrace:
        """The way of the best of all restarts, as far as it was gone (one step at least)."""
        ways = torch.stack(self._stood, 1)  # [restarts, steps, code_dim]
        placed = self._walk.result
        if placed is None:
            last = _price(self.model, ways[:, -1], self.image, self.visible)
            way = ways[int((last[0] + float(self.model.beta) * last[1]).argmin())]
        else:
            end = placed.posterior
            code = end.mean if end.logvar is None else torch.cat([end.mean, end.logvar], 1)
            way = torch.cat([ways[int((ways - code).norm(dim=2).amin(1).argmin())], code])
        return _found(self.model, way, self.image, self.visible, self.seconds, len(self._stood), placed is not None)


def _found(
    model: LatentModel, way: Tensor, image: np.ndarray, visible: np.ndarray, seconds: float, steps: int, ended: bool
) -> SearchTrace:
    recon, prior = _price(model, way, image, visible)
    last = model.posterior(way)
    with torch.no_grad():
        pictures = model.decode(last.mean)[:, 0].cpu().double().numpy()
    originals, masks = (np.broadcast_to(a, pictures.shape) for a in (image, visible))
    return SearchTrace(
        last.mean.cpu().numpy(),
        None if last.logvar is None else last.logvar[-1].cpu().numpy(),
        to_uint8(pictures),
        recon.cpu().numpy().astype(np.float64),
        prior.cpu().numpy().astype(np.float64),
        float(model.beta),
        inpainting.pixel_mse(pictures, originals),
        inpainting.hidden_mse(pictures, originals, masks),
        seconds,
        steps,
        ended,
    )


@torch.no_grad()
def _price(model: LatentModel, codes: Tensor, image: np.ndarray, visible: np.ndarray) -> tuple[Tensor, Tensor]:
    """E_q[−log p(x | z)] on the visible pixels and the prior's term at codes [S, code_dim]: [S] each, in nats."""
    n, posterior = len(codes), model.posterior(codes)
    x = codec.image_tensor(np.broadcast_to(image, (n, 28, 28)), model)
    seen = inpainting.mask_tensor(visible, n, model)
    draws = torch.randn(
        EPSILON_DRAWS if model.variational else 1, model.latent_dim, generator=torch.Generator().manual_seed(0)
    ).to(codes)
    losses = [model.losses_at(posterior, posterior.at(draw), x, seen) for draw in draws]
    return torch.stack([part.recon for part in losses]).mean(0), losses[0].kl
