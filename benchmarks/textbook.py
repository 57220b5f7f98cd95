"""The loops that public tutorials write, for comparison: torchvision's data set with PIL and `ToTensor`, a
`DataLoader`, sigmoid outputs with binary cross-entropy (or a mean squared error), plain Adam, all cores.

The networks are the recipe's own, so that a comparison is one of loops, not of models. `Clock` times them in a process
of their own, which nothing of the lab has prepared: `python benchmarks/textbook.py RECIPE`, as JSON, answers each line
of standard input, a number of seconds, with the seconds that a batch took.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch  # noqa: E402
import torch.nn.functional as F  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.utils.data import DataLoader, Dataset  # noqa: E402
from torchvision import datasets, transforms  # noqa: E402

from core import data
from core.images import convert  # noqa: E402
from core.models import build  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402
from core.system import devices, paths
from core.training import latent_init
from core.training.autoencoder_trainer import weighted_sum

PLAIN = ("vae", "ae", "ad", "vad")
"""Families whose loss the loop writes out as tutorials do; of the others it takes the lab's."""

SETS = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}


class Numbered(Dataset):
    """A data set of (image, index) pairs: an auto-decoder needs the index of the row to learn."""

    def __init__(self, images: Dataset):
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> tuple[Tensor, int]:
        return self.images[i][0], i


def epochs(recipe: Recipe) -> Iterator[tuple[nn.Module, Tensor]]:
    """Train without end. Yields the model and the loss after every batch; an epoch has `batches(recipe)` of them."""
    torch.set_num_threads(devices.cores())
    torch.manual_seed(recipe.seed)
    images = SETS[recipe.dataset](paths.data_folder(), train=True, transform=transforms.ToTensor())
    loader = DataLoader(Numbered(images), batch_size=recipe.batch_size, shuffle=True)
    yield from (_adversaries if recipe.model == "gan" else _redrawing)(recipe, loader)


def batches(recipe: Recipe) -> int:
    """Batches of an epoch; tutorials hold out no validation images."""
    return -(-60_000 // recipe.batch_size)


def _redrawing(recipe: Recipe, loader: DataLoader) -> Iterator[tuple[nn.Module, Tensor]]:
    """VAE and autoencoder; without an encoder, the whole latent table is one parameter under dense Adam."""
    model, table, draws = build(recipe), None, torch.Generator().manual_seed(recipe.seed)
    groups = [{"params": model.parameters(), "lr": recipe.lr}]
    if recipe.decoder_only:
        whole = convert.to_byte_tensor(data.load(recipe.dataset).train_images, torch.device("cpu"))
        table = nn.Parameter(latent_init.initial_table(recipe, whole))
        groups.append({"params": [table], "lr": recipe.latent_lr})
    optimizer = torch.optim.Adam(groups)
    while True:
        for x, rows in loader:
            optimizer.zero_grad()
            if recipe.model not in PLAIN or recipe.draws_per_image > 1:
                found = model.loss(x)
                terms = found.terms
                means = [terms[term.name].mean() for term in recipe.family.terms]
                loss = weighted_sum(recipe.family.terms, means, {n: recipe.value(n) for n in recipe.family.weights})
                loss.backward()
                loss.item()
                optimizer.step()
                model.after_step(found, draws)  # moves a codebook
                yield model, loss
                continue
            code = model.encoder(x) if table is None else table[rows]
            z, kl = code, torch.zeros(())
            if recipe.variational:
                mu, logvar = code.chunk(2, dim=1)
                z = mu + torch.exp(0.5 * logvar) * torch.randn_like(mu)
                kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
            elif recipe.model == "ad":
                kl = 0.5 * z.pow(2).sum()
            output = model.decoder(z)
            if recipe.likelihood == "bernoulli":
                recon = F.binary_cross_entropy(torch.sigmoid(output), x, reduction="sum")
            else:
                recon = F.mse_loss(output, x, reduction="sum")
            loss = (recon + (recipe.beta * kl if recipe.model != "ae" else 0.0)) / len(x)
            loss.backward()
            loss.item()  # tutorials print it
            optimizer.step()
            yield model, loss


def _adversaries(recipe: Recipe, loader: DataLoader) -> Iterator[tuple[nn.Module, Tensor]]:
    """The DCGAN tutorial's turns: D on real images, D on generated ones, then G; with the recipe's R1 penalty."""
    model = build(recipe)
    d, g = model.discriminator, model.decoder
    d_adam = torch.optim.Adam(d.parameters(), lr=recipe.d_lr, betas=(0.5, 0.99))
    g_adam = torch.optim.Adam(g.parameters(), lr=recipe.lr, betas=(0.5, 0.99))
    score = nn.BCEWithLogitsLoss()
    while True:
        for x, _ in loader:
            real, fake = torch.ones(len(x)), torch.zeros(len(x))
            d_adam.zero_grad()
            x.requires_grad_()
            said = d(x)
            (slope,) = torch.autograd.grad(said.sum(), x, create_graph=True)
            drawn = torch.sigmoid(g(torch.randn(len(x), recipe.latent_dim)))
            loss = score(said, real) + score(d(drawn.detach()), fake)
            (loss + 0.5 * recipe.r1 * slope.square().sum((1, 2, 3)).mean()).backward()
            d_adam.step()
            g_adam.zero_grad()
            score(d(drawn), real).backward()
            loss.item()
            g_adam.step()
            yield model, loss


class Clock:
    """The loop of a recipe in a process of its own, paused between measurements."""

    def __init__(self, recipe: Recipe):
        untouched = {name: value for name, value in os.environ.items() if name not in devices.WAITING}
        self._process = subprocess.Popen(
            [sys.executable, __file__, json.dumps(recipe.to_dict())],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=untouched,
        )

    def batch(self, seconds: float) -> float:
        """Seconds that a batch takes, timed over so many."""
        print(seconds, file=self._process.stdin, flush=True)
        return float(self._process.stdout.readline())

    def close(self) -> None:
        self._process.communicate()


def main() -> None:
    loop = epochs(Recipe.from_dict(json.loads(sys.argv[1])))
    for _ in range(3):  # the first ones plan and fill caches
        next(loop)
    for line in sys.stdin:
        began, count = time.perf_counter(), 0
        while (took := time.perf_counter() - began) < float(line):
            next(loop)
            count += 1
        print(took / count, flush=True)


if __name__ == "__main__":
    main()
