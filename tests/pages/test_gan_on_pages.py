"""Every page with a GAN among the runs: from each kind of source, and from scratch with nothing behind it."""

import pytest

from core.system import paths
from tests.pages.page_tools import open_page, text_of
from tests.tiny_gans import FIGURES, gan_run
from tests.tiny_runs import tiny, trained

pytestmark = pytest.mark.usefixtures("classifier_in_training")

KINDS = ("vae", "ae", "ad", "vad", "none")


visit = open_page


@pytest.mark.parametrize("d", [2, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_generate_works_and_says_whose_kl_it_is(kind, d):
    gan_run("game", kind, latent_dim=d)
    page = visit("generate", run="game")
    assert not page.error
    page.button(key="generate_random").click().run()
    page.run()
    assert not page.exception
    said = text_of(page)
    if kind == "none":
        assert "no measure of how much each dimension matters" in said
    elif kind in ("vae", "vad"):
        assert "a GAN itself has no KL" in said
    else:
        assert "KL" not in said.split("Sliders are ordered")[1].split("\n")[0]


@pytest.mark.parametrize("kind, possible", [("vae", 1), ("ae", 1), ("ad", 0), ("vad", 0), ("none", 0)])
def test_a_mixture_is_offered_only_where_there_are_latents_to_fit_it_to(kind, possible):
    gan_run("game", kind)
    page = visit("generate", run="game")
    options = page.radio(key=next(r.key for r in page.radio if r.key.startswith("generate_grid_from"))).options
    assert ("Mixture of Gaussians" in options) == possible


@pytest.mark.parametrize("kind", KINDS)
def test_reconstruct_finds_a_place_and_claims_no_elbo(kind):
    gan_run("game", kind)
    page = visit("reconstruct", runs="game")
    assert not page.error and not page.warning
    page.session_state["reconstruct_depth"] = True
    page.run()
    assert not page.exception
    assert "β" not in "".join(b.label for b in page.button)


@pytest.mark.parametrize("kind", KINDS)
def test_interpolate_walks_through_a_generator(kind):
    gan_run("game", kind)
    page = visit("interpolate", run="game")
    assert not page.error and not page.warning


@pytest.mark.slow
@pytest.mark.parametrize("name", ["map", "outliers"])
def test_where_images_must_have_a_place_a_gan_is_left_out_and_the_address_says_why(name):
    trained(tiny(), "first")
    gan_run("game")
    page = visit(name, run="game")
    assert page.selectbox(key="run_box").options == ["first · " + tiny().summary()]
    assert "names a GAN" in page.warning[0].value
    assert not any("address names" in warning.value for warning in visit(name).warning)


@pytest.mark.parametrize("name", ["map", "outliers"])
def test_a_lab_with_nothing_but_a_gan_says_what_to_do(name):
    gan_run("game")
    page = visit(name)
    assert "Train your first model" in [button.label for button in page.button]


def test_a_gan_on_a_plane_is_none_of_the_four_families():
    trained(tiny(), "flat")
    gan_run("game", latent_dim=2)
    page = visit("planes")
    (box,) = page.multiselect
    assert box.options and all("game" not in option for option in box.options)


def test_home_and_train_name_a_gans_figures_for_what_they_are():
    run = gan_run("game", evaluation=FIGURES)
    run.update_status(state="finished", epoch=3, best_total=12.3, best_epoch=2)
    (run.path / "frames").mkdir(exist_ok=True)
    (run.path / "frames" / "0003.png").write_bytes(
        next((paths.ROOT / "models_ckpt" / "example-mlp-vae" / "frames").glob("*.png")).read_bytes()
    )
    visit("app")
    said = text_of(visit("train"))
    assert "best Fréchet distance 12.3" in said and "validation total" not in said
