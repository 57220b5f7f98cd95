"""MIG and DCI disentanglement of codes made by hand, whose values follow from how they were made."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.metrics import mutual_info_score

from core import data
from core.data.factors import Factor
from core.evaluation import disentanglement as measures
from core.evaluation import test_set
from core.images.shape import ImageShape
from core.models import build
from core.recipes.recipe import Recipe
from core.system.progress import Steps

N = 2_000
RNG = np.random.default_rng(0)
ABOUT = tuple(Factor(name, "ordinal", tuple("0123456789")) for name in "abc")
VALUES = RNG.integers(0, 10, (N, 3))
LABELS = np.zeros(N, np.int64)


def measured(codes, about=ABOUT, values=VALUES, labels=LABELS):
    return Steps(measures.measure_steps(codes, values, about, labels)).end()


def rotated(angle):
    """Standardised factors, the first two turned into each other."""
    codes = (VALUES - 4.5) / VALUES.std(0)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.hstack([codes[:, :2] @ turn, codes[:, 2:]])


def test_the_information_is_scikit_learns_and_a_count_by_hand():
    a, b = RNG.integers(0, 7, 300), RNG.integers(0, 4, 300)
    b[:150] = a[:150] % 4
    assert measures.mutual_information(a, b) == pytest.approx(mutual_info_score(a, b), abs=1e-12)
    # Two fair coins that agree in three of four throws: 3/4 ln(3/2) + 1/4 ln(1/2).
    a, b = np.array([0, 0, 0, 0, 1, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1, 1, 0])
    assert measures.mutual_information(a, b) == pytest.approx(0.75 * np.log(1.5) + 0.25 * np.log(0.5), abs=1e-12)


def test_a_code_with_a_dimension_for_each_factor_scores_1_and_a_dead_dimension_changes_nothing():
    perfect = np.hstack([VALUES[:, [2, 0, 1]] * [1.0, -3.0, 0.1], np.full((N, 1), 7.0)])
    found = measured(perfect)
    chance = 9 * 9 / (2 * N) / np.log(10)  # the information that two independent samples seem to share (Miller 1955)
    assert found["mig"] == pytest.approx(1 - chance, abs=0.004)
    assert found["dci"] > 0.99 and list(found["mig_gaps"]) == ["a", "b", "c"]


def test_random_and_constant_codes_score_0():
    found = measured(RNG.normal(size=(N, 4)))
    assert found["mig"] < 0.01 and found["dci"] < 0.1
    nothing = measured(np.zeros((N, 2)))
    assert nothing["mig"] == nothing["dci"] == 0.0


def test_a_turn_by_45_degrees_takes_the_gaps_of_the_two_factors_it_mixes_and_leaves_the_third():
    found = measured(rotated(np.pi / 4))
    assert found["mig_gaps"]["a"] < 0.02 and found["mig_gaps"]["b"] < 0.02 and found["mig_gaps"]["c"] > 0.95
    # Two of three dimensions serve two factors alike: their entropy is ln 2 / ln 3 each, and all three weigh the same.
    assert found["dci"] == pytest.approx(1 - 2 / 3 * np.log(2) / np.log(3), abs=0.03)
    assert found["mig"] < measured(rotated(0.2))["mig"] < measured(rotated(0.0))["mig"]


def test_a_turned_code_explains_the_images_as_well_and_yet_has_another_gap():
    """Why images alone do not identify a disentangled code: x = W z + noise is N(0, W Wᵀ + σ² I) for W and for W Rᵀ."""
    decoder, turn = RNG.normal(size=(6, 3)), np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    codes = (VALUES - 4.5) / VALUES.std(0)
    images = codes @ decoder.T
    assert np.allclose(images, (codes @ turn.T) @ (decoder @ turn.T).T)
    prior = [multivariate_normal(np.zeros(6), w @ w.T + 0.1 * np.eye(6)) for w in (decoder, decoder @ turn.T)]
    np.testing.assert_allclose(prior[0].logpdf(images), prior[1].logpdf(images), rtol=1e-9)
    assert measured(codes)["mig"] > 0.9 and measured(codes @ turn.T)["mig"] < 0.4


def test_disentanglement_of_importances_written_down():
    assert measures.disentanglement(np.eye(4)) == pytest.approx(1)
    assert measures.disentanglement(np.ones((3, 4))) == pytest.approx(0)
    # ρ = (3/4, 1/4); the first serves one factor, the second both alike.
    assert measures.disentanglement(np.array([[3.0, 0.0], [0.5, 0.5]])) == pytest.approx(0.75)


def test_a_factor_that_repeats_is_measured_within_each_class_as_far_as_it_can_be_seen():
    turning = Factor("angle", "circular", tuple(map(str, range(8))), "", (2, 8))
    labels, angle = RNG.integers(0, 2, N), RNG.integers(0, 8, N)
    seen = np.where(labels == 0, angle % 2, angle)
    [share] = measures.information(seen[:, None] / 8.0, angle[:, None], (turning,), labels)[0]
    assert share == pytest.approx(1), "all that can be seen of it"
    [first, second] = measures.parts(turning, angle, labels)
    assert set(first[1]) == {0, 1} and first[2] == 2 and set(second[1]) == set(range(8))


def test_a_circular_factor_is_predicted_from_its_cosine_and_sine():
    hue = Factor("hue", "circular", tuple(map(str, range(10))))
    turn = 2 * np.pi * VALUES[:, 0] / 10
    codes = np.stack([np.cos(turn), RNG.normal(size=N), np.sin(turn)], 1)
    found = measures.importances(codes, hue, VALUES[:, 0], LABELS)
    assert found[1] < 0.01 and found[0] == pytest.approx(0.5, abs=0.05) and found.sum() == pytest.approx(1)


@pytest.mark.parametrize("model", ["vae", "ad"])
def test_an_evaluation_measures_it_where_the_factors_are_known(model):
    images = data.load("shapes", shape=ImageShape(3, 16, 16))
    recipe = Recipe(dataset="shapes", image_shape=(3, 16, 16), model=model, hidden=(4,), latent_dim=2)
    net = build(recipe).eval()
    few = data.ImageSet(
        **vars(images)
        | {
            "test_images": images.test_images[:40].copy(),
            "test_labels": images.test_labels[:40].copy(),
            "factors": images.factors.take(np.arange(10_000), np.arange(10_000, 10_040)),
        }
    )
    found = Steps(test_set.evaluation_steps(net, few, limit=20)).end()
    assert 0 <= found["mig"] <= 1 and 0 <= found["dci"] <= 1 and list(found["mig_gaps"])[1] == "hue"
