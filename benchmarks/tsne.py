"""t-SNE of latents, the lab beside scikit-learn and openTSNE as they come: `python benchmarks/tsne.py`.

`python benchmarks/tsne.py --mnist --n 60000 --against openTSNE` is the large map: latents of the example of MNIST.

All get the same points, perplexity and cores. The KL of every map is computed anew against one common P (exact
neighbours, all pairs in Q), trustworthiness by scikit-learn on the same images. Without `--mnist` the latents are those
of the recipe `deep-ae` with 128 latent dimensions, trained for a few epochs on FashionMNIST first.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

# Before anything starts threads: they sleep while they wait, as in the lab's own process.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402

from core import data
from core.embedding import inputs, neighbours, tsne
from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings  # noqa: E402
from core.jobs import embedding as jobs_embedding  # noqa: E402
from core.latent import pca
from core.system import devices, paths

TRUST_ON, TRUST_K, WIDTH, EPOCHS = 5_000, 10, 128, 3
USUAL = 1_000
"""scikit-learn's own default number of iterations."""

EARLY = 250
"""Iterations of early exaggeration among openTSNE's own 750."""


def latents(n: int) -> np.ndarray:
    """Latents of n FashionMNIST test images, [n, 128]."""
    import torch

    from core.latent import codec
    from core.recipes.presets import preset
    from core.training.autoencoder_trainer import AutoencoderTrainer

    trainer = AutoencoderTrainer(preset("deep-ae").with_(latent_dim=WIDTH, epochs=EPOCHS), torch.device("cpu"))
    for _ in range(EPOCHS):
        while not trainer.epoch_done:
            trainer.step()
        trainer.end_epoch()
    images = data.load("fashion-mnist")
    return codec.encode(trainer.model, inputs.pictures(images, inputs.choose_ids(images, n)))


def mnist_latents(n: int) -> np.ndarray:
    """Latents of n images of MNIST by its example, test images first, [n, 10]."""
    from core.latent import codec
    from core.recipes.examples import FIRST
    from core.runs import Run, weights

    images = data.load("mnist")
    model = weights.load_model(Run(paths.ROOT / "models_ckpt" / FIRST))
    return codec.encode(model, inputs.pictures(images, inputs.choose_ids(images, n)))


def exact_affinities(x: np.ndarray, perplexity: float):
    """Affinities of exact neighbours, whatever the lab takes: sparse [n, n]."""
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    near, distances = neighbours.nearest(x, min(len(x) - 1, int(3 * perplexity)), rows=np.arange(len(x)))
    return PerplexityBasedNN(knn_index=PrecomputedNeighbors(near, distances), perplexity=perplexity).P


def kl(p, y: np.ndarray) -> float:
    """KL(P ‖ Q) in nats of a map y [n, 2], against a sparse P: every pair of points counts in Q."""
    y = np.asarray(y, np.float64)
    whole, squares = -float(len(y)), (y**2).sum(1)  # each point's attention to itself is taken out again
    for k in range(0, len(y), 500):
        part = squares[k : k + 500, None] + squares[None] - 2 * y[k : k + 500] @ y.T
        whole += float((1 / (1 + np.maximum(part, 0))).sum())
    p = p.tocoo()
    share = p.data / p.data.sum()
    q = 1 / (1 + ((y[p.row] - y[p.col]) ** 2).sum(1)) / whole
    return float((share * np.log(share / q)).sum())


def first_looks(x: np.ndarray, perplexity: float) -> str:
    """Seconds to the PCA map and, from a click on the page's button, to the first map that moved."""
    began = time.perf_counter()
    pca.pca(x)
    flat = time.perf_counter() - began
    # A small map first: the page has its process ready, too, when somebody presses the button.
    never_before = time.time_ns() % 2**30
    jobs_embedding.start(x[:100], np.zeros(100, np.int64), Settings(n=100, iterations=50, seed=never_before)).wait(
        timeout=120
    )
    settings = Settings(n=len(x), perplexity=perplexity, seed=never_before)
    began = time.perf_counter()
    job = jobs_embedding.start(x, np.zeros(len(x), np.int64), settings)
    while job.active and job.iteration == 0:
        time.sleep(0.01)
    moved = time.perf_counter() - began
    job.stop()
    job.wait(timeout=60)
    return f"PCA map after {flat:.2f} s, first moving map {moved:.2f} s after the order"


def ways_of(x: np.ndarray, perplexity: float, against: str) -> dict[str, tuple[Callable[[int], np.ndarray], int]]:
    """What is compared: a name, a function from the number of iterations to the map, and that number. The first is what
    the others are measured by."""
    import openTSNE
    from sklearn.manifold import TSNE

    def lab(iterations: int) -> np.ndarray:
        return tsne.fit(x, Settings(n=len(x), perplexity=perplexity, iterations=iterations)).y

    def theirs(iterations: int) -> np.ndarray:
        return TSNE(
            perplexity=perplexity, init="pca", random_state=0, max_iter=iterations, n_jobs=devices.cores()
        ).fit_transform(x)

    def plain(iterations: int) -> np.ndarray:
        made = openTSNE.TSNE(
            perplexity=perplexity,
            early_exaggeration_iter=EARLY,
            n_iter=iterations - EARLY,
            random_state=0,
            n_jobs=devices.cores(),
        )
        return np.array(made.fit(x))

    fast = embedding_settings.default_iterations("openTSNE", len(x))
    if against == "openTSNE":
        return {"openTSNE, 750": (plain, 750), f"lab, {fast}": (lab, fast)}
    return {
        f"scikit-learn, {USUAL}": (theirs, USUAL),
        f"lab, {fast}": (lab, fast),
        f"lab, {USUAL}": (lab, USUAL),
        f"scikit-learn, {fast}": (theirs, fast),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--n", type=int, default=10_000)
    arguments.add_argument("--perplexity", type=float, default=30)
    arguments.add_argument("--rounds", type=int, default=1)
    arguments.add_argument("--mnist", action="store_true", help="latents of the example of MNIST")
    arguments.add_argument("--against", choices=("scikit-learn", "openTSNE"), default="scikit-learn")
    asked = arguments.parse_args()

    import sklearn
    from sklearn.manifold import trustworthiness

    x = mnist_latents(asked.n) if asked.mnist else latents(asked.n)
    print(
        f"scikit-learn {sklearn.__version__}, {embedding_settings.default_backend()}, {devices.cores()} cores, load "
        f"{os.getloadavg()[0]:.1f} before; {len(x):,} × {x.shape[1]}, perplexity {asked.perplexity:g}",
        flush=True,
    )
    print(first_looks(x, asked.perplexity), flush=True)
    p, half = exact_affinities(x, asked.perplexity), slice(None, None, max(1, len(x) // TRUST_ON))

    ways = ways_of(x, asked.perplexity, asked.against)
    base = next(iter(ways))
    wall: dict[str, list[float]] = {name: [] for name in ways}
    cpu: dict[str, list[float]] = {name: [] for name in ways}
    maps = {}
    for _ in range(asked.rounds):
        for name, (make, iterations) in ways.items():
            began, worked = time.perf_counter(), time.process_time()
            maps[name] = make(iterations)
            wall[name].append(time.perf_counter() - began)
            cpu[name].append(time.process_time() - worked)
    print(f"{'iterations':22} {'s':>6} {'ratio':>6} {'CPU s':>6} {'ratio':>6} {'KL':>7} {'':>7} {'trust':>7}")
    first = kl(p, maps[base])
    for name in ways:
        s, c = statistics.median(wall[name]), statistics.median(cpu[name])
        found = kl(p, maps[name])
        trust = trustworthiness(x[half], maps[name][half], n_neighbors=TRUST_K)
        print(
            f"{name:22} {s:6.1f} {s / statistics.median(wall[base]):6.2f} {c:6.1f} "
            f"{c / statistics.median(cpu[base]):6.2f} {found:7.4f} {100 * (found / first - 1):+6.1f}% {trust:7.4f}",
            flush=True,
        )
    print(f"load {os.getloadavg()[0]:.1f} after")


if __name__ == "__main__":
    main()
