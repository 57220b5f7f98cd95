"""Outcomes of the VAE → GAN page's experiments against their claims.

`python benchmarks/gan_experiments.py` (ten minutes)

Trains both arms of every experiment from the shipped VAE on the digits, for several seeds, and prints the figures at
the end beside the choice that they make true.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker

import torch  # noqa: E402

from core import runs  # noqa: E402
from core.gan import experiments as lab  # noqa: E402
from core.system import paths
from core.training.loop import train  # noqa: E402

SOURCE = "example-mlp-vae"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--only", nargs="+", choices=[e.key for e in lab.EXPERIMENTS], default=[e.key for e in lab.EXPERIMENTS]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    args = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_LAB_RUNS"] = folder
        shutil.copytree(paths.ROOT / "models_ckpt" / SOURCE, Path(folder) / SOURCE)
        source = runs.open_run(SOURCE)
        start = None
        for experiment in (e for e in lab.EXPERIMENTS if e.key in args.only):
            print(f"{experiment.key}: {experiment.title}", flush=True)
            for seed in args.seeds:
                for recipe in lab.missing_recipes(experiment, source, seed):
                    began, computed = time.perf_counter(), time.process_time()
                    run = runs.create(recipe)
                    for _ in train(run, "cpu"):
                        pass
                    took, computed = time.perf_counter() - began, time.process_time() - computed
                    print(
                        f"  trained {recipe.name}, seed {seed}, in {took:.0f} s ({computed:.0f} s of computing)",
                        flush=True,
                    )
                pair = [next(r for r in lab.runs_of(arm, source) if r.recipe.seed == seed) for arm in experiment.arms]
                if start is None:
                    start = lab.measures_of_run(pair[1], end=False)
                    show("before (the decoder)", start)
                for arm, run in zip(experiment.arms, pair, strict=True):
                    show(f"{arm.name}, seed {seed}", lab.measures_of_run(run))
                print(f"  → {experiment.choices[lab.outcome(experiment, *pair)]}", flush=True)


def show(name: str, f: lab.GanMeasures) -> None:
    """One line of figures."""
    print(
        f"  {name:24} Fréchet {f.frechet:6.2f}  classes {f.modes:2.0f} of {f.classes}  confident {f.sure:.2f}  "
        f"sharpness {f.sharpness:5.2f}  "
        f"diversity {f.diversity:5.3f}  D right on real {f.d_real:.2f}, generated {f.d_fake:.2f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
