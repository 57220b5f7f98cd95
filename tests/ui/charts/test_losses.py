"""Curves made small and smooth, and what the charts are made of."""

import itertools
import json

import numpy as np
import pytest

from core.latent.axes import DEAD_BELOW
from core.models import build
from core.recipes.family import FAMILIES, KL, RECONSTRUCTION, Term
from core.recipes.presets import CLASSIC, PRESETS
from core.runs.history import columns
from ui.charts import decimate, losses
from ui.shared import formatting, theme
from ui.training_view import view

VAE = FAMILIES["vae"].terms
NAMES = losses.curve_names(VAE)

CURVES = [
    (rng.integers(4, 3_000), rng.integers(4, 600), rng) for rng in (np.random.default_rng(seed) for seed in range(25))
]


@pytest.mark.parametrize("n, most, rng", CURVES)
def test_a_decimated_curve_keeps_its_extremes_and_its_ends_and_invents_nothing(n, most, rng):
    x = np.sort(rng.normal(size=n))
    y = rng.standard_cauchy(size=n)
    dx, dy = decimate.decimate(x, y, int(most))
    assert len(dx) <= max(most, 4)
    assert (dy.min(), dy.max()) == (y.min(), y.max())
    assert (dx[0], dx[-1], dy[0], dy[-1]) == (x[0], x[-1], y[0], y[-1])
    assert (np.diff(dx) >= 0).all()
    assert set(zip(dx, dy, strict=True)) <= set(zip(x, y, strict=True))


def test_every_stretch_of_a_decimated_curve_keeps_its_own_peak():
    y = np.zeros(10_000)
    peaks = np.arange(500, 9_500, 500)
    y[peaks] = np.arange(len(peaks)) + 1.0
    _, dy = decimate.decimate(np.arange(10_000), y)
    assert set(y[peaks]) <= set(dy)


def test_points_that_are_no_numbers_are_left_out_and_a_short_curve_is_left_alone():
    x, y = np.arange(6.0), np.array([np.nan, 1, np.inf, 3, -np.inf, 5])
    assert [list(v) for v in decimate.decimate(x, y)] == [[1, 3, 5], [1, 3, 5]]
    assert [len(v) for v in decimate.decimate(np.empty(0), np.empty(0))] == [0, 0]


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.9, 0.99])
def test_smoothing_equals_its_closed_form(weight):
    y = np.random.default_rng(1).normal(size=60)
    weights = np.array([[weight ** (t - i) if i <= t else 0.0 for i in range(60)] for t in range(60)])
    np.testing.assert_allclose(decimate.smooth(y, weight), weights @ y / weights.sum(1), rtol=1e-10)


def test_smoothing_does_not_move_a_constant_and_refuses_a_weight_of_one():
    np.testing.assert_allclose(decimate.smooth(np.full(50, 7.0), 0.95), 7.0)
    with pytest.raises(ValueError, match="below 1"):
        decimate.smooth(np.ones(3), 1.0)


def history(n: int = 2_000, epochs: int = 20) -> dict[str, np.ndarray]:
    """A made-up VAE history: exponentially falling losses, validated at the end of each epoch."""
    t = np.arange(1, n + 1)
    points = {column: np.full(n, np.nan) for column in columns("vae")}
    points |= {"step": t, "epoch": t * epochs / n, "seconds": t * 0.01}
    recon, kl = 80 + 400 * np.exp(-t / 50), 25 * (1 - np.exp(-t / 100))
    ends = t % (n // epochs) == 0
    for part, there in (("train", np.full(n, True)), ("val", ends)):
        for term, y in (("recon", recon), ("kl", kl), ("weighted_kl", 2 * kl), ("total", recon + 2 * kl)):
            points[f"{part}_{term}"] = np.where(there, y, np.nan)
    return points


def drawn(chart) -> dict:
    """(name, dashed) → curve, of the curves that speak when the pointer is over them."""
    return {(c["name"], c["dash"]): c for panel in chart["panels"] for c in panel["curves"] if c["label"]}


def test_losses_and_kl_have_panels_of_their_own_and_training_is_solid_where_validation_is_dashed():
    chart = losses.loss_chart(history(), VAE)
    found = drawn(chart)
    assert set(found) == set(itertools.product(NAMES.values(), [False, True]))
    above, below = ({c["name"] for c in panel["curves"]} for panel in chart["panels"])
    assert above == {"Total", "Reconstruction"} and below == {"KL", "β·KL"}
    assert len(found["Total", False]["x"]) <= 500 and len(found["Total", True]["x"]) == 20
    colours = {name: found[name, False]["colour"] for name in NAMES.values()}
    assert len(set(colours.values())) == 3 and colours["KL"] == colours["β·KL"]
    assert [entry["name"] for entry in chart["legend"]] == list(NAMES.values())


def test_the_elbo_has_the_kl_at_weight_one_and_exists_only_with_a_posterior():
    points, recipe = history(), PRESETS["mlp-vae"]
    found = losses.with_elbo(points, recipe)
    for part in ("train", "val"):
        wanted = points[f"{part}_recon"] + points[f"{part}_kl"]
        assert np.array_equal(found[f"{part}_elbo"], wanted, equal_nan=True)
    assert losses.with_elbo(points, PRESETS["deep-ae"]) is points and losses.has_elbo(recipe)
    assert not losses.has_elbo(recipe.with_(importance_samples=5))  # its terms are those of a tighter bound


def test_the_title_of_a_panel_is_short_and_has_a_unit_where_there_is_one():
    titles = {
        key: losses.loss_chart(history(), FAMILIES[key].terms)["panels"][1]["title"]
        for key in ("vae", "wae", "infovae", "tcvae")
    }
    assert titles == {
        "vae": "KL (nats per image)",
        "wae": "MMD²",
        "infovae": "KL and MMD²",
        "tcvae": "Other terms (nats per image)",
    }


def test_where_the_kl_is_divided_the_elbo_is_the_sum_of_its_parts():
    names = ("recon", "mi", "tc", "dwkl")
    points = {f"val_{name}": np.array([1.0, 2.0]) * 10.0**k for k, name in enumerate(names)}
    found = losses.with_elbo(points, PRESETS["tc-vae"])
    assert found["val_elbo"].tolist() == [1111.0, 2222.0] and "train_elbo" not in found


def test_a_zoom_survives_new_points_and_is_given_up_when_the_axis_means_something_else():
    revision = [
        losses.loss_chart(history(n), VAE, x=x)["revision"]
        for n, x in ((200, "epoch"), (400, "epoch"), (400, "seconds"))
    ]
    assert revision[0] == revision[1] != revision[2]


def test_a_change_in_mid_run_is_marked_where_it_happened_on_every_axis():
    changes = [
        {"step": 500, "epoch": 5.0, "field": "lr", "old": 1e-3, "new": 3e-4},
        {"step": 1000, "epoch": 10.0, "field": "beta", "old": 1.0, "new": 4.0},
    ]
    for x, places in {"epoch": [5, 10], "step": [500, 1000], "seconds": [5, 10]}.items():
        marks = losses.loss_chart(history(), VAE, x=x, changes=changes)["marks"]
        assert [mark["x"] for mark in marks] == pytest.approx(places)
        assert [mark["text"] for mark in marks] == ["lr → 0.0003", "β → 4"]


def test_smoothing_leaves_the_raw_curve_faint_behind_and_touches_only_training():
    plain, smoothed = losses.loss_chart(history(), VAE), losses.loss_chart(history(), VAE, smoothing=0.9)
    faint = [c for panel in smoothed["panels"] for c in panel["curves"] if not c["label"]]
    assert len(faint) == 4 and not any(c["dash"] for c in faint)
    for name in NAMES.values():
        assert drawn(plain)[name, True]["y"] == drawn(smoothed)[name, True]["y"]
        assert drawn(plain)[name, False]["y"] != drawn(smoothed)[name, False]["y"]
        assert drawn(plain)[name, False]["y"] == next(c["y"] for c in faint if c["name"] == name)


def test_a_logarithm_is_drawn_only_where_every_value_has_one():
    points = history()
    assert [panel["log"] for panel in losses.loss_chart(points, VAE, log=True)["panels"]] == [True, True]
    points["train_total"] = points["train_total"] - 1_000  # a Gaussian likelihood can be negative
    assert [panel["log"] for panel in losses.loss_chart(points, VAE, log=True)["panels"]] == [False, True]


def test_the_first_steep_fall_does_not_press_the_rest_flat():
    low, high = losses.loss_chart(history(), VAE)["panels"][0]["range"]
    late = history()["train_total"][160:]
    assert high < 0.8 * history()["train_total"][0] and low < late.min() and late.max() < high


def test_the_shortest_of_several_runs_is_seen_whole_but_for_its_own_first_fall():
    long, short = history(), history(epochs=1)
    for column in ("train_total", "val_total"):
        short[column] += 500
    low, high = losses.overlay_chart({"long": long, "short": short})["panels"][0]["range"]
    assert low < long["train_total"].min() and high > short["train_total"][160:].max()


def test_the_first_peak_of_the_kl_is_not_cut_off():
    points = history()
    for part in ("train", "val"):
        points[f"{part}_kl"][:20] *= 40
        points[f"{part}_weighted_kl"][:20] *= 40
    peak = np.nanmax([points["train_kl"], points["train_weighted_kl"]])
    low, high = losses.loss_chart(points, VAE)["panels"][1]["range"]
    assert low < 0.5 and high > peak


@pytest.mark.parametrize("first", [2, 6, 1_000])
@pytest.mark.parametrize("to", [1e11, 1e4])
def test_a_run_that_diverges_is_shown_on_the_scale_it_had_before(first, to):
    points, before = history(), history()
    for term in ("recon", "kl", "weighted_kl", "total"):
        points[f"train_{term}"][first : first + 8] = np.geomspace(0.2 * to, to, 8)
    points = {column: values[: first + 8] for column, values in points.items()}
    chart = losses.loss_chart(points, VAE)
    assert chart["diverged"]
    for panel, term in zip(chart["panels"], ("total", "weighted_kl"), strict=True):
        assert before[f"train_{term}"][:first].max() <= panel["range"][1] < 1.2 * before["train_total"].max()
    beside = losses.overlay_chart({"a": points, "b": before})["panels"][0]["range"]
    assert max(before["train_total"][:first].max(), before["train_total"][160:].max()) < beside[1] < 1_000


def test_a_spike_that_passes_and_a_loss_below_zero_are_no_divergence():
    points = history()
    points["train_total"][1_000] = points["train_recon"][1_000] = 1e9
    assert not losses.loss_chart(points, VAE)["diverged"]
    points = history()
    for column in ("train_recon", "train_total"):
        points[column] = points[column] - 1_000
    assert not losses.loss_chart(points, VAE)["diverged"]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_a_run_that_has_hardly_begun_can_be_drawn(rows):
    points = {column: values[:rows] for column, values in history().items()}
    chart = losses.loss_chart(points, VAE, x="seconds", log=True, smoothing=0.5)
    assert [len(c["x"]) for panel in chart["panels"] for c in panel["curves"] if not c["dash"]] == [rows] * 8
    assert not any(c["x"] for c in drawn(chart).values() if c["dash"]), "nothing was validated yet"
    assert drawn(chart)["Total", False]["x"] == pytest.approx(points["seconds"])
    assert [panel["log"] for panel in chart["panels"]] == [rows > 0] * 2 and not chart["diverged"]
    overlay = losses.overlay_chart({"a": points, "b": points}, log=True, smoothing=0.5)
    assert [(c["name"], c["dash"], len(c["x"])) for c in overlay["panels"][0]["curves"] if c["label"]] == [
        (name, dash, 0 if dash else rows) for name in "ab" for dash in (False, True)
    ]


def test_what_goes_to_the_browser_is_plain_json_without_gaps():
    text = json.dumps([losses.loss_chart(history(), VAE, smoothing=0.5), losses.kl_bars(np.ones(3))], allow_nan=False)
    assert len(text) < 500_000


def test_an_autoencoder_has_one_panel_and_no_kl():
    chart = losses.loss_chart(history(), FAMILIES["ae"].terms, unit="squared error")
    assert {name for name, _ in drawn(chart)} == {"Total"}
    assert [panel["title"] for panel in chart["panels"]] == ["Loss (squared error per image)"]


def test_a_family_with_any_number_of_terms_has_a_curve_for_each():
    codebook = Term("codebook", "Codebook", "c", "latent")
    commitment = Term("commitment", "Commitment", "m", "encoder", weight="commitment_weight")
    points = history() | {
        f"{part}_{column}": np.full(2_000, float(k))
        for part in ("train", "val")
        for k, column in enumerate(("codebook", "commitment", "weighted_commitment"))
    }
    chart = losses.loss_chart(points, (RECONSTRUCTION, KL, codebook, commitment))
    above, below = ([c["name"] for c in panel["curves"] if not c["dash"]] for panel in chart["panels"])
    weighted = "commitment_weight·Commitment"
    assert above == ["Total", "Reconstruction"]
    assert below == ["β·KL", "KL", "Codebook", weighted, "Commitment"], "a weighted term lies under its own"
    legend = ["Total", "Reconstruction", "KL", "β·KL", "Codebook", "Commitment", weighted]
    assert [entry["name"] for entry in chart["legend"]] == legend
    assert chart["panels"][1]["title"] == "Other terms (nats per image)"
    assert set(drawn(chart)["Commitment", False]["y"]) == {1.0} and set(drawn(chart)[weighted, True]["y"]) == {2.0}


def test_runs_of_several_families_are_compared_by_columns_under_all_their_names():
    names = losses.common_names([FAMILIES["ae"], FAMILIES["ad"], FAMILIES["vae"], FAMILIES["vad"]])
    assert names == {
        "total": "Total",
        "recon": "Reconstruction",
        "kl": "½‖z‖² or KL",
        "weighted_kl": "β·½‖z‖² or β·KL",
    }
    assert losses.common_names([FAMILIES["ae"]]) == {"total": "Total", "recon": "Reconstruction"}


@pytest.mark.parametrize("key", [key for key, family in FAMILIES.items() if family.terms])
def test_every_family_is_drawn_by_its_record(key):
    terms = FAMILIES[key].terms
    chart = losses.loss_chart(history(), terms)
    roles = {entry["name"]: entry["colour"] for entry in chart["legend"]}
    assert all(roles[term.title] == theme.colour(term.role) for term in terms if term.title in roles)
    assert len(chart["panels"]) == (1 if len(terms) == 1 else 2) and FAMILIES[key].caption


def test_kl_bars_are_sorted_and_dead_dimensions_marked():
    kl = np.array([0.5, 0.0, 3.0, DEAD_BELOW, DEAD_BELOW - 1e-6])
    bars = losses.kl_bars(kl)
    assert bars["names"] == ["z2", "z0", "z3", "z4", "z1"] and bars["values"] == sorted(kl, reverse=True)
    assert bars["dead"] == [False, False, False, True, True]
    assert losses.kl_caption(kl).startswith("3 of 5 dimensions are in use, 3.52 nats")
    assert losses.in_use(kl) == "3 of 5 dimensions in use" and losses.in_use(np.zeros(5)) == ""


@pytest.mark.parametrize(
    "done, text",
    [
        (0, "0"),
        (0.809, "0.8"),
        (0.99, "0.9"),
        (81, "81"),
        (81.0, "81"),
        (2.3, "2.3"),
        (10_000, "10000"),
        (None, "–"),
        (float("nan"), "–"),
    ],
)
def test_epochs_are_written_in_one_way_and_never_rounded_up(done, text):
    assert formatting.epoch(done) == text


def test_runs_laid_over_each_other_can_be_told_apart_even_when_the_colours_run_out():
    runs = {f"run {i}": history(100) for i in range(8)}
    given = {name: "#AA4C08" if name != "c" else "#00795A" for name in runs}
    assert [curve["colour"] for curve in losses.overlay_chart(runs, "kl", colours=given)["legend"]] == list(
        given.values()
    )
    widths = [width for _, width in losses.strokes(["a", "b", "c"], {"a": "x", "b": "y", "c": "x"})]
    assert widths[0] == widths[1] < widths[2], "the same colour again is drawn broader"
    chart = losses.overlay_chart(runs, "kl")
    assert [entry["name"] for entry in chart["legend"]] == list(runs)
    assert len({(c["colour"], c["width"], c["dash"]) for c in chart["panels"][0]["curves"]}) == 16
    # And without colours: each curve ends with the number that the legend gives its run.
    numbers = {entry["name"]: entry["end"] for entry in chart["legend"]}
    assert len(set(numbers.values())) == 8 and all(c["end"] == numbers[c["name"]] for c in chart["panels"][0]["curves"])


@pytest.mark.parametrize("name", [name for name in CLASSIC if PRESETS[name].model != "gan"])
def test_samples_are_said_to_be_of_the_prior_only_where_there_is_one(name):
    said, model = view.film_rows(PRESETS[name])[-1], build(PRESETS[name])
    without = "Samples of random codes" if model.family.codes else "Samples from a Gaussian fitted to the latents"
    assert said == ("Samples from the prior" if model.has_prior else without)


def test_a_run_without_the_column_has_no_curve_beside_one_that_has_it():
    whole = history()
    without = {name: values for name, values in whole.items() if not name.endswith("_kl")}
    drawn = losses.overlay_chart({"vae": whole, "ae": without}, "kl", "KL")["panels"][0]["curves"]
    assert {curve["name"] for curve in drawn if len(curve["x"])} == {"vae"}
