"""Source of a GAN's generator: runs whose decoder can become one, and the GAN's recipe that follows.

Reads recipes only and needs no torch; the weights are copied when training begins.
"""

from __future__ import annotations

from core.recipes.family import FAMILIES, generator_sources
from core.recipes.recipe import Recipe
from core.runs import index
from core.runs import run as runs_run
from core.runs.run import Run, RunError
from core.system import user_paths

INHERITED = (
    "image_shape",
    "network",
    "hidden",
    "channels",
    "activation",
    "linear_path",
    "latent_dim",
    "likelihood",
    "sigma",
    "beta",
)
"""Recipe fields that a GAN takes from its source: the generator is the same network with the same likelihood."""

PIXEL_FIELDS = ("levels", "ground", "polarity", "fit", "attribute")
"""Further ones: D sees the pixels that the source was trained on, and samples are judged by the same classes."""


def sources(dataset: str | None = None, folder: str = "") -> list[Run]:
    """Runs whose decoder can become a generator, of one data set or of all: in the families' order of preference,
    then newest first."""
    found = [
        run
        for run in index.list_runs()
        if run.error is None
        and run.has_weights
        and run.recipe.family.generator_source
        and dataset in (None, run.recipe.dataset)
        and (dataset != "folder" or user_paths.same(run.recipe.folder, folder))
    ]
    return sorted(found, key=lambda run: run.recipe.family.generator_source)  # stable: newest first within a family


def refusal(recipe: Recipe) -> str:
    """Why the decoder of such a run cannot become a generator, the end of a sentence; empty if it can."""
    family = recipe.family
    return "" if family.generator_source else family.not_generator or "its decoder needs more than a z"


def resolved(recipe: Recipe) -> Recipe:
    """A GAN's recipe completed with the name of its source and the source's network; any other recipe unchanged.

    Raises:
        RunError: the source is missing, untrained, a GAN itself or trained on other images; or no source is named,
            the generator is to start as a decoder, and no run fits.
    """
    if not recipe.family.adversarial:
        return recipe
    if recipe.source:
        source = _named(recipe)
    else:
        found = sources(recipe.dataset, recipe.folder)
        if not found and recipe.generator != "scratch":
            raise RunError(
                f"There is no run on {recipe.dataset} whose decoder could become the generator. Train a VAE "
                "first, or let the generator start from scratch."
            )
        if not found:
            return recipe.with_(source_model="none")
        source = found[0]
    return taken_over(recipe, source)


def taken_over(recipe: Recipe, source: Run) -> Recipe:
    """A GAN's recipe with the name, the family and the network of that source."""
    taken = {name: getattr(source.recipe, name) for name in INHERITED + PIXEL_FIELDS}
    return recipe.with_(source=source.name, source_model=source.recipe.model, **taken)


def _named(recipe: Recipe) -> Run:
    source = runs_run.open_run(recipe.source)
    theirs = source.recipe
    if reason := refusal(theirs):
        names = [FAMILIES[key].abbreviation for key in generator_sources()]
        raise RunError(
            f"source: '{source.name}' cannot become a generator: {reason}. Choose a trained "
            f"{', '.join(names[:-1])} or {names[-1]}."
        )
    if theirs.dataset != recipe.dataset or not user_paths.same(theirs.folder, recipe.folder):
        raise RunError(
            f"source: '{source.name}' was trained on {theirs.dataset}, this recipe is for {recipe.dataset}. "
            "Choose a run on the same images."
        )
    if not source.has_weights:
        raise RunError(f"source: '{source.name}' has no weights yet. Train it first.")
    return source
