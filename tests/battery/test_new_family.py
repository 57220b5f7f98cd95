"""A family of one file and one preset, unknown to the lab, passes the whole battery and opens on every page.

It is read at the start of a process, so the battery runs in a process of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from core.system import paths

FOLDER = Path(__file__).parent / "sparse"


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    own = os.environ | {"LATENT_LAB_FAMILIES": str(FOLDER)}
    return subprocess.run(
        [sys.executable, *command], cwd=paths.ROOT, env=own, capture_output=True, text=True, timeout=280
    )


@pytest.mark.slow
def test_a_family_of_one_file_passes_the_battery_and_opens_on_every_page(digits_classifier):
    battery = _run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", "tests/battery", "-k", "sparse")
    assert battery.returncode == 0, battery.stdout[-4000:]
    assert " passed" in battery.stdout and "failed" not in battery.stdout


def test_its_own_fields_are_flags_recipe_entries_and_checks():
    help_text = _run("-m", "core", "train", "--help").stdout
    assert "--jitter" in help_text and "Standard deviation of the noise added to each latent in training." in " ".join(
        help_text.split()
    )
    check = _run(
        "-c",
        "from core.recipes.presets import preset, ABOUT\n"
        "from core.recipes.recipe import Recipe, RecipeError, applies, fields\n"
        "one = preset('sparse-ae')\n"
        "assert one.jitter == one.value('jitter') == one.to_dict()['jitter'] == 0.05\n"
        "assert Recipe.from_dict(one.to_dict()) == one and Recipe().jitter == 0.3\n"
        "assert 'few latents' in ABOUT['sparse-ae']\n"
        "jitter = next(f for f in fields() if f.name == 'jitter')\n"
        "assert applies(jitter, one.to_dict()) and not applies(jitter, Recipe().to_dict())\n"
        "try: one.with_(jitter=7.0)\n"
        "except RecipeError as error: print(error)\n",
    )
    assert check.returncode == 0, check.stderr
    assert check.stdout.strip() == "jitter: 7.0 is not allowed. Allowed: from 0 to 1."
