"""Variants of the ELBO: the importance-weighted bound against logsumexp, free bits against the definition."""

import math

import numpy as np
import pytest
import torch
from torch.distributions import Normal

from core.evaluation import metrics
from core.images import convert
from core.models import Posterior, build, elbo
from core.recipes.recipe import Recipe, RecipeError
from core.training.autoencoder_trainer import AutoencoderTrainer, cyclic
from tests.core.models.test_likelihood import linear_world
from tests.tiny_runs import tiny

CPU = torch.device("cpu")


def test_the_two_terms_are_the_bound_and_have_its_gradient():
    model = build(tiny(latent_dim=3)).double()
    x = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    k, posterior = 7, model.encode(x)
    terms = elbo.importance_weighted(model, posterior, x, k, torch.Generator().manual_seed(1))
    noise = torch.randn(k * 5, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64).view(k, 5, 3)
    sigma = (0.5 * posterior.logvar).exp()
    z = posterior.mean + sigma * noise
    log_q, log_p = Normal(posterior.mean, sigma).log_prob(z).sum(2), Normal(0.0, 1.0).log_prob(z).sum(2)
    log_x = torch.stack([-model.likelihood.nll(model.decoder(one), x) for one in z])
    bound = math.log(k) - torch.logsumexp(log_x + log_p - log_q, 0)
    torch.testing.assert_close(terms["recon"] + terms["kl"], bound)
    weights = list(model.parameters())
    found, wanted = (
        torch.autograd.grad(loss.sum(), weights, retain_graph=True) for loss in (terms["recon"] + terms["kl"], bound)
    )
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(one, other)


def test_a_conditional_model_keeps_the_class_in_all_samples():
    model = build(tiny("cvae", importance_samples=9))
    x, labels = torch.rand(6, 1, 28, 28, generator=torch.Generator().manual_seed(0)), torch.arange(6)
    posterior = model.encode_as(x, labels)
    losses = model.loss(x, torch.Generator().manual_seed(1), posterior)
    weights = metrics.log_weights(model, x, posterior, 4_000, torch.Generator().manual_seed(2))
    groups = torch.logsumexp(weights[:3_996].view(444, 9, 6), 1) - math.log(9)
    bound, error = -groups.mean(0), groups.std(0)
    assert ((losses.recon + losses.kl - bound).abs() < 4 * error).all()


def test_on_a_linear_model_more_samples_tighten_the_loss_towards_log_p():
    model, x, truth = linear_world(noise=0.2)
    generator = torch.Generator().manual_seed(0)
    means, errors = [], []
    for k in (1, 5, 50):
        model.importance_samples = k
        draws = [-(losses.recon + losses.kl).mean() for losses in (model.loss(x, generator) for _ in range(60))]
        values = torch.stack(draws).detach().numpy()
        means.append(values.mean())
        errors.append(values.std() / math.sqrt(len(values)))
    exact = float(truth.log_prob(x.flatten(1)).mean())
    assert means[0] < means[1] < means[2] < exact + 3 * errors[2]
    assert exact - means[2] < (exact - means[0]) / 3


def test_a_validation_has_the_bound_of_training_and_a_test_the_elbo():
    recipe = tiny(importance_samples=20)
    model, plain = build(recipe), build(recipe.with_(importance_samples=1))
    images = torch.randint(0, 256, (30, 1, 28, 28), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    found, elbo_of = metrics.score(model, images), metrics.score(plain, images)
    assert (found.recon, found.kl) == (elbo_of.recon, elbo_of.kl)
    assert sum(found.terms.values()) < found.recon + found.kl
    x = convert.scale_bytes(images)
    wanted = -metrics.log_likelihood(plain, x, 2_000, torch.Generator().manual_seed(1)).mean()
    assert float(wanted) - 0.5 < sum(found.terms.values())
    figures = metrics.evaluate(model, convert.to_pictures(x))
    assert figures["negative_elbo"] == pytest.approx(figures["recon"] + figures["kl"])
    assert figures["total"] < figures["negative_elbo"]


def test_free_bits_keep_the_value_of_the_kl_and_take_its_gradient_where_a_dimension_tells_less():
    kl = torch.tensor([[0.1, 2.0, 0.4], [0.1, 1.0, 0.8]], requires_grad=True)
    found = elbo.with_free_bits(kl, 0.5)
    assert found.tolist() == pytest.approx([2.5, 1.9])
    found.mean().backward()
    plain = kl.detach().clone().requires_grad_()
    plain.mean(0).clamp_min(0.5).sum().backward()  # Kingma et al. 2016: Σ max(λ, mean over the batch of KL_j)
    assert torch.equal(kl.grad, plain.grad)


def test_a_model_with_free_bits_has_no_pull_to_the_prior_below_them():
    x = torch.rand(8, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    gradients = []
    for bits in (0.0, 10.0):
        model = build(tiny(free_bits=bits))
        losses = model.loss(x, torch.Generator().manual_seed(0))
        (gradient,) = torch.autograd.grad(
            losses.kl.sum() + 0 * losses.recon.sum(), [model.encoder[-1].weight], retain_graph=False
        )
        gradients.append((float(losses.kl.sum().detach()), float(gradient.abs().sum())))
    assert gradients[0][0] == gradients[1][0] and gradients[0][1] > 0 == gradients[1][1]


def test_the_active_units_of_burda_are_those_whose_mean_moves():
    generator = np.random.default_rng(0)
    mean = np.stack([generator.normal(0, s, 5_000) for s in (1.0, 0.11, 0.09, 0.0)], 1)
    assert metrics.active_by_variance(mean.var(0)) == 2
    model = build(tiny(latent_dim=4))
    model.posterior = lambda code: Posterior(code[:, :4], code[:, 4:])
    images = torch.zeros(40, 1, 28, 28, dtype=torch.uint8)
    totals = metrics.Totals(model, 40)
    for part in np.split(mean[:40].astype(np.float32), 4):
        code = torch.from_numpy(part)
        totals.add(convert.scale_bytes(images[: len(part)]), Posterior(code, torch.zeros_like(code)))
    assert totals.scores().mean_variance == pytest.approx(mean[:40].var(0), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize(
    ("done", "share"), [(0.0, 0.0), (0.0625, 0.5), (0.125, 1.0), (0.2, 1.0), (0.25, 0.0), (0.3125, 0.5), (1.0, 1.0)]
)
def test_beta_rises_in_the_first_half_of_each_cycle_and_stays_in_the_second(done, share):
    assert cyclic(done, 4) == pytest.approx(share)


def test_the_trainer_follows_the_cycles_and_validates_at_the_full_weight():
    trainer = AutoencoderTrainer(tiny(beta=2.0, beta_cycles=2, epochs=2), CPU)
    seen = []
    while trainer.epoch < 2:
        seen.append(trainer.weights_now()["beta"])
        trainer.step()
        if trainer.epoch_done:
            trainer.end_epoch()
    assert seen == pytest.approx([0, 1, 2, 2] * 2)
    assert trainer.weights_now() == {"beta": 2.0}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"beta_cycles": 2, "beta_warmup": 1.0}, "beta_cycles: each cycle begins with a warm-up"),
        ({"importance_samples": 5, "free_bits": 0.5}, "free_bits: is not defined for the importance-weighted bound"),
        ({"importance_samples": 0}, "importance_samples: 0 is not allowed"),
    ],
)
def test_settings_that_contradict_each_other_get_a_sentence(changes, sentence):
    with pytest.raises(RecipeError, match=sentence):
        Recipe(**changes)
