"""Whether a conditional VAE draws the class that it is asked for, and keeps the class out of z.

`python benchmarks/conditional_vae.py [--recipe NAME …] [--seeds S …]` (two minutes a model of the fast recipe)

On MNIST: the share of 10,000 samples of random classes in which the lab's classifier of the real images sees the class
that was asked for; the test accuracy of a linear probe of z (scikit-learn's logistic regression on the posterior means
of all training images, each encoded with its class); the negative ELBO of the test images with their classes; in how
many of them the class of the best ELBO is their own; seconds to train, and those of the processor, which trains this
network in one thread: what the training takes where nothing else runs. Needs MNIST's files (`LATENT_LAB_DATA`).
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from core import data, runs
from core.evaluation import classifier, metrics
from core.images import convert
from core.latent import codec, sampling
from core.recipes.presets import preset
from core.runs import weights  # noqa: E402
from core.system.progress import Steps
from core.training.events import Control, EpochEnd
from core.training.loop import train  # noqa: E402

SAMPLES, INFERRED = 10_000, 2_000
"""Samples that the classifier judges; test images whose class is inferred."""


def probe(model, images: data.ImageSet) -> float:
    """Test accuracy of a logistic regression from z to the class; chance is about 0.1."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    train, test = (
        model.style(codec.encode(model, pictures, labels=labels))
        for pictures, labels in (
            (images.train_images, images.train_labels),
            (images.test_images, images.test_labels),
        )
    )
    scale = StandardScaler().fit(train)
    fitted = LogisticRegression(max_iter=300).fit(scale.transform(train), images.train_labels)
    return float(fitted.score(scale.transform(test), images.test_labels))


def asked(model, judge: classifier.Classifier) -> float:
    """Share of the samples in which the classifier sees the class that was asked for."""
    z = sampling.draws(model, SAMPLES, seed=0)
    seen = [judge.probabilities(codec.decode(model, part)).argmax(1) for part in np.array_split(z, 10)]
    return float((np.concatenate(seen) == z[:, model.style_dim :].argmax(1)).mean())


def measured(name: str, seed: int, images: data.ImageSet, judge: classifier.Classifier) -> dict[str, float]:
    """Train one model as the lab does and measure its last weights."""
    recipe = preset(name).with_(seed=seed)
    run, control, seconds = runs.create(recipe), Control(), 0.0
    began, worked = time.perf_counter(), time.process_time()
    for event in train(run, "cpu", control):
        if isinstance(event, EpochEnd) and event.epoch == recipe.epochs:
            seconds, worked = time.perf_counter() - began, time.process_time() - worked
            control.stop = True  # what is left is scoring, which is done below
    if not seconds:
        raise SystemExit(event.message)
    model = weights.load_model(run, "last")
    few = data.spread(images.test_labels, INFERRED)
    best = model.best_class(convert.scale_bytes(convert.to_byte_tensor(images.test_images[few], torch.device("cpu"))))
    found = {
        "asked": asked(model, judge),
        "probe": probe(model, images),
        "−ELBO": metrics.evaluate(model, images.test_images, labels=images.test_labels)["negative_elbo"],
        "inferred": float((best.numpy() == images.test_labels[few]).mean()),
        "seconds": seconds,
        "processor seconds": worked,
    }
    print(f"  {name}, seed {seed}: " + ", ".join(f"{key} {value:.4g}" for key, value in found.items()), flush=True)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", nargs="+", default=["cvae-fast", "cvae"], help="default: cvae-fast cvae")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2], help="default: 0 1 2")
    args = parser.parse_args()
    images = data.load("mnist")
    judge = Steps(classifier.cached_steps(images)).end()
    print(f"the classifier: {100 * judge.accuracy:.2f} % of the test images")
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LATENT_LAB_RUNS"] = scratch
        for name in args.recipe:
            found = [measured(name, seed, images, judge) for seed in args.seeds]
            texts = []
            for key in found[0]:
                values = [one[key] for one in found]
                spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
                texts.append(f"{key} {statistics.mean(values):.4g}{spread}")
            print(f"{name}: {', '.join(texts)} (n = {len(args.seeds)})", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
