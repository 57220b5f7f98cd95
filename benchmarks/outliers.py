"""Outlier detection (AUROC) by reconstruction error, against PCA-20.

`python benchmarks/outliers.py [--set fashion-mnist mnist]`

AUROC on the real test sets. One class: a model trained on one class tells the test images of the others from its own,
mean over the ten classes. Other set: a model trained on all of one set tells the other set's test images from its own.
Score: the squared error (PCA), the training objective at μ (the others). 20 latent dimensions, dense 256, everywhere.
"""

import argparse
import dataclasses
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data
from core.evaluation import outliers  # noqa: E402
from core.images import convert  # noqa: E402
from core.latent import encoding
from core.models import LatentModel  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402

COMMON = {"name": "outliers", "hidden": (256,), "latent_dim": 20, "batch_size": 64, "validation": 100}
FAMILIES = {
    "AE": Recipe(**COMMON, model="ae", likelihood="mse", epochs=15),
    "AD": Recipe(**COMMON, model="ad", likelihood="mse", beta=1e-2, latent_lr=3e-3, epochs=10),
}
OTHER = {"fashion-mnist": "mnist", "mnist": "fashion-mnist"}


def score(model: LatentModel, images: np.ndarray) -> np.ndarray:
    """The objective of `uint8` images [N, 28, 28] at the mean of their posterior, [N]."""
    found = []
    for part in convert.to_byte_tensor(images, torch.device("cpu")).split(500):
        x = convert.scale_bytes(part)
        posterior = encoding.encode(model, x, steps=40)
        with torch.no_grad():
            losses = model.losses_at(posterior, posterior.mean, x)
        found.append((losses.recon + model.beta * losses.kl).numpy())
    return np.concatenate(found)


def only(images: data.ImageSet, label: int) -> data.ImageSet:
    """The set with the training images of one class alone."""
    rows = images.train_labels == label
    return dataclasses.replace(images, train_images=images.train_images[rows], train_labels=images.train_labels[rows])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--set", nargs="+", choices=OTHER, default=["fashion-mnist", "mnist"])
    parser.add_argument("--families", nargs="+", choices=FAMILIES, default=list(FAMILIES))
    parser.add_argument("--images", type=int, default=2_500, help="test images of each set, spread over it")
    args = parser.parse_args()
    from common import trained

    for name in args.set:
        images, other = data.load(name), data.load(OTHER[name])
        picks = data.spread(images.test_labels, args.images)
        test, labels = images.test_images[picks], images.test_labels[picks]
        strange = other.test_images[data.spread(other.test_labels, args.images)]
        bases = [outliers.pca_residual(images.train_images[images.train_labels == k], test, 20) for k in range(10)]
        whole = outliers.auroc(*(outliers.pca_residual(images.train_images, x, 20) for x in (test, strange)))
        one = [outliers.auroc(v[labels == k], v[labels != k]) for k, v in enumerate(bases)]
        print(f"{name}: {len(test):,} test images, {len(strange):,} of {other.name}", flush=True)
        print(f"  PCA-20  one class {np.mean(one):.4f}   other set {whole:.4f}", flush=True)
        for family in args.families:
            began = time.perf_counter()
            recipe = FAMILIES[family].with_(dataset=name)
            values = [score(trained(recipe, only(images, k)), test) for k in range(10)]
            one = [outliers.auroc(v[labels == k], v[labels != k]) for k, v in enumerate(values)]
            model = trained(recipe.with_(epochs=max(2, recipe.epochs // 4)))
            whole = outliers.auroc(score(model, test), score(model, strange))
            print(
                f"  {family:6}  one class {np.mean(one):.4f}   other set {whole:.4f}   "
                f"({time.perf_counter() - began:.0f} s)",
                flush=True,
            )


if __name__ == "__main__":
    main()
