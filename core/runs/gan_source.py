"""Where a GAN's generator comes from: the runs whose decoder can become one, and the recipe that follows.

Reads recipes only and needs no torch; the weights are copied when training begins.
"""

from __future__ import annotations

from core.recipes.recipe import TRAINED_ALONE, Recipe
from core.runs import index
from core.runs import run as runs_run
from core.runs.run import Run, RunError

INHERITED = ("image_shape", "network", "hidden", "channels", "activation", "latent_dim", "likelihood", "sigma", "beta")
"""What a generator takes from its source: it is the same network, and its images mean the same."""

_BEST_FIRST = ("vae", "vad", "ad", "ae")


def sources(dataset: str | None = None, folder: str = "") -> list[Run]:
    """Runs whose decoder can become a generator, of those trained on these images or of all: VAEs first, then by kind;
    the newest first."""
    found = [
        run
        for run in index.list_runs()
        if run.error is None
        and run.has_weights
        and run.recipe.model in TRAINED_ALONE
        and dataset in (None, run.recipe.dataset)
        and (dataset != "folder" or run.recipe.folder == folder)
    ]
    return sorted(found, key=lambda run: _BEST_FIRST.index(run.recipe.model))  # stable: newest first within a kind


def resolved(recipe: Recipe) -> Recipe:
    """The recipe of a GAN with its source named and the source's network in it; any other recipe as it is.

    Raises:
        RunError: the source is missing, untrained, a GAN itself or trained on other images; or none was named, the
            generator is to start as a decoder, and there is no run that fits.
    """
    if recipe.model != "gan":
        return recipe
    if recipe.source:
        source = _named(recipe)
    else:
        found = sources(recipe.dataset, recipe.folder)
        if not found and recipe.generator == "decoder":
            raise RunError(
                f"There is no run on {recipe.dataset} whose decoder could become the generator. Train a VAE "
                "first, or let the generator start from scratch."
            )
        if not found:
            return recipe.with_(source_model="none")
        source = found[0]
    return taken_over(recipe, source)


def taken_over(recipe: Recipe, source: Run) -> Recipe:
    """The recipe of a GAN from that source: its name, its kind and its network."""
    taken = {name: getattr(source.recipe, name) for name in INHERITED}
    return recipe.with_(source=source.name, source_model=source.recipe.model, **taken)


def _named(recipe: Recipe) -> Run:
    source = runs_run.open_run(recipe.source)
    theirs = source.recipe
    if theirs.model not in TRAINED_ALONE:
        raise RunError(
            f"source: '{source.name}' is a {theirs.model.upper()} itself. Choose an autoencoder, a VAE "
            "or an auto-decoder."
        )
    if (theirs.dataset, theirs.folder) != (recipe.dataset, recipe.folder):
        raise RunError(
            f"source: '{source.name}' was trained on {theirs.dataset}, this recipe is for {recipe.dataset}. "
            "Choose a run on the same images."
        )
    if not source.has_weights:
        raise RunError(f"source: '{source.name}' has no weights yet. Train it first.")
    return source
