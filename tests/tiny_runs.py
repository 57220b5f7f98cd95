"""Tiny recipes and runs on the built-in digits, trained within milliseconds, and helpers for their events."""

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch

from core import data, runs
from core.evaluation import classifier
from core.latent import encoding, search
from core.models import LatentModel, Posterior
from core.recipes import adaptation, presets
from core.recipes.recipe import Recipe
from core.training import autoencoder_trainer
from core.training.events import Batch, Control, EpochEnd, Event, Finished
from core.training.loop import train

torch.set_num_threads(1)  # for arrays this small, waking a second thread takes longer than the work


def tiny(preset: str = "mlp-vae", **changes) -> Recipe:
    """A preset reduced to 64 training digits and four batches per epoch; `changes` replace fields of the recipe."""
    small = {
        "hidden": (16,),
        "channels": (4, 8),
        "latent_dim": 2,
        "train_images": 64,
        "validation": 20,
        "batch_size": 16,
        "epochs": 2,
    }
    return adaptation.for_digits(presets.preset(preset)).with_(**small | changes)


def trained(recipe: Recipe | None = None, name: str | None = None) -> runs.Run:
    """A run trained to its last epoch in this process."""
    run = runs.create(recipe or tiny(), name)
    last = drive(run)[-1]
    assert last == Finished("finished", last.message), last
    return run


def drive(run: runs.Run, control: Control | None = None, stop_after: int | None = None) -> list[Event]:
    """All events of one call of `train` on the CPU; `stop_after`: number of batches before a stop."""
    control, events, batches = control or Control(), [], 0
    for event in train(run, "cpu", control):
        events.append(event)
        batches += isinstance(event, Batch)
        if stop_after is not None and batches >= stop_after:
            control.stop = True
    return events


def search_briefly(patch: pytest.MonkeyPatch, least: int = 1) -> None:
    """Let this process search for the latents of a family without an encoder in two steps, where the lab takes many:
    most of the work of so small a training, and of a page of its run. What a search finds is the matter of other
    tests, which give the number of steps.

    Args:
        least: number of images from which on a search is brief.
    """
    whole = encoding.encode

    def brief(
        model: LatentModel, images: torch.Tensor, steps: int = search.STEPS, labels: torch.Tensor | None = None
    ) -> Posterior:
        return whole(model, images, min(steps, 2) if len(images) >= least else steps, labels)

    patch.setattr(autoencoder_trainer, "VALIDATION_SEARCH_STEPS", 2)
    patch.setattr(encoding, "encode", brief)


def epoch_ends(events: list[Event]) -> list[EpochEnd]:
    """The ends of epochs among the events."""
    return [event for event in events if isinstance(event, EpochEnd)]


def keep_in_cache(found: classifier.Classifier) -> None:
    """Save a classifier as that of the digits in the current cache folder, as its training does."""
    classifier.save(found, classifier.file_of(data.load("digits")))


def keep_a_beginner(images: data.ImageSet) -> None:
    """Save a classifier trained on 100 of the images in the current cache folder, where there is none: it stands in for
    that of all the images where only its presence matters."""
    if not (file := classifier.file_of(images)).exists():
        few = dataclasses.replace(
            images, train_images=images.train_images[:100], train_labels=images.train_labels[:100]
        )
        classifier.save(classifier.train(few), file)


def contents(folder: Path) -> dict[str, bytes]:
    """SHA-256 of every file in a folder by relative path, to check that tests do not modify a shared folder."""
    files = (file for file in folder.rglob("*") if file.is_file() and file.name != ".lock")
    return {str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).digest() for file in files}
