"""Training time of a latent table, lazy Adam against dense and sparse.

`python benchmarks/latent_table.py [--decoder mlp conv] [--epochs 3]`

60,000 FashionMNIST images, 128 latent dimensions, batches of 128, a fully connected decoder (mlp, 400) and that of
`auto-decoder` (conv). Beside each other in one run, an epoch of each in turn, from the same start, in the same order:

    dense    a `nn.Parameter` of 60,000 × 128 and torch's default Adam, as a tutorial writes it
    lab      the lab's own step: `core.training.lazy_adam.LazyAdam`, the same losses at the batch's price
    sparse   `nn.Embedding(sparse=True)` with `torch.optim.SparseAdam`: as cheap, and another optimiser

The loss of each epoch stands beside the speed, since a fast step that learns less is no gain.
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
from common import DENSE_AD  # noqa: E402
from torch import nn  # noqa: E402

from core.images import convert  # noqa: E402
from core.models import build  # noqa: E402
from core.recipes.presets import preset  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402
from core.training import latent_init
from core.training.autoencoder_trainer import AutoencoderTrainer  # noqa: E402

CPU = torch.device("cpu")
RECIPES = {"mlp": DENSE_AD, "conv": preset("auto-decoder")}


class Lab:
    """The lab's own loop."""

    def __init__(self, recipe: Recipe):
        self.trainer = AutoencoderTrainer(recipe, CPU)

    def epoch(self, order: torch.Tensor, batches: int) -> float:
        """Mean loss per image over so many batches."""
        trainer = self.trainer
        trainer.order = order
        for _ in range(batches):
            trainer.step()
        sums = trainer.loss_sums[:batches].sum(0)
        trainer.end_epoch()
        return float(sums[0] + trainer.weights["beta"] * sums[1]) / (batches * trainer.recipe.batch_size)


class Textbook:
    """The same step with the whole table as one parameter, or as a sparse embedding."""

    def __init__(self, recipe: Recipe, images: torch.Tensor, sparse: bool):
        self.recipe, self.images, self.model = recipe, images, build(recipe)
        start = latent_init.initial_table(recipe, images)
        if sparse:
            self.table = nn.Embedding.from_pretrained(start, freeze=False, sparse=True)
            self.take = self.table
            self.optimizers = [
                torch.optim.Adam(self.model.parameters(), lr=recipe.lr),
                torch.optim.SparseAdam(self.table.parameters(), lr=recipe.latent_lr),
            ]
        else:
            self.table = nn.Parameter(start)
            self.take = self.table.__getitem__
            self.optimizers = [
                torch.optim.Adam(
                    [
                        {"params": self.model.parameters(), "lr": recipe.lr},
                        {"params": [self.table], "lr": recipe.latent_lr},
                    ]
                )
            ]

    def epoch(self, order: torch.Tensor, batches: int) -> float:
        total = torch.zeros(())
        size = self.recipe.batch_size
        for number in range(batches):
            rows = order[number * size : (number + 1) * size]
            x = convert.scale_bytes(self.images[rows])
            losses = self.model.loss(x, posterior=self.model.posterior(self.take(rows)))
            loss = (losses.recon + self.recipe.beta * losses.kl).sum()
            for optimizer in self.optimizers:
                optimizer.zero_grad()
            (loss / len(x)).backward()
            for optimizer in self.optimizers:
                optimizer.step()
            total += loss.detach()
        return float(total) / (batches * size)


def measure(name: str, epochs: int, batches: int) -> None:
    recipe = RECIPES[name].with_(validation=1)
    lab = Lab(recipe)
    images = lab.trainer.train_images
    batches = min(batches, len(images) // recipe.batch_size)
    sides = {"dense": Textbook(recipe, images, False), "lab": lab, "sparse": Textbook(recipe, images, True)}
    # The lab trains with as many threads as its rule says; tutorials leave torch all cores.
    threads = {side: base_trainer.threads_for(recipe, CPU) if side == "lab" else devices.cores() for side in sides}
    print(
        f"\n{name} decoder, {len(images):,} × {recipe.latent_dim}, threads {threads}, {batches} batches an epoch",
        flush=True,
    )
    ratios: dict[str, list[float]] = {side: [] for side in sides}
    for epoch in range(1, epochs + 1):
        order = torch.randperm(len(images), generator=torch.Generator().manual_seed(epoch))
        found = {}
        for side, loop in sides.items():
            torch.set_num_threads(threads[side])
            began = time.perf_counter()
            loss = loop.epoch(order, batches)
            found[side] = (batches * recipe.batch_size / (time.perf_counter() - began), loss)
        for side, (speed, loss) in found.items():
            ratios[side].append(speed / found["dense"][0])
            print(
                f"  epoch {epoch}  {side:6} {speed:9,.0f} images/s  {ratios[side][-1]:5.2f}×   loss {loss:8.4f}  "
                f"({100 * (loss / found['dense'][1] - 1):+.2f} %)",
                flush=True,
            )
    for side, values in ratios.items():
        print(f"  {side:6} {statistics.median(values):5.2f}× (median of {epochs}; {min(values):.2f}–{max(values):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--decoder", nargs="+", choices=RECIPES, default=list(RECIPES))
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--batches", type=int, default=10_000, help="at most so many an epoch (default: all)")
    args = parser.parse_args()
    for name in args.decoder:
        measure(name, args.epochs, args.batches)


if __name__ == "__main__":
    main()
