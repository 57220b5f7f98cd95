"""The mixed bag and its scores: AUROC by counting pairs, a threshold that no test image moves, scores recomputed."""

import dataclasses
import io

import numpy as np
import pytest
import threadpoolctl
import torch
from PIL import Image
from scipy.stats import entropy, mannwhitneyu, norm
from sklearn.decomposition import PCA
from sklearn.metrics import roc_auc_score

from core import data, runs
from core.data import loading
from core.evaluation import outlier_images as bags
from core.evaluation import outliers
from core.images import convert
from core.images.shape import ImageShape
from core.jobs import outliers as jobs_outliers
from core.jobs.messages import Ended, Progress
from core.jobs.queue import BACKGROUND, JobQueue, slots_of, use_queue
from core.latent import encoding
from core.models import build
from core.runs import weights
from core.system import cache as system_cache
from core.system import paths
from tests.fake_executor import FakeExecutor
from tests.tiny_runs import search_briefly, tiny, trained

pytestmark = pytest.mark.slow

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    """Small trained runs by family."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(tmp_path_factory.mktemp("runs")))
        search_briefly(patch)  # in training
        small = {"network": "mlp", "hidden": (64,), "latent_dim": 8, "train_images": 0, "batch_size": 32, "epochs": 8}
        return {
            "vae": trained(tiny(hidden=(64,), latent_dim=8, train_images=0, batch_size=32, epochs=8), "vae"),
            "ae": trained(tiny("deep-ae", latent_dim=8, train_images=0), "ae"),
            "ad": trained(tiny("auto-decoder", **small), "ad"),
            "vad": trained(tiny("variational-auto-decoder", **small | {"beta": 1.0}), "vad"),
        }


def bag_of(images, n: int = 20, other=None, **changes) -> bags.OutlierSet:
    return bags.build(images, tiny(**changes), other, n)


def scored(run: runs.Run, images, bag: bags.OutlierSet) -> outliers.OutlierScores:
    return last(outliers.scoring_steps(weights.load_model(run), run.recipe, images, bag))


def last(steps):
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return end.value


# What is in the bag


def test_a_bag_holds_what_it_says(digits):
    other = dataclasses.replace(digits, name="kmnist", test_images=digits.test_images[:7], test_labels=np.arange(7))
    bag = bag_of(digits, 20, other)
    assert {kind: len(bag.of(kind)) for kind in bags.KINDS} == {
        "validation": 20,
        "test": 20,
        "left-out": 0,
        "other": 7,
        "inverted": 20,
        "shuffled": 20,
        "noise": 20,
    }
    test = bag.images[bag.of("test")]
    assert np.array_equal(test, digits.test_images[bag.number[bag.of("test")]])
    assert np.array_equal(bag.label[bag.of("test")], digits.test_labels[bag.number[bag.of("test")]])
    assert np.array_equal(bag.images[bag.of("inverted")], 255 - test)
    shuffled = bag.images[bag.of("shuffled")].reshape(20, -1)
    assert np.array_equal(np.sort(shuffled), np.sort(test.reshape(20, -1))) and (shuffled != test.reshape(20, -1)).any()
    noise = bag.images[bag.of("noise")] / 255
    assert noise.mean() == pytest.approx(0.5, abs=0.01) and noise.var() == pytest.approx(1 / 12, abs=0.005)
    assert bag.outliers == ("other", "inverted", "shuffled", "noise")


def test_the_validation_images_of_a_bag_are_those_that_training_held_out(digits):
    bag = bag_of(digits, 300, validation=180)
    trained_on, held = data.split(digits, 180)
    numbers = bag.number[bag.of("validation")]
    assert np.array_equal(numbers, held) and not set(numbers) & set(trained_on)
    assert np.array_equal(bag.images[bag.of("validation")], digits.train_images[held])


def test_the_same_bag_is_mixed_every_time_and_another_seed_shuffles_anew(digits):
    one, two, other = (bags.build(digits, tiny(), None, 9, seed) for seed in (0, 0, 1))
    assert np.array_equal(one.images, two.images) and not np.array_equal(one.images, other.images)


def test_a_set_without_test_images_is_refused_in_a_sentence(digits):
    few = dataclasses.replace(digits, test_images=digits.test_images[:0], test_labels=digits.test_labels[:0])
    with pytest.raises(data.DataError, match="too small"):
        bag_of(few)


@pytest.mark.parametrize(
    ("own", "first"), [("digits", "fashion-mnist"), ("fashion-mnist", "mnist"), ("mnist", "fashion-mnist")]
)
def test_the_set_most_unlike_the_own_is_proposed_first(monkeypatch, own, first):
    monkeypatch.setattr(data, "status", lambda: {name: loading.Status(True, "", "") for name in data.SOURCES})
    found = bags.other_sets(tiny(dataset=own))
    assert found[0] == first and own not in found and "folder" not in found


# Telling them apart


@pytest.mark.parametrize("seed", range(4))
def test_auroc_is_the_count_of_pairs_that_mann_and_whitney_make_and_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    inliers, strange = rng.integers(0, 12, 40) / 4, rng.integers(3, 15, 55) / 4  # with many ties
    wins = sum(float(o > i) + 0.5 * float(o == i) for o in strange for i in inliers)
    found = outliers.auroc(inliers, strange)
    assert found == pytest.approx(wins / (40 * 55), abs=1e-12)
    assert found == pytest.approx(mannwhitneyu(strange, inliers).statistic / (40 * 55), abs=1e-12)
    assert found == pytest.approx(roc_auc_score([0] * 40 + [1] * 55, np.concatenate([inliers, strange])), abs=1e-12)


def test_auroc_at_its_ends():
    low, high = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    assert (outliers.auroc(low, high), outliers.auroc(high, low), outliers.auroc(low, low)) == (1.0, 0.0, 0.5)
    assert np.isnan(outliers.auroc(low, high[:0]))


def test_the_interval_of_an_auroc_covers_the_known_area_of_two_gaussians():
    """Of two Gaussians of variance 1 whose means are d apart the AUROC is Φ(d / √2)."""
    rng = np.random.default_rng(0)
    for shift in (1.2, 2.8):
        known, covered = norm.cdf(shift / np.sqrt(2)), []
        for _ in range(150):
            inliers, strange = rng.normal(0, 1, 50), rng.normal(shift, 1, 70)
            area = mannwhitneyu(strange, inliers).statistic / (50 * 70)
            low, high = outliers.auroc_interval(area, 50, 70)
            covered.append(low <= known <= high)
        assert 0.91 <= np.mean(covered) <= 1


def test_the_interval_is_that_of_hanley_and_mcneil_and_not_empty_at_the_ends():
    low, high = outliers.auroc_interval(0.893, 58, 51)
    for end in (low, high):  # their standard error, written out, at the end itself
        q1, q2 = end / (2 - end), 2 * end**2 / (1 + end)
        error = np.sqrt((end * (1 - end) + 50 * (q1 - end**2) + 57 * (q2 - end**2)) / (58 * 51))
        assert abs(end - 0.893) == pytest.approx(norm.ppf(0.975) * error, rel=1e-6)
    for n, width in ((300, 0.013), (10, 0.25)):
        low, high = outliers.auroc_interval(1.0, n, n)
        assert high == 1.0 and 0 < 1 - low < width
        assert outliers.auroc_interval(0.0, n, n) == pytest.approx((0.0, 1 - low), abs=1e-9)
    assert np.isnan(outliers.auroc_interval(float("nan"), 5, 0)).all()


def test_the_variance_of_an_auroc_is_that_of_exponential_scores():
    """For these the formula of Hanley and McNeil is exact: here against 3,000 draws."""
    rng, scale = np.random.default_rng(0), 4.0
    inliers, strange = rng.exponential(1, (3_000, 30, 1)), rng.exponential(scale, (3_000, 1, 20))
    found = (strange > inliers).mean(axis=(1, 2))
    assert found.mean() == pytest.approx(scale / (1 + scale), abs=0.005)
    assert found.var() == pytest.approx(outliers._auroc_variance(scale / (1 + scale), 30, 20), rel=0.1)


def test_the_corrected_score_is_the_objective_above_the_entropy_of_the_pixels(digits):
    recipe = tiny()
    bag = bags.build(digits, recipe, None, 4)
    found = last(outliers.scoring_steps(build(recipe), recipe, digits, bag))
    floors = [entropy([x, 1 - x]).sum() for x in bag.images.reshape(len(bag.images), -1) / 255]
    assert found.by("corrected") == pytest.approx(found.objective - np.array(floors), rel=1e-9)
    assert "corrected" in outliers.scores_of(recipe)
    squares = tiny("deep-ae")
    found = last(outliers.scoring_steps(build(squares), squares, digits, bag))
    assert np.array_equal(found.corrected, found.objective) and "corrected" not in outliers.scores_of(squares)


def test_typicality_is_the_distance_from_the_mean_of_the_validation_images_and_the_size_that_of_a_png(digits):
    recipe = tiny()
    bag = bags.build(digits, recipe, None, 4)
    found = last(outliers.scoring_steps(build(recipe), recipe, digits, bag))
    mean = found.objective[bag.kind == list(bags.KINDS).index("validation")].mean()
    assert found.by("typicality") == pytest.approx(np.abs(found.objective - mean), rel=1e-12)
    sizes = []
    for image in bag.images:
        Image.fromarray(image).save(file := io.BytesIO(), "PNG", optimize=True)
        assert np.array_equal(np.asarray(Image.open(file)), image), "nothing is lost"
        sizes.append(8 * len(file.getvalue()) * np.log(2))
    assert found.by("complexity") == pytest.approx(found.objective - sizes, rel=1e-9)
    flat, noise = np.zeros((1, 8, 8), np.uint8), np.random.default_rng(0).integers(0, 256, (1, 8, 8), dtype=np.uint8)
    assert outliers.png_nats(flat) < outliers.png_nats(noise)
    assert outliers.scores_of(tiny("deep-ae")) == ("error", "objective", "typicality", "baseline")


def test_why_outliers_score_lower_is_measured():
    """Black images among grey ones: no entropy and no contrast."""
    grey = np.random.default_rng(0).integers(60, 200, (4, 3, 3), dtype=np.uint8)
    kinds = [list(bags.KINDS).index(kind) for kind in ("test", "noise")]
    bag = bags.OutlierSet(np.concatenate([grey, 0 * grey]), np.repeat(kinds, 4), np.arange(8), np.full(8, -1), "")
    floor = np.repeat([5.6, 0.0], 4)
    found = outliers.OutlierScores(*[np.zeros(8)] * 3, floor, bag.images, 0.0, np.zeros(8), 0.0)
    assert "less entropy (0 against 6 nats" in outliers.why_typical("objective", "noise", found, bag)
    spread = np.mean([image.std() / 255 for image in grey])
    assert f"(standard deviation of the pixels 0.00 against {spread:.2f})" in outliers.why_typical(
        "error", "noise", found, bag
    )
    assert outliers.why_typical("complexity", "noise", found, bag) == "", "their files are as large"
    lively = bags.OutlierSet(bag.images[::-1], bag.kind, bag.number, bag.label, "")
    assert outliers.why_typical("error", "noise", found, lively) == ""


def test_the_area_under_the_roc_curve_is_the_auroc_and_each_point_a_threshold():
    rng = np.random.default_rng(0)
    inliers, strange = rng.normal(0, 1, 300), rng.normal(1, 2, 200)
    false, found = outliers.roc(inliers, strange)
    assert np.trapezoid(found, false) == pytest.approx(outliers.auroc(inliers, strange), abs=1e-9)
    assert (false[0], found[0], false[-1], found[-1]) == (0, 0, 1, 1)
    line = np.quantile(strange, 0.6)
    point = (inliers >= line).mean(), (strange >= line).mean()
    assert np.abs(false - point[0]).min() < 0.02 and (np.diff(false) >= 0).all() and (np.diff(found) >= 0).all()


@pytest.mark.parametrize("quantile", [0.5, 0.9, 0.95, 0.995])
@pytest.mark.parametrize("n", [1, 7, 180])
def test_the_threshold_is_the_smallest_score_that_so_many_validation_images_do_not_exceed(quantile, n):
    values = np.random.default_rng(n).normal(size=n)
    line = outliers.decision_threshold(values, quantile)
    below = [v for v in sorted(values) if (values <= v).mean() >= quantile - 1e-12]
    assert line == below[0]


def test_other_test_images_leave_the_threshold_where_it_was(digits, places):
    run, lines, shares = places["vae"], [], []
    for changed in (digits, dataclasses.replace(digits, test_images=255 - digits.test_images)):
        bag = bags.build(changed, run.recipe, None, 50)
        found = scored(run, changed, bag)
        for score in ("error", "objective", "baseline"):
            values = found.by(score)
            lines.append(outliers.decision_threshold(values[bag.of("validation")], 0.95))
            shares.append({v.kind: v.flagged for v in outliers.results_by_kind(values, bag, 0.95)})
    assert lines[:3] == lines[3:]
    assert [s["validation"] for s in shares[:3]] == [s["validation"] for s in shares[3:]]
    assert shares[0]["test"] < 0.5 < shares[3]["test"] == 1.0, "and yet the test images were others"


def test_a_verdict_counts_what_lies_above_the_line():
    kind = np.array([0] * 4 + [1] * 2 + [list(bags.KINDS).index("noise")] * 2)
    bag = bags.OutlierSet(np.zeros((8, 28, 28), np.uint8), kind, np.arange(8), np.full(8, -1), "")
    values = np.array([1, 2, 3, 4, 2.5, 3.5, 3.0, 9.0])
    found = outliers.results_by_kind(values, bag, 0.75)
    assert [(v.kind, v.images, v.flagged) for v in found] == [
        ("validation", 4, 0.25),
        ("test", 2, 0.5),
        ("noise", 2, 0.5),
    ]
    assert found[2].auroc == pytest.approx(0.75) and np.isnan(found[0].auroc)


# Scores


@pytest.mark.parametrize("family", ["vae", "ae", "ad", "vad"])
def test_every_score_can_be_recomputed_image_by_image(digits, places, family):
    run = places[family]
    bag, model = bags.build(digits, run.recipe, None, 6), weights.load_model(run)
    found = scored(run, digits, bag)
    for k in [*bag.of("test")[:2], bag.of("noise")[0]]:
        x = convert.to_tensor(bag.images[k : k + 1], torch.device("cpu"))
        posterior = encoding.encode(model, x)
        copy = model.decode(posterior.mean)
        assert found.error[k] == pytest.approx(float((copy - x).square().mean()), rel=1e-4)
        assert np.abs(found.reconstructions[k].astype(int) - 255 * copy[0, 0].numpy()).max() < 1.01
        squared = float((model.decoder(posterior.mean) - x).square().sum())  # before it is cut to [0, 1] to be shown
        if family == "ae":
            assert found.objective[k] == pytest.approx(squared, rel=1e-4)
        if family == "ad":
            wanted = squared + run.recipe.beta * 0.5 * float(posterior.mean.square().sum())
            assert found.objective[k] == pytest.approx(wanted, rel=1e-4)


def test_the_negative_elbo_is_sampled_and_unbiased(digits, places):
    """Against many draws of torch's own Gaussian, with torch's own KL."""
    run = places["vae"]
    bag, model = bags.build(digits, run.recipe, None, 30), weights.load_model(run)
    rows = bag.of("test")
    x = convert.to_tensor(bag.images[rows], torch.device("cpu"))
    q = model.encode(x)
    gaussian = torch.distributions.Normal(q.mean, torch.exp(0.5 * q.logvar))
    kl = torch.distributions.kl_divergence(gaussian, torch.distributions.Normal(0.0, 1.0)).sum(1)
    torch.manual_seed(1)
    nll = torch.stack(
        [
            -torch.distributions.Bernoulli(logits=model.decoder(gaussian.sample()), validate_args=False)
            .log_prob(x)
            .flatten(1)
            .sum(1)
            for _ in range(400)
        ]
    )
    wanted, values = (nll.mean(0) + kl).numpy(), scored(run, digits, bag).objective[rows]
    error = np.sqrt(nll.var(0).mean().item() / outliers.EPSILON_DRAWS / len(rows))
    assert (values - wanted).mean() == pytest.approx(0, abs=4 * error)
    at_mean = (model.likelihood.nll(model.decoder(q.mean), x) + kl).numpy()
    assert values.mean() > at_mean.mean() + 1, "scored at the mean it would be no ELBO"


@pytest.mark.parametrize("family", ["vae", "ad"])
def test_an_image_scores_the_same_whatever_else_is_in_the_bag(digits, places, family):
    run = places[family]
    small, large = (bags.build(digits, run.recipe, other, 6) for other in (None, data.load("digits")))
    few, many = scored(run, digits, small), scored(run, digits, large)
    for kind in ("validation", "test", "noise"):
        for score in ("error", "objective"):
            assert few.by(score)[small.of(kind)] == pytest.approx(many.by(score)[large.of(kind)], rel=1e-4)


@pytest.mark.parametrize("family", ["vae", "ad", "vad"])
def test_models_that_have_learned_something_find_noise_and_inverted_images_strange(digits, places, family):
    run = places[family]
    bag = bags.build(digits, run.recipe, None, 60)
    found = scored(run, digits, bag)
    for score in ("error", "objective", "baseline"):
        by_kind = {v.kind: v for v in outliers.results_by_kind(found.by(score), bag, 0.95)}
        assert by_kind["noise"].auroc > 0.99 and by_kind["inverted"].auroc > 0.99, score


def test_the_progress_rises_from_chunk_to_chunk_and_within_a_search(digits, places, monkeypatch):
    monkeypatch.setattr(encoding, "CHUNK", 40)
    run = places["ad"]
    bag = bags.build(digits, run.recipe, None, 10)
    parts = list(outliers.scoring_steps(weights.load_model(run), run.recipe, digits, bag))
    assert len(parts) > 60 and parts == sorted(parts) and parts[0] > 0
    assert parts[-1] == 1 - outliers.BASELINE_SHARE, "PCA is still to come"


def test_the_scores_of_a_model_that_diverged_are_a_sentence(digits):
    model, recipe = build(tiny()), tiny()
    for weight in model.parameters():
        weight.data.fill_(float("nan"))
    with pytest.raises(runs.RunError, match="diverged"):
        last(outliers.scoring_steps(model.eval(), recipe, digits, bag_of(digits)))


# The baseline


def test_the_baseline_is_the_distance_to_the_principal_plane(digits):
    train, images = digits.train_images[:400], digits.test_images[:50]
    x = train.reshape(400, -1) / 255.0
    directions = np.linalg.svd(x - x.mean(0), full_matrices=False)[2][:20]
    away = images.reshape(50, -1) / 255.0 - x.mean(0)
    wanted = np.square(away - away @ directions.T @ directions).mean(1)
    assert outliers.pca_residual(train, images) == pytest.approx(wanted, rel=1e-3)
    assert outliers.pca_residual(train[:3], images).shape == (50,), "fewer images than components"


def test_the_baseline_is_fitted_with_one_blas_thread_and_leaves_their_number_as_it_was(monkeypatch):
    def threads() -> list[int]:
        return [pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]

    fit, seen = PCA.fit, []
    monkeypatch.setattr(PCA, "fit", lambda self, x: seen.extend(threads()) or fit(self, x))
    with threadpoolctl.threadpool_limits(2, "blas"):
        before = threads()
        outliers.pca_residual(np.eye(30, dtype=np.uint8), np.eye(30, dtype=np.uint8))
        assert threads() == before
    assert seen and set(seen) == {1}


def test_the_baseline_tells_mnist_from_fashion_as_well_as_is_known(mnist):
    """.934 and .968: the AUROC of a PCA-20 residual fitted on all 60,000, computed elsewhere."""
    if not data.status()["fashion-mnist"].ready:
        pytest.skip("needs the real FashionMNIST files: set LATENT_LAB_DATA to a folder that holds them")
    fashion = data.load("fashion-mnist")
    for own, other, wanted in ((mnist, fashion, 0.934), (fashion, mnist, 0.968)):
        values = outliers.pca_residual(
            own.train_images, np.concatenate([own.test_images, other.test_images]), most=60_000
        )
        assert outliers.auroc(values[:10_000], values[10_000:]) == pytest.approx(wanted, abs=5e-4)


def test_the_one_class_task_by_the_baseline_is_as_known(mnist):
    """.955: mean one-class AUROC of a PCA-20 residual on MNIST, computed elsewhere."""
    assert outliers.one_class(mnist).mean() == pytest.approx(0.955, abs=1e-3)


# What is kept


def test_kept_scores_are_read_again_and_damaged_ones_are_not(digits, places):
    run = places["vae"]
    bag = bags.build(digits, run.recipe, None, 5)
    path, found = outliers.file_of(run, bag), scored(run, digits, bag)
    assert outliers.load(path, bag) is None and outliers.save(path, found)
    again = outliers.load(path, bag)
    assert np.array_equal(again.objective, found.objective) and np.array_equal(
        again.reconstructions, found.reconstructions
    )
    assert outliers.load(path, bags.build(digits, run.recipe, None, 4)) is None, "another bag"
    path.write_bytes(path.read_bytes()[:300])
    assert outliers.load(path, bag) is None


def test_other_weights_other_images_or_another_bag_have_another_file(digits, places, tmp_path, monkeypatch):
    bag = bags.build(digits, places["vae"].recipe, None, 5)
    other = bags.build(digits, places["vae"].recipe, None, 5, seed=1)
    names = {
        outliers.file_of(places["vae"], bag),
        outliers.file_of(places["vae"], other),
        outliers.file_of(places["ae"], bag),
    }
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "others"))
    copy = runs.create(places["vae"].recipe, "copy")
    model = weights.load_model(places["vae"])
    weights.save(copy.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    names.add(outliers.file_of(copy, bag))
    model.latent_mean += 1
    weights.save(copy.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    names.add(outliers.file_of(copy, bag))
    assert len(names) == 5


def test_the_cache_keeps_the_newest_files_of_a_kind():
    for k in range(6):
        assert system_cache.save(system_cache.file_of("some", f"{k}"), {"a": np.zeros(1)}, {}, most=3)
    system_cache.save(system_cache.file_of("other", "x"), {"a": np.zeros(1)}, {})
    assert len(list(paths.cache_folder().glob("some-*"))) == 3 and system_cache.load(system_cache.file_of("some", "5"))
    assert system_cache.load(system_cache.file_of("other", "x"))
    assert system_cache.digest("ab", "c") != system_cache.digest("a", "bc")


# In the background


@pytest.fixture
def in_a_thread():
    """Orders are carried out in this process: that a process carries them out alike is a matter of `core/jobs`."""
    with use_queue(JobQueue(FakeExecutor("score_outliers"))):
        yield


def test_in_the_background_it_ends_with_scores_that_can_be_read(places, monkeypatch, in_a_thread):
    run = places["ad"]
    monkeypatch.setenv("LATENT_LAB_RUNS", str(run.path.parent))
    images, bag, path = jobs_outliers.prepare(run, "", 5, 0)
    job = jobs_outliers.start(run, "", 5, 0, path)
    assert jobs_outliers.start(run, "", 5, 0, path) is job, "a second visitor joins"
    job.wait(timeout=240)
    assert job.state == "finished" and job.progress == 1.0, job.message
    assert outliers.load(path, bag).error == pytest.approx(scored(run, images, bag).error, rel=1e-3)


def test_a_scoring_that_cannot_be_is_a_sentence(places, monkeypatch, tmp_path, in_a_thread):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "nowhere"))
    job = jobs_outliers.start(places["ad"], "", 5, 0, tmp_path / "x")
    job.wait(timeout=240)
    assert job.state == "failed" and job.message.startswith("There is no run 'ad'"), job.message


def test_one_visitors_stop_is_not_anothers(places, tmp_path):
    executor = FakeExecutor()
    with use_queue(JobQueue(executor)) as queue:
        for k in range(slots_of(BACKGROUND)):  # others are at it: this one waits
            jobs_outliers.start(places["vae"], "", 5, 0, tmp_path / f"other {k}")
        job = jobs_outliers.start(places["ad"], "", 5, 0, tmp_path / "y")
        job.watch("one")
        job.watch("two")
        job.leave("one")
        assert job.active and job.state == "queued"
        job.leave("two")
        assert job.state == "cancelled" and job.progress == 0
        assert jobs_outliers.start(places["ad"], "", 5, 0, tmp_path / "y") is job
        for _ in range(slots_of(BACKGROUND)):
            executor.next().send(Ended("finished"))
        again = jobs_outliers.start(places["ad"], "", 5, 0, tmp_path / "y", again=True)
        assert again is not job
        again.watch("one")
        execution = executor.next()
        execution.send(Progress(0.25))
        assert again.wait(lambda j: j.state == "running", 60)
        again.leave("one")
        assert again.state == "stopping" and execution.commands == ["stop"]
        execution.send(Ended("stopped"))
        assert again.wait(timeout=60) and again.state == "stopped" and again.progress == 0.25
        assert queue.jobs(jobs_outliers.OutlierJob)[0] is again


# Any shape


def test_pixels_are_shuffled_as_numpy_permutes_values_and_a_pixel_keeps_its_colour():
    grey = np.random.default_rng(1).integers(0, 256, (6, 5, 7), dtype=np.uint8)
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    assert np.array_equal(bags._shuffled(grey, rng), twin.permuted(grey.reshape(6, -1), axis=1).reshape(grey.shape))
    assert rng.random() == twin.random(), "what follows is drawn alike"
    colour = np.stack([grey, 255 - grey, grey // 2], axis=-1)
    mixed = bags._shuffled(colour, np.random.default_rng(3))
    assert np.array_equal(mixed[..., 1], 255 - mixed[..., 0]) and np.array_equal(mixed[..., 2], mixed[..., 0] // 2)
    assert not np.array_equal(mixed, colour)


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 20, 36)])
def test_images_of_other_shapes_are_scored(shape):
    images = data.load("digits", shape=ImageShape(*shape))
    recipe = tiny(image_shape=shape)
    bag = bags.build(images, recipe, None, 5)
    found = last(outliers.scoring_steps(build(recipe), recipe, images, bag))
    assert found.reconstructions.shape == bag.images.shape == (len(bag.images), *ImageShape(*shape).picture)
    assert found.error.shape == found.baseline.shape == (len(bag.images),)
    copies = found.reconstructions.reshape(len(bag.images), -1) / 255
    assert found.error == pytest.approx(np.square(copies - bag.images.reshape(len(copies), -1) / 255).mean(1), abs=4e-3)


def test_a_data_set_of_another_shape_is_refused_as_outliers(digits):
    wide = data.load("digits", shape=ImageShape(1, 20, 36))
    with pytest.raises(data.DataError, match="20 × 36 and those of 'digits' 28 × 28"):
        bags.build(digits, tiny(), wide, 5)


def test_an_outlier_set_is_built_and_hashed_once(digits, places, monkeypatch):
    digest, hashed = system_cache.digest, []
    monkeypatch.setattr(system_cache, "digest", lambda *parts: hashed.append(parts) or digest(*parts))
    paths_found = {outliers.file_of(places["vae"], bags.build(digits, tiny(), None, 11)) for _ in range(5)}
    large = [part for parts in hashed for part in parts if isinstance(part, np.ndarray) and part.ndim > 1]
    assert len(paths_found) == 1 and len(large) <= 1
