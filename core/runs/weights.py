"""Weights and training state on disk: safetensors files, never pickle, written atomically."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from core.models import AutoDecoder, LatentModel, build
from core.models.base import renamed
from core.runs import Run, RunError, figures, images
from core.system.atomic_files import write_atomic

FORMAT = "latent-lab-1"


def save(path: Path, tensors: dict[str, Tensor], facts: dict[str, Any]) -> None:
    """Write tensors, with a few plain facts such as the epoch in the header.

    Raises:
        OSError: the file cannot be written; the old one stays.
    """
    # Cloned: safetensors refuses tensors that share memory, and a slice would drag its whole storage along.
    ready = {name: t.detach().to("cpu", copy=True).contiguous() for name, t in tensors.items()}
    header = {"format": FORMAT, "facts": json.dumps(facts)}
    write_atomic(path, safetensors.torch.save(ready, metadata=header))


def load(path: Path) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of a file that `save` wrote.

    Raises:
        RunError: the file is missing, truncated, not safetensors, or from another program.
    """
    where = f"{path.name} of '{path.parent.name}'"
    try:
        with safe_open(path, framework="pt") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise RunError(f"{where} was not written by this lab. Nothing was loaded.")
            # Cloned: the tensors are windows into the file, which Windows would then neither replace nor delete.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
            return tensors, json.loads(header["facts"])
    except FileNotFoundError:
        raise RunError(f"{where} is missing. Resume or train the run again.") from None
    except (SafetensorError, OSError, ValueError, KeyError) as error:
        raise RunError(f"{where} is damaged or no safetensors file ({error}). Nothing was loaded.") from None


def put(model: LatentModel, tensors: dict[str, Tensor], where: str) -> None:
    """Fill a model with tensors of exactly its names and shapes.

    Raises:
        RunError: a tensor is missing, superfluous or of another shape; the message names the first.
    """
    if isinstance(model, AutoDecoder) and (table := tensors.get("table")) is not None and table.dim() == 2:
        model.table = table.new_zeros(len(table), model.code_dim)  # a row for each image it was trained on
    tensors, expected = renamed(tensors), model.state_dict()
    for name in sorted(expected.keys() | tensors.keys()):
        if name not in tensors:
            raise RunError(f"The weights of {where} do not fit its recipe: '{name}' is missing.")
        if name not in expected:
            raise RunError(f"The weights of {where} do not fit its recipe: '{name}' belongs to another model.")
        if tensors[name].shape != expected[name].shape:
            have, want = (" × ".join(map(str, t.shape)) for t in (tensors[name], expected[name]))
            raise RunError(f"The weights of {where} do not fit its recipe: '{name}' is {have}, expected {want}.")
    model.load_state_dict(tensors)


def load_model(run: Run, which: str = "best", device: str | torch.device = "cpu") -> LatentModel:
    """Trained model of a run, in eval mode and without gradients.

    Args:
        which: `best` (lowest validation loss) or `last`; the other one where that file is not there.

    Raises:
        RunError: no weights, or weights that do not fit.
    """
    files = [run.path / f"{name}.safetensors" for name in (which, "last" if which == "best" else "best")]
    path = next((f for f in files if f.is_file()), None)
    if path is None:
        raise RunError(f"'{run.name}' has no weights yet. Train it first.")
    model = build(run.recipe)
    tensors, facts = load(path)
    put(model, tensors, f"'{run.name}'")
    if "beta" in run.recipe.family.weights:  # it may have been changed in mid-run: a search uses that of the training
        epoch = facts.get("epoch") if path.stem == "best" else None
        now = figures.weights_at(run, epoch if isinstance(epoch, int | float) else None)
        model.beta.fill_(now["beta"])
    if model.latent_table is not None:
        model.table_images = images.table_images(run)
    return model.to(device).eval().requires_grad_(False)
