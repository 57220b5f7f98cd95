"""Training throughput on MNIST beside an older version of the lab: `python benchmarks/older_version.py FOLDER`.

FOLDER is a checkout of that version (`git worktree add FOLDER COMMIT`). Each round starts a process in either checkout,
one after the other, which takes steps as a training does; images per second by the clock and by the processor's time
are compared, the latter being fair on a busy machine too. Both versions train their own preset of that name, so the
numbers of weights are printed. Versions before the packages of `core/` are understood as well.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

RECIPES = {"mlp-vae": 1500, "conv-vae-fast": 150}
"""Steps of each preset in a round."""


def measure(steps: dict[str, int]) -> None:
    """In the folder of a version: print images per second of the clock and of the processor, and the weights."""
    sys.path.insert(0, os.getcwd())
    try:
        from core.system import devices
    except ImportError:
        from core import devices  # type: ignore[attr-defined,no-redef]
    environment = getattr(devices, "openmp_environment", None) or devices.waiting  # type: ignore[attr-defined]
    os.environ.update(environment())
    import torch

    try:
        from core.recipes.presets import PRESETS
        from core.training.autoencoder_trainer import AutoencoderTrainer as Trainer
        from core.training.base_trainer import threads_for
    except ImportError:
        from core.presets import PRESETS  # type: ignore[import-not-found,no-redef]
        from core.trainer import Trainer  # type: ignore[import-not-found,no-redef]

        threads_for = devices.threads_for  # type: ignore[attr-defined]
    found = {}
    for name, count in steps.items():
        recipe, cpu = PRESETS[name], torch.device("cpu")
        trainer = Trainer(recipe, cpu)
        threads = int(os.environ.get("OMP_NUM_THREADS", 0)) or threads_for(recipe, cpu)
        torch.set_num_threads(threads)
        began = busy = 0.0
        for done in range(count + 20):  # the first ones warm up
            if done == 20:
                began, busy = time.perf_counter(), time.process_time()
            if trainer.epoch_done:
                trainer.end_epoch()
            trainer.step()
        images = count * recipe.batch_size
        clock, processor = time.perf_counter() - began, time.process_time() - busy
        weights = sum(weight.numel() for weight in trainer.model.parameters())
        found[name] = (images / clock, images / processor, weights, threads)
    print(json.dumps(found))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="checkout of the older version")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    trees = {"older": options.folder.resolve(), "now": HERE}
    found: dict[str, list[dict[str, list[float]]]] = {side: [] for side in trees}
    for number in range(options.rounds):
        for side, tree in list(trees.items())[:: 1 if number % 2 == 0 else -1]:
            command = [sys.executable, __file__, "--measure", json.dumps(RECIPES)]
            done = subprocess.run(command, cwd=tree, capture_output=True, text=True, check=True)
            found[side].append(json.loads(done.stdout.splitlines()[-1]))
    for name in RECIPES:
        for place, what in enumerate(("by the clock", "by the processor's time")):
            older, now = ([one[name][place] for one in found[side]] for side in trees)
            ratios = sorted(ours / theirs for theirs, ours in zip(older, now, strict=True))
            print(
                f"{name:14} {what:24} older {statistics.median(older):9,.0f} /s   now {statistics.median(now):9,.0f} /s"
                f"   {statistics.median(ratios):.3f}× ({ratios[0]:.3f}–{ratios[-1]:.3f})"
            )
        weights = {side: found[side][0][name][2:] for side in trees}
        print(f"{'':14} weights, threads: {weights}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(json.loads(sys.argv[2]))
    else:
        main()
