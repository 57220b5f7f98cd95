"""Time and page faults saved by keeping freed memory between training steps.

`python benchmarks/allocator.py [--steps 200] [--rounds 4]`

Each recipe's training steps in processes of their own, in turn with and without `devices.keep_memory`: once it was
called there is no way back. Printed are milliseconds per step and page faults per step, median of the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices
from core.training import base_trainer  # noqa: E402

RECIPES = (
    "mlp-vae-fast",
    "deep-ae-fast",
    "plane-vae-fast",
    "conv-vae-fast",
    "auto-decoder-fast",
    "variational-auto-decoder-fast",
)


def steps(name: str, keep: bool, count: int) -> tuple[float, float]:
    """(ms, page faults) of a step, in this process."""
    import resource  # not on Windows, where there is nothing to measure

    import torch

    from core.recipes.presets import preset
    from core.training.autoencoder_trainer import AutoencoderTrainer

    cpu = torch.device("cpu")
    torch.set_num_threads(base_trainer.threads_for(preset(name), cpu))
    if keep:
        devices.keep_memory()
    trainer = AutoencoderTrainer(preset(name), cpu)
    for turn in range(2):  # the first one fills caches
        began, faults = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(count // (2 - turn)):
            if trainer.epoch_done:
                trainer.end_epoch()
            trainer.step()
    took = time.perf_counter() - began
    return 1e3 * took / count, (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults) / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--one", nargs=2, metavar=("RECIPE", "HOW"), help=argparse.SUPPRESS)  # what a process does
    args = parser.parse_args()
    if args.one:
        print(json.dumps(steps(args.one[0], args.one[1] == "keep", args.steps)))
        return
    for name in RECIPES:
        found: dict[str, list[list[float]]] = {"leave": [], "keep": []}
        for _ in range(args.rounds):
            for how, rounds in found.items():
                done = subprocess.run(
                    [sys.executable, __file__, "--steps", str(args.steps), "--one", name, how],
                    capture_output=True,
                    text=True,
                    check=True,
                    env=os.environ | devices.openmp_environment(),
                )
                rounds.append(json.loads(done.stdout))
        shares = [keep[0] / leave[0] for leave, keep in zip(found["leave"], found["keep"], strict=True)]
        said = "  ".join(
            f"{how}: {statistics.median(r[0] for r in rounds):6.2f} ms, "
            f"{statistics.median(r[1] for r in rounds):6.0f} faults"
            for how, rounds in found.items()
        )
        print(f"{name:30} {said}  {statistics.median(shares):.2f} ({min(shares):.2f}–{max(shares):.2f})", flush=True)


if __name__ == "__main__":
    main()
