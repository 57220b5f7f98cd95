"""Untrained GANs on the digits with a source of each family, as recipes, models and run folders."""

import numpy as np
import pytest
import torch

from core import runs
from core.evaluation import sample_quality
from core.gan import experiments
from core.models import GAN, build, networks
from core.recipes.recipe import Recipe
from core.runs import frames, history, weights
from core.system.atomic_files import write_json
from core.training import gan_trainer
from tests.tiny_runs import tiny


def measure_few_samples(patch: pytest.MonkeyPatch) -> None:
    """Let trainings in this process measure 300 generated images where the lab measures thousands, most of the work of
    so small a GAN. What the measures come to is the matter of other tests."""
    patch.setattr(sample_quality, "FINAL_SAMPLES", 300)
    patch.setattr(gan_trainer, "ROUND_SAMPLES", 300)


def gan_recipe(kind: str = "vae", **changes) -> Recipe:
    """Recipe of a small GAN with a source of family `kind`; "none": a generator from scratch, without a source."""
    likelihood = {"ae": "mse", "ad": "mse"}.get(kind, "bernoulli")
    small = {
        "model": "gan",
        "source_model": kind,
        "generator": "scratch" if kind == "none" else "decoder",
        "latent_dim": 3,
        "d_channels": (4, 8),
        "likelihood": likelihood,
        "epochs": 1,
    }
    return tiny().with_(**small | changes)


def gan(recipe: Recipe) -> GAN:
    """Untrained GAN whose generator's weights are 1.3 times those of its source's decoder, in eval mode."""
    model = build(recipe)
    if model.source_decoder is not None:
        model.source_decoder.load_state_dict(networks.source_part(model.decoder).state_dict())
    with torch.no_grad():
        for weight in networks.source_part(model.decoder).parameters():
            weight.mul_(1.3)
    return model.eval().requires_grad_(False)


def gan_run(name: str, kind: str = "vae", *, evaluation: dict | None = None, **changes) -> runs.Run:
    """A run with the GAN of `gan` as its best weights, and optionally the figures of an evaluation."""
    recipe = gan_recipe(kind, **changes)
    path = runs.create(tiny(), name).path  # created from another recipe: the GAN's source is not in this folder
    write_json(path / "recipe.json", recipe.to_dict())
    weights.save(path / "best.safetensors", gan(recipe).state_dict(), {"epoch": 1})
    if evaluation is not None:
        write_json(path / "evaluation.json", evaluation)
    return runs.Run(path)


FIGURES = {
    "images": 297,
    "generated": 1000,
    "frechet": 21.4,
    "kid": 0.021,
    "kid_error": 0.004,
    "modes": 10.0,
    "balance": 0.98,
    "sure": 0.87,
    "precision": 0.42,
    "recall": 0.94,
    "sharpness": 0.94,
    "diversity": 0.91,
    "mse": 0.041,
    "shares": [0.1] * 10,
    "yardstick": "a classifier",
    "before": {
        "frechet": 48.9,
        "kid": 0.074,
        "kid_error": 0.008,
        "modes": 10.0,
        "balance": 0.97,
        "sure": 0.7,
        "precision": 0.48,
        "recall": 0.8,
        "sharpness": 0.53,
        "diversity": 0.77,
        "mse": 0.023,
        "shares": [0.1] * 10,
    },
}
"""Contents of `evaluation.json` of a GAN's run."""


def ended_trial(arm, source, modes: float, frechet: float, seed: int = 0) -> runs.Run:
    """A finished run of an experiment, with a history, shares per class and two frames."""
    run = runs.create(experiments.recipe_for(arm, source, seed))
    rows = [
        {"step": 0.0, "epoch": 0.0, "val_frechet": 100.0, "val_modes": 10.0, "val_sharpness": 0.7, "val_diversity": 0.7}
    ]
    rows += [{"step": float(k), "epoch": k / 2, "d_real": 0.8, "d_fake": 0.6} for k in range(1, 24)]
    rows += [
        {
            "step": 24.0,
            "epoch": 12.0,
            "d_real": 0.8,
            "d_fake": 0.6,
            "val_frechet": frechet,
            "val_modes": modes,
            "val_sharpness": 1.2,
            "val_diversity": 0.4,
        }
    ]
    history.write(run.path / "history.csv", rows, history.columns("gan"))
    shares = [{"epoch": e} | {f"c{k}": 0.1 for k in range(10)} for e in (0.0, 12.0)]
    history.write(run.path / "classes.csv", shares, ("epoch", *(f"c{k}" for k in range(10))))
    for epoch in (0, 12):
        pictures = np.full((48, 28, 28), 10 * epoch, np.uint8)
        (run.path / "frames" / f"{epoch:04d}.png").write_bytes(frames.compose(pictures[:12], pictures[:12], pictures))
    run.update_status(flush=True, state="finished")
    return run
