"""Images of a run: the data set of its recipe, in the order and with the roles that they had when it was trained.

A run keeps the digests of its images in `images.safetensors`, written before its first step. Whoever shows, measures or
continues a run asks `images_of(run)` and not the data set: see `core.data.fingerprint` for what is done with images
that are missing, changed or new since.
"""

from __future__ import annotations

import shlex
import stat
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import safetensors
import safetensors.numpy

from core.data import DataError, ImageSet
from core.data.fingerprint import Fingerprint, arrange, fingerprint_of
from core.data.loading import places
from core.images.original import DIGEST_BYTES
from core.recipes.images import load_images
from core.runs.run import Run, RunError
from core.system.atomic_files import write_atomic
from core.system.parsed_files import ParsedFiles
from core.system.user_paths import existing, shown

FILE = "images.safetensors"

FORMAT = "latent-lab-images-1"

PARTS = ("train", "test", "train_labels", "test_labels")

MAX_BYTES = 50_000_000
"""Size of the file at most, enough for two million images."""


def images_of(run: Run) -> ImageSet:
    """The images that a run was trained on, or will be, from memory if they were loaded before.

    Its `changed` says in one sentence what has changed since the training.

    Raises:
        DataError: files are missing or damaged, or no image of the run is left.
    """
    images = _images_now(run)
    then = stored(run)
    if then is not None:
        return arrange(images, then)
    return _unknown(images) if changeable(run) and run.has_weights else images


def images_to_train(run: Run, fresh: bool) -> ImageSet:
    """The images that a training begins or continues with; their fingerprint is stored where the run has none.

    Args:
        fresh: whether the training begins at epoch 0, with the images that are there now.
    Raises:
        DataError: files are missing or damaged. OSError: the run's folder cannot be written to.
        RunError: see `images_to_resume`.
    """
    images = _images_now(run) if fresh else images_to_resume(run)
    if fresh or stored(run) is None:
        store(run, images)
    return images


def images_to_resume(run: Run) -> ImageSet:
    """The images that the training of a run continues with, exactly those it began with; changes nothing.

    Test images may be missing: they take no part.

    Raises:
        DataError: files are missing or damaged, or no image of the run is left.
        RunError: a training or validation image is missing or changed, or the run has no fingerprint and its images
            may have changed.
    """
    images = images_of(run)
    if not images.ordered:
        raise RunError(
            f"'{run.name}' cannot be resumed: it has no list of the images that it was trained on, and the folder may "
            "have changed since. Train a new run with its recipe."
        )
    if images.origin is not None and images.origin.missing_train:
        gone = images.origin.missing_train
        raise RunError(
            f"'{run.name}' cannot be resumed: {gone:,} of its {images.origin.train:,} training images "
            f"{'is' if gone == 1 else 'are'} missing or changed. Put them back, or train a new run with its recipe."
        )
    return images


def folder_of(run: Run) -> str:
    """The folder of the run's images: that of its recipe, or where it was moved to (`move`); empty for other sets."""
    moved = run.status.get("folder")
    return moved if changeable(run) and isinstance(moved, str) and moved else run.recipe.folder


def move(run: Run, folder: str) -> ImageSet:
    """Note that the folder of a run's images lies somewhere else now; returns the images.

    Raises:
        DataError: no such folder, or none of the run's images is in it. OSError: the note could not be written.
        RunError: the images of the run lie in no folder of the user's.
    """
    if not changeable(run):
        raise RunError(f"'{run.name}' was trained on {run.recipe.dataset}, which is not a folder of yours.")
    images = load_images(run.recipe.with_(folder=folder))
    if (then := stored(run)) is not None:
        images = arrange(images, then)
    run.update_status(flush=True, folder=folder)
    return images


def _images_now(run: Run) -> ImageSet:
    """The data set of the run's recipe as it is now.

    Raises:
        DataError: files are missing or damaged. Of a folder that is gone it says how to tell where it went.
    """
    folder = folder_of(run)
    try:
        return load_images(run.recipe.with_(folder=folder) if changeable(run) else run.recipe)
    except DataError:
        if not changeable(run) or existing(folder) is not None:
            raise
        raise DataError(
            f"The folder of the images of '{run.name}', “{shown(folder)}”, is no longer there. Move it back, or say "
            f"where it is now: python -m core images {shlex.quote(run.name)} --folder PATH"
        ) from None


def changeable(run: Run) -> bool:
    """Whether the images lie in a folder of the user's, which may change at any time."""
    return run.recipe.dataset == "folder"


def store(run: Run, images: ImageSet) -> None:
    """Write the fingerprint of the run's images: 20 bytes for each.

    Raises:
        OSError: it could not be written.
    """
    found = fingerprint_of(images)
    arrays = {name: getattr(found, name) for name in (*PARTS, "held_out")}
    write_atomic(run.path / FILE, safetensors.numpy.save(arrays, metadata={"format": FORMAT}))


def stored(run: Run) -> Fingerprint | None:
    """Fingerprint of the images that the run was trained on; None where it has none that can be read."""
    return _fingerprints.get(run.path / FILE)


def identity(run: Run) -> str:
    """A text that is the same for runs trained on the same images in the same order; empty where it is not known, or
    where the images cannot change."""
    return _identities.get(run.path / FILE) if changeable(run) else ""


def table_images(run: Run) -> np.ndarray | None:
    """Digest of the training image of each row of the run's latent table, `uint8` [N, 16]; None where not known."""
    then, recipe = stored(run), run.recipe
    if then is None:
        return None
    digests: np.ndarray = then.train[places(len(then.train), recipe.validation, recipe.train_images, then.held_out)[0]]
    return digests


@lru_cache(maxsize=4)
def _unknown(images: ImageSet) -> ImageSet:
    """The images of a run that has no fingerprint, with a sentence that says so; the same object for the same set."""
    return replace(
        images,
        ordered=False,
        changed="This run has no list of the images it was trained on: whether the folder has changed since is not "
        "known, and test images may be images it has learned from.",
    )


def _identity(path: Path) -> str:
    found = _read(path)
    return "" if found is None else found.digest


def _read(path: Path) -> Fingerprint | None:
    """The fingerprint in that file; None where it is missing, damaged or no such file."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_BYTES:
            return None
        with safetensors.safe_open(path, framework="numpy") as file:
            if (file.metadata() or {}).get("format") != FORMAT:
                return None
            train, test, *labels = (file.get_tensor(part) for part in PARTS)
            held_out = file.get_tensor("held_out")
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError):
        return None
    for part, classes in zip((train, test), labels, strict=True):
        if part.dtype != np.uint8 or part.ndim != 2 or part.shape[1] != DIGEST_BYTES:
            return None
        if classes.dtype != np.int32 or classes.shape != (len(part),):
            return None
    if held_out.dtype != np.int32 or held_out.ndim != 1 or not np.isin(held_out, np.arange(len(train))).all():
        return None
    return Fingerprint(train, test, labels[0], labels[1], held_out)


_fingerprints = ParsedFiles(_read, most=8)
_identities = ParsedFiles(_identity)
