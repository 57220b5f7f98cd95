"""Training throughput with one thread and with all cores.

`python benchmarks/threads.py`: the measurement behind `base_trainer.threads_for`."""

import argparse
import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices
from core.training import base_trainer  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker

import torch  # noqa: E402

from core.recipes.presets import PRESETS  # noqa: E402
from core.training.autoencoder_trainer import AutoencoderTrainer  # noqa: E402

ROUNDS = 5


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    cores = devices.cores()
    print(f"torch {torch.__version__}, {cores} cores, images/s, median of {ROUNDS} interleaved rounds")
    for name, batches in (
        ("mlp-vae", 200),
        ("plane-vae", 100),
        ("deep-ae", 100),
        ("deep-ae-fast", 100),
        ("plane-vae-fast", 50),
        ("conv-vae", 20),
    ):
        trainer = AutoencoderTrainer(PRESETS[name], torch.device("cpu"))
        speeds: dict[int, list[float]] = {1: [], cores: []}
        for _ in range(ROUNDS):
            for threads, found in speeds.items():
                torch.set_num_threads(threads)
                began = time.perf_counter()
                for _ in range(batches):
                    if trainer.epoch_done:
                        trainer.end_epoch()
                    trainer.step()
                found.append(batches * trainer.recipe.batch_size / (time.perf_counter() - began))
        chosen = base_trainer.threads_for(trainer.recipe, torch.device("cpu"))
        row = "  ".join(f"{t} thread{'s' if t > 1 else ''}: {statistics.median(s):8,.0f}" for t, s in speeds.items())
        print(f"{name:14} {row}   the rule takes {chosen}", flush=True)


if __name__ == "__main__":
    main()
