"""Pitfalls of t-SNE, demonstrated on small maps: perplexity, random start, sizes, distances, shapes in noise, topology.

After "How to use t-SNE effectively" (Wattenberg, Viégas & Johnson, Distill 2016). Maps of the built-in digits' pixels
are shipped beside this file, so that the section opens at once; `python -m core.embedding.pitfalls` computes them anew.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core import data
from core.data import spread
from core.embedding import settings as embedding_settings
from core.embedding import tsne
from core.embedding.settings import Settings
from core.latent import pca
from core.system import cache
from core.system.content_digest import content_digest

IMAGES = 500
"""Images on each small map."""

PERPLEXITIES = (2, 5, 30, 100)
SEEDS = (1, 2)
WIDTH_RATIO, DISTANCE_RATIO = 10.0, 5.0
"""Ratio of the widths of the two synthetic clusters, and of the distances between the three."""

CURVE_POINTS, CURVE_DIMENSIONS, ARCS = 300, 50, 10
"""Points of a closed curve, dimensions of the space that it lies in, and its arcs, a group each."""

SHIPPED = Path(__file__).with_name("pitfalls.safetensors")
"""The maps of `IMAGES` of the built-in digits, by their pixels."""

Panels = dict[str, np.ndarray]
"""Name of a map → points, float64 [n, 2]; `NAME labels` → group of each point, int64 [n]."""

ShouldStop = Callable[[int, int], bool]
"""Callback with (maps done, maps in all); returns True to stop."""


def sample(labels: np.ndarray) -> np.ndarray:
    """Indices of the images on the small maps, every class in proportion."""
    return spread(labels, min(IMAGES, len(labels)))


def synthetic_sets() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Five synthetic data sets by name: points float32 [n, d] and the group of each, int64 [n].

    `sizes`: two Gaussians, one `WIDTH_RATIO` times as wide as the other. `distances`: three equal Gaussians; the third
    is `DISTANCE_RATIO` times as far from the second as the first is. `noise`: one Gaussian in two dimensions, without
    structure. `ring`, `trefoil`: closed curves in 50 dimensions (`closed_curve`).
    """
    rng = np.random.default_rng(0)
    two, three = np.repeat([0, 1], 150), np.repeat([0, 1, 2], 100)
    sizes = rng.standard_normal((300, 10)) * np.where(two == 1, WIDTH_RATIO, 1.0)[:, None]
    sizes[two == 1, 0] += 6 * WIDTH_RATIO
    distances = rng.standard_normal((300, 10))
    distances[:, 0] += np.array([0.0, 20.0, 20.0 + DISTANCE_RATIO * 20.0])[three]
    noise = rng.standard_normal((300, 2))
    arcs = np.arange(CURVE_POINTS) * ARCS // CURVE_POINTS
    return {
        "sizes": (sizes.astype(np.float32), two),
        "distances": (distances.astype(np.float32), three),
        "noise": (noise.astype(np.float32), np.zeros(300, np.int64)),
        **{name: (closed_curve(name).astype(np.float32), arcs) for name in ("ring", "trefoil")},
    }


def closed_curve(name: str) -> np.ndarray:
    """Points of a closed curve at equal steps of its parameter, in their order, float64 [300, 50]: a circle (`ring`) or
    a trefoil knot in three dimensions, which a random rotation puts into fifty; distances stay as they are."""
    t = np.linspace(0, 2 * np.pi, CURVE_POINTS, endpoint=False)
    knot = np.stack([np.sin(t) + 2 * np.sin(2 * t), np.cos(t) - 2 * np.cos(2 * t), -np.sin(3 * t)], axis=1)
    circle = np.stack([np.cos(t), np.sin(t), 0 * t], axis=1)
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((CURVE_DIMENSIONS, 3)))[0]
    return np.asarray((circle if name == "ring" else knot) @ turn.T)


def compute(
    x: np.ndarray, labels: np.ndarray, backend: str, should_stop: ShouldStop = lambda done, total: False
) -> Panels | None:
    """All small maps of inputs x [n, d] with classes [n]; None where `should_stop` returned True."""
    sets = synthetic_sets()
    usual = Settings(n=embedding_settings.MAX_IMAGES, iterations=embedding_settings.default_iterations(backend))
    perplexities = [p for p in PERPLEXITIES if p <= embedding_settings.max_perplexity(len(x))]
    thirty = min(30.0, embedding_settings.max_perplexity(len(x)))
    jobs: list[tuple[str, np.ndarray, np.ndarray, Settings]] = [
        *((f"perplexity {p}", x, labels, usual.with_(perplexity=p)) for p in perplexities),
        *((f"seed {s}", x, labels, usual.with_(perplexity=thirty, start="random", seed=s)) for s in SEEDS),
        *((f"{name} map", *sets[name], usual.with_(start="random")) for name in ("sizes", "distances")),
        ("noise map", *sets["noise"], usual.with_(perplexity=5, start="random")),
        *((f"{name} map", *sets[name], usual.with_(start="random")) for name in ("ring", "trefoil")),
    ]
    panels: Panels = {}
    for name, (points, groups) in sets.items():
        panels |= {f"{name} true": pca.pca(points).astype(np.float64), f"{name} true labels": groups}
    stopped = False

    def callback(_: tsne.State) -> bool:
        nonlocal stopped
        stopped = stopped or should_stop(len(panels) // 2 - len(sets), len(jobs))
        return stopped

    for name, points, groups, settings in jobs:
        y = tsne.fit(points, settings, callback, backend=backend).y
        if stopped:
            return None
        panels |= {name: y, f"{name} labels": groups}
    return panels


def key(x: np.ndarray, backend: str) -> str:
    """Digest that identifies the maps of these inputs. Read-only inputs are hashed once (`content_digest`)."""
    return cache.digest("pitfalls", backend, content_digest(x))


def load(name: str) -> Panels | None:
    """The maps with that key from the cache; None where they are missing or damaged."""
    return _read(_file(name))


@functools.lru_cache(maxsize=1)
def shipped() -> Panels | None:
    """The maps that come with the lab; None where the file is missing or damaged."""
    return _read(SHIPPED, touch=False)


def _read(path: Path, touch: bool = True) -> Panels | None:
    entry = cache.load(path, touch)
    if entry is None:
        return None
    panels, wanted = entry[0], {f"{kind} {view}" for kind in synthetic_sets() for view in ("true", "map")}
    whole = all(name in panels and f"{name} labels" in panels for name in wanted)
    return panels if whole and all(np.isfinite(a).all() for a in panels.values()) else None


def save(name: str, panels: Panels) -> None:
    """Write maps to the cache.

    Raises:
        OSError: the cache folder cannot be written to.
    """
    cache.write(_file(name), panels, {})


def _file(name: str) -> Path:
    return cache.file_of("pitfalls", name)


def rms_radius(y: np.ndarray) -> float:
    """Root mean squared distance of points [n, 2] from their centroid."""
    return float(np.sqrt(((y - y.mean(0)) ** 2).sum(1).mean()))


def centroid_distance(y: np.ndarray, groups: np.ndarray, a: int, b: int) -> float:
    """Distance between the centroids of two groups."""
    return float(np.linalg.norm(y[groups == a].mean(0) - y[groups == b].mean(0)))


def cuts(y: np.ndarray) -> int:
    """Number of places at which a closed curve is torn: steps from one of its points [n, 2] to the next, the last to
    the first included, that are more than five times the median step."""
    steps = np.linalg.norm(np.roll(y, -1, axis=0) - y, axis=1)
    return int((steps > 5 * np.median(steps)).sum())


def crossings(y: np.ndarray) -> int:
    """Number of points where a closed curve through the points [n, 2], in their order, crosses itself."""
    a, b = y, np.roll(y, -1, axis=0)

    def side(p: np.ndarray, q: np.ndarray, r: np.ndarray) -> np.ndarray:
        """On which side of the line from p to q the point r lies, −1 or 1."""
        along, to = q - p, r - p
        return np.asarray(np.sign(along[..., 0] * to[..., 1] - along[..., 1] * to[..., 0]))

    p, q, r, s = a[:, None], b[:, None], a[None], b[None]
    meet = (side(p, q, r) * side(p, q, s) < 0) & (side(r, s, p) * side(r, s, q) < 0)
    return int(np.triu(meet).sum())


def shared_neighbours(a: np.ndarray, b: np.ndarray, k: int = 10) -> float:
    """Mean share of the k nearest neighbours on map a [n, 2] that are also among the k nearest on map b [n, 2]."""
    near = []
    for y in (a, b):
        squares = ((y[:, None] - y[None]) ** 2).sum(-1)
        np.fill_diagonal(squares, np.inf)
        near.append(np.argpartition(squares, k, axis=1)[:, :k])
    return float(np.mean([len(np.intersect1d(p, q)) / k for p, q in zip(*near, strict=True)]))


def main() -> None:
    """Compute the shipped maps."""
    images = data.load("digits")
    chosen = sample(images.train_labels)
    x = images.train_images[chosen].reshape(len(chosen), -1).astype(np.float32) / 255
    panels = compute(x, images.train_labels[chosen], embedding_settings.default_backend())
    assert panels is not None
    small = {name: a.astype(np.int16 if name.endswith(" labels") else np.float32) for name, a in panels.items()}
    cache.write(SHIPPED, small, {})


if __name__ == "__main__":
    main()
