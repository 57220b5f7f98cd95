"""Families without an encoder: their loss, their table in training, and finding z for images they never saw."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from core import data, runs
from core.images import convert
from core.latent import codec, encoding, search
from core.models import build, likelihood
from core.models.auto_decoder import AutoDecoder
from core.models.variational_auto_decoder import VariationalAutoDecoder
from core.recipes.recipe import RecipeError
from core.runs import weights
from core.training import latent_init
from core.training.autoencoder_trainer import AutoencoderTrainer
from tests.tiny_runs import drive, tiny, trained

CPU = torch.device("cpu")
FAMILIES = ("ad", "vad")


def small(model: str, **changes):
    return tiny(
        "auto-decoder" if model == "ad" else "variational-auto-decoder",
        **{"network": "mlp", "hidden": (64,), "latent_dim": 8, "train_images": 0, "batch_size": 32} | changes,
    )


def pictures(n: int, part: str = "test") -> torch.Tensor:
    return convert.to_tensor(getattr(data.load("digits"), f"{part}_images")[:n], CPU)


@pytest.fixture(scope="module")
def trainers():
    """One trained model of each family, with its table published; `val_recon` of each epoch in `errors`."""
    found = {}
    for family in (*FAMILIES, "vae"):
        recipe = small("vad").with_(model=family, beta=1.0, likelihood="bernoulli", latent_lr=0.03)
        found[family] = trainer = AutoencoderTrainer(recipe, CPU)
        trainer.errors = []
        for _ in range(12):
            while not trainer.epoch_done:
                trainer.step()
            trainer.errors.append(trainer.validate().row["val_recon"])
            trainer.end_epoch()
    return found


def test_the_auto_decoder_s_loss_is_the_log_joint_up_to_the_prior_s_constant():
    model = build(small("ad", likelihood="gaussian", sigma=0.4))
    z, x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0)), pictures(5)
    losses = model.loss(x, posterior=model.posterior(z))
    pixels = torch.distributions.Normal(model.decoder(z), 0.4).log_prob(x).flatten(1).sum(1)
    prior = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    torch.testing.assert_close(losses.recon, -pixels)
    torch.testing.assert_close(losses.kl, -prior - 4 * math.log(2 * math.pi))


def test_the_variational_auto_decoder_s_kl_is_that_of_torch_distributions():
    model = build(small("vad"))
    code = torch.randn(5, 16, generator=torch.Generator().manual_seed(0))
    losses = model.loss(pictures(5), torch.Generator().manual_seed(0), model.posterior(code))
    q = torch.distributions.Normal(code[:, :8], (0.5 * code[:, 8:]).exp())
    expected = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.testing.assert_close(losses.kl, expected)


def test_a_squared_error_has_no_place_beside_the_kl_of_a_variational_auto_decoder():
    with pytest.raises(RecipeError, match="likelihood: 'mse' has no place in an ELBO"):
        small("vad", likelihood="mse")


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("init", ["pca", "small"])
def test_a_table_begins_where_its_recipe_says(family, init):
    images = convert.to_byte_tensor(data.load("digits").train_images, CPU)
    start = latent_init.initial_table(small(family, latent_init=init), images)
    mean, rest = start[:, :8], start[:, 8:]
    assert start.shape == (len(images), 16 if family == "vad" else 8)
    assert (rest == latent_init.LOGVAR_START).all()
    if init == "small":
        assert float(mean.std()) == pytest.approx(0.01, rel=0.05)
        return
    x = images.flatten(1).numpy() / 255.0
    values = np.linalg.eigvalsh(np.cov(x.T))[::-1][:8]
    assert mean.numpy().var(0, ddof=1) == pytest.approx(values / values[0], rel=1e-3)
    assert np.cov(mean.numpy().T) == pytest.approx(np.diag(values / values[0]), abs=1e-4)


@pytest.mark.slow
@pytest.mark.parametrize(
    "family, beta, likelihood",
    [
        ("vad", 1.0, "bernoulli"),
        ("vad", 100.0, "bernoulli"),
        ("vad", 2.0, "gaussian"),
        ("vad", 1.0, "gaussian-learned"),
        ("ad", 1.0, "mse"),
    ],
)
def test_a_ppca_table_begins_with_the_posterior_of_the_linear_model_that_fits_best(family, beta, likelihood):
    images = convert.to_byte_tensor(data.load("digits").train_images, CPU)
    recipe = small(family, latent_init="ppca", beta=beta, likelihood=likelihood, sigma=0.4)
    start = latent_init.initial_table(recipe, images).numpy().astype(float)
    mean, logvar = start[:, :8], start[:, 8:]

    x = images.flatten(1).numpy() / 255.0
    values, vectors = np.linalg.eigh(np.cov(x.T))
    noise = (
        beta
        * {"bernoulli": (x * (1 - x)).mean(), "gaussian": 0.4**2, "mse": 0.5, "gaussian-learned": values[:-8].mean()}[
            likelihood
        ]
    )
    values, vectors = values[::-1][:8], vectors[:, ::-1][:, :8]
    assert (beta == 100.0) == (values < noise).any()  # there the narrowest directions drown in the noise
    W = vectors * np.sqrt(np.maximum(values - noise, 0))  # Tipping & Bishop 1999, equation 7
    M = W.T @ W + noise * np.eye(8)  # the posterior of any linear-Gaussian model
    expected = np.linalg.solve(M, W.T @ (x - x.mean(0)).T).T
    told = values > noise
    signs = np.sign((expected * mean).sum(0))
    assert mean[:, told] == pytest.approx((expected * signs)[:, told], abs=1e-4)
    assert (expected[:, ~told] == 0).all()
    assert told.all() or mean[:, ~told].std() == pytest.approx(
        latent_init.SMALL, rel=0.1
    )  # small, but not all the same
    if family == "vad":
        assert np.exp(logvar) == pytest.approx(np.tile(np.diag(noise * np.linalg.inv(M)), (len(x), 1)), rel=1e-4)


@pytest.mark.parametrize("name", ["bernoulli", "gaussian", "mse"])
def test_the_noise_of_a_likelihood_is_one_over_its_curvature_at_a_perfect_reconstruction(name):
    kind = likelihood.build(name, 0.3)
    images = torch.tensor([[40, 90], [160, 220]], dtype=torch.uint8).view(1, 1, 2, 2)
    x = (images / 255.0).double()

    def score(mean):
        return kind.per_value(mean.logit() if name == "bernoulli" else mean, x).sum()

    curvature = torch.autograd.functional.hessian(score, x.clone()).view(4, 4).diagonal()
    assert kind.noise(images) == pytest.approx(float((1 / curvature).mean()), rel=1e-5)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("init, beta", [("pca", 1.0), ("ppca", 0.0), ("ppca", 1.0)])
@pytest.mark.parametrize("grey", ["one", "black or white", "the same in all"])
def test_a_table_is_finite_for_images_that_tell_little(family, grey, init, beta):
    images = convert.to_byte_tensor(data.load("digits").train_images[: 1 if grey == "one" else 50], CPU)
    images = (images > 127).to(torch.uint8) * 255 if grey == "black or white" else images
    images = images[:1].repeat(50, 1, 1, 1) if grey == "the same in all" else images
    start = latent_init.initial_table(small(family, latent_init=init, likelihood="bernoulli", beta=beta), images)
    assert start.isfinite().all() and (start.abs() < 10).all()


def test_black_and_white_alone_leave_a_bernoulli_pixel_some_noise():
    black_or_white = torch.tensor([0, 255], dtype=torch.uint8).repeat(392).view(1, 1, 28, 28)
    assert likelihood.build("bernoulli", 0.3).noise(black_or_white) == likelihood.LEAST_NOISE


def test_more_dimensions_than_the_images_have_begin_small_not_broken():
    start = latent_init.initial_table(
        small("ad", latent_dim=40), convert.to_byte_tensor(data.load("digits").train_images[:6], CPU)
    )
    assert start.isfinite().all() and float(start[:, 5:].std()) == pytest.approx(0.01, rel=0.2)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("count, batch", [(1, 16), (5, 16), (37, 16)])
def test_every_image_is_seen_once_an_epoch_by_its_own_row(family, count, batch):
    trainer = AutoencoderTrainer(small(family, train_images=count, batch_size=batch), CPU)
    start = trainer.latents.materialize()
    for done in (1, 2):
        while not trainer.epoch_done:
            trainer.step()
        assert (trainer.latents.last > (done - 1) * trainer.batches).all()  # each in this epoch
        trainer.end_epoch()
    assert trainer.latents.steps == 2 * math.ceil(count / batch)
    assert (trainer.latents.materialize() != start).any(1).all()


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_under_shuffling_each_image_is_nearest_to_the_picture_of_its_own_row(family):
    trainer = AutoencoderTrainer(
        small(family, train_images=100, batch_size=16, latent_dim=32, beta=0.1, latent_lr=0.03), CPU
    )
    for _ in range(60):
        while not trainer.epoch_done:
            trainer.step()
        trainer.end_epoch()
    trainer.validate()
    shown = trainer.model.decode(trainer.model.posterior(trainer.model.table).mean).flatten(1)
    own = convert.scale_bytes(trainer.train_images).flatten(1)
    assert torch.equal(torch.cdist(own, shown).argmin(1), torch.arange(100))


def test_after_one_step_the_rows_outside_the_batch_are_bit_equal():
    trainer = AutoencoderTrainer(small("ad"), CPU)
    before = trainer.latents.table.clone()
    rows = trainer.order[:32]
    trainer.step()
    outside = torch.ones(len(before), dtype=bool)
    outside[rows] = False
    assert torch.equal(trainer.latents.table[outside], before[outside])
    assert (trainer.latents.table[rows] != before[rows]).any(1).all()


@pytest.mark.parametrize("schedule", ["constant", "one-cycle"])
def test_training_a_table_lazily_is_training_it_with_dense_adam(schedule):
    recipe = small("ad", train_images=200, batch_size=16, likelihood="bernoulli", schedule=schedule, epochs=8)
    trainer = AutoencoderTrainer(recipe, CPU)
    model = build(recipe)
    table = nn.Parameter(latent_init.initial_table(recipe, trainer.train_images))
    adam = torch.optim.Adam(
        [{"params": model.parameters(), "lr": recipe.lr}, {"params": [table], "lr": recipe.latent_lr}]
    )
    for _ in range(8):
        while not trainer.epoch_done:
            rows = trainer.order[trainer.batch * 16 : trainer.batch * 16 + 16]
            x = convert.scale_bytes(trainer.train_images[rows])
            losses = model.loss(x, posterior=model.posterior(table[rows]))
            for group, rate in zip(adam.param_groups, (recipe.lr, recipe.latent_lr), strict=True):
                group["lr"] = rate * trainer.lr_at(trainer.progress) / recipe.lr
            adam.zero_grad()
            ((losses.recon + recipe.beta * losses.kl).sum() / len(x)).backward()
            adam.step()
            trainer.step()
            assert float(trainer.loss_sums[trainer.batch - 1, 0]) == pytest.approx(losses.recon.sum().item(), rel=2e-3)
        trainer.end_epoch()


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_has_its_files_and_scores_and_can_be_loaded_without_its_data(family, brief_searches):
    run = trained(small(family, train_images=60, epochs=3))
    model = weights.load_model(run)
    assert model.table.shape == (60, model.code_dim) and model.encoder is None
    assert run.evaluation()["images"] == 297 and run.evaluation()["mse"] > 0
    assert (run.path / "kl.csv").is_file() == (family == "vad")
    assert (model.table != 0).any(1).all() and (model.ridge_weight != 0).any()
    assert float(model.beta) == pytest.approx(run.recipe.beta)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_broken_off_run_goes_on_bit_by_bit_with_its_table(family, brief_searches):
    recipe = small(family, train_images=100, batch_size=16, epochs=4)
    whole = trained(recipe)
    for batches in (3, 8, 11, 16):
        broken = runs.create(recipe)
        assert drive(broken, stop_after=batches)[-1].state == "stopped"
        drive(broken)
        for file in ("last", "resume"):
            first, second = (weights.load(run.path / f"{file}.safetensors")[0] for run in (whole, broken))
            assert first.keys() == second.keys(), (batches, file)
            assert all(torch.equal(first[k], second[k]) for k in first), (batches, file)


def test_weights_of_another_latent_size_are_refused_by_name():
    run, other = trained(small("ad", train_images=30, epochs=1)), runs.create(small("ad", latent_dim=5))
    for file in ("best", "last"):
        (other.path / f"{file}.safetensors").write_bytes((run.path / f"{file}.safetensors").read_bytes())
    with pytest.raises(runs.RunError, match="do not fit its recipe: 'decoder.0.weight' is 64 × 8, expected 64 × 5"):
        weights.load_model(other)


def test_an_exploding_auto_decoder_ends_in_a_sentence():
    run = runs.create(small("ad", lr=10.0, latent_lr=10.0, epochs=20, likelihood="mse"))
    last = drive(run)[-1]
    assert last.state == "diverged" and "Try a smaller learning rate" in last.message


# -- finding z -----------------------------------------------------------------------------------------------------


def linear(family: type[AutoDecoder], d: int = 4, sigma: float = 0.5) -> AutoDecoder:
    """x = A z + b + σ ε: the posterior is known in closed form."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        model = family(nn.Sequential(nn.Linear(d, 784), nn.Unflatten(1, (1, 28, 28))), likelihood.Gaussian(sigma), d)
        nn.init.normal_(model.decoder[0].weight, std=0.05)
    return model.requires_grad_(False)


def exact(model: AutoDecoder, x: torch.Tensor, visible: torch.Tensor | None = None):
    """Mean and variances [N, d] of the best factorised Gaussian of a linear-Gaussian model, image by image."""
    a, b, s2 = model.decoder[0].weight.double(), model.decoder[0].bias.double(), model.likelihood.sigma**2
    means, widths = [], []
    for i, image in enumerate(x.flatten(1).double()):
        seen = torch.ones(784, dtype=bool) if visible is None else visible[i].flatten()
        precision = torch.eye(a.shape[1], dtype=torch.float64) + a[seen].T @ a[seen] / s2
        means.append(torch.linalg.solve(precision, a[seen].T @ (image[seen] - b[seen]) / s2))
        widths.append(1 / precision.diagonal())
    return torch.stack(means).float(), torch.stack(widths).float()


def test_a_point_is_found_where_the_closed_form_puts_it():
    model, x = linear(AutoDecoder), pictures(20)
    found = encoding.optimise_latents(model, x, steps=400)
    mean, width = exact(model, x)
    torch.testing.assert_close(found.posterior.mean, mean, atol=0.02 * float(width.sqrt().mean()), rtol=0)
    assert found.posterior.logvar is None


@pytest.mark.slow
def test_a_gaussian_is_found_where_the_closed_form_puts_it_its_width_included():
    model, x = linear(VariationalAutoDecoder), pictures(20)
    found = encoding.optimise_latents(model, x, steps=1_500, lr=0.05)
    mean, width = exact(model, x)
    torch.testing.assert_close(found.posterior.mean, mean, atol=0.2 * float(width.sqrt().mean()), rtol=0)
    torch.testing.assert_close(found.posterior.logvar.exp(), width, atol=0, rtol=0.15)


def test_hidden_pixels_count_for_nothing_whatever_stands_there():
    model, x = linear(AutoDecoder), pictures(10)
    visible = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) < 0.4
    found = encoding.optimise_latents(model, x, visible=visible, steps=400)
    mean, width = exact(model, x, visible)
    torch.testing.assert_close(found.posterior.mean, mean, atol=0.02 * float(width.sqrt().mean()), rtol=0)
    spoilt = x.where(visible, torch.tensor(float("nan")))
    again = encoding.optimise_latents(model, spoilt, visible=visible, steps=400)
    assert torch.equal(found.posterior.mean, again.posterior.mean) and torch.equal(found.recon, again.recon)


@pytest.mark.parametrize("kind", ["bernoulli", "gaussian", "gaussian-learned", "mse"])
def test_masked_pixels_carry_no_gradient(kind):
    score = likelihood.build(kind, 0.3)
    output, x = torch.randn(3, 1, 28, 28, requires_grad=True), pictures(3)
    visible = torch.rand(x.shape, generator=torch.Generator().manual_seed(0)) < 0.5
    total = score.nll(output, x.where(visible, torch.tensor(float("nan"))), visible)
    total.sum().backward()
    assert total.isfinite().all()
    assert (output.grad[~visible] == 0).all() and (output.grad[visible] != 0).float().mean() > 0.9
    seen = score.per_value(output.detach(), x)[visible].sum()
    torch.testing.assert_close(total.sum().detach(), seen.detach(), rtol=1e-4, atol=1e-2)


@pytest.mark.slow
@pytest.mark.parametrize("family", [*FAMILIES, "vae"])
def test_a_search_leaves_the_model_bit_equal_and_without_gradients(trainers, family):
    model = trainers[family].model
    before = {k: v.clone() for k, v in model.state_dict().items()}
    model.zero_grad()
    encoding.optimise_latents(model, pictures(20), steps=15, restarts=2)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("family", [*FAMILIES, "vae"])
def test_an_image_is_placed_the_same_alone_or_among_256(trainers, family):
    model, x = trainers[family].model, pictures(256)
    among, alone = encoding.optimise_latents(model, x).posterior, encoding.optimise_latents(model, x[7:8]).posterior
    torch.testing.assert_close(among.mean[7:8], alone.mean, atol=1e-4, rtol=1e-4)
    if among.logvar is not None:
        torch.testing.assert_close(among.logvar[7:8], alone.logvar, atol=1e-4, rtol=1e-4)


def test_no_image_ends_worse_than_it_began_and_restarts_only_help(trainers):
    model, x = trainers["ad"].model, pictures(60)
    problem = search.Problem(model, x, None, 1.0)
    start = problem.check(search.initial_code(model, x))
    for restarts in (1, 4):
        found = encoding.optimise_latents(model, x, steps=30, restarts=restarts, lr=3.0)  # steps far too long
        assert (found.recon + found.prior <= start + 1e-3).all()
    once, often = (encoding.optimise_latents(model, x, restarts=k) for k in (1, 4))
    assert ((often.recon + often.prior) <= (once.recon + once.prior) + 1e-2).all()


def test_finished_images_drop_out_and_the_walk_ends_when_all_have(trainers):
    model, x = trainers["ad"].model, pictures(100)
    walk, left = search.search(model, x, steps=1_000), []
    for look in walk:
        left.append(look.moving)
    assert left[0] == 100 and left == sorted(left, reverse=True) and len(left) < 1_000
    steps = encoding.optimise_latents(model, x, steps=1_000).steps
    assert len(set(steps.tolist())) > 1 and int(steps.max()) == len(left)


@pytest.mark.slow
def test_the_ridge_start_is_that_of_scikit_learn_and_better_than_the_middle(trainers):
    from sklearn.linear_model import Ridge

    trainer = trainers["ad"]
    x = trainer.train_images.flatten(1).numpy() / 255.0
    scale = latent_init.RIDGE * float(np.square(x - x.mean(0)).sum(0).mean())
    expected = Ridge(alpha=scale).fit(x, trainer.model.table.numpy()).predict(pictures(50).flatten(1).numpy())
    begun = search.initial_code(trainer.model, pictures(50))
    assert begun.numpy() == pytest.approx(expected, abs=1e-3)
    problem = search.Problem(trainer.model, pictures(50), None, 1.0)
    middle = trainer.model.latent_mean.expand(50, -1)
    assert float(problem.check(begun).mean()) < float(problem.check(middle).mean()) - 20


def test_refining_a_vae_never_ends_above_its_encoder_s_own_answer(trainers):
    model, x = trainers["vae"].model, pictures(80)
    problem = search.Problem(model, x, None, 1.0)
    refined = encoding.optimise_latents(model, x, steps=100).posterior
    code = torch.cat([refined.mean, refined.logvar], 1)
    gap = problem.check(search.initial_code(model, x)) - problem.check(code)
    assert (gap >= 0).all() and float(gap.mean()) > 1.0  # nats: the amortisation gap


def test_a_smooth_search_from_the_encoder_s_answer_hardly_climbs_before_it_falls(trainers):
    model, x = trainers["vae"].model, pictures(20)
    problem, code = search.Problem(model, x, None, 1.0), search.initial_code(model, x)

    def climbed(smooth: bool) -> float:
        walk = search.search(model, x, code=code, steps=30, smooth=smooth)
        path = torch.stack([problem.check(step.codes[0]) for step in walk])
        return float((path.amax(0) - path[0]).mean())

    assert climbed(True) < 0.1 * climbed(False)


def test_a_search_can_be_watched_and_left_at_any_step(trainers):
    walk = search.search(trainers["vad"].model, pictures(5), steps=40)
    looks = [next(walk) for _ in range(12)]
    walk.close()
    assert [look.step for look in looks] == list(range(1, 13)) and looks[0].total == 40
    assert looks[-1].objective.shape == (5,) and looks[-1].mean.shape == (5, 8)
    assert float(looks[-1].objective.mean()) < float(looks[0].objective.mean())


def test_the_same_weight_of_the_prior_counts_in_training_and_in_the_search(trainers):
    trainer = AutoencoderTrainer(small("ad", beta=7.0), CPU)
    trainer.validate()
    x = pictures(4)
    found, heavy = encoding.optimise_latents(trainer.model, x), encoding.optimise_latents(trainer.model, x, beta=7.0)
    assert torch.equal(found.posterior.mean, heavy.posterior.mean)
    assert not torch.equal(found.posterior.mean, encoding.optimise_latents(trainer.model, x, beta=0.0).posterior.mean)


def test_pages_place_images_through_the_same_door_for_every_family(trainers):
    images = data.load("digits").test_images[:6]
    for family, trainer in trainers.items():
        z = codec.encode(trainer.model, images)
        expected = encoding.encode(trainer.model, pictures(6)).mean
        assert z == pytest.approx(expected.detach().numpy(), abs=1e-5), family
    assert not trainers["ad"].model.has_prior and trainers["vad"].model.has_prior


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_training_lowers_the_error_on_images_it_never_saw(trainers, family):
    errors = trainers[family].errors
    assert errors[7] < 0.8 * errors[0]
