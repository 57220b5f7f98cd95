"""Creation of a run's folder: a free name, the recipe, an initial status."""

from __future__ import annotations

import os
import time

from core.data import sources
from core.recipes import conditioning
from core.recipes.recipe import Recipe
from core.runs import gan_source, layout, leftovers, names
from core.runs.run import Run, RunError, not_made, valid_name
from core.system import paths
from core.system.atomic_files import write_json


def create(recipe: Recipe, name: str | None = None, owner: str = "") -> Run:
    """Create a run. A GAN's recipe gets its source filled in (`gan_source.resolved`), that of a conditional family the
    number of classes (`conditioning.resolved`).

    Args:
        owner: public name of the visitor whose run it is (`Run.owner`); empty for nobody's.

    Raises:
        RunError: the name is taken or not valid, the folder cannot be written, or a GAN has no source.
        DataError: a conditional family cannot be trained on the images.
    """
    recipe = conditioning.resolved(gan_source.resolved(recipe))
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
        path = names.claim(making, folder, wanted, names.stem(recipe.name, _images_of(recipe)))
    except OSError as error:
        leftovers.remove(making)  # half a run is none
        raise not_made("created", folder, error) from None
    except BaseException:
        leftovers.remove(making)
        raise
    if path is None:
        leftovers.remove(making)
        raise RunError(f"There is a run '{wanted}' already. Choose another name.")
    return Run(path)


def _images_of(recipe: Recipe) -> str:
    """The name of a recipe's set of images: of pictures of the user's own that of their set."""
    return sources.title(recipe.folder) if recipe.folder and recipe.dataset == "folder" else recipe.dataset
