"""Test ELBO of `mlp-vae` against the published figure.

`python benchmarks/reach_mlp_vae.py [SEED …]` (about a minute a seed)

`mlp-vae` widened by its fields to 784-400-20 is the VAE of pytorch/examples: Adam 1e-3, batches of 128, 10 epochs of
MNIST, test total 105.6 nats per image with z sampled from the posterior. Scored at z = μ the same model would print
about 8 nats less, which is no ELBO. Needs the files of MNIST (`python -m core download mnist`).
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data, runs
from core.evaluation.metrics import evaluate  # noqa: E402
from core.recipes.presets import preset  # noqa: E402
from core.runs import weights  # noqa: E402
from core.training.events import EpochEnd, Finished  # noqa: E402
from core.training.loop import train  # noqa: E402

PUBLISHED, MARGIN = 105.6, 0.7
"""Nats: the figure of pytorch/examples, and how far a seed may lie from it."""


def reach(seed: int, validation: int, device: str) -> dict[str, float]:
    """Train one seed as the lab does and score its best and its last weights on the test set."""
    recipe = preset("mlp-vae").with_(
        hidden=(400,), latent_dim=20, lr=1e-3, batch_size=128, epochs=10, seed=seed, validation=validation
    )
    run = runs.create(recipe, f"seed-{seed}")
    began = time.perf_counter()
    for event in train(run, device):
        if isinstance(event, EpochEnd):
            print(f"  seed {seed}: epoch {event.epoch:2d}, validation {event.row['val_total']:.2f}", flush=True)
        if isinstance(event, Finished) and event.state != "finished":
            raise SystemExit(event.message)
    figures = run.evaluation()
    seconds = time.perf_counter() - began
    last = evaluate(weights.load_model(run, "last"), data.load("mnist").test_images)
    train_total = run.history()["train_total"]
    tail = train_total[run.history()["epoch"] > recipe.epochs - 1]
    return {
        "seed": seed,
        "test": figures["total"],
        "recon": figures["recon"],
        "kl": figures["kl"],
        "best_epoch": figures["epoch"],
        "test_last": last["total"],
        "train_last_epoch": float(tail.mean()),
        "seconds": round(seconds, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("seeds", nargs="*", type=int, default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--validation", type=int, default=1_000, help="images held out (the original holds out none)")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON too")
    args = parser.parse_args()
    try:
        data.load("mnist")
    except data.DataError as error:
        print(error, file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LATENT_LAB_RUNS"] = scratch
        found = [reach(seed, args.validation, args.device) for seed in args.seeds]
    for f in found:
        print(
            f"seed {f['seed']}: test {f['test']:.2f} nats (recon {f['recon']:.2f} + KL {f['kl']:.2f}, epoch "
            f"{f['best_epoch']:g}; last epoch {f['test_last']:.2f}), train {f['train_last_epoch']:.2f}, "
            f"{f['seconds']:.0f} s"
        )
    totals = [f["test"] for f in found]
    mean, spread = statistics.mean(totals), (max(totals) - min(totals))
    print(
        f"test total, z sampled: {mean:.2f} nats (n = {len(totals)}, from {min(totals):.2f} to {max(totals):.2f}, "
        f"spread {spread:.2f}); published {PUBLISHED} ± {MARGIN}, off by {mean - PUBLISHED:+.2f}"
    )
    if args.json:
        print(json.dumps(found))
    return 0 if abs(mean - PUBLISHED) <= MARGIN else 1


if __name__ == "__main__":
    sys.exit(main())
