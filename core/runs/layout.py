"""Files of a run's folder by name, with the most bytes that each can have, and what may lie there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from core.system.regular_files import kind_of

FACTS = {"recipe.json": 1_000_000, "status.json": 1_000_000, "evaluation.json": 1_000_000}
"""Small documents, each with its limit in bytes."""

TABLES = ("history.csv", "kl.csv", "classes.csv")
"""Tables; the limit follows from columns and epochs (`history.most_bytes`)."""

WEIGHTS = ("best.safetensors", "last.safetensors", "resume.safetensors")
"""Tensors; their names and shapes are compared with the recipe's model before any is read."""

IMAGES = "images.safetensors"
"""Digests of the images (`images.py`)."""

CLASSIFIER = "classifier.safetensors"
"""Of a GAN's run: the classifier that judged its images."""

PRIOR_FILE = r"prior-[a-z]{1,20}\.safetensors"
"""Pattern of the names of learned priors (`core.priors.store`)."""

MOST_BYTES = 4_000_000_000
"""Size of a file with tensors, at most."""

FRAMES = "frames"
"""Folder of the frames, one PNG file for each epoch."""


def prior_file(kind: str) -> str:
    """Name of the file of a learned prior of that kind."""
    return f"prior-{kind}.safetensors"


def prior_files(run: Path) -> list[str]:
    """Names of the learned priors in a run's folder, whatever lies there under them."""
    try:
        return sorted(name for name in os.listdir(run) if re.fullmatch(PRIOR_FILE, name))
    except OSError:
        return []


def misplaced(run: Path) -> str:
    """What is wrong with the kinds of files in a run's folder, in one sentence; empty where all are ordinary files.

    A link could lead reading, writing and deleting out of the folder; a pipe or a device has no end.
    """
    for name in (*FACTS, *TABLES, *WEIGHTS, IMAGES, CLASSIFIER, *prior_files(run), ".lock"):
        kind = kind_of(run / name)
        if kind not in ("", "a file"):
            return f"{name} is {kind}, not a file. Put a file in its place or delete the run."
    kind = kind_of(run / FRAMES)
    if kind not in ("", "a folder"):
        return f"{FRAMES} is {kind}, not a folder. Put a folder in its place or delete the run."
    return ""
