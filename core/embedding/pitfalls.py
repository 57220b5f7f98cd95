"""What not to read into a t-SNE map, shown on small maps that are really computed.

After "How to use t-SNE effectively" (Wattenberg, Viégas & Johnson, Distill 2016): perplexity, the random start, the
sizes of clusters, the distances between them, and shapes in noise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np

from core.data import spread
from core.embedding import settings as embedding_settings
from core.embedding import store, tsne
from core.embedding.settings import Settings
from core.latent import pca

IMAGES = 500
"""Images on each small map."""

PERPLEXITIES = (2, 5, 30, 100)
SEEDS = (1, 2)
WIDTH_RATIO, DISTANCE_RATIO = 10.0, 5.0
"""How many times as wide one of two made-up clusters is, and how many times as far one of three lies."""

Panels = dict[str, np.ndarray]
"""Name → points float64 [n, 2]; `NAME labels` → which group each belongs to, int64 [n]."""

Tell = Callable[[int, int], bool]
"""Called with (maps that are done, maps in all); True asks to stop."""


def sample(labels: np.ndarray) -> np.ndarray:
    """Positions of the images that the small maps show: every class in proportion."""
    return spread(labels, min(IMAGES, len(labels)))


def synthetic_sets() -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """The three made-up data sets by name: points float32 [n, d] and the group of each, int64 [n].

    `sizes`: two Gaussians, one `WIDE` times as wide. `distances`: three equal ones, the third `FAR` times as far from
    the second as the first is. `noise`: one round cloud in two dimensions, without any structure.
    """
    rng = np.random.default_rng(0)
    two, three = np.repeat([0, 1], 150), np.repeat([0, 1, 2], 100)
    sizes = rng.standard_normal((300, 10)) * np.where(two == 1, WIDTH_RATIO, 1.0)[:, None]
    sizes[two == 1, 0] += 6 * WIDTH_RATIO
    distances = rng.standard_normal((300, 10))
    distances[:, 0] += np.array([0.0, 20.0, 20.0 + DISTANCE_RATIO * 20.0])[three]
    noise = rng.standard_normal((300, 2))
    return {
        "sizes": (sizes.astype(np.float32), two),
        "distances": (distances.astype(np.float32), three),
        "noise": (noise.astype(np.float32), np.zeros(300, np.int64)),
    }


def compute(x: np.ndarray, labels: np.ndarray, by: str, tell: Tell = lambda done, whole: False) -> Panels | None:
    """All the small maps of inputs x [n, d] with classes [n], or None where `tell` asked to stop."""
    sets = synthetic_sets()
    usual = Settings(n=embedding_settings.MAX_IMAGES, iterations=embedding_settings.default_iterations(by))
    perplexities = [p for p in PERPLEXITIES if p <= embedding_settings.max_perplexity(len(x))]
    thirty = min(30.0, embedding_settings.max_perplexity(len(x)))
    jobs: list[tuple[str, np.ndarray, np.ndarray, Settings]] = [
        *((f"perplexity {p}", x, labels, usual.with_(perplexity=p)) for p in perplexities),
        *((f"seed {s}", x, labels, usual.with_(perplexity=thirty, start="random", seed=s)) for s in SEEDS),
        *((f"{name} map", *sets[name], usual.with_(start="random")) for name in ("sizes", "distances")),
        ("noise map", *sets["noise"], usual.with_(perplexity=5, start="random")),
    ]
    panels: Panels = {}
    for name, (points, groups) in sets.items():
        panels |= {f"{name} true": pca.pca(points).astype(np.float64), f"{name} true labels": groups}
    stopped = False

    def look(_: tsne.State) -> bool:
        nonlocal stopped
        stopped = stopped or tell(len(panels) // 2 - len(sets), len(jobs))
        return stopped

    for name, points, groups, settings in jobs:
        y = tsne.fit(points, settings, look, by=by).y
        if stopped:
            return None
        panels |= {name: y, f"{name} labels": groups}
    return panels


def key(x: np.ndarray, by: str) -> str:
    """Names the small maps of these inputs."""
    return "lessons-" + hashlib.blake2b(by.encode() + np.ascontiguousarray(x).tobytes(), digest_size=16).hexdigest()


def load(name: str) -> Panels | None:
    """The small maps of that key from the cache; None where they are not there or damaged."""
    found = store.read(store.folder() / f"{name}.safetensors")
    if found is None:
        return None
    panels, wanted = found[0], {f"{kind} {view}" for kind in synthetic_sets() for view in ("true", "map")}
    whole = all(name in panels and f"{name} labels" in panels for name in wanted)
    return panels if whole and all(np.isfinite(a).all() for a in panels.values()) else None


def save(name: str, panels: Panels) -> None:
    """Put small maps into the cache.

    Raises:
        OSError: the cache folder cannot be written to.
    """
    store.folder().mkdir(parents=True, exist_ok=True)
    store.write(store.folder() / f"{name}.safetensors", panels, {})


def rms_radius(y: np.ndarray) -> float:
    """How far points [n, 2] lie from their middle: the root of the mean squared distance."""
    return float(np.sqrt(((y - y.mean(0)) ** 2).sum(1).mean()))


def centroid_distance(y: np.ndarray, groups: np.ndarray, a: int, b: int) -> float:
    """The distance between the middles of two groups."""
    return float(np.linalg.norm(y[groups == a].mean(0) - y[groups == b].mean(0)))


def shared_neighbours(a: np.ndarray, b: np.ndarray, k: int = 10) -> float:
    """The share of each point's k nearest neighbours on map a [n, 2] that are also among its k nearest on map b."""
    near = []
    for y in (a, b):
        squares = ((y[:, None] - y[None]) ** 2).sum(-1)
        np.fill_diagonal(squares, np.inf)
        near.append(np.argpartition(squares, k, axis=1)[:, :k])
    return float(np.mean([len(np.intersect1d(p, q)) / k for p, q in zip(*near, strict=True)]))
