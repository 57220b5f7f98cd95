"""Weights and training state on disk: safetensors files, never pickle, written atomically."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from core.models import AutoDecoder, LatentModel, build
from core.models.base import renamed
from core.recipes.recipe import Recipe
from core.runs import Run, RunError, figures, images, layout
from core.system import memory
from core.system.atomic_files import write_atomic
from core.system.plain_text import plain, sentence
from core.system.regular_files import is_regular, open_regular

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


def load(path: Path, recipe: Recipe | None = None) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and facts of a file that `save` wrote.

    Args:
        recipe: compare names, shapes and types with the recipe's model before any tensor is read.
    Raises:
        RunError: the file is missing, truncated, not safetensors, from another program, or does not fit the recipe.
    """
    with _opened(path) as file:
        facts = json.loads(file.metadata()["facts"])
        if not isinstance(facts, dict):
            raise ValueError("its facts are no set of named values")
        if recipe is not None:
            _compare(_layout(file), recipe, path)
        # Cloned: the tensors are windows into the file, which Windows would then neither replace nor delete.
        return {name: file.get_tensor(name).clone() for name in file.keys()}, facts  # noqa: SIM118


def check(path: Path, recipe: Recipe) -> None:
    """Compare the tensors of a file with the recipe's model by its header alone: before a model takes memory.

    Raises:
        RunError: see `load`.
    """
    with _opened(path) as file:
        _compare(_layout(file), recipe, path)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """A file that `save` wrote, open; every error of reading it is a RunError."""
    where = f"{path.name} of '{plain(path.parent.name)}'"
    try:
        open_regular(path, layout.MOST_BYTES).close()  # no link, pipe or device: the library would open those
        with safe_open(path, framework="pt") as file:
            if (file.metadata() or {}).get("format") != FORMAT:
                raise RunError(f"{where} was not written by this lab. Nothing was loaded.")
            yield file
    except RunError:
        raise
    except FileNotFoundError:
        raise RunError(f"{where} is missing. Resume or train the run again.") from None
    except (SafetensorError, OSError, ValueError, KeyError, RecursionError, RuntimeError, MemoryError) as error:
        if memory.is_shortage(error):
            raise RunError(f"There is not enough memory to load {where}. Close other programs.") from None
        reason = sentence(str(error), 200)
        raise RunError(f"{where} is damaged or no safetensors file ({reason}). Nothing was loaded.") from None


Layout = dict[str, tuple[tuple[int, ...], str]]
"""Shape and type of each tensor by its name, types as safetensors calls them."""

FLOATS = ("F32", "F64", "F16", "BF16")
TYPES = {torch.float32: "F32", torch.int64: "I64", torch.uint8: "U8", torch.bool: "BOOL"}
"""Types of a model's tensors. Weights of another precision are converted."""

STATE_FACTOR, STATE_REST = 5, 64_000_000
"""Bounds of a state for resuming: the model, its averages, two moments of each weight; and bytes of everything else."""


@lru_cache(maxsize=64)
def expected(recipe: Recipe) -> Layout:
    """Names, shapes and types of the recipe's model, found without the memory that the model would take."""
    with torch.random.fork_rng(devices=[]), torch.device("meta"):
        model: LatentModel = recipe.family.model_class().from_recipe(recipe)
    return {name: (tuple(t.shape), TYPES.get(t.dtype, "F32")) for name, t in model.state_dict().items()}


def _layout(file: Any) -> Layout:
    parts = {name: file.get_slice(name) for name in file.keys()}  # noqa: SIM118
    return {name: (tuple(part.get_shape()), str(part.get_dtype())) for name, part in parts.items()}


def _compare(have: Layout, recipe: Recipe, path: Path) -> None:
    """Compare the tensors of a file with the recipe's model.

    Raises:
        RunError: a tensor is missing, superfluous, or of another shape or type; the message names the first. Or a state
            for resuming is larger than that of any training of this recipe.
    """
    where, state = f"'{plain(path.parent.name)}'", any(name.startswith("model.") for name in have)
    sizes = [8 * math.prod(shape) for shape, _ in have.values()]
    if state:
        have = {name.removeprefix("model."): entry for name, entry in have.items() if name.startswith("model.")}
    want = dict(expected(recipe))
    have = renamed(have)
    if recipe.family.latent_table and "table" in have and len(have["table"][0]) == 2:
        # A row for each image it was trained on.
        want["table"] = ((have["table"][0][0], want["table"][0][1]), want["table"][1])
    for name in sorted(want.keys() | have.keys()):
        if name not in have:
            raise RunError(f"The weights of {where} do not fit its recipe: '{name}' is missing.")
        if name not in want:
            raise RunError(
                f"The weights of {where} do not fit its recipe: '{sentence(name, 60)}' belongs to another model."
            )
        (shape, kind), (right, right_kind) = have[name], want[name]
        if shape != right:
            found, needed = (" × ".join(map(str, s)) or "one number" for s in (shape, right))
            raise RunError(f"The weights of {where} do not fit its recipe: '{name}' is {found}, expected {needed}.")
        if kind != right_kind and not (kind in FLOATS and right_kind in FLOATS):
            raise RunError(
                f"The weights of {where} do not fit its recipe: '{name}' is of type {kind}, expected {right_kind}."
            )
    if state and sum(sizes) > STATE_FACTOR * 8 * sum(math.prod(shape) for shape, _ in have.values()) + STATE_REST:
        raise RunError(f"{path.name} of {where} holds more than the state of its training. Nothing was loaded.")


def check_finite(tensors: Mapping[str, Tensor], where: str) -> None:
    """Check that all numbers are finite.

    Raises:
        RunError: some are not.
    """
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(tensor.isfinite().all()):
            raise RunError(
                f"The weights of {where} cannot be used: '{name}' holds numbers that are not finite. Its training "
                "diverged, or the file is damaged. Train it again with a lower learning rate."
            )


def put(model: LatentModel, tensors: dict[str, Tensor], where: str) -> None:
    """Fill a model with tensors of exactly its names and shapes; `load` has compared them with the recipe.

    Raises:
        RunError: they do not fit, or hold numbers that are not finite.
    """
    check_finite(tensors, where)
    tensors = renamed(tensors)
    if isinstance(model, AutoDecoder) and "table" in tensors:
        model.table = model.table.new_zeros(tensors["table"].shape)  # a row for each image it was trained on
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        raise RunError(f"The weights of {where} do not fit its recipe: {sentence(str(error))}") from None


def load_model(run: Run, which: str = "best", device: str | torch.device = "cpu") -> LatentModel:
    """Trained model of a run, in eval mode and without gradients.

    Args:
        which: `best` (lowest validation loss) or `last`; the other one where that file is not there.

    Raises:
        RunError: no weights, or weights that do not fit.
    """
    files = [run.path / f"{name}.safetensors" for name in (which, "last" if which == "best" else "best")]
    path = next((f for f in files if is_regular(f)), None)
    if path is None:
        raise RunError(f"'{run.name}' has no weights yet. Train it first.")
    tensors, facts = load(path, run.recipe)  # compared with the recipe before the model is built
    try:
        model = build(run.recipe)
    except (RuntimeError, MemoryError) as error:
        if memory.is_shortage(error):
            raise RunError(f"There is not enough memory to load '{run.name}'. Close other programs.") from None
        raise
    put(model, tensors, f"'{run.name}'")
    if run.recipe.family.weights:  # β may have been changed in mid-run: a search uses that of the training
        epoch = facts.get("epoch") if path.stem == "best" else None
        now = figures.weights_at(run, epoch if isinstance(epoch, int | float) else None)
        model.beta.fill_(run.recipe.family.prior_weight(now))
    if model.latent_table is not None:
        model.table_images = images.table_images(run)
    return model.to(device).eval().requires_grad_(False)
