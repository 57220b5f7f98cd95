"""Samples from the prior of a WAE and an InfoVAE beside those of the VAE with the same network.

`python benchmarks/prior_samples.py [--seeds 0 1 2] [--recipes wae-fast info-vae-fast]` (some minutes a model)

Trains each recipe, and the VAE with the same network, latent size, batches and epochs, on MNIST. Fréchet distance of
10,000 samples from N(0, I) to the test images in the features of the lab's own classifier, the share of them that
it is sure of, and the squared error per pixel of the test images, reconstructed.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data, runs
from core.evaluation import metrics, sample_quality
from core.recipes.presets import preset  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402
from core.runs import weights  # noqa: E402
from core.training.events import Control, EpochEnd  # noqa: E402
from core.training.loop import train  # noqa: E402


def measured(recipe: Recipe) -> dict[str, float]:
    """Train a model as the lab does; its figures at the end."""
    run, control, began, seconds = runs.create(recipe), Control(), time.process_time(), 0.0
    for event in train(run, "cpu", control):
        if isinstance(event, EpochEnd) and event.epoch == recipe.epochs:
            seconds, control.stop = time.process_time() - began, True
    model, images = weights.load_model(run, "last"), data.load(recipe.dataset)
    judge = sample_quality.for_dataset(images).with_reference(images.test_images)
    found = judge.measure(sample_quality.generate(model, sample_quality.FINAL_SAMPLES))
    mse = metrics.evaluate(model, images.test_images)["mse"]
    figures = {"Fréchet": found.frechet, "sure": found.sure, "MSE": mse, "processor seconds": seconds}
    texts = ", ".join(f"{name} {value:.4g}" for name, value in figures.items())
    print(f"  {recipe.family.abbreviation}, seed {recipe.seed}: {texts}", flush=True)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--recipes", nargs="+", default=["wae-fast", "info-vae-fast"], metavar="NAME")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_LAB_RUNS"] = folder
        recipes = [preset(name) for name in args.recipes]
        for recipe in (one for own in recipes for one in (own.with_(model="vae", beta=1.0), own)):
            rows = [measured(recipe.with_(seed=seed)) for seed in args.seeds]
            texts = []
            for name in rows[0]:
                values = [row[name] for row in rows]
                spread = f" ({min(values):.4g}–{max(values):.4g})" if len(values) > 1 else ""
                texts.append(f"{name} {statistics.median(values):.4g}{spread}")
            print(f"{recipe.name} as {recipe.family.abbreviation}: {', '.join(texts)}, n = {len(rows)}", flush=True)


if __name__ == "__main__":
    main()
