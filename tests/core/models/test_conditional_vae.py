"""The conditional VAE against torch.distributions, brute force, and a classifier that has never seen its images."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from core import data
from core.evaluation import metrics
from core.images import convert
from core.latent import codec, encoding, mixture, sampling
from core.latent import search as latent_search
from core.models import build
from core.models.conditional_vae import PAIRS, on_simplex
from core.recipes.adaptation import for_digits
from core.recipes.presets import preset
from core.system.progress import Steps
from tests.tiny_runs import tiny

D, CLASSES = 3, 10

ASKED, CHANGED, INFERRED, PROBED = 0.96, 0.97, 0.93, 0.4
"""Thresholds. Measured: 0.99, 1.00, 0.97, 0.28; of the probe a tenth is chance."""


@pytest.fixture
def model():
    """A small model whose classes differ already."""
    made = build(tiny("cvae", latent_dim=D)).eval()
    with torch.no_grad():
        made.encoder.class_images.normal_(generator=torch.Generator().manual_seed(1))
        digits = torch.from_numpy(data.load("digits").train_images[:CLASSES] / 255).float()
        first, last = made.decoder.body[0].weight, made.decoder.body[2].weight
        first[:CLASSES, D:] = 5 * torch.eye(CLASSES)  # a hidden unit for each class, which draws another digit
        last[:, :CLASSES] += digits.flatten(1).T - 0.5
    return made.requires_grad_(False)


@pytest.fixture
def images():
    return torch.from_numpy(data.load("digits").test_images[:6] / 255).float()[:, None]


def one_hot(labels):
    return F.one_hot(torch.as_tensor(labels), CLASSES).float()


def test_class_weights_become_shares_of_one():
    weights = torch.tensor([[0.0, 1.0, 0.0], [2.0, 6.0, 0.0], [-3.0, 1.0, 1.0], [0.0, 0.0, 0.0], [-1.0, -2.0, -3.0]])
    third = [1 / 3] * 3
    wanted = torch.tensor([[0.0, 1.0, 0.0], [0.25, 0.75, 0.0], [0.0, 0.5, 0.5], third, third])
    torch.testing.assert_close(on_simplex(weights), wanted)


def test_the_loss_is_the_negative_elbo_computed_by_hand(model, images):
    labels, epsilon = torch.tensor([3, 1, 4, 1, 5, 9]), torch.randn(6, D, generator=torch.Generator().manual_seed(2))
    mean, logvar = model.encoder.body(images + model.encoder.class_images[labels]).chunk(2, 1)
    q = Normal(mean, (0.5 * logvar).exp())
    z = mean + q.stddev * epsilon
    logits = model.decoder.body(torch.cat([z, one_hot(labels)], 1))
    recon = F.binary_cross_entropy_with_logits(logits, images, reduction="none").sum((1, 2, 3))
    kl = kl_divergence(q, Normal(0.0, 1.0)).sum(1)
    posterior = model.encode_as(images, labels)
    found = model.losses_at(posterior, posterior.at(epsilon), images)
    torch.testing.assert_close(found.recon, recon)
    torch.testing.assert_close(found.kl, kl)
    torch.testing.assert_close(model.style(posterior.mean), mean)
    torch.testing.assert_close(posterior.mean[:, D:], one_hot(labels))
    scored = metrics.score(model, (images * 255).round().byte(), labels=labels)
    assert scored.kl == pytest.approx(float(kl.mean()), rel=1e-4) and scored.kl_per_dim.shape == (D,)


def test_an_image_without_a_label_gets_the_class_of_the_highest_elbo(model, images):
    """Brute force: every image alone with every class, at the same draws."""
    half = torch.randn(PAIRS, D, generator=torch.Generator().manual_seed(0))
    table = torch.zeros(len(images), CLASSES)
    for i, image in enumerate(images):
        for k in range(CLASSES):
            mean, logvar = model.encoder.body(image[None] + model.encoder.class_images[k]).chunk(2, 1)
            q = Normal(mean, (0.5 * logvar).exp())
            values = []
            for epsilon in (*half, *-half):
                logits = model.decoder.body(torch.cat([mean + q.stddev * epsilon, one_hot([k])], 1))
                values.append(Bernoulli(logits=logits, validate_args=False).log_prob(image[None]).sum())
            table[i, k] = torch.stack(values).mean() - kl_divergence(q, Normal(0.0, 1.0)).sum()
    best = table.argmax(1)
    assert len(set(best.tolist())) > 1
    assert model.best_class(images).tolist() == best.tolist()
    assert model.encode(images).mean[:, D:].argmax(1).tolist() == best.tolist()
    mixed = torch.tensor([-1, 3, -1, 3, 3, 3])
    assert model.encode_as(images, mixed).mean[:, D:].argmax(1).tolist() == [best[0], 3, best[2], 3, 3, 3]
    alone = torch.cat([model.encode(image[None]).mean for image in images])
    torch.testing.assert_close(alone, model.encode(images).mean, msg="other images have no say")
    second = table.scatter(1, best[:, None], -torch.inf).argmax(1)
    model.class_share.fill_(1.0)[best[0]] = 0.0  # as if the training had left that class out
    assert model.best_class(images[:1]).tolist() == [second[0]]


@pytest.mark.parametrize("label", [10, -2])
def test_a_label_out_of_range_is_an_error_that_names_the_labels(model, images, label):
    with pytest.raises(ValueError, match=rf"no class {label}.*10 classes are 0 to 9"):
        model.encode_as(images[:2], torch.tensor([0, label]))


def test_samples_have_every_class_alike_at_any_temperature_and_no_class_that_was_left_out(model):
    for temperature in (0.1, 1.0):
        z = mixture.draw(model, "prior", 4_000, 0, temperature)
        classes = z[:, D:].argmax(1)
        assert set(np.unique(z[:, D:])) == {0.0, 1.0} and (z[:, D:].sum(1) == 1).all()
        share = np.bincount(classes, minlength=10) / 4_000
        assert np.abs(share - 0.1).max() < 4 * np.sqrt(0.09 / 4_000)
        assert z[:, :D].std() == pytest.approx(temperature, rel=0.05)
    model.class_share.copy_(torch.tensor([0.5, 0.5] + [0.0] * 8))
    for source in ("prior", "gaussian"):
        assert set(mixture.draw(model, source, 200, 0)[:, D:].argmax(1)) == {0, 1}
    fitted = mixture.fit(np.random.default_rng(0).normal(3, 1, (200, D)))
    drawn = mixture.draw(model, "mixture", 200, 0, mixture=fitted)
    np.testing.assert_array_equal(drawn[:, :D], fitted.draw(200, 0))
    assert set(drawn[:, D:].argmax(1)) == {0, 1}


def test_a_search_moves_the_style_and_keeps_the_class(model, images):
    best = model.best_class(images)
    found = Steps(latent_search.search(model, images, steps=20)).end()
    torch.testing.assert_close(found.posterior.mean[:, D:], one_hot(best))
    start = model.encode(images)
    assert (found.posterior.style - start.style).abs().max() > 0.01
    assert found.posterior.kl().shape == (6, D)


def test_any_vector_decodes_to_an_image(model):
    z = torch.cat([torch.zeros(3, D), torch.tensor([[0.0] * 10, [-1.0] * 10, [0.5, 0.5] + [0.0] * 8])], 1)
    pictures = model.decode(z)
    assert pictures.isfinite().all()
    torch.testing.assert_close(pictures[0], pictures[1])


# The trained model: 40 epochs on 1,500 digits, a few seconds.


@pytest.fixture(scope="module")
def trained_model():
    recipe = for_digits(preset("cvae-fast"))
    trainer = recipe.family.trainer_class()(recipe, torch.device("cpu"))
    while trainer.epoch < recipe.epochs:
        trainer.step()
        if trainer.epoch_done:
            trainer.end_epoch()
    trainer.validate()
    return trainer.model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def judge():
    """A support vector machine on the pixels (scikit-learn): right on 99 % of the test digits."""
    from sklearn.svm import SVC

    digits = data.load("digits")
    machine = SVC(C=10).fit(digits.train_images.reshape(len(digits.train_images), -1) / 255, digits.train_labels)
    assert machine.score(digits.test_images.reshape(len(digits.test_images), -1) / 255, digits.test_labels) > 0.95
    return lambda pictures: machine.predict(pictures.reshape(len(pictures), -1) / 255)


@pytest.mark.slow
def test_the_asked_class_is_what_a_classifier_sees(trained_model, judge):
    z = sampling.draws(trained_model, 500, 0)
    asked = z[:, trained_model.style_dim :].argmax(1)
    assert (judge(codec.decode(trained_model, z)) == asked).mean() > ASKED


@pytest.mark.slow
def test_the_style_of_a_digit_can_be_kept_while_its_class_changes(trained_model, judge):
    digits, d = data.load("digits"), trained_model.style_dim
    z = codec.encode(trained_model, digits.test_images[:100], labels=digits.test_labels[:100])
    for label in (2, 7):
        other = z.copy()
        other[:, d:] = np.eye(10)[label]
        assert (judge(codec.decode(trained_model, other)) == label).mean() > CHANGED
    back = np.square((codec.decode(trained_model, z) - digits.test_images[:100].astype(float)) / 255).mean()
    assert back < 0.03, "its own class brings it back"


@pytest.mark.slow
def test_the_class_that_explains_a_digit_best_is_mostly_its_own_and_the_style_says_little_of_it(trained_model):
    from sklearn.linear_model import LogisticRegression

    digits = data.load("digits")
    x = convert.to_tensor(digits.test_images)
    assert (trained_model.best_class(x).numpy() == digits.test_labels).mean() > INFERRED
    style = [
        trained_model.style(codec.encode(trained_model, pictures, labels=labels))
        for pictures, labels in (
            (digits.train_images, digits.train_labels),
            (digits.test_images, digits.test_labels),
        )
    ]
    probe = LogisticRegression(max_iter=1_000).fit(style[0], digits.train_labels)
    assert probe.score(style[1], digits.test_labels) < PROBED


@pytest.mark.slow
def test_the_moments_are_those_of_the_training_images_with_their_classes(trained_model):
    digits = data.load("digits")
    recipe = for_digits(preset("cvae-fast"))
    train, _ = data.split(digits, recipe.validation)
    share = np.bincount(digits.train_labels[train], minlength=10) / len(train)
    np.testing.assert_allclose(trained_model.class_share.numpy(), share, rtol=1e-6)
    z = codec.encode(trained_model, digits.train_images[train], labels=digits.train_labels[train])
    np.testing.assert_allclose(trained_model.latent_mean.numpy(), z.mean(0), atol=1e-5)
    labels = torch.from_numpy(digits.train_labels[train])
    alike = encoding.means(trained_model, convert.to_byte_tensor(digits.train_images[train]), 500, labels)
    np.testing.assert_allclose(alike.numpy(), z, atol=1e-5)
