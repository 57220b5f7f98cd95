"""A run is a folder that can be carried away: recipe, history, weights, pictures.

    models_ckpt/mlp-vae-mnist-1/
        recipe.json          what was asked for, never changed
        status.json          how it went: state, epochs, seconds, best, changes made in mid-run
        history.csv          the loss curves;  kl.csv  the KL of every latent dimension after every epoch
        best.safetensors     weights with the lowest validation loss;  last.safetensors  the newest
        resume.safetensors   everything needed to go on exactly where it stopped
        evaluation.json      figures on the test set
        frames/0007.png      fixed images and fixed latents, decoded after epoch 7

This file reads and arranges such folders and needs no torch, so that a page can list runs at once; `runs/weights.py`
reads and writes the tensors. Nothing in a run is ever unpickled.
"""

from __future__ import annotations

import re
import shutil
import uuid
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from core.recipes.recipe import Recipe, RecipeError
from core.runs import history, names, status
from core.system import paths
from core.system.atomic_files import read_json


class RunError(RuntimeError):
    """A run that cannot be used as asked: one sentence that says why and what to do."""


class Run:
    """One run's folder. Opening never fails: a damaged run says why in `error` and can still be deleted."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def error(self) -> str | None:
        """Why this folder is no usable run, in one sentence, or None."""
        try:
            self._read_recipe()
        except (ValueError, RecipeError) as error:
            return f"'{self.name}' is not a usable run: {error}"
        return None

    @cached_property
    def recipe(self) -> Recipe:
        """What was asked for.

        Raises:
            RunError: the run is damaged.
        """
        if self.error:
            raise RunError(self.error)
        return self._read_recipe()

    def _read_recipe(self) -> Recipe:
        return Recipe.from_dict(read_json(self.path / "recipe.json"))

    @property
    def status(self) -> dict[str, Any]:
        """How it went, read anew at each call. A run whose process is gone shows as `interrupted`."""
        return status.read(self.path)

    def update_status(self, flush: bool = False, **values: Any) -> None:
        """Change some entries of the status and leave the others; see `status.update`."""
        status.update(self.path, flush, **values)

    @property
    def epochs(self) -> int:
        """How many epochs this run is to have: the recipe's, or more where it was resumed for longer."""
        return int(self.status.get("epochs", self.recipe.epochs))

    @property
    def has_weights(self) -> bool:
        return (self.path / "best.safetensors").is_file() or (self.path / "last.safetensors").is_file()

    @property
    def resumable(self) -> bool:
        """Whether training can go on: from a saved state, or from the beginning where it never began."""
        if self.error:
            return False
        return (self.path / "resume.safetensors").is_file() or not self.has_weights

    def weights_version(self) -> float:
        """Changes whenever the weights do: a key for caches."""
        files = [self.path / f"{which}.safetensors" for which in ("best", "last")]
        return max((f.stat().st_mtime for f in files if f.is_file()), default=0.0)

    def history(self) -> dict[str, np.ndarray]:
        """The curves, one array per column of `history.columns`; NaN where nothing was measured."""
        return history.read(self.path / "history.csv", history.columns(self.recipe.model))

    def csv(self) -> str:
        """`history.csv` as it stands, for a download."""
        file = self.path / "history.csv"
        if file.is_file():
            return file.read_text("utf-8", "replace")
        return ",".join(history.columns(self.recipe.model)) + "\n"

    def kl_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs [E] and the validation KL per latent dimension in nats [E, d]."""
        columns = ("epoch", *(f"z{i}" for i in range(self.recipe.latent_dim)))
        table = history.read(self.path / "kl.csv", columns)
        return table["epoch"], np.stack([table[c] for c in columns[1:]], axis=1)

    def kl_per_dim(self) -> np.ndarray:
        """The newest KL per latent dimension, in nats, [d]; zeros before the first epoch."""
        _, kl = self.kl_history()
        return kl[-1] if len(kl) else np.zeros(self.recipe.latent_dim)

    def class_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Of a GAN: epochs [E] and the share of samples in each class [E, C]."""
        epochs, *shares = history.whole(self.path / "classes.csv").values() or [np.zeros(0)]
        return epochs, np.stack(shares, axis=1) if shares else np.zeros((len(epochs), 0))

    def frames(self) -> list[int]:
        """The epochs of which there is a picture."""
        found = (self.path / "frames").glob("[0-9]*.png")
        return sorted(int(f.stem) for f in found if re.fullmatch(r"[0-9]{4,6}", f.stem))

    def frame(self, epoch: int) -> bytes:
        """The picture after that epoch, as PNG.

        Raises:
            RunError: there is none.
        """
        try:
            return (self.path / "frames" / f"{epoch:04d}.png").read_bytes()
        except OSError:
            raise RunError(f"'{self.name}' has no picture of epoch {epoch}.") from None

    def evaluation(self) -> dict[str, Any] | None:
        """The figures on the test set, or None before they were computed."""
        try:
            return read_json(self.path / "evaluation.json")
        except ValueError:
            return None

    def lock(self) -> FileLock:
        """Held by whoever trains this run; the system frees it when that process ends, however it ends."""
        return status.lock(self.path)

    def locked(self) -> bool:
        """Whether some process is training this run now."""
        return status.locked(self.path)

    def rename(self, new: str) -> Run:
        """The run under its new name.

        Raises:
            RunError: the name is taken or cannot be a folder's name, or the run is training.
        """
        self._not_training("rename")
        target = paths.runs_folder() / valid_name(new)
        if target.exists() and target.name.lower() != self.name.lower():
            raise RunError(f"There is a run '{target.name}' already. Choose another name.")
        try:
            self.path.rename(target)
        except OSError as error:
            raise RunError(f"'{self.name}' could not be renamed ({error.strerror}).") from None
        return Run(target)

    def delete(self) -> None:
        """Remove the folder for good.

        Raises:
            RunError: the run is training, or the folder cannot be removed.
        """
        self._not_training("delete")
        # Moved out of sight first, so that a deletion cut off half-way leaves no half run in the list.
        grave = self.path.with_name(f".deleted-{uuid.uuid4().hex}")
        try:
            self.path.rename(grave)
        except OSError as error:
            raise RunError(f"'{self.name}' could not be deleted ({error.strerror}).") from None
        if grave.is_symlink():
            grave.unlink()  # what it points at belongs to somebody else
        else:
            shutil.rmtree(grave, ignore_errors=True)

    def _not_training(self, verb: str) -> None:
        if self.locked():
            raise RunError(f"'{self.name}' is training now. Stop it first, then {verb} it.")


def open_run(name: str) -> Run:
    """The run of that name.

    Raises:
        RunError: there is none, or it is damaged.
    """
    path = paths.runs_folder() / valid_name(name)
    if not path.is_dir():
        raise RunError(f"There is no run '{name}'. `python -m core list` shows those there are.")
    run = Run(path)
    if run.error:
        raise RunError(run.error)
    return run


def list_runs() -> list[Run]:
    """Every run, newest first, damaged ones included."""
    folder = paths.runs_folder()
    if not folder.is_dir():
        return []
    found = [Run(p) for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")]
    return sorted(found, key=lambda run: (run.status.get("created", 0.0), run.name), reverse=True)


def valid_name(name: str) -> str:
    """The name, trimmed, if every system can hold a folder of that name.

    Raises:
        RunError: says what a name may be.
    """
    name = name.strip()
    if not names.fits(name):
        raise RunError(
            f"'{name[:60]}' cannot be a run's name. Use up to 60 letters, digits, spaces and - _ . ( ), "
            "beginning with a letter or digit."
        )
    return name
