"""MIG and DCI disentanglement of the β-VAE or the β-TCVAE on shapes, for several β and seeds.

`python benchmarks/disentanglement.py [--recipe NAME] [--beta B …] [--seeds N] [--epochs N]` (about two minutes a model)

The preset `shapes-vae`, or `shapes-tc-vae`, with β 1, 4 and 16: mutual information gap (Chen et al. 2018), DCI
disentanglement (Eastwood & Williams 2018) and MSE per pixel on the 2,000 test images; mean ± standard deviation over
the seeds. Needs no download.
"""

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import runs
from core.recipes.presets import preset  # noqa: E402
from core.training.events import Finished  # noqa: E402
from core.training.loop import train  # noqa: E402

MEASURES = {"mig": "MIG", "dci": "DCI", "mse": "MSE"}


def measured(name: str, beta: float, seed: int, epochs: int, device: str) -> dict[str, float]:
    """Train one model as the lab does; its figures on the test set."""
    run = runs.create(preset(name).with_(beta=beta, seed=seed, epochs=epochs), f"beta-{beta:g}-seed-{seed}")
    for event in train(run, device):
        if isinstance(event, Finished) and event.state != "finished":
            raise SystemExit(event.message)
    figures = run.evaluation()
    gaps = ", ".join(f"{name} {gap:.2f}" for name, gap in figures["mig_gaps"].items())
    print(f"  β {beta:g}, seed {seed}: MIG {figures['mig']:.3f} ({gaps}), DCI {figures['dci']:.3f}", flush=True)
    return {"beta": beta, "seed": seed} | {key: figures[key] for key in (*MEASURES, "active_units")}


def main() -> int:
    usual = preset("shapes-vae").epochs
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", default="shapes-vae", choices=("shapes-vae", "shapes-tc-vae"))
    parser.add_argument("--beta", nargs="+", type=float, default=[1.0, 4.0, 16.0], help="default: 1 4 16")
    parser.add_argument("--seeds", type=int, default=5, help="number of seeds, 5 by default")
    parser.add_argument("--epochs", type=int, default=usual, help=f"epochs of each model, {usual} by default")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON too")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["LATENT_LAB_RUNS"] = scratch
        found = [
            measured(args.recipe, beta, seed, args.epochs, args.device)
            for beta in args.beta
            for seed in range(args.seeds)
        ]
    for beta in args.beta:
        texts = []
        for key, name in MEASURES.items():
            values = [one[key] for one in found if one["beta"] == beta]
            spread = f" ± {statistics.stdev(values):.2g}" if len(values) > 1 else ""
            texts.append(f"{name} {statistics.mean(values):.3g}{spread}")
        print(f"β {beta:g}: {', '.join(texts)} (n = {args.seeds})")
    if args.json:
        print(json.dumps(found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
