"""A run is a folder that can be carried away: recipe, history, weights, pictures.

    models_ckpt/mlp-vae-mnist-1/
        recipe.json          what was asked for, never changed
        images.safetensors   digests of the images it is trained on, in order (`runs/images.py`)
        status.json          how it went: state, epochs, seconds, best, changes made in mid-run
        history.csv          the loss curves;  kl.csv  the KL of every latent dimension after every epoch
        best.safetensors     weights with the lowest validation loss;  last.safetensors  the newest
        resume.safetensors   everything needed to go on exactly where it stopped
        evaluation.json      figures on the test set;  classifier.safetensors  the classifier that judged a GAN's images
        frames/0007.png      fixed images and fixed latents, decoded after epoch 7

This module needs no torch, so that a page can list runs at once; `runs/weights.py` reads and writes the tensors.
Nothing in a run is ever unpickled.
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
from core.system import paths, user_paths
from core.system.atomic_files import read_json
from core.system.parsed_files import ParsedFiles

EXAMPLE = "example-"
"""How the names of the runs begin that come with the lab."""


class RunError(RuntimeError):
    """A run that cannot be used as requested; the message is one sentence with the reason and the remedy."""


def _parse_recipe(path: Path) -> Recipe | str:
    """The recipe in that file, or the reason why there is none.

    Raises:
        ValueError: the file cannot be read now; what was found is not remembered.
    """
    try:
        return Recipe.from_dict(read_json(path))
    except (ValueError, RecipeError) as error:
        if isinstance(error.__cause__, OSError):
            raise
        return str(error)


_recipes = ParsedFiles(_parse_recipe)


class Run:
    """Folder of one run. Opening never fails: a damaged run has an `error` and can still be deleted."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @cached_property
    def _parsed(self) -> Recipe | str:
        try:
            return _recipes.get(self.path / "recipe.json")
        except ValueError as error:
            return str(error)

    @property
    def error(self) -> str | None:
        """Why this folder is not a usable run, in one sentence; None if it is."""
        return f"'{self.name}' is not a usable run: {self._parsed}" if isinstance(self._parsed, str) else None

    @property
    def recipe(self) -> Recipe:
        """Recipe that the run was created with.

        Raises:
            RunError: the run is damaged.
        """
        if isinstance(self._parsed, str):
            raise RunError(f"'{self.name}' is not a usable run: {self._parsed}")
        return self._parsed

    @property
    def status(self) -> dict[str, Any]:
        """Training state and progress at this moment; see `status.read`."""
        return status.read(self.path)

    def update_status(self, flush: bool = False, **values: Any) -> None:
        """Replace some entries of the status; see `status.update`."""
        status.update(self.path, flush, **values)

    @property
    def owner(self) -> str:
        """Public name of the visitor who trained it; empty for nobody's: an example, or one of the command line."""
        return str(self.status.get("owner", ""))

    @property
    def example(self) -> bool:
        """Whether it came with the lab."""
        return self.name.startswith(EXAMPLE) and not self.owner

    @property
    def epochs(self) -> int:
        """Number of epochs to train in all: the recipe's, or that of the last resume."""
        return int(self.status.get("epochs", self.recipe.epochs))

    @property
    def has_weights(self) -> bool:
        """Whether weights were saved: a model can be loaded."""
        return (self.path / "best.safetensors").is_file() or (self.path / "last.safetensors").is_file()

    @property
    def resumable(self) -> bool:
        """Whether training can continue from a saved state, or begin because it never did."""
        if self.error:
            return False
        return (self.path / "resume.safetensors").is_file() or not self.has_weights

    def weights_version(self) -> int:
        """Time of the newest weights in nanoseconds, 0 without weights: a key for caches of loaded models."""
        files = [self.path / f"{which}.safetensors" for which in ("best", "last")]
        return max((f.stat().st_mtime_ns for f in files if f.is_file()), default=0)

    def history(self) -> dict[str, np.ndarray]:
        """Loss curves: one float array per column of the table; NaN where nothing was measured."""
        return history.read(self.path / "history.csv", history.columns(self.recipe.model))

    def csv(self) -> str:
        """Text of `history.csv`, for a download."""
        file = self.path / "history.csv"
        if file.is_file():
            return file.read_text("utf-8", "replace")
        return ",".join(history.columns(self.recipe.model)) + "\n"

    def kl_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs [E] and validation KL per latent dimension in nats per image [E, d]."""
        columns = ("epoch", *(f"z{i}" for i in range(self.recipe.latent_dim)))
        table = history.read(self.path / "kl.csv", columns)
        return table["epoch"], np.stack([table[c] for c in columns[1:]], axis=1)

    def kl_per_dim(self) -> np.ndarray:
        """Newest validation KL per latent dimension in nats per image [d]; zeros before the first epoch."""
        _, kl = self.kl_history()
        return kl[-1] if len(kl) else np.zeros(self.recipe.latent_dim)

    def class_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs [E] and share of samples in each class [E, C]; empty for families other than GANs."""
        epochs, *shares = history.whole(self.path / "classes.csv").values() or [np.zeros(0)]
        return epochs, np.stack(shares, axis=1) if shares else np.zeros((len(epochs), 0))

    def frames(self) -> list[int]:
        """Epochs that have a frame, in increasing order."""
        found = (self.path / "frames").glob("[0-9]*.png")
        return sorted(int(f.stem) for f in found if re.fullmatch(r"[0-9]{4,6}", f.stem))

    def frame(self, epoch: int) -> bytes:
        """Frame of that epoch as PNG.

        Raises:
            RunError: that epoch has no frame.
        """
        try:
            return (self.path / "frames" / f"{epoch:04d}.png").read_bytes()
        except OSError:
            raise RunError(f"'{self.name}' has no picture of epoch {epoch}.") from None

    def evaluation(self) -> dict[str, Any] | None:
        """Metrics on the test set; None before they were computed."""
        try:
            content = read_json(self.path / "evaluation.json")
        except ValueError:
            return None
        return content if isinstance(content, dict) else None

    def lock(self) -> FileLock:
        """File lock held by the process that trains this run; see `status.lock`."""
        return status.lock(self.path)

    def locked(self) -> bool:
        """Whether a process is training this run now."""
        return status.locked(self.path)

    def rename(self, new: str) -> Run:
        """Rename the folder and return the run under its new name.

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
        """Delete the folder.

        Raises:
            RunError: the run is training, or the folder cannot be removed.
        """
        self._not_training("delete")
        # Renamed to a hidden name first, so that an interrupted deletion leaves no partial run in the list.
        hidden = self.path.with_name(f".deleted-{uuid.uuid4().hex}")
        try:
            self.path.rename(hidden)
        except OSError as error:
            raise RunError(f"'{self.name}' could not be deleted ({error.strerror}).") from None
        if hidden.is_symlink():
            hidden.unlink()  # the folder behind the link stays
        else:
            shutil.rmtree(hidden, ignore_errors=True)

    def _not_training(self, verb: str) -> None:
        if self.locked():
            raise RunError(f"'{self.name}' is training now. Stop it first, then {verb} it.")


def open_run(name: str) -> Run:
    """Run of that name.

    Raises:
        RunError: no such run, or it is damaged.
    """
    path = paths.runs_folder() / valid_name(name)
    if not path.is_dir():  # perhaps a folder that came from another system under a decomposed name
        path = user_paths.in_other_encoding(path) or path
    if not path.is_dir():
        raise RunError(f"There is no run '{name}'. `python -m core list` shows those there are.")
    run = Run(path)
    if run.error:
        raise RunError(run.error)
    return run


def valid_name(name: str) -> str:
    """The name as it is stored (`names.tidied`), if it is a valid folder name on Windows, macOS and Linux.

    Raises:
        RunError: the name is not valid; the message states the rule.
    """
    name = names.tidied(name)
    if problem := names.problem(name):
        raise RunError(f"'{name[: names.LONGEST]}' {problem}")
    return name
