"""What a model says about each image: reconstruction error, KL, and the objective that outliers are scored by."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np
import torch

from core.images import convert
from core.latent import encoding
from core.models import LatentModel


def value_steps(
    model: LatentModel, pictures: np.ndarray, rows: np.ndarray | None = None
) -> Generator[float, None, dict[str, np.ndarray]]:
    """Values of pictures uint8 [n, ...]: yields the share that is done, 0 to 1; returns float32 [n] by name.

    `error`: mean squared error per pixel of the reconstruction from μ. `objective`: recon + KL at weight 1 with one
    draw of ε, the negative ELBO (nats) of a family with a posterior; for the others recon + β times their penalty.
    `kl`: KL(q ‖ N(0, I)), nats, for a variational family alone.

    Args:
        rows: rows of the latent table that belong to the pictures, int64 [n], where all have one; otherwise an image
            without an encoder is searched.
    """
    device, n = model.latent_mean.device, len(pictures)
    beta = 1.0 if model.variational else float(model.beta)
    noise = torch.randn(1, model.latent_dim, generator=torch.Generator().manual_seed(0)).to(device)
    table = model.latent_table if rows is not None else None
    names = ("error", "objective", *(("kl",) if model.variational else ()))
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}
    for first in range(0, n, encoding.CHUNK):
        x = convert.to_tensor(pictures[first : first + encoding.CHUNK], device)
        if table is not None and rows is not None:
            posterior = model.posterior(table[torch.from_numpy(rows[first : first + encoding.CHUNK]).to(table.device)])
        else:
            posterior = encoding.encode(model, x)
        with torch.no_grad():
            terms = model.losses_of_each(posterior, posterior.at(noise), x)
            values = {
                "error": (model.decode(posterior.mean) - x).square().flatten(1).mean(1),
                "objective": terms.recon + beta * terms.kl,
            }
            if model.variational:
                values["kl"] = posterior.kl().sum(1)
        for name, value in values.items():
            found[name].append(value.cpu().float().numpy())
        yield min(1.0, (first + len(x)) / n)
    return {name: np.concatenate(parts) for name, parts in found.items()}
