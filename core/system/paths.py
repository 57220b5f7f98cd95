"""Every place the lab reads or writes, named once.

`LATENT_LAB_RUNS` and `LATENT_LAB_DATA` move the two folders that a teacher may want elsewhere: trained runs on a
shared drive, image files on a memory stick; `LATENT_LAB_CACHE` moves what can be made again at any time. All are read
at each call, so a test can point them at a scratch folder.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def runs_folder() -> Path:
    """The folder that holds one sub-folder per trained run (default `models_ckpt/`)."""
    return Path(os.environ.get("LATENT_LAB_RUNS") or ROOT / "models_ckpt")


def data_folder() -> Path:
    """The folder with the image files in torchvision's layout (default `data/`)."""
    return Path(os.environ.get("LATENT_LAB_DATA") or ROOT / "data")


def cache_folder() -> Path:
    """The folder for what was computed once and may be deleted at any time (default `cache/`)."""
    return Path(os.environ.get("LATENT_LAB_CACHE") or ROOT / "cache")
