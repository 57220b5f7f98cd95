"""Folders that the lab reads and writes.

Environment variables move them: `LATENT_LAB_RUNS` (trained runs, perhaps on a shared drive), `LATENT_LAB_DATA` (image
files, perhaps on a memory stick), `LATENT_LAB_SETS` (sets that visitors make or upload, where the folder of image files
cannot be written to) and `LATENT_LAB_CACHE` (derived results). They are read at each call, so that a test can name a
scratch folder.
"""

from __future__ import annotations

import os
from pathlib import Path

from core.system import user_paths

ROOT = Path(__file__).resolve().parents[2]


def runs_folder() -> Path:
    """Folder with one sub-folder per run (default `models_ckpt/`)."""
    return _folder("LATENT_LAB_RUNS", "models_ckpt")


def data_folder() -> Path:
    """Folder with the image files in torchvision's layout (default `data/`)."""
    return _folder("LATENT_LAB_DATA", "data")


def sets_folder() -> Path:
    """Folder with the sets that visitors make or upload (default: the folder with the image files)."""
    return _folder("LATENT_LAB_SETS", "") if os.environ.get("LATENT_LAB_SETS", "").strip() else data_folder()


def cache_folder() -> Path:
    """Folder with derived results, which may be deleted at any time (default `cache/`)."""
    return _folder("LATENT_LAB_CACHE", "cache")


def _folder(variable: str, usual: str) -> Path:
    given = os.environ.get(variable, "")
    return user_paths.path_of(given) if given.strip() else ROOT / usual
