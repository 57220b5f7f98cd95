"""Fréchet distance of samples from a flow learned in the latent space, beside the prior and fitted distributions.

`python benchmarks/latent_flow.py [RECIPE …] [--seeds 0 1 2] [--solvers] [--rows FILE]` (four minutes a recipe and seed)

Trains each recipe on MNIST, then its flow with the lab's defaults, and compares all samplers on the same decoder:
10,000 images each, against the test images, in the features of the lab's own classifier. `latents` is the floor:
decoded latents of training images. With `--rows`, each recipe and seed is added to the file as soon as it is measured,
and one that is there is not measured again: what was stopped goes on where it was. Needs the files of MNIST
(`python -m core download mnist`).
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

import torch  # noqa: E402

from core import data, runs  # noqa: E402
from core.evaluation import sample_quality, sampler_comparison  # noqa: E402
from core.latent import codec  # noqa: E402
from core.priors import store  # noqa: E402
from core.priors.kinds import FLOW  # noqa: E402
from core.priors.learning import learn  # noqa: E402
from core.priors.settings import FlowSettings  # noqa: E402
from core.recipes.presets import preset  # noqa: E402
from core.runs import weights  # noqa: E402
from core.runs.images import images_of  # noqa: E402
from core.system.progress import Steps  # noqa: E402
from core.training.events import Finished  # noqa: E402
from core.training.loop import train  # noqa: E402

RECIPES = ("deep-ae-fast", "mlp-vae-fast")


SOLVERS = (("heun", 50), ("heun", 10), ("euler", 20))
"""Solvers and steps that are compared with `--solvers`."""


def by_solver(run: runs.Run) -> dict[str, float]:
    """Fréchet distance of 10,000 samples of a run's flow with each of `SOLVERS`."""
    model, images = weights.load_model(run), images_of(run)
    quality = sample_quality.for_dataset(images).with_reference(images.test_images)
    flow = store.load(run, FLOW, model)
    drawn = {(m, n): flow.draw(10_000, 0, steps=n, method=m) for m, n in SOLVERS}
    return {f"{m} {n}": quality.measure(codec.decode(model, z)).frechet for (m, n), z in drawn.items()}


def compare(recipe: str, seed: int, changes: dict, solvers: bool) -> dict:
    """Train one recipe and its flow with one seed, and measure all its samplers."""
    run = runs.create(preset(recipe).with_(dataset="mnist", seed=seed), f"{recipe}-{seed}")
    for event in train(run, "cpu"):
        if isinstance(event, Finished) and event.state != "finished":
            raise SystemExit(event.message)
    torch.set_num_threads(1)
    began = time.process_time()  # of the one core: other work on the machine does not count
    for _ in learn(run, FLOW, FlowSettings(seed=seed, **changes), "cpu"):
        pass
    seconds = time.process_time() - began
    steps = Steps(sampler_comparison.compare_steps(run, weights.load_model(run), images_of(run)))
    found = steps.end()
    return {
        "recipe": recipe,
        "seed": seed,
        "seconds": round(seconds, 1),
        "real": found.real,
        **{key: row.frechet for key, row in found.rows.items()},
        **(by_solver(run) if solvers else {}),
    }


def known(rows: Path | None, recipe: str, seed: int) -> dict | None:
    """The row of a recipe and seed in the file of measured rows, if it is there."""
    lines = rows.read_text().splitlines() if rows and rows.is_file() else []
    found = [row for row in map(json.loads, lines) if (row["recipe"], row["seed"]) == (recipe, seed)]
    return found[-1] if found else None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("recipes", nargs="*", default=list(RECIPES), help=f"default: {' '.join(RECIPES)}")
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--settings", type=json.loads, default={}, help="settings of the flow, as JSON")
    parser.add_argument("--rows", type=Path, help="file of measured rows, JSON, to be continued")
    parser.add_argument("--solvers", action="store_true", help="also compare solvers and numbers of steps")
    args = parser.parse_args()
    try:
        data.load("mnist")
    except data.DataError as error:
        print(error, file=sys.stderr)
        return 1
    found = []
    for recipe in args.recipes:
        for seed in args.seeds:
            row = known(args.rows, recipe, seed)
            if row is None:
                with tempfile.TemporaryDirectory() as scratch:
                    os.environ["LATENT_LAB_RUNS"] = scratch
                    row = compare(recipe, seed, args.settings, args.solvers)
                if args.rows:
                    with args.rows.open("a") as file:
                        file.write(json.dumps(row) + "\n")
            found.append(row)
            print({k: round(v, 2) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    reached = True
    for recipe in args.recipes:
        own = [row for row in found if row["recipe"] == recipe]
        best = [min(row[key] for key in ("prior", "gaussian", "mixture")) for row in own]
        shares = [row["flow"] / other for row, other in zip(own, best, strict=True)]
        print(
            f"{recipe}: flow {statistics.mean(row['flow'] for row in own):.2f}, best of the others "
            f"{statistics.mean(best):.2f}, share {statistics.mean(shares):.2f} ({min(shares):.2f} to "
            f"{max(shares):.2f}), "
            f"floor {statistics.mean(row['latents'] for row in own):.2f}, n = {len(own)}, "
            f"{max(row['seconds'] for row in own):.0f} s at most to learn"
        )
        reached = reached and max(shares) <= 0.5
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
