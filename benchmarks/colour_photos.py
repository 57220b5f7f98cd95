"""The recipes for colour photos on CIFAR-10 as JPEG files: error beside PCA, bits per dimension, and images a second.

`python benchmarks/colour_photos.py PATH [--part ae ad vae speed] [--latent 128 64] [--epochs N] [--seeds N]`

PATH is a folder or a zip archive with `train/<class>/` and `test/<class>/`, read at 32 × 32 in colour.

    ae     `conv-ae-32-fast`: MSE per pixel on all test images, beside PCA of the same size on all training images
    ad     `auto-decoder-32-fast` on 5,000 training images of all classes, 1,000 test images searched for, beside PCA
           of the same 5,000
    vae    `conv-vae-32-fast`: bits per dimension on the test images (−ELBO, z sampled once), beside a discretised
           logistic for each pixel and channel alone, with mean and variance of the training images, in closed form
    speed  images a second of the lab's loop and of the tutorial's (torchvision's folder, PIL, `DataLoader`, Adam), on
           the same files and network; rounds in turn

Minutes are those of the processor, all cores together, for the training alone; divide by the cores for a quiet machine.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
import zipfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported

import numpy as np  # noqa: E402
import torch  # noqa: E402
from common import CPU, trained  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402
from torchvision import datasets, transforms  # noqa: E402

from core import data  # noqa: E402
from core.evaluation import metrics  # noqa: E402
from core.images.shape import ImageShape  # noqa: E402
from core.models import build  # noqa: E402
from core.recipes.presets import preset  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402
from core.training import base_trainer  # noqa: E402
from core.training.autoencoder_trainer import AutoencoderTrainer  # noqa: E402

SHAPE = ImageShape(3, 32, 32)
FEW, SEARCHED = 5_000, 1_000


def recipe_of(name: str, args: argparse.Namespace, **changes) -> Recipe:
    changes |= {"epochs": args.epochs} if args.epochs else {}
    return preset(name).with_(dataset="folder", folder=args.path, image_shape=SHAPE.chw, **changes)


def pca(train: np.ndarray, test: np.ndarray, sizes: list[int]) -> dict[int, float]:
    """MSE per pixel on the test images of PCA of those sizes."""
    known = torch.tensor(train.reshape(len(train), -1), dtype=torch.float32) / 255
    mean = known.mean(0)
    known -= mean
    axes = torch.linalg.eigh((known.T @ known).double())[1].flip(1).float()
    rest = torch.tensor(test.reshape(len(test), -1), dtype=torch.float32) / 255 - mean
    energy = (rest @ axes).square().mean(0)  # the axes are orthonormal: the others hold what the first leave over
    return {d: float(energy[d:].sum()) / SHAPE.values for d in sizes}


def timed(recipe: Recipe, images: data.ImageSet) -> tuple:
    """The trained model and the minutes of the processor that it took."""
    began = time.process_time()
    model = trained(recipe, images)
    return model, (time.process_time() - began) / 60


def autoencoder(images: data.ImageSet, args: argparse.Namespace) -> None:
    known = pca(images.train_images, images.test_images, args.latent)
    for d in args.latent:
        model, minutes = timed(recipe_of("conv-ae-32-fast", args, latent_dim=d), images)
        error = metrics.evaluate(model, images.test_images)["mse"]
        print(
            f"autoencoder {d}-d: {error:.5f}, PCA {known[d]:.5f} ({error / known[d]:.3f}×), {minutes:.1f} min",
            flush=True,
        )


def auto_decoder(images: data.ImageSet, args: argparse.Namespace) -> None:
    recipe = recipe_of("auto-decoder-32-fast", args, train_images=FEW)
    rows, _ = data.split(images, recipe.validation, FEW)
    test = images.test_images[data.spread(images.test_labels, SEARCHED)]
    known = pca(images.train_images[rows], test, [recipe.latent_dim])[recipe.latent_dim]
    model, minutes = timed(recipe, images)
    error = metrics.evaluate(model, test)["mse"]
    print(
        f"auto-decoder {recipe.latent_dim}-d, {FEW:,} images: {error:.5f}, PCA {known:.5f} ({error / known:.3f}×), "
        f"{minutes:.1f} min",
        flush=True,
    )


def each_pixel_alone(train: np.ndarray, test: np.ndarray) -> float:
    """Nats per image of the test images where each value has a logistic distribution of its own."""
    mean, spread = (part.reshape(-1) / 255 for part in (train.mean(0), train.std(0)))
    scale, total = spread * np.sqrt(3) / np.pi, 0.0
    for block in np.array_split(test.reshape(len(test), -1), 40):
        upper = np.where(block == 255, np.inf, ((block + 0.5) / 255 - mean) / scale)
        lower = np.where(block == 0, -np.inf, ((block - 0.5) / 255 - mean) / scale)
        chance = 0.5 * (np.tanh(upper / 2) - np.tanh(lower / 2))
        total -= float(np.log(np.maximum(chance, 1e-12)).sum())
    return total / len(test)


def vae(images: data.ImageSet, args: argparse.Namespace) -> None:
    alone = each_pixel_alone(images.train_images, images.test_images)
    found = []
    for seed in range(args.seeds):
        recipe = recipe_of("conv-vae-32-fast", args, seed=seed)
        model, minutes = timed(recipe, images)
        scored = metrics.evaluate(model, images.test_images)
        found.append(recipe.bits_per_dim(scored["recon"] + scored["kl"]))
        print(f"  VAE seed {seed}: {found[-1]:.3f} bits, KL {scored['kl']:.1f} nats, {minutes:.1f} min", flush=True)
    spread = f" ± {statistics.stdev(found):.3f}" if len(found) > 1 else ""
    print(
        f"VAE: {statistics.mean(found):.3f}{spread} bits per dimension (n = {len(found)}); each pixel alone "
        f"{recipe.bits_per_dim(alone):.3f}",
        flush=True,
    )


class Lab:
    """The lab's loop."""

    def __init__(self, recipe: Recipe, images: data.ImageSet):
        torch.set_num_threads(base_trainer.threads_for(recipe, CPU))
        self.trainer = AutoencoderTrainer(recipe, CPU, images)

    def step(self) -> int:
        if self.trainer.epoch_done:
            self.trainer.end_epoch()
        return self.trainer.step()


class Tutorial:
    """The loop of tutorials, with a squared error as theirs: the likelihood costs little beside the network."""

    def __init__(self, recipe: Recipe, folder: Path):
        pictures = datasets.ImageFolder(folder, transform=transforms.ToTensor())
        self.loader = DataLoader(pictures, batch_size=recipe.batch_size, shuffle=True)
        self.model, self.batches = build(recipe), iter(self.loader)
        self.adam = torch.optim.Adam(self.model.parameters(), lr=recipe.lr)

    def step(self) -> int:
        x = next(self.batches, (None,))[0]
        if x is None:
            self.batches = iter(self.loader)
            x = next(self.batches)[0]
        self.adam.zero_grad()
        mu, logvar = self.model.encoder(x).chunk(2, dim=1)
        drawn = self.model.decoder(mu + torch.exp(0.5 * logvar) * torch.randn_like(mu))
        kl = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
        loss = (torch.nn.functional.mse_loss(drawn, x, reduction="sum") + kl) / len(x)
        loss.backward()
        loss.item()  # tutorials print it
        self.adam.step()
        return len(x)


def rate(loop: Lab | Tutorial, seconds: float) -> float:
    """Images a second, over so many seconds."""
    loop.step()
    began, count = time.perf_counter(), 0
    while (took := time.perf_counter() - began) < seconds:
        count += loop.step()
    return count / took


def speed(images: data.ImageSet, args: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        if zipfile.is_zipfile(args.path):
            with zipfile.ZipFile(args.path) as archive:
                names = [name for name in archive.namelist() if "train/" in name and not name.endswith("/")]
                archive.extractall(folder, names[::5])
        place = next(Path(folder).rglob("train"), Path(args.path) / "train")
        classic, fast = recipe_of("conv-vae-32", args), recipe_of("conv-vae-32-fast", args)
        loops = [Tutorial(classic, place), Lab(classic, images), Lab(fast, images)]
        rounds = [[rate(loop, args.seconds) for loop in loops] for _ in range(args.rounds)]
    names = ("tutorial, conv-vae-32", "lab, conv-vae-32", "lab, conv-vae-32-fast")
    for i, name in enumerate(names):
        ratios = sorted(each[i] / each[0] for each in rounds)
        paces = statistics.median(each[i] for each in rounds)
        print(f"{name}: {paces:,.0f} images/s, {statistics.median(ratios):.2f}× ({ratios[0]:.2f}–{ratios[-1]:.2f})")


PARTS = {"ae": autoencoder, "ad": auto_decoder, "vae": vae, "speed": speed}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="a folder or a zip archive of CIFAR-10's pictures")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--latent", nargs="+", type=int, default=[128, 64], help="latent sizes of the autoencoder")
    parser.add_argument("--epochs", type=int, default=0, help="default: the preset's")
    parser.add_argument("--seeds", type=int, default=3, help="of the VAE")
    parser.add_argument("--rounds", type=int, default=3, help="of the speed")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each loop in a round")
    args = parser.parse_args()
    images = data.load("folder", args.path, SHAPE)
    print(f"torch {torch.__version__}, {devices.cores()} cores, load {os.getloadavg()[0]:.1f}", flush=True)
    for part in args.part:
        PARTS[part](images, args)


if __name__ == "__main__":
    main()
