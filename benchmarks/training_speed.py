"""Training throughput against the textbook loop: `python benchmarks/training_speed.py`.

The textbook loop is what public tutorials write: torchvision's data set with PIL and `ToTensor`, a `DataLoader`,
sigmoid outputs with binary cross-entropy, Adam; it runs in a process of its own, as torch comes. The lab's loop is the
step that `core.training.loop.train` takes, in a process prepared as the lab's worker is. Same network (the
recipe's), same
batch of 128, fp32, same machine, one run: rounds are interleaved, so that whatever else the machine does hits both, and
medians are compared.
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

import textbook  # noqa: E402
import torch  # noqa: E402

from core.recipes.presets import PRESETS  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402
from core.training.autoencoder_trainer import AutoencoderTrainer  # noqa: E402

SECONDS = 2.0
"""Of the tutorial's loop in each round."""


class Lab:
    """The lab's own loop, kept between rounds as it is kept in a run."""

    def __init__(self, recipe: Recipe):
        cpu = torch.device("cpu")
        self.trainer, self.threads = AutoencoderTrainer(recipe, cpu), base_trainer.threads_for(recipe, cpu)

    def __call__(self, recipe: Recipe, batches: int) -> float:
        """Images per second."""
        torch.set_num_threads(self.threads)
        trainer, began = self.trainer, 0.0
        for done in range(batches + 2):  # the first ones warm up
            if done == 2:
                began = time.perf_counter()
            if trainer.epoch_done:
                trainer.end_epoch()
            trainer.step()
        trainer.curve(max(0, trainer.batch - 8), trainer.batch)  # the losses come over, as in a report
        return batches * recipe.batch_size / (time.perf_counter() - began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    print(f"torch {torch.__version__}, {devices.cores()} cores, batch 128, fp32, median of {options.rounds} rounds")
    print(f"{'recipe':10} {'textbook':>12} {'lab':>12} {'ratio':>7}   range of the rounds' ratios")
    for name, batches in (("mlp-vae", 400), ("conv-vae", 30)):
        recipe, lab, tutorial = PRESETS[name], Lab(PRESETS[name]), textbook.Clock(PRESETS[name])
        pairs = [(recipe.batch_size / tutorial.batch(SECONDS), lab(recipe, batches)) for _ in range(options.rounds)]
        tutorial.close()
        ratios = sorted(ours / theirs for theirs, ours in pairs)
        theirs, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
        print(
            f"{name:10} {theirs:8,.0f} /s {ours:10,.0f} /s {statistics.median(ratios):6.2f}×   "
            f"{ratios[0]:.2f}–{ratios[-1]:.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
