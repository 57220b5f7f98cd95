"""Training on images that stay on the disk against the same training on the same images in memory, side by side.

`python benchmarks/mapped_training.py [--images 50000] [--shape 3-32-32] [--recipe conv-vae] [--steps 60] [--rounds 7]`

Random images are imported twice, once with `LATENT_LAB_MAPPED_MB=0`. Rounds of steps are taken in turn, each first in
every other round; the ratio is that of the processor's seconds and of the seconds by the clock, the median over the
rounds. The file is in the system's cache by then, as it is in a training after its first epoch, as far as it fits.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data
from core.data import folder
from core.images.shape import ImageShape
from core.recipes.presets import preset
from core.system import memory
from core.training import base_trainer
from core.training.autoencoder_trainer import AutoencoderTrainer
from core.training.mapped_images import MappedImages


def imported(path: Path, shape: ImageShape, mapped: bool) -> data.ImageSet:
    """The set, in memory or on the disk."""
    os.environ[memory.MAPPED] = "0" if mapped else "1e6"
    folder._kept.clear()
    images = data.load("folder", str(path), shape)
    assert isinstance(images.train_images, np.memmap) == mapped
    return images


def round_of(trainer: AutoencoderTrainer, steps: int) -> tuple[float, float]:
    """Seconds of the processor and by the clock that so many steps take."""
    worked, began = time.process_time(), time.perf_counter()
    for _ in range(steps):
        if trainer.epoch_done:
            trainer.end_epoch()
        trainer.step()
    return time.process_time() - worked, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=50_000)
    parser.add_argument("--shape", default="3-32-32")
    parser.add_argument("--recipe", default="conv-vae")
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    shape = ImageShape.of([int(part) for part in args.shape.split("-")])
    with tempfile.TemporaryDirectory() as place:
        os.environ["LATENT_LAB_CACHE"] = str(Path(place) / "cache")
        path = Path(place) / "images.npy"
        np.save(path, np.random.default_rng(0).integers(0, 256, (args.images, *shape.picture), np.uint8))
        recipe = preset(args.recipe).with_(dataset="folder", folder=str(path), image_shape=shape.chw)
        torch.set_num_threads(base_trainer.threads_for(recipe, torch.device("cpu")))
        trainers = {}
        for mapped in (True, False):
            images = imported(path, shape, mapped)
            trainers[mapped] = AutoencoderTrainer(recipe, torch.device("cpu"), images)
            assert isinstance(trainers[mapped].train_images, MappedImages) == mapped
            round_of(trainers[mapped], args.steps // 4)
        ratios = []
        for number in range(args.rounds):
            order = (True, False) if number % 2 else (False, True)
            took = {mapped: round_of(trainers[mapped], args.steps) for mapped in order}
            ratios.append([within / mapped for within, mapped in zip(took[False], took[True], strict=True)])
        processor, clock = ([ratio[k] for ratio in ratios] for k in (0, 1))
        print(
            f"{args.images:,} images of {shape}, {args.recipe}: speed from the disk, as a multiple of that from memory"
        )
        for name, found in (("processor", processor), ("clock", clock)):
            print(f"{name}: {statistics.median(found):.2f} ({min(found):.2f} to {max(found):.2f})")


if __name__ == "__main__":
    main()
