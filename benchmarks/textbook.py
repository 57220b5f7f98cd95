"""The loops that public tutorials write, for comparison: torchvision's data set with PIL and `ToTensor`, a
`DataLoader`, sigmoid outputs with binary cross-entropy (or a mean squared error), plain Adam, all cores.

The networks are the recipe's own, so that a comparison is one of loops, not of models.
"""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset
from torchvision import datasets, transforms

from core import codes, data, devices, metrics, paths
from core.models import build
from core.recipe import Recipe

SETS = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}


class Numbered(Dataset):
    """An image and its number: an auto-decoder has to know whose row it learns."""

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
    """Of an epoch: tutorials hold nothing out."""
    return -(-60_000 // recipe.batch_size)


def _redrawing(recipe: Recipe, loader: DataLoader) -> Iterator[tuple[nn.Module, Tensor]]:
    """VAE and autoencoder; without an encoder, the whole latent table is one parameter under dense Adam."""
    model, table = build(recipe), None
    groups = [{"params": model.parameters(), "lr": recipe.lr}]
    if recipe.decoder_only:
        whole = metrics.on_device(data.load(recipe.dataset).train_images, torch.device("cpu"))
        table = nn.Parameter(codes.initial(recipe, whole))
        groups.append({"params": [table], "lr": recipe.latent_lr})
    optimizer = torch.optim.Adam(groups)
    while True:
        for x, rows in loader:
            optimizer.zero_grad()
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
            slope, = torch.autograd.grad(said.sum(), x, create_graph=True)
            drawn = torch.sigmoid(g(torch.randn(len(x), recipe.latent_dim)))
            loss = score(said, real) + score(d(drawn.detach()), fake)
            (loss + 0.5 * recipe.r1 * slope.square().sum((1, 2, 3)).mean()).backward()
            d_adam.step()
            g_adam.zero_grad()
            score(d(drawn), real).backward()
            loss.item()
            g_adam.step()
            yield model, loss
