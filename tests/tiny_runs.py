"""Tiny recipes and runs on the built-in digits, which train within milliseconds, and the events of their training."""

import hashlib
from pathlib import Path

import torch

from core import data, runs
from core.evaluation import classifier
from core.recipes import presets
from core.recipes.recipe import Recipe
from core.training.events import Batch, Control, EpochEnd, Event, Finished
from core.training.loop import train

torch.set_num_threads(1)  # arrays this small are over before a second thread has woken up


def tiny(preset: str = "mlp-vae", **changes) -> Recipe:
    """A recipe on 64 digits that trains an epoch of four batches within milliseconds."""
    small = {
        "hidden": (16,),
        "channels": (4, 8),
        "latent_dim": 2,
        "train_images": 64,
        "validation": 20,
        "batch_size": 16,
        "epochs": 2,
    }
    return presets.for_digits(presets.preset(preset)).with_(**small | changes)


def trained(recipe: Recipe | None = None, name: str | None = None) -> runs.Run:
    """A run trained to its end in this process."""
    run = runs.create(recipe or tiny(), name)
    last = drive(run)[-1]
    assert last == Finished("finished", last.message), last
    return run


def drive(run: runs.Run, control: Control | None = None, stop_after: int | None = None) -> list[Event]:
    """Every event of one call of `train`; `stop_after` asks for a stop after so many batches."""
    control, events, batches = control or Control(), [], 0
    for event in train(run, "cpu", control):
        events.append(event)
        batches += isinstance(event, Batch)
        if stop_after is not None and batches >= stop_after:
            control.stop = True
    return events


def epoch_ends(events: list[Event]) -> list[EpochEnd]:
    return [event for event in events if isinstance(event, EpochEnd)]


def keep_in_cache(found: classifier.Classifier) -> None:
    """Put the classifier of the digits into the cache folder that is set now, as its training would."""
    classifier.save(found, classifier.file_of(data.load("digits")))


def contents(folder: Path) -> dict[str, bytes]:
    """SHA-256 of every file in a folder, by its place there: to see that tests left a folder that they share alone."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).digest() for file in files}
