"""Sample quality of a VAE's decoder before and after GAN training, on MNIST.

`python benchmarks/decoder_gan.py [--seeds 0 1 2]`

For each seed: `mlp-vae` is trained as its recipe says, then `--recipe` (default `decoder-gan-fast`) from its decoder.
Both are measured on the test set by the same sample-quality metrics (`core/evaluation/sample_quality.py`): 10,000
samples each,
the Fréchet distance
in the features of the lab's own classifier. `floor` is the distance of real training images from the test set.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported


def trained(recipe):
    """A finished run of that recipe."""
    from core import runs
    from core.training.loop import train

    run = runs.create(recipe)
    for _ in train(run, "cpu"):
        pass
    if run.status["state"] != "finished":
        raise SystemExit(run.status["message"])
    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recipe", choices=("decoder-gan", "decoder-gan-fast"), default="decoder-gan-fast")
    parser.add_argument("--source", choices=("mlp-vae", "conv-vae"), default="mlp-vae")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    args = parser.parse_args()
    from core.recipes.presets import preset

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_LAB_RUNS"] = folder
        for seed in args.seeds:
            source = trained(preset(args.source).with_(seed=seed))
            began = time.perf_counter()
            run = trained(preset(args.recipe).with_(seed=seed, source=source.name))
            found, wall = run.evaluation(), time.perf_counter() - began
            rows.append((found["before"], found, run.status["seconds"], wall))
            if seed == args.seeds[0]:
                print(f"yardstick: {found['yardstick']}; floor {found['floor']:.2f}, load {os.getloadavg()[0]:.1f}")
            for name, measured in (("VAE decoder", found["before"]), ("generator", found)):
                print(
                    f"seed {seed} {name:12} Fréchet {measured['frechet']:6.2f}  modes {measured['modes']:.0f}  sure "
                    f"{measured['sure']:.3f}  sharpness {measured['sharpness']:.2f}  encode → decode MSE "
                    f"{measured['mse']:.4f}",
                    flush=True,
                )
            print(
                f"seed {seed} {run.status['seconds']:.0f} s of training, {wall:.0f} s in all, best after epoch "
                f"{found['epoch']:g} of {run.epochs}",
                flush=True,
            )
    for name, place in (("VAE decoder", 0), ("generator", 1)):
        values = [row[place]["frechet"] for row in rows]
        print(
            f"{name:12} Fréchet {statistics.mean(values):.2f} ({min(values):.2f}–{max(values):.2f}, n = {len(values)})"
        )


if __name__ == "__main__":
    main()
