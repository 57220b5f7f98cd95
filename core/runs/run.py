"""A run is a folder that can be carried away: recipe, history, weights, pictures.

    models_ckpt/mlp-vae-mnist-1/
        recipe.json          what was asked for, never changed
        images.safetensors   digests of the images it is trained on, in order (`runs/images.py`)
        status.json          how it went: state, epochs, seconds, best, changes made in mid-run
        history.csv          the loss curves;  kl.csv  the KL of every latent dimension after every epoch
        best.safetensors     weights with the lowest validation loss;  last.safetensors  the newest
        resume.safetensors   everything needed to go on exactly where it stopped
        evaluation.json      figures on the test set;  classifier.safetensors  the classifier that judged a GAN's images
        prior-flow.safetensors  a distribution of its latents, learned after it (`core.priors`)
        frames/0007.png      fixed images and fixed latents, decoded after epoch 7

This module needs no torch, so that a page can list runs at once; `runs/weights.py` reads and writes the tensors.
Nothing in a run is ever unpickled.
"""

from __future__ import annotations

import errno
import os
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock

from core.recipes import examples
from core.recipes.recipe import Recipe, RecipeError
from core.runs import evaluation_file, frames, history, layout, leftovers, status
from core.system import folder_names, paths
from core.system.atomic_files import FULL, read_json
from core.system.parsed_files import ParsedFiles
from core.system.plain_text import plain, sentence
from core.system.regular_files import UnusableFile, is_regular, read_regular


class RunError(RuntimeError):
    """A run that cannot be used as requested; the message is one sentence with the reason and the remedy."""


def not_writable(run: Run, error: OSError) -> RunError:
    """The refusal for a run whose folder cannot be written to: the reason, and the remedy that works for it."""
    return RunError(f"'{run.name}' cannot be written to ({error.strerror or error}). {remedy(error, 'then resume it')}")


def not_made(done: str, folder: Path, error: OSError) -> RunError:
    """The refusal for a run that could not be `done` ("created", "unpacked") in the folder of all runs."""
    what = "Free some space or choose another folder" if error.errno in FULL else "Choose a folder of your own"
    where = f"{plain(str(folder))} ({error.strerror or error})"
    return RunError(f"The run could not be {done} in {where}. {what} with LATENT_LAB_RUNS.")


def remedy(error: OSError, then: str) -> str:
    """What helps where a run's folder cannot be changed, in one sentence; `then`: what to do after that."""
    if error.errno in FULL:
        return f"Free some space, {then}."
    if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) and os.name != "nt":
        return "Copy it to a folder of your own that LATENT_LAB_RUNS names."
    # Windows refuses to change what another program has open.
    return f"See that its folder can be written to and that no other program has it open, {then}."


def _parse_recipe(path: Path) -> Recipe | str:
    """The recipe in that file, or the reason why there is none.

    Raises:
        ValueError: the file cannot be read now; what was found is not remembered.
    """
    try:
        return Recipe.from_dict(read_json(path, layout.FACTS[path.name]))
    except (ValueError, RecipeError) as error:
        if isinstance(error.__cause__, OSError):
            raise
        return sentence(str(error))


_recipes = ParsedFiles(_parse_recipe)


class Run:
    """Folder of one run. Opening never fails: a damaged run has an `error` and can still be deleted."""

    def __init__(self, path: Path):
        self.path = path

    @property
    def name(self) -> str:
        """Name of the folder; characters that have no shape of their own stand as their numbers."""
        return plain(self.path.name)

    @cached_property
    def _parsed(self) -> Recipe | str:
        if wrong := layout.misplaced(self.path):
            return wrong
        try:
            return _recipes.get(self.path / "recipe.json")
        except ValueError as error:
            return sentence(str(error))

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
        return self.name.startswith(examples.EXAMPLE) and not self.owner

    @property
    def lesson(self) -> str:
        """What an example shows, one sentence; empty for any other run."""
        return examples.lesson(self.name) if self.example else ""

    @property
    def epochs(self) -> int:
        """Number of epochs to train in all: the recipe's, or that of the last resume."""
        return int(self.status.get("epochs", self.recipe.epochs))

    @property
    def has_weights(self) -> bool:
        """Whether weights were saved: a model can be loaded."""
        return is_regular(self.path / "best.safetensors") or is_regular(self.path / "last.safetensors")

    @property
    def has_state(self) -> bool:
        """Whether a state was saved from which training continues exactly where it stopped."""
        return is_regular(self.path / "resume.safetensors")

    @property
    def resumable(self) -> bool:
        """Whether training can continue from a saved state, or begin: it never did, or was cut off in its first save,
        whose weights are those of the untrained model."""
        if self.error:
            return False
        if self.has_state or not self.has_weights:
            return True
        found = self.status
        return found["state"] in ("failed", "interrupted") and found["epoch"] == 0

    def summary(self) -> str:
        """The recipe in one line, with the values that β was changed to during the training."""
        return self.recipe.summary(self.status["changes"])

    def weights_version(self) -> int:
        """Time of the newest weights in nanoseconds, 0 without weights: a key for caches of loaded models."""
        files = [self.path / f"{which}.safetensors" for which in ("best", "last")]
        return max((f.stat().st_mtime_ns for f in files if is_regular(f)), default=0)

    def history(self) -> dict[str, np.ndarray]:
        """Loss curves: one float array per column of the table; NaN where nothing was measured."""
        return history.read(self.path / "history.csv", history.columns(self.recipe.model), self.epochs, self._ended)

    @property
    def _ended(self) -> bool:
        """Whether its training came to an end and wrote its tables whole."""
        return self.status["state"] in ("finished", "stopped")

    def csv(self) -> str:
        """Text of `history.csv`, for a download; only its header where it is missing or cannot be read."""
        columns = () if self.error else history.columns(self.recipe.model)
        most = history.most_bytes(len(columns), self.epochs if columns else 0)
        try:
            content = read_regular(self.path / "history.csv", most)
        except (OSError, UnusableFile):
            return ",".join(columns) + "\n"
        return content.decode("utf-8", "replace")

    def kl_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs [E] and validation KL per latent dimension in nats per image [E, d]."""
        columns = ("epoch", *(f"z{i}" for i in range(self.recipe.latent_dim)))
        table = history.read(self.path / "kl.csv", columns, self.epochs, self._ended)
        return table["epoch"], np.stack([table[c] for c in columns[1:]], axis=1)

    def kl_per_dim(self) -> np.ndarray:
        """Newest validation KL per latent dimension in nats per image [d]; zeros before the first epoch."""
        _, kl = self.kl_history()
        return kl[-1] if len(kl) else np.zeros(self.recipe.latent_dim)

    def class_history(self) -> tuple[np.ndarray, np.ndarray]:
        """Epochs [E] and share of samples in each class [E, C]; empty for families other than GANs."""
        table = history.whole(self.path / "classes.csv", self.epochs, self._ended)
        epochs, *shares = table.values() or [np.zeros(0)]
        return epochs, np.stack(shares, axis=1) if shares else np.zeros((len(epochs), 0))

    def frames(self) -> list[float]:
        """Epochs that have a frame, in increasing order: ints, but for parts of the first one (`frames.EARLY`)."""
        found = (frames.epoch_of(f.name) for f in (self.path / layout.FRAMES).glob("[0-9]*.png"))
        return sorted(epoch for epoch in found if epoch is not None)

    def frame(self, epoch: float) -> bytes:
        """Frame of that epoch as PNG, of the size that a frame of this run has.

        Raises:
            RunError: that epoch has no frame, or none that can be shown.
        """
        shape = self.recipe.shape
        try:
            content = read_regular(self.path / layout.FRAMES / frames.file_name(epoch), frames.most_bytes(shape))
            frames.check(content, shape)
        except OSError:
            raise RunError(f"'{self.name}' has no picture of epoch {epoch}.") from None
        except ValueError as error:
            raise RunError(f"The picture of epoch {epoch} of '{self.name}' cannot be shown: {error}") from None
        return content

    def evaluation(self) -> dict[str, Any] | None:
        """Metrics on the test set; None before they were computed."""
        try:
            return evaluation_file.sound(read_json(self.path / "evaluation.json", layout.FACTS["evaluation.json"]))
        except ValueError:
            return None

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
            raise RunError(
                f"'{self.name}' could not be renamed ({error.strerror}). {remedy(error, 'then try again')}"
            ) from None
        return Run(target)

    def delete(self) -> None:
        """Delete the folder.

        Raises:
            RunError: the run is training, or the folder cannot be removed.
        """
        self._not_training("delete")
        # Renamed to a hidden name first, so that an interrupted deletion leaves no partial run in the list.
        hidden = leftovers.hidden_folder(self.path.parent, leftovers.DELETED)
        try:
            self.path.rename(hidden)
        except OSError as error:
            raise RunError(
                f"'{self.name}' could not be deleted ({error.strerror}). See that you may change its folder and that "
                "no other program has it open, then try again."
            ) from None
        leftovers.remove(hidden)
        leftovers.sweep(self.path.parent)

    def _not_training(self, verb: str) -> None:
        if self.locked():
            raise RunError(f"'{self.name}' is training now. Stop it first, then {verb} it.")


def open_run(name: str) -> Run:
    """Run of that name.

    Raises:
        RunError: no such run, or it is damaged.
    """
    run = find(name)
    if run is None:
        raise RunError(f"There is no run '{valid_name(name)}'. `python -m core list` shows those there are.")
    if run.error:
        raise RunError(run.error)
    return run


def find(name: str) -> Run | None:
    """Run of that name, damaged or not; None if there is none. A folder whose name no run can be given, since another
    program made it, is found by the name that the lab shows."""
    folder = paths.runs_folder()
    for spelt in (folder_names.tidied(name), name.strip()):  # the second came from another system in decomposed form
        if folder_names.fits(folder_names.tidied(name)) and (folder / spelt).is_dir():
            return Run(folder / spelt)
    try:
        with os.scandir(folder) as entries:
            alike = (e.name for e in entries if _shown_as(e.name, name) and is_run_folder(e))
            return next((Run(folder / found) for found in alike), None)
    except OSError:
        return None


def _shown_as(folder: str, name: str) -> bool:
    """Whether a folder has the name, as the lab shows it or with its accents written in another form."""
    return plain(folder) == name or folder_names.tidied(folder) == folder_names.tidied(name)


def is_run_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry of the folder of runs is a run: a folder, or a link to one, that is not hidden."""
    # Python writes its cache beside the examples when their script is imported.
    return not entry.name.startswith(".") and entry.name != "__pycache__" and entry.is_dir()


def valid_name(name: str) -> str:
    """The name as it is stored (`folder_names.tidied`), if it is a valid folder name on Windows, macOS and Linux.

    Raises:
        RunError: the name is not valid; the message states the rule.
    """
    name = folder_names.tidied(name)
    if problem := folder_names.problem(name, "a run's"):
        raise RunError(f"'{name[: folder_names.LONGEST]}' {problem}")
    return name
