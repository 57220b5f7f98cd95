"""A prior is learned from a run's latents, kept with the run, and drawn from; what cannot be is a sentence."""

import os

import numpy as np
import pytest

from core import runs
from core.latent import codec, mixture
from core.priors import learning, samplers, store
from core.priors.events import ENCODING, LEARNING
from core.priors.kinds import FLOW
from core.priors.latents import encode_steps
from core.runs import RunError, weights
from core.runs.images import images_of
from core.system.progress import Steps
from tests.core.priors.conftest import QUICK
from tests.tiny_gans import gan_run
from tests.tiny_runs import tiny, trained


def learn(run, settings=QUICK, stop=lambda: False):
    steps = Steps(learning.learn(run, FLOW, settings, "cpu", stop))
    return list(steps), steps.result


def test_latents_are_the_posteriors_of_the_training_images_with_their_classes(vae):
    model = weights.load_model(vae)
    latents = Steps(encode_steps(vae, model)).end()
    images = images_of(vae)
    index, means = codec.training_latents(model, vae.recipe, images, 64)
    assert np.allclose(latents.mean.numpy(), means, atol=1e-6) and latents.sigma.min() > 0
    assert np.array_equal(latents.labels.numpy(), images.train_labels[index]) and latents.classes == images.classes


def test_events_tell_how_far_it_is_and_show_samples(vae):
    events, kept = learn(vae)
    assert kept and {e.phase for e in events} == {ENCODING, LEARNING}
    last = events[-1]
    assert (last.done, last.total) == (20, 20) and last.losses[-1, 0] == 20
    assert last.pictures.dtype == np.uint8 and last.pictures.shape == (learning.SAMPLES, 28, 28)
    prior = store.load(vae, FLOW, weights.load_model(vae))
    shown = codec.decode(weights.load_model(vae), prior.draw(learning.SAMPLES, 0))
    assert np.array_equal(last.pictures, shown), "the last samples are those of the prior that was kept"


def test_a_stop_keeps_what_has_been_learned(vae):
    seen = []
    _, kept = learn(vae, stop=lambda: True)
    assert not kept and not store.kept(vae), "still encoding"
    steps = Steps(learning.learn(vae, FLOW, QUICK, "cpu", lambda: bool(seen)))
    seen.clear()
    for event in steps:
        if event.phase == LEARNING:
            seen.append(1)
    assert steps.result and store.facts(vae, FLOW).steps == 10 and store.usable(vae) == [FLOW]


def test_samplers_of_a_run_are_those_that_can_be_drawn_from(vae):
    model = weights.load_model(vae)
    assert samplers.offered(vae, model) == list(mixture.SAMPLERS)
    learn(vae)
    assert samplers.offered(vae, model) == [*mixture.SAMPLERS, "flow"]
    for source in samplers.offered(vae, model):
        sampler = samplers.for_run(vae, model, source)
        z = sampler.draw(6, 2)
        assert z.shape == (6, 3) and z.dtype == np.float32 and np.array_equal(z, sampler.draw(6, 2))
        assert not np.array_equal(z, sampler.draw(6, 3))
    assert np.array_equal(samplers.for_run(vae, model, "prior").draw(4, 1), mixture.draw(model, "prior", 4, 1))


def test_a_flow_of_a_conditional_model_is_one_of_styles_and_each_gets_its_class():
    run = trained(tiny("cvae"), "told")
    learn(run)
    model = weights.load_model(run)
    prior = store.load(run, FLOW, model)
    z = prior.draw(40, 3)
    assert z.shape == (40, model.latent_dim) and prior.network.d == model.style_dim
    classes = z[:, model.style_dim :]
    assert np.array_equal(np.sort(classes, 1)[:, -1], np.ones(40)) and (classes.sum(1) == 1).all()
    assert len({row.argmax() for row in classes}) > 1, "random classes"
    sevens = prior.draw(40, 3, label=7, guidance=0.0)
    assert (sevens[:, model.style_dim :].argmax(1) == 7).all()
    assert np.array_equal(model.style(sevens), model.style(z)), "at guidance 0 the style does not know the class"
    path = prior.path(np.zeros((3, model.style_dim), np.float32), 4, label=2)
    assert path.shape == (5, 3, model.latent_dim) and (path[..., model.style_dim :].argmax(-1) == 2).all()


def test_of_a_latent_table_the_rows_are_learned_without_any_images(monkeypatch, tmp_path):
    run = trained(tiny("variational-auto-decoder", network="mlp", epochs=1))
    monkeypatch.setattr("core.latent.latent_table.images_of", _missing)
    events, kept = learn(run)
    assert kept and events[-1].points.shape == (learning.POINTS, 2), "points of a plane are shown as well"
    assert store.facts(run, FLOW).images == 64


def _missing(run):
    raise learning_data_error()


def learning_data_error():
    from core.data import DataError

    return DataError("The images are missing.")


def test_what_cannot_be_learned_says_why(vae, monkeypatch):
    untrained = runs.create(tiny("mlp-vae"), "untrained")
    with pytest.raises(RunError, match="'untrained' has no weights yet. Train it first."):
        next(learning.learn(untrained, FLOW, QUICK))
    with vae.lock(), pytest.raises(RunError, match="is training now. Stop it first"):
        next(learning.learn(vae, FLOW, QUICK))
    gan = gan_run("gan")
    with pytest.raises(RunError, match="A GAN is trained to turn the noise"):
        next(learning.learn(gan, FLOW, QUICK))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_computed(vae):
    vae.path.chmod(0o500)
    try:
        with pytest.raises(RunError, match="cannot be written to, and a learned prior is kept there"):
            next(learning.learn(vae, FLOW, QUICK))
    finally:
        vae.path.chmod(0o700)


def test_a_run_that_was_deleted_meanwhile_is_a_sentence(vae):
    with pytest.raises(RunError, match="'vae' was renamed or deleted. Its flow prior was not kept"):
        for event in learning.learn(vae, FLOW, QUICK, "cpu"):
            if event.phase == LEARNING and vae.path.exists():
                vae.delete()


def test_a_loss_that_is_not_finite_ends_it_and_keeps_nothing(vae, monkeypatch):
    from core.priors import flow
    from core.priors.kinds import Learning

    monkeypatch.setattr(flow, "learn", lambda latents, model, settings: iter([Learning(1, 9, float("nan"), _Still())]))
    with pytest.raises(RunError, match="no longer finite. Learn the prior again with a lower learning rate"):
        learn(vae)
    assert not store.kept(vae)


class _Still:
    def draw(self, n, seed, temperature=1.0):
        return np.zeros((n, 3), np.float32)
