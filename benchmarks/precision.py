"""Step time in bfloat16 against float32: `python benchmarks/precision.py [--seconds 3] [--rounds 3]`

A training step of each recipe with mixed precision, beside the same in float32: a stretch of each in turn, as many
threads as the lab takes. Printed are milliseconds per step and the share that is left of float32's time. Both train on;
what mixed precision does to what is learned is measured by `time_to_quality.py`.
"""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices
from core.training import base_trainer  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported

import torch  # noqa: E402

from core.recipes.presets import PRESETS  # noqa: E402
from core.training.autoencoder_trainer import AutoencoderTrainer  # noqa: E402

CPU = torch.device("cpu")


def stretch(trainer: AutoencoderTrainer, seconds: float) -> float:
    """Seconds per step, over so many seconds."""
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        if trainer.epoch_done:
            trainer.end_epoch()
        trainer.step()
        count += 1
    return took / count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="of each stretch")
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    if not devices.has_bfloat16(CPU):
        raise SystemExit("This processor has no bfloat16 built in: mixed precision is float32 here.")
    print(f"torch {torch.__version__}, {devices.cores()} cores")
    for recipe in PRESETS.values():
        if recipe.precision != "mixed":
            continue
        torch.set_num_threads(base_trainer.threads_for(recipe, CPU))
        exact, mixed = (AutoencoderTrainer(recipe.with_(precision=how), CPU) for how in ("float32", "mixed"))
        for trainer in (exact, mixed):
            stretch(trainer, 0.5)
        pairs = [(stretch(exact, args.seconds), stretch(mixed, args.seconds)) for _ in range(args.rounds)]
        shares = [quick / slow for slow, quick in pairs]
        slow, quick = (statistics.median(pair[i] for pair in pairs) for i in (0, 1))
        print(
            f"{recipe.name:30} {1e3 * slow:6.2f} ms  {1e3 * quick:6.2f} ms  {statistics.median(shares):.2f} "
            f"({min(shares):.2f}–{max(shares):.2f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
