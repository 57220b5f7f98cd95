"""Creation of a run's folder: a free name, the recipe, an initial status."""

from __future__ import annotations

import shutil
import time

from core.recipes.recipe import Recipe
from core.runs import gan_source, names
from core.runs.run import Run, RunError, valid_name
from core.system import paths
from core.system.atomic_files import write_json


def create(recipe: Recipe, name: str | None = None, owner: str = "") -> Run:
    """Create a run; a GAN's recipe gets its source filled in (`gan_source.resolved`).

    Args:
        owner: public name of the visitor whose run it is (`Run.owner`); empty for nobody's.

    Raises:
        RunError: the name is taken or not valid, the folder cannot be written, or a GAN has no source.
    """
    recipe = gan_source.resolved(recipe)
    folder, path = paths.runs_folder(), None
    wanted = valid_name(name) if name is not None else None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path = names.claim(folder, wanted, names.stem(recipe.name, recipe.dataset))
        if path is None:
            raise RunError(f"There is a run '{wanted}' already. Choose another name.")
        (path / "frames").mkdir()
        write_json(path / "recipe.json", recipe.to_dict())
        status = {"state": "new", "created": time.time()}
        write_json(path / "status.json", status | ({"owner": owner} if owner else {}))
    except OSError as error:
        if path is not None:
            shutil.rmtree(path, ignore_errors=True)  # half a run is none
        raise RunError(
            f"The run could not be created in {folder} ({error.strerror}). Free some space or choose "
            "another folder with LATENT_LAB_RUNS."
        ) from None
    return Run(path)
