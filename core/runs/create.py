"""Creation of a run's folder: a free name, the recipe, an initial status."""

from __future__ import annotations

import os
import time

from core.recipes.recipe import Recipe
from core.runs import gan_source, layout, leftovers, names
from core.runs.run import Run, RunError, valid_name
from core.system import paths
from core.system.atomic_files import FULL, write_json
from core.system.plain_text import plain


def create(recipe: Recipe, name: str | None = None, owner: str = "") -> Run:
    """Create a run; a GAN's recipe gets its source filled in (`gan_source.resolved`).

    Args:
        owner: public name of the visitor whose run it is (`Run.owner`); empty for nobody's.

    Raises:
        RunError: the name is taken or not valid, the folder cannot be written, or a GAN has no source.
    """
    recipe = gan_source.resolved(recipe)
    folder = paths.runs_folder()
    wanted = valid_name(name) if name is not None else None
    making = leftovers.hidden_folder(folder, leftovers.MAKING)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        leftovers.sweep(folder)
        # Made under a hidden name and moved: a run appears whole or not at all.
        os.mkdir(making)
        (making / layout.FRAMES).mkdir()
        write_json(making / "recipe.json", recipe.to_dict())
        status = {"state": "new", "created": time.time()}
        write_json(making / "status.json", status | ({"owner": owner} if owner else {}))
        path = names.claim(making, folder, wanted, names.stem(recipe.name, recipe.dataset))
    except OSError as error:
        leftovers.remove(making)  # half a run is none
        raise RunError(
            f"The run could not be created in {plain(str(folder))} ({error.strerror}). "
            f"{'Free some space or choose another folder' if error.errno in FULL else 'Choose a folder of your own'} "
            "with LATENT_LAB_RUNS."
        ) from None
    except BaseException:
        leftovers.remove(making)
        raise
    if path is None:
        leftovers.remove(making)
        raise RunError(f"There is a run '{wanted}' already. Choose another name.")
    return Run(path)
