"""Reconstruction error of the auto-decoder against PCA.

`python benchmarks/auto_decoder_error.py [--part all few]` (a few minutes)

FashionMNIST, 128 latent dimensions, MSE per pixel of test images that are placed by a search
(`core.latent.encoding`), beside PCA-128 fitted on the same training images.

    all   a fully connected decoder (400), 3 epochs of the whole training set, scored on all 10,000 test images
    few   1,000 training images and the first 1,000 test images, where three published student projects reach .0120,
          .0105 and .0058: a conv decoder (16-32-32, dense 256), 80 epochs
"""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from common import DENSE_AD, trained  # noqa: E402

from core import data
from core.evaluation import metrics  # noqa: E402
from core.images import convert  # noqa: E402
from core.recipes.presets import preset  # noqa: E402

FEW = preset("auto-decoder").with_(
    channels=(16, 32, 32), hidden=(256,), train_images=1_000, batch_size=32, lr=2e-3, latent_lr=3e-3, epochs=80
)
PARTS = {"all": (DENSE_AD, 10_000), "few": (FEW, 1_000)}


def pca_error(train: np.ndarray, test: np.ndarray, d: int) -> float:
    """MSE per pixel of PCA-d."""
    train, test = (a.reshape(len(a), -1) / 255.0 for a in (train, test))
    centre = train.mean(0)
    _, vectors = np.linalg.eigh(np.cov(train.T))
    kept = vectors[:, -d:]
    return float(np.square((test - centre) @ kept @ kept.T - (test - centre)).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    args = parser.parse_args()
    images = data.load("fashion-mnist")
    for part in args.part:
        recipe, count = PARTS[part]
        train, _ = data.split(images, recipe.validation, recipe.train_images)
        test = images.test_images[:count]
        print(
            f"{part}: {len(train):,} training images, {count:,} test images, PCA-{recipe.latent_dim}: "
            f"{pca_error(images.train_images[train], test, recipe.latent_dim):.5f}",
            flush=True,
        )
        for seed in args.seeds:
            began = time.perf_counter()
            model = trained(recipe.with_(seed=seed))
            seconds = time.perf_counter() - began
            found = metrics.score(model, convert.to_byte_tensor(test, torch.device("cpu")), steps=100)
            print(
                f"  seed {seed}: MSE {found.mse:.5f} after {recipe.epochs} epochs in {seconds:.0f} s "
                f"({time.perf_counter() - began - seconds:.0f} s to place the test images)",
                flush=True,
            )


if __name__ == "__main__":
    main()
