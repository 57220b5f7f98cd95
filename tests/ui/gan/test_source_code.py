"""The parts of the diagram on the VAE → GAN page: each has code that exists, for every kind of source."""

import pytest

from core.recipes import presets
from core.recipes.family import FAMILIES
from core.system import paths
from ui.gan import diagram, source_code
from ui.shared.source_code import file_of, source_of

SOURCES = [key for key, family in FAMILIES.items() if family.generator_source]


@pytest.mark.parametrize("kind", [*SOURCES, "none"])
@pytest.mark.parametrize("part", source_code.PARTS)
def test_the_code_of_every_part_exists_for_every_kind_of_source(part, kind):
    recipe = presets.preset("decoder-gan").with_(source_model=kind)
    shown = source_code.PARTS[part].code(recipe)
    assert shown and all((paths.ROOT / file_of(code)).is_file() for code in shown)
    assert all(source_of(code).startswith(("def ", "class ", "@")) for code in shown)


def test_the_discriminator_that_is_shown_is_the_runs():
    for network, name in (("conv", "discriminator"), ("mlp", "mlp_discriminator")):
        recipe = presets.preset("decoder-gan").with_(d_network=network)
        assert [code.__name__ for code in source_code.PARTS["discriminator"].code(recipe)] == [name]
    assert diagram.labels(recipe)["discriminator.inside"] == "784 → 512 → 1"


def test_a_source_without_an_encoder_shows_the_search_instead():
    for kind in SOURCES:
        recipe = presets.preset("decoder-gan").with_(source_model=kind)
        names = [code.__name__ for code in source_code.PARTS["encoder"].code(recipe)]
        assert ("search" in names) == (not FAMILIES[kind].encoder)
