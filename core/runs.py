"""A run is a folder that can be carried away: recipe, history, weights, pictures.

    models_ckpt/mlp-vae-mnist-1/
        recipe.json          what was asked for, never changed
        status.json          how it went: state, epochs, seconds, best, changes made in mid-run
        history.csv          the loss curves;  kl.csv  the KL of every latent dimension after every epoch
        best.safetensors     weights with the lowest validation loss;  last.safetensors  the newest
        resume.safetensors   everything needed to go on exactly where it stopped
        evaluation.json      figures on the test set
        frames/0007.png      fixed images and fixed latents, decoded after epoch 7

This file reads and arranges such folders and needs no torch, so that a page can list runs at once; `weights.py`
reads and writes the tensors. Nothing in a run is ever unpickled.
"""

from __future__ import annotations

import os
import re
import shutil
import time
import uuid
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from core import history, paths
from core.files import read_json, write_json
from core.recipe import Recipe, RecipeError

ACTIVE = ("running", "paused")
"""States that only hold while something trains the run."""


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
        try:
            status = read_json(self.path / "status.json")
            if not isinstance(status, dict):
                raise ValueError
        except ValueError:
            status = {}
        status = {"state": "new", "message": "", "epoch": 0, "step": 0, "seconds": 0.0, "changes": []} | status
        if status["state"] in ACTIVE and not self.locked():
            status |= {"state": "interrupted", "message": "Training was cut off. You can resume it."}
        return status

    def update_status(self, **values: Any) -> None:
        """Change some entries of the status and leave the others."""
        try:
            old = read_json(self.path / "status.json")
        except ValueError:
            old = {}
        write_json(self.path / "status.json", old | values, flush=False)

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
        return (self.path / "resume.safetensors").is_file() or self.status["state"] == "new"

    def weights_version(self) -> float:
        """Changes whenever the weights do: a key for caches."""
        files = [self.path / f"{which}.safetensors" for which in ("best", "last")]
        return max((f.stat().st_mtime for f in files if f.is_file()), default=0.0)

    def history(self) -> dict[str, np.ndarray]:
        """The loss curves, one array per column of `history.COLUMNS`; NaN where nothing was measured."""
        return history.read(self.path / "history.csv", history.COLUMNS)

    def csv(self) -> str:
        """`history.csv` as it stands, for a download."""
        file = self.path / "history.csv"
        return file.read_text() if file.is_file() else ",".join(history.COLUMNS) + "\n"

    def kl_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs [E] and the validation KL per latent dimension in nats [E, d]."""
        columns = ("epoch", *(f"z{i}" for i in range(self.recipe.latent_dim)))
        table = history.read(self.path / "kl.csv", columns)
        return table["epoch"], np.stack([table[c] for c in columns[1:]], axis=1)

    def kl_per_dim(self) -> np.ndarray:
        """The newest KL per latent dimension, in nats, [d]; zeros before the first epoch."""
        _, kl = self.kl_history()
        return kl[-1] if len(kl) else np.zeros(self.recipe.latent_dim)

    def frames(self) -> list[int]:
        """The epochs of which there is a picture."""
        found = (self.path / "frames").glob("[0-9]*.png")
        return sorted(int(f.stem) for f in found if f.stem.isdigit())

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
        return FileLock(self.path / ".lock")

    def locked(self) -> bool:
        """Whether some process is training this run now."""
        if not (self.path / ".lock").exists():
            return False
        try:
            with self.lock().acquire(timeout=0):
                return False
        except Timeout:
            return True
        except OSError:  # a read-only folder cannot be training
            return False

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
        shutil.rmtree(grave, ignore_errors=True)

    def _not_training(self, verb: str) -> None:
        if self.locked():
            raise RunError(f"'{self.name}' is training now. Stop it first, then {verb} it.")


def create(recipe: Recipe, name: str | None = None) -> Run:
    """A new run's folder with its recipe in it.

    Raises:
        RunError: the name is taken or unfit, or the folder cannot be written.
    """
    folder = paths.runs_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = _claim(folder, valid_name(name) if name else None, f"{recipe.name}-{recipe.dataset}")
        (path / "frames").mkdir()
        write_json(path / "recipe.json", recipe.to_dict())
        write_json(path / "status.json", {"state": "new", "created": time.time()})
    except OSError as error:
        raise RunError(f"The run could not be created in {folder} ({error.strerror}). Free some space or choose "
                       "another folder with LATENT_LAB_RUNS.") from None
    return Run(path)


def _claim(folder: Path, name: str | None, stem: str) -> Path:
    """Make the folder; mkdir fails where one exists, so two visitors never share a run."""
    if name:
        try:
            os.mkdir(folder / name)
        except FileExistsError:
            raise RunError(f"There is a run '{name}' already. Choose another name.") from None
        return folder / name
    number = 1
    while True:
        path = folder / f"{stem}-{number}"
        try:
            os.mkdir(path)
            return path
        except FileExistsError:
            number += 1


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


_RESERVED = {"con", "prn", "aux", "nul", *(f"{p}{i}" for p in ("com", "lpt") for i in range(1, 10))}


def valid_name(name: str) -> str:
    """The name, trimmed, if every system can hold a folder of that name.

    Raises:
        RunError: says what a name may be.
    """
    name = name.strip()
    if not re.fullmatch(r"\w[\w .()+-]{0,59}", name) or name.endswith(".") or name.split(".")[0].lower() in _RESERVED:
        raise RunError(f"'{name[:60]}' cannot be a run's name. Use up to 60 letters, digits, spaces and - _ . ( ), "
                       "beginning with a letter or digit.")
    return name
