"""The examples that travel with every clone: complete, small, and as good as their own record says."""

import numpy as np
import pytest
import torch

from core import data, runs
from core.data import DataError
from core.evaluation import bound, holes, metrics, plane_measures, sample_quality
from core.images import convert
from core.latent import codebook, codec, sampling
from core.priors import samplers, store
from core.priors.kinds import FLOW, TRANSFORMER
from core.recipes.examples import EXAMPLES, GAN_SOURCE, lesson
from core.runs import figures, gan_source, weights
from core.runs.images import images_of
from core.system import paths
from core.system.progress import Steps

FOLDER = paths.ROOT / "models_ckpt"
GANS = [name for name, example in EXAMPLES.items() if example.recipe.family.adversarial]


def example(name: str) -> runs.Run:
    return runs.Run(FOLDER / name)


def images(run: runs.Run) -> data.ImageSet:
    try:
        return images_of(run)
    except DataError:
        pytest.skip("needs the real MNIST files: set LATENT_LAB_DATA to a folder that holds them")


@pytest.mark.parametrize("name", EXAMPLES)
def test_each_example_is_there_as_its_recipe_says(name):
    run, recipe = example(name), EXAMPLES[name].recipe
    assert run.error is None and run.status["state"] == "finished" and run.lesson == lesson(name)
    if recipe.family.adversarial:  # its network is the source's
        recipe = gan_source.taken_over(recipe.with_(source=GAN_SOURCE), example(GAN_SOURCE))
    assert run.recipe == recipe, "recipe changed: run models_ckpt/make_examples.py"
    assert run.frames()[0] == 0 and run.frames()[-1] == run.epochs
    assert len(run.history()["step"]) > 100


def test_there_is_no_other_example_and_each_lesson_is_one_sentence_that_fits_a_picker():
    assert {folder.name for folder in FOLDER.glob("example-*")} == set(EXAMPLES)
    for listed in EXAMPLES.values():
        assert 30 < len(listed.lesson) <= 110 and listed.lesson.endswith(".") and listed.lesson.count(". ") == 0
    assert lesson("example-of-mine") == ""


@pytest.mark.slow
def test_the_autoencoders_plane_has_the_holes_that_its_lesson_names():
    found = {}
    for name in ("example-plane-ae", "example-plane-vae"):
        run = example(name)
        found[name] = Steps(plane_measures.measure_steps(weights.load_model(run), run.recipe, images_of(run))).end()
    without, with_prior = found.values()
    assert without.prior.sure == pytest.approx(0.8, abs=0.04), "a fifth of the draws are no clear digit"
    assert without.prior.classes == 4 and with_prior.prior.classes == 10
    assert without.prior.sure < with_prior.prior.sure - 0.04 and without.fitted.sure < with_prior.fitted.sure


def test_the_flow_that_an_example_has_avoids_the_holes_of_its_plane_and_reaches_its_latents():
    run = example("example-plane-ae")
    model = weights.load_model(run)
    _, latents = codec.training_latents(model, run.recipe, images_of(run), 5_000)
    density = holes.density_of(latents)
    assert store.usable(run) == [FLOW], "learn it again: models_ckpt/make_examples.py --priors"
    shares = {}
    for source in ("prior", "gaussian", "flow"):
        z = samplers.for_run(run, model, source).draw(2_000, 0)
        shares[source] = density.share_in_holes(z), holes.share_reached(z, latents)
    assert shares["flow"][0] < 0.05 < shares["gaussian"][0] and shares["flow"][1] > 0.96
    assert shares["prior"][1] < 0.2, "N(0, I) is narrow beside this model's latents"


def test_the_prior_over_codes_that_an_example_has_knows_which_codes_stand_together():
    """Codes of test images, which it has not seen, are far more probable than by the frequency of each code alone."""
    run = example("example-vq-vae")
    model = weights.load_model(run)
    assert store.usable(run) == [TRANSFORMER], "learn it again: models_ckpt/make_examples.py --priors"
    prior = store.load(run, TRANSFORMER, model)
    codes = codebook.of_latents(model, codec.encode(model, images_of(run).test_images))
    alone = np.log(np.maximum(codebook.shares(model), 1e-6))[codes].sum((1, 2)).mean()
    assert float(prior.log_probability(torch.from_numpy(codes)).mean()) > alone + 20


def test_the_sizes_of_latent_space_differ_in_nothing_else_and_level_off_as_their_lessons_say():
    by_size = {d: example(f"example-{name}") for d, name in {2: "plane-vae", 20: "vae-20d", 128: "vae-128d"}.items()}
    assert [run.recipe.latent_dim for run in by_size.values()] == list(by_size)
    assert len({run.recipe.with_(latent_dim=2) for run in by_size.values()}) == 1
    mse = {d: run.evaluation()["mse"] for d, run in by_size.items()}
    used = {d: run.evaluation()["active_units"] for d, run in by_size.items()}
    assert mse[20] < mse[2] / 2 and 0.85 * mse[20] < mse[128] < mse[20]
    assert used[2] == 2 and used[20] == 10 and used[128] < 64


def test_independent_dimensions_tell_factors_apart_better_at_more_error_as_the_lesson_says():
    tc, vae = (example(f"example-{name}").evaluation() for name in ("tc-vae", "shapes-vae"))
    assert tc["mig"] > 1.9 * vae["mig"] and tc["active_units"] < vae["active_units"] and tc["mse"] > vae["mse"]


def test_the_denoising_autoencoder_fills_holes_in_with_a_third_of_the_other_one_s_error():
    errors = {}
    for name in ("example-denoising-ae", "example-deep-ae"):
        run = example(name)
        model, test = weights.load_model(run), images_of(run).test_images
        hidden = np.random.default_rng(0).random(test.shape) < 0.4
        made = codec.decode(model, codec.encode(model, np.where(hidden, 0, test).astype(np.uint8)))
        errors[name] = float(np.square((made - test.astype(float))[hidden] / 255).mean())
    one, other = errors.values()
    assert one / other == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.slow
def test_points_can_have_a_prior_to_draw_from():
    wae, ae = (example(f"example-{name}") for name in ("wae", "deep-ae"))
    quality = sample_quality.for_dataset(images_of(wae))
    found = [
        quality.measure(codec.decode(weights.load_model(run), sampling.prior(1_000, d, 0)))
        for run, d in ((wae, 8), (ae, 32))
    ]
    assert found[0].modes == 10 and found[0].sure > 0.7 and found[0].frechet < found[1].frechet / 4


@pytest.mark.slow
def test_the_bound_of_the_model_trained_on_five_draws_gains_more_with_samples_than_a_vae_s():
    gains = {}
    for name in ("iwae", "mlp-vae", "conv-vae"):
        run = example(f"example-{name}")
        found = Steps(bound.measure_steps(weights.load_model(run), images_of(run), 128)).end()
        gains[name] = found.values[0] - found.values[-1]
    assert gains["iwae"] > 1.2 * max(gains["mlp-vae"], gains["conv-vae"])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in EXAMPLES if name not in GANS])
def test_each_example_scores_what_its_record_says(name):
    run = example(name)
    test, used = images(run), figures.weights_at(run)
    found = metrics.evaluate(weights.load_model(run), test.test_images, weights=used, labels=test.test_labels)
    assert found["total"] == pytest.approx(run.evaluation()["total"], rel=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize("name", GANS)
def test_the_gan_among_them_carries_what_it_came_from_and_its_discriminator_has_an_opinion(name):
    run = example(name)
    recipe, source = run.recipe, example(GAN_SOURCE).recipe
    assert recipe.source == GAN_SOURCE
    assert (recipe.hidden, recipe.latent_dim, recipe.source_model) == (source.hidden, source.latent_dim, "vae")
    model = weights.load_model(run)
    found = Steps(sample_quality.evaluation_steps(model, images(run))).end()
    assert found["frechet"] == pytest.approx(run.evaluation()["frechet"], rel=0.05)
    assert found["frechet"] < found["before"]["frechet"] and found["modes"] == 10
    real, generated = verdicts(model, images(run))
    assert real.mean() - generated.mean() >= 0.3, "verdicts that lie all round one half teach nothing"


def verdicts(model, images: data.ImageSet) -> tuple[np.ndarray, np.ndarray]:
    """D's probabilities of `real` for the test images, which it has never seen, and for as many draws of G."""
    with torch.inference_mode():
        x = convert.to_tensor(images.test_images)
        fake = model.decode(torch.from_numpy(sampling.draws(model, len(x), 0)))
        return tuple(torch.sigmoid(model.discriminator(pictures)).numpy() for pictures in (x, fake))


def test_the_examples_take_no_more_than_eight_megabytes_together():
    files = [f for folder in FOLDER.glob("example-*") for f in folder.rglob("*") if f.is_file()]
    assert 0 < sum(f.stat().st_size for f in files) <= 8_000_000
