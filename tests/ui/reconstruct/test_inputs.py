"""Which models stand side by side on the Reconstruct page."""

import pytest

from core import runs
from core.runs import Run
from tests.tiny_runs import tiny
from ui.reconstruct.inputs import of_one_size


@pytest.fixture
def made():
    """Makes a run with (empty) weights."""

    def make(preset: str, name: str, **changes) -> Run:
        run = runs.create(tiny(preset, **changes), name)
        (run.path / "best.safetensors").touch()
        return run

    return make


def names(found: list[Run]) -> list[str]:
    return [run.name for run in found]


def test_models_of_one_size_differ_by_their_family_alone(made):
    found = [
        made("plane-ae", "ae"),
        made("plane-vae", "vae"),
        made("plane-vae", "vae-strong", beta=4.0),
        made("plane-ad", "ad"),
        made("plane-ae", "ae-wide", hidden=(64,)),
        made("plane-vae", "vae-wide", hidden=(64,)),
        made("mlp-vae", "vae-20", latent_dim=20),
        made("plane-ae", "ae-20", latent_dim=20, likelihood="mse"),
        made("decoder-gan", "gan", source="vae", source_model="vae"),
    ]
    alike = of_one_size(found)
    assert names(alike) == ["ae", "vae", "ad"]
    recipes = [run.recipe for run in alike]
    assert len({(r.latent_dim, r.hidden, r.likelihood, r.beta) for r in recipes}) == 1
    assert names(of_one_size([run for run in found if run.name not in ("ad", "ae")])) == ["ae-wide", "vae-wide"]


def test_of_two_sets_of_as_many_families_the_larger_latent_space_is_taken_and_one_family_is_no_set(made):
    small = [made("plane-ae", "ae-2"), made("plane-vae", "vae-2")]
    large = [made("plane-ae", "ae-8", latent_dim=8), made("plane-vae", "vae-8", latent_dim=8)]
    assert names(of_one_size([*small, *large])) == ["ae-8", "vae-8"]
    assert of_one_size([small[0], large[1]]) == [] == of_one_size([])
