"""Where a generator comes from: the newest run that fits, or a named one, or a sentence."""

import pytest

from core import runs
from core.recipes.family import FAMILIES
from core.recipes.recipe import Recipe
from core.runs import RunError, gan_source
from core.system import paths
from tests.pages.page_tools import untrained
from tests.tiny_runs import tiny, trained

GAN = Recipe(model="gan", dataset="digits")


def test_the_network_is_the_source_s():
    trained(tiny(hidden=(24,), latent_dim=5, beta=2.0), "mine")
    made = gan_source.resolved(GAN)
    assert (made.source, made.source_model, made.hidden, made.latent_dim, made.beta) == ("mine", "vae", (24,), 5, 2.0)
    assert runs.create(GAN).recipe == made


def test_a_vae_comes_before_an_autoencoder_and_the_newest_first():
    for name, preset in (("old", "mlp-vae"), ("new", "mlp-vae"), ("ae", "deep-ae")):
        trained(tiny(preset), name)
    assert [run.name for run in gan_source.sources("digits")] == ["new", "old", "ae"]
    assert gan_source.sources("mnist") == []


def test_a_named_source_is_taken_and_another_family_s_recipe_left_alone():
    for name in ("one", "two"):
        trained(tiny(), name)
    assert gan_source.resolved(GAN.with_(source="one")).source == "one"
    assert gan_source.resolved(tiny()) == tiny()


def test_without_any_run_only_a_generator_from_scratch_can_begin():
    with pytest.raises(RunError, match="Train a VAE first, or let the generator start from scratch"):
        gan_source.resolved(GAN)
    made = gan_source.resolved(GAN.with_(generator="scratch", latent_dim=7))
    assert made.source_model == "none" and made.latent_dim == 7
    assert not list(paths.runs_folder().glob("*"))


def test_a_decoder_that_needs_more_than_z_is_refused_with_the_reason_and_not_offered():
    for name, preset in (("told", "cvae"), ("codes", "vq-vae-fast")):
        untrained(name, preset)
    assert gan_source.sources("digits") == []
    for name, words in (("told", "is told the class.* Choose a trained AE, VAE"), ("codes", "needs a grid of codes")):
        with pytest.raises(RunError, match=f"source: '{name}' cannot become a generator: its decoder {words}"):
            gan_source.resolved(GAN.with_(source=name))


def test_every_family_that_is_no_source_says_why():
    for family in FAMILIES.values():
        assert bool(family.generator_source) != bool(family.not_generator), family.key


def test_a_source_that_does_not_fit_is_named_with_its_reason():
    trained(tiny(), "mine")
    runs.create(tiny(), "untrained")
    gan = runs.create(GAN, "gan")
    for name, words in (("nobody", "no run 'nobody'"), ("untrained", "no weights yet"), (gan.name, "a GAN itself")):
        with pytest.raises(RunError, match=words):
            gan_source.resolved(GAN.with_(source=name))
    with pytest.raises(RunError, match="'mine' was trained on digits, this recipe is for mnist"):
        gan_source.resolved(GAN.with_(source="mine", dataset="mnist"))
