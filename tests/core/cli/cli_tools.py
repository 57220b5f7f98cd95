"""What the tests of the command line share."""

import re
import shlex
from pathlib import Path

import numpy as np
from PIL import Image

from core import cli
from core.cli.training import read_recipe
from core.recipes.recipe import Recipe

TINY = "train mlp-vae --digits --train-images 96 --hidden 16 --latent-dim 3 --epochs 2 --device cpu"


def words(line: str) -> list[str]:
    return shlex.split(line)


def refused(result, pattern: str, code: int = 1) -> None:
    """One sentence on stderr, nothing else, and the exit code."""
    got, out, err = result
    assert got == code and out == "", (got, out, err)
    assert len(err.strip().splitlines()) == 1 and err.strip().endswith("."), err
    assert re.search(pattern, err), err


def parsed(line: str) -> Recipe:
    return read_recipe(cli.build_parser().parse_args(words(line)))


def tiles(path: Path, columns: int) -> np.ndarray:
    """The 28 × 28 tiles of a sheet, undone independently of the code that made it."""
    sheet = np.asarray(Image.open(path))
    scale = sheet.shape[1] // (columns * 29 - 1)
    small = sheet[::scale, ::scale]
    assert np.array_equal(small.repeat(scale, 0).repeat(scale, 1), sheet), "not enlarged pixel by pixel"
    rows = (small.shape[0] + 1) // 29
    return np.stack([small[29 * r : 29 * r + 28, 29 * c : 29 * c + 28] for r in range(rows) for c in range(columns)])
