"""Flow matching in the latent space of a trained model (Lipman et al. 2023, "Flow matching for generative modeling").

A network v(z, t) learns the velocity at which noise becomes latents. For a noise ε ~ N(0, I) and the latent x of a
training image, the point z_t = (1 − t) ε + t x moves along a straight line at the velocity x − ε. The network learns
to tell this velocity from z_t and t alone, so it learns the mean over all pairs (ε, x) whose lines pass there:

    loss = E ‖v(z_t, t) − (x − ε)‖²,   t ~ U(0, 1)

Its minimum carries N(0, I) at t = 0 exactly to the distribution of the latents at t = 1. Sampling solves the ordinary
differential equation dz/dt = v(z, t) from noise, by Euler's or Heun's method. That is how diffusion models are trained
and sampled in the latent space of an autoencoder (Rombach et al. 2022, "High-resolution image synthesis with latent
diffusion models"), but for the network: here latents are vectors, so a few fully connected layers suffice.

The latents are whitened first: then noise and latents have the same mean and covariance, and the network learns only in
what the latents differ from their Gaussian.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Generator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from core.latent import sampling
from core.models import LatentModel, optimizers
from core.priors.kinds import Learning
from core.priors.latents import TrainingLatents
from core.priors.settings import FlowSettings, PriorSettings

METHODS = {"heun": "Heun", "euler": "Euler"}
"""Solvers of the differential equation: Heun's method asks the network twice a step, Euler's once."""

STEPS, MOST_STEPS = 25, 100
"""Steps of the solver where nothing else is asked for, and at most. Of Heun's method 10 steps come within 5 % of the
Fréchet distance of 50 (`benchmarks/latent_flow.py`)."""

FREQUENCIES, LOWEST_FREQUENCY, HIGHEST_FREQUENCY = 16, 0.5, 64.0
"""Sines and cosines in which the network sees the time, and their frequencies, in periods over the path."""

EMBEDDED = 64
"""Numbers that time and class are embedded in, at most: with as many as the layers have units a step would take half as
long again."""

FULLY_WHITENED = 1_024
"""Dimensions up to which latents are whitened by their full covariance; beyond, each dimension by its variance."""

LEAST_VARIANCE = 1e-6
"""Directions with less than this share of the mean variance are dead: they are drawn at their mean."""

RISE = 0.05
"""Share of all steps in which the learning rate rises."""

REPORT_EVERY = 10
"""Steps between two reports."""

AT_ONCE = 2_048
"""Latent vectors that are carried along at once: their activations fit into the processor's cache."""


class Block(nn.Module):
    """Residual block: h + W₂ silu(W₁ norm(h) + W₃ e), with the embedding e of time and class, of `embedded` numbers."""

    def __init__(self, width: int, embedded: int):
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.hidden = nn.Linear(width, width)
        self.condition = nn.Linear(embedded, width, bias=False)
        self.out = nn.Linear(width, width)
        nn.init.zeros_(self.out.weight)  # the block begins as the identity
        nn.init.zeros_(self.out.bias)

    def forward(self, h: Tensor, embedding: Tensor) -> Tensor:
        inner = nn.functional.silu(self.hidden(self.norm(h)) + self.condition(embedding))
        changed: Tensor = h + self.out(inner)
        return changed


class Velocity(nn.Module):
    """v(z, t, y): the velocity [B, d] at points z [B, d] and times t [B], of class y [B] or without a class.

    Args:
        classes: number of classes; 0 for latents without. Class `classes` stands for "no class".
    """

    frequencies: Tensor

    def __init__(self, d: int, width: int, blocks: int, classes: int = 0):
        super().__init__()
        self.d, self.classes = d, classes
        spread = torch.logspace(math.log10(LOWEST_FREQUENCY), math.log10(HIGHEST_FREQUENCY), FREQUENCIES)
        self.register_buffer("frequencies", 2 * math.pi * spread, persistent=False)
        embedded = min(width, EMBEDDED)
        self.time = nn.Sequential(nn.Linear(2 * FREQUENCIES, embedded), nn.SiLU(), nn.Linear(embedded, embedded))
        self.label = nn.Embedding(classes + 1, embedded) if classes else None
        self.enter = nn.Linear(d, width)
        self.blocks = nn.ModuleList(Block(width, embedded) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, d)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, z: Tensor, t: Tensor, y: Tensor | None = None) -> Tensor:
        """Velocity [B, d]. y: class of each point, int64 [B]; None where all are without a class."""
        angles = t[:, None] * self.frequencies
        embedding = self.time(torch.cat([angles.sin(), angles.cos()], 1))
        if self.label is not None:
            none = torch.full((1,), self.classes, device=z.device) if y is None else y
            embedding = embedding + self.label(none)
        embedding = nn.functional.silu(embedding)
        h = self.enter(z)
        for block in self.blocks:
            h = block(h, embedding)
        velocity: Tensor = self.leave(nn.functional.silu(self.norm(h)))
        return velocity


@dataclass(frozen=True)
class Whitening:
    """Affine map from latents x to whitened ones, W (x − m), with mean 0 and covariance I, and back.

    Attributes:
        mean: m [d]. root: the symmetric square root of the covariance [d, d], or its diagonal [d].
        inverse: W, of the same form; 0 in dead directions.
    """

    mean: Tensor
    root: Tensor
    inverse: Tensor

    @classmethod
    def of(cls, mean: Tensor, covariance: Tensor) -> Whitening:
        """The map for latents with this mean [d] and covariance [d, d], computed in double precision on the CPU."""
        mean, covariance = mean.cpu().double(), covariance.cpu().double()
        d = len(mean)
        if d > FULLY_WHITENED:
            values, vectors = covariance.diagonal(), None
        else:
            values, vectors = torch.linalg.eigh(covariance)
        alive = values > LEAST_VARIANCE * values.mean().clamp_min(1e-30)
        scales = values.clamp_min(0).sqrt() * alive
        inverse = torch.where(alive, 1 / scales.clamp_min(1e-30), 0.0)
        if vectors is not None:
            scales, inverse = (vectors * scales) @ vectors.T, (vectors * inverse) @ vectors.T
        return cls(mean.float(), scales.float(), inverse.float())

    def to(self, device: torch.device) -> Whitening:
        """The same map on a device."""
        return Whitening(self.mean.to(device), self.root.to(device), self.inverse.to(device))

    def apply(self, x: Tensor) -> Tensor:
        """Whitened latents [B, d]."""
        away = x - self.mean
        return away @ self.inverse if self.inverse.dim() == 2 else away * self.inverse

    def undo(self, z: Tensor) -> Tensor:
        """Latents [B, d] from whitened ones."""
        return self.mean + (z @ self.root if self.root.dim() == 2 else z * self.root)


def pair(x: Tensor, noise: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """Point z_t [B, d] on the straight line from noise to x at times t [B], and the velocity x − ε of that line."""
    t = t[:, None]
    return (1 - t) * noise + t * x, x - noise


def times(n: int, generator: torch.Generator, device: torch.device) -> Tensor:
    """n times, one in each of n equal parts of [0, 1]: uniform, with less variance than independent ones."""
    return (torch.arange(n, device=device) + torch.rand(n, generator=generator, device=device)) / n


class Flow:
    """Learned flow: solves dz/dt = v(z, t) from noise at t = 0 to whitened latents at t = 1.

    Attributes:
        classes: number of classes whose samples can be asked for; 0 where the training images had none.
        model: whose latents it draws; of a conditional one the flow is of styles, and each gets its class.
    """

    def __init__(self, network: Velocity, whitening: Whitening, model: LatentModel | None = None):
        self.network, self.whitening, self.classes, self.model = network, whitening, network.classes, model

    @torch.inference_mode()
    def velocity(self, z: Tensor, t: float, label: int | None = None, guidance: float = 1.0) -> Tensor:
        """Velocity [B, d] at whitened points z [B, d] at one time.

        With a class, classifier-free guidance (Ho & Salimans 2022): v(z, t) + w (v(z, t, y) − v(z, t)). A weight w of
        0 ignores the class, 1 follows it, more than 1 exaggerates what tells it from the others.
        """
        at = torch.full((1,), t, device=z.device)
        if label is None or guidance == 0:
            return self._ask(z, at, None)
        with_class = self._ask(z, at, torch.full((1,), label, device=z.device))
        if guidance == 1:
            return with_class
        without = self._ask(z, at, None)
        return without + guidance * (with_class - without)

    def _ask(self, z: Tensor, t: Tensor, y: Tensor | None) -> Tensor:
        velocity: Tensor = self.network(z, t, y)
        return velocity

    def path(
        self,
        noise: np.ndarray,
        steps: int = STEPS,
        method: str = "heun",
        label: int | None = None,
        guidance: float = 1.0,
        seed: int = 0,
    ) -> np.ndarray:
        """The way of noise [n, d] to latents: the latent vectors at times 0, 1/steps, …, 1, float32 [steps + 1, n, d].

        Args:
            method: one of `METHODS`. label: class of the samples, or None. guidance: as in `velocity`.
            seed: of the classes of a conditional model, where none is asked for.
        Raises:
            ValueError: no such class, number of steps or method.
        """
        path = self._solve(noise, steps, method, label, guidance)
        return np.stack([self._with_class(styles, label, seed) for styles in path])

    def draw(
        self,
        n: int,
        seed: int,
        temperature: float = 1.0,
        *,
        steps: int = STEPS,
        method: str = "heun",
        label: int | None = None,
        guidance: float = 1.0,
    ) -> np.ndarray:
        """n latent vectors, float32 [n, d], of all classes as often as in training, or of one class."""
        noise = sampling.prior(n, self.network.d, seed, temperature)
        parts = [
            last(self._solve(noise[k : k + AT_ONCE], steps, method, label, guidance))
            for k in range(0, max(1, n), AT_ONCE)
        ]
        return self._with_class(np.concatenate(parts), label, seed)

    def _with_class(self, styles: np.ndarray, label: int | None, seed: int) -> np.ndarray:
        """Latent vectors: of a conditional model the styles with their class, else the styles."""
        if self.model is None:
            return styles
        if label is None:
            return sampling.with_class(self.model, styles, seed)
        return sampling.of_class(self.model, styles, label)

    def _solve(
        self, noise: np.ndarray, steps: int, method: str, label: int | None, guidance: float
    ) -> Generator[np.ndarray, None, None]:
        if method not in METHODS:
            raise ValueError(f"method: '{method}' is unknown. Choose one of {', '.join(METHODS)}.")
        if not 1 <= steps <= MOST_STEPS:
            raise ValueError(f"steps: {steps} is not allowed. Allowed: 1 to {MOST_STEPS}.")
        if label is not None and not 0 <= label < self.classes:
            raise ValueError(f"class: {label} is unknown. This flow knows {self.classes} classes, numbered from 0.")
        z = torch.from_numpy(np.array(noise, np.float32, order="C")).to(self.whitening.mean.device)
        yield self._latents(z)
        for k in range(steps):
            z = self._step(z, k / steps, 1 / steps, method, label, guidance)
            yield self._latents(z)

    @torch.inference_mode()
    def _step(self, z: Tensor, t: float, h: float, method: str, label: int | None, guidance: float) -> Tensor:
        first = self.velocity(z, t, label, guidance)
        if method == "euler":
            return z + h * first
        second = self.velocity(z + h * first, t + h, label, guidance)
        return z + 0.5 * h * (first + second)

    def _latents(self, z: Tensor) -> np.ndarray:
        return np.asarray(self.whitening.undo(z).cpu().numpy())

    def tensors(self) -> dict[str, Tensor]:
        """See `LearnedPrior.tensors`."""
        whitening = {"mean": self.whitening.mean, "root": self.whitening.root, "inverse": self.whitening.inverse}
        return {f"network.{name}": t for name, t in self.network.state_dict().items()} | whitening


def last(path: Generator[np.ndarray, None, None]) -> np.ndarray:
    """The last points of a path, without keeping the others."""
    z = np.zeros(0, np.float32)
    for z in path:  # noqa: B007 (the last one is returned)
        pass
    return z


def learn(latents: TrainingLatents, model: LatentModel, settings: PriorSettings) -> Generator[Learning, None, None]:
    """Learn a flow from the latents of training images: one-cycle learning rate, averaged weights.

    Where posteriors are Gaussians, it learns their means: samples then lie where the decoder draws its clearest images.
    With draws of the posteriors the flow spends itself on their noise, and the Fréchet distance is a third greater
    (`benchmarks/README.md`).
    """
    assert isinstance(settings, FlowSettings)
    device = latents.mean.device
    generator = torch.Generator(device).manual_seed(settings.seed)
    whitening = Whitening.of(*latents.moments(settings.noise)).to(device)
    network, average = _networks(latents, settings)
    network.to(device)
    average.to(device)
    flow, batch = Flow(average, whitening, model), min(settings.batch, len(latents))
    fused = device.type in ("cpu", "cuda")
    optimizer = optimizers.Adam(network.parameters(), lr=settings.lr, betas=(0.9, 0.99), fused=fused)
    total = torch.zeros((), device=device)
    since = 0
    for step in range(1, settings.steps + 1):
        optimizer.param_groups[0]["lr"] = settings.lr * learning_rate(step / settings.steps)
        rows = torch.randint(len(latents), (batch,), generator=generator, device=device)
        loss = batch_loss(network, latents, whitening, rows, generator, settings.unlabelled, settings.noise)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        _average(average, network, min(settings.ema, step / (step + 10)))
        total, since = total + loss.detach(), since + 1
        if step % REPORT_EVERY == 0 or step == settings.steps:
            yield Learning(step, settings.steps, float(total) / since, flow)
            total, since = torch.zeros_like(total), 0


def learning_rate(done: float) -> float:
    """Learning rate, as a share of the largest, after a share `done` of all steps: it rises in a line, then falls to 0
    along half a cosine."""
    if done < RISE:
        return done / RISE
    return 0.5 * (1.0 + math.cos(math.pi * (done - RISE) / (1.0 - RISE)))


def batch_loss(
    network: Velocity,
    latents: TrainingLatents,
    whitening: Whitening,
    rows: Tensor,
    generator: torch.Generator,
    unlabelled: float = 0.0,
    noise: float = 1.0,
) -> Tensor:
    """Mean over batch and dimensions of ‖v(z_t, t) − (x − ε)‖², [], for the images `rows` [B].

    Args:
        unlabelled: share of the labels that are left out. noise: as in `TrainingLatents.draw`.
    """
    x = whitening.apply(latents.draw(rows, generator, noise))
    epsilon = torch.randn(x.shape, generator=generator, device=x.device)
    t = times(len(x), generator, x.device)
    z, velocity = pair(x, epsilon, t)
    y = None
    if network.classes and latents.labels is not None:
        y = latents.labels[rows]
        left_out = torch.rand(len(x), generator=generator, device=x.device) < unlabelled
        y = torch.where(left_out | (y < 0), network.classes, y)
    loss: Tensor = (network(z, t, y) - velocity).square().mean()
    return loss


def _networks(latents: TrainingLatents, settings: FlowSettings) -> tuple[Velocity, Velocity]:
    """The network that learns, and the average of its weights. The global random state is left alone."""
    classes = len(latents.classes) if latents.labels is not None else 0
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(settings.seed)
        network = Velocity(latents.mean.shape[1], settings.width, settings.blocks, classes)
    return network, copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def _average(average: nn.Module, network: nn.Module, keep: float) -> None:
    for mean, now in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(now, 1 - keep)


def restore(tensors: Mapping[str, Tensor], settings: PriorSettings, model: LatentModel) -> Flow:
    """A flow from the tensors of `Flow.tensors`.

    Raises:
        ValueError, KeyError, RuntimeError: they do not fit the settings or the model.
    """
    assert isinstance(settings, FlowSettings)
    weights = {name.removeprefix("network."): t for name, t in tensors.items() if name.startswith("network.")}
    whitening = Whitening(tensors["mean"].float(), tensors["root"].float(), tensors["inverse"].float())
    d, label = model.style_dim, weights.get("label.weight")
    shape = (d, d) if d <= FULLY_WHITENED else (d,)
    if whitening.mean.shape != (d,) or any(t.shape != shape for t in (whitening.root, whitening.inverse)):
        raise ValueError("another latent space")
    network = Velocity(d, settings.width, settings.blocks, 0 if label is None else len(label) - 1)
    network.load_state_dict(weights)
    return Flow(network.to(whitening.mean.device).eval().requires_grad_(False), whitening, model)
