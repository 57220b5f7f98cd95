"""Which images are on a map, what goes in, how settings are refused, and PCA against scikit-learn's."""

import sys
from importlib import metadata
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.decomposition import PCA

from core import data
from core.embedding import export, inputs, pitfalls, store, tsne
from core.embedding.settings import EmbeddingError, Settings
from core.images.convert import from_png, png
from core.images.shape import ImageShape
from core.latent import codec, pca
from core.runs import weights
from core.system import cache
from tests.tiny_runs import tiny, trained


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("n", 9, "n: 9 is not allowed. Give a whole number from 10 to 70,000."),
        ("n", 100.5, "n: 100.5 is not allowed"),
        ("perplexity", "many", "perplexity: 'many' is not allowed. Give a number from 2 to 500."),
        ("perplexity", float("nan"), "perplexity: nan"),
        ("iterations", True, "iterations: True"),
        ("seed", -1, "seed: -1 is not allowed"),
        ("source", "z", "source: 'z' is not allowed. Choose one of latents, pixels."),
        ("method", "isomap", "Choose one of tsne, pca, umap."),
        ("start", None, "start: None"),
        ("pca_first", "yes", "Choose True or False."),
    ],
)
def test_a_bad_setting_is_refused_with_its_value_and_what_is_allowed(name, value, told):
    with pytest.raises(EmbeddingError) as refused:
        Settings(**{name: value})
    assert told in str(refused.value)


def test_numbers_may_come_as_text():
    s = Settings(n="500", perplexity="12.5", seed="3")
    assert (s.n, s.perplexity, s.seed) == (500, 12.5, 3)


def test_settings_are_fitted_to_the_images_there_are():
    assert Settings(n=5_000).fitted_to(300).n == 300
    with pytest.raises(EmbeddingError, match="There are only 9 images. A map needs at least 10"):
        Settings().fitted_to(9)
    with pytest.raises(EmbeddingError, match="perplexity: 30 is too high for 60 images.*at most 19"):
        Settings().fitted_to(60)
    assert Settings(method="pca").fitted_to(60).n == 60, "PCA attends to no neighbours"


def test_a_map_takes_test_images_first_and_every_class_in_proportion(digits):
    few = inputs.choose_ids(digits, 100)
    assert len(few) == len(set(few)) == 100 and few.max() < 297
    assert (np.abs(np.bincount(inputs.labels(digits, few)) - 10) <= 2).all()
    many = inputs.choose_ids(digits, 1_000)
    assert many[:297].tolist() == list(range(297)) and len(set(many)) == 1_000
    assert np.array_equal(many, inputs.choose_ids(digits, 1_000))
    every = inputs.choose_ids(digits, 5_000)
    assert len(every) == inputs.count_available(digits) == 1_797


def test_pictures_and_labels_belong_to_their_numbers(digits):
    ids = np.array([3, 296, 297, 1_796])
    assert [inputs.split_and_index(digits, k) for k in ids] == [
        ("test", 3),
        ("test", 296),
        ("train", 0),
        ("train", 1_499),
    ]
    wanted = np.concatenate([digits.test_images[[3, 296]], digits.train_images[[0, 1_499]]])
    assert np.array_equal(inputs.pictures(digits, ids), wanted)
    assert inputs.labels(digits, ids).tolist() == [
        digits.test_labels[3],
        digits.test_labels[296],
        digits.train_labels[0],
        digits.train_labels[1_499],
    ]


@pytest.mark.slow
def test_latents_are_the_posterior_means_of_the_best_weights(digits):
    run = trained(tiny(latent_dim=3))
    z = inputs.latents(run, digits.test_images[:20])
    assert np.array_equal(z, codec.encode(weights.load_model(run), digits.test_images[:20]))
    assert z.shape == (20, 3)


@pytest.mark.slow
@pytest.mark.parametrize("d", [2, 5, 784])
def test_pca_is_scikit_learns_but_for_the_sign(d, digits):
    x = (
        digits.test_images.reshape(297, -1)[:, :d].astype(np.float32)
        if d == 784
        else np.random.default_rng(0).standard_normal((200, d)).astype(np.float32) * np.arange(1, d + 1)
    )
    ours, theirs = pca.pca(x), PCA(2, svd_solver="full").fit(x)
    wanted = theirs.transform(x)
    for k in range(2):
        sign = np.sign(ours[:, k] @ wanted[:, k])
        assert np.allclose(ours[:, k], sign * wanted[:, k], atol=1e-3 * np.abs(wanted).max())
    assert pca.explained_variance(x, ours) == pytest.approx(theirs.explained_variance_ratio_.sum(), rel=1e-4)


def test_pca_of_a_single_number_or_of_nothing_that_varies_is_a_map_all_the_same():
    line = pca.pca(np.arange(10, dtype=np.float32)[:, None])
    assert line.shape == (10, 2) and np.allclose(np.abs(np.diff(line[:, 0])), 1) and not line[:, 1].any()
    assert not pca.pca(np.ones((10, 4), np.float32)).any()
    assert np.isnan(pca.explained_variance(np.ones((10, 4)), np.ones((10, 2))))


def test_the_table_has_a_line_for_every_image(digits):
    ids = np.array([0, 300])
    lines = export.table(digits, ids, np.array([[1.5, -2.25], [0.1, 1e-9]])).splitlines()
    assert lines == [
        "index,part,class,x,y",
        f"0,test,{digits.test_labels[0]},1.5,-2.25",
        f"3,train,{digits.train_labels[3]},0.1,1e-09",
    ]


def test_the_picture_shows_every_point_in_the_colour_of_its_class():
    y = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 2.0]])
    shown = export.picture(y, np.array([0, 1, -1]), ["zero", "one"], "A map · of ⊕ things")
    assert shown.shape[1:] == (1_200, 3) and from_png(png(shown)).shape == shown.shape
    below = shown[56:1_256]
    assert below[600 + 288, 24].tolist() == [0x56, 0xB4, 0xE9], "left and below the middle"
    assert below[600 + 288, 1_175].tolist() == [0xE6, 0x9F, 0x00]
    assert below[600 - 288, 600].tolist() == [0x6B, 0x72, 0x80]


def test_a_single_place_for_all_points_is_a_picture_too():
    assert export.picture(np.zeros((3, 2)), np.zeros(3, int), ["a"], "").shape[1] == 1_200


def test_a_run_without_an_encoder_maps_the_images_that_own_a_row_of_its_table(digits):
    run = trained(tiny("plane-ad", train_images=200, hidden=(8,), epochs=1))
    ids = inputs.choose_ids(digits, 150, run.recipe)
    rows = inputs.table_rows(digits, ids, run.recipe)
    table = weights.load_model(run).table.numpy()
    assert len(ids) == 150 and np.array_equal(inputs.table_ids(digits, run.recipe)[rows], ids)
    z = inputs.latents(run, inputs.pictures(digits, ids), rows)
    assert np.array_equal(z, table[rows])
    assert len(inputs.choose_ids(digits, 5_000, run.recipe)) == 200
    assert inputs.table_rows(digits, inputs.choose_ids(digits, 150), run.recipe) is None  # test images own none


def test_beside_each_other_runs_without_an_encoder_map_what_all_of_them_own(digits):
    encoded, few, held = tiny("mlp-vae"), tiny("plane-ad", train_images=200), tiny("plane-vad", validation=100)
    assert inputs.count_available(digits, encoded) == 1_797 and inputs.count_available(digits, encoded, few) == 200
    ids = inputs.choose_ids(digits, 5_000, encoded, few, held)
    assert ids.tolist() == sorted(set(inputs.table_ids(digits, few)) & set(inputs.table_ids(digits, held)))
    assert 0 < len(ids) == inputs.count_available(digits, held, few)
    assert all(inputs.table_rows(digits, ids, recipe) is not None for recipe in (few, held))


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 20, 36)])
def test_images_of_any_shape_are_inputs_of_a_map(shape):
    images = data.load("digits", shape=ImageShape(*shape))
    chosen = inputs.subset(images, 12)
    assert chosen.pictures.shape == (12, *images.shape.picture) and inputs.subset(images, 12) is chosen
    vectors = inputs.pixels(chosen.pictures)
    assert vectors.shape == (12, images.shape.values) and not vectors.flags.writeable
    assert np.array_equal(np.rint(vectors[3] * 255).reshape(images.shape.picture), chosen.pictures[3])


def test_the_inputs_of_a_map_are_hashed_once(monkeypatch):
    images, digest, hashed = data.load("digits"), cache.digest, []
    monkeypatch.setattr(cache, "digest", lambda *parts: hashed.append(parts) or digest(*parts))
    x = inputs.pixels(inputs.subset(images, 30).pictures)
    keys = {store.key(x, inputs.subset(images, 30).labels, Settings(n=30, perplexity=5), "openTSNE") for _ in range(6)}
    assert len(keys) == 1 and sum(isinstance(part, np.ndarray) for parts in hashed for part in parts) == 2


def test_umap_is_refused_with_the_remedy_where_it_is_missing_and_allowed_where_it_is_installed(monkeypatch):
    def missing(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    with pytest.raises(EmbeddingError, match="pip install umap-learn"):
        Settings(method="umap")
    monkeypatch.setattr(metadata, "version", lambda name: "0.5.9")
    assert Settings(method="umap").method == "umap"


def test_the_shipped_small_maps_are_whole_and_show_their_lessons():
    panels = pitfalls.shipped()
    assert {f"perplexity {p}" for p in pitfalls.PERPLEXITIES} <= set(panels) and panels["seed 1"].shape == (500, 2)

    def ratio(panel):
        y, groups = panels[panel], panels[f"{panel} labels"]
        return pitfalls.rms_radius(y[groups == 1]) / pitfalls.rms_radius(y[groups == 0])

    assert ratio("sizes true") > 5 and ratio("sizes map") < 2, "sizes are lost"
    assert 0.3 < pitfalls.shared_neighbours(panels["seed 1"], panels["seed 2"]) < 0.99
    assert pitfalls.cuts(panels["ring true"]) == pitfalls.cuts(panels["trefoil true"]) == 0
    assert (pitfalls.crossings(panels["ring true"]), pitfalls.crossings(panels["trefoil true"])) == (0, 3)
    assert pitfalls.cuts(panels["ring map"]) > 0 and pitfalls.cuts(panels["trefoil map"]) > 0, "t-SNE tears them"
    assert pitfalls.SHIPPED.stat().st_size < 100_000


def test_closed_curves_in_fifty_dimensions_keep_their_distances_and_their_ends_meet():
    t = np.linspace(0, 2 * np.pi, pitfalls.CURVE_POINTS, endpoint=False)
    ring, trefoil = (pitfalls.closed_curve(name) for name in ("ring", "trefoil"))
    assert ring.shape == trefoil.shape == (300, 50) and np.linalg.matrix_rank(trefoil) == 3
    assert np.allclose(np.linalg.norm(ring, axis=1), 1)
    assert np.allclose(np.linalg.norm(ring[0] - ring, axis=1), 2 * np.abs(np.sin(t / 2))), "chords of a circle"
    steps = np.linalg.norm(np.roll(trefoil, -1, axis=0) - trefoil, axis=1)
    assert steps.max() < 4 * steps.min(), "the last point is next to the first"


def test_cuts_and_crossings_are_counted_on_curves_drawn_by_hand():
    t = np.linspace(0, 2 * np.pi, 80, endpoint=False)
    circle, eight = np.stack([np.cos(t), np.sin(t)], 1), np.stack([np.sin(t + 0.01), np.sin(2 * t + 0.02)], 1)
    assert (pitfalls.cuts(circle), pitfalls.crossings(circle), pitfalls.crossings(eight)) == (0, 0, 1)
    torn = np.where((t > 2)[:, None], circle + 5, circle)
    assert pitfalls.cuts(torn) == 2
    assert pitfalls.cuts(circle[:60]) == 1, "an arc has ends"


class StandIn:
    """As much of `umap.UMAP` as the lab uses: it tells its epochs to the file of its progress bar, and prints."""

    def __init__(self, verbose, tqdm_kwds, **options):
        assert verbose, "it would tell nothing"
        self.bar, self.options = tqdm_kwds["file"], options

    def fit_transform(self, x):
        print("Construct fuzzy simplicial set")
        for epoch in range(5):
            self.bar.write(f"\rEpochs completed:  {20 * epoch}%| ### {epoch}/5 [00:01]")
        return x[:, :2]


def test_umap_tells_how_far_it_is_and_hears_a_stop(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=StandIn))
    monkeypatch.setattr(metadata, "version", lambda name: "0.5.9")
    x, settings = np.random.default_rng(0).random((40, 5), np.float32), Settings(method="umap", n=40, perplexity=5)
    shares = []
    state = tsne.fit(x, settings, lambda state: shares.append(state.searched))
    assert shares == [0, 0.2, 0.4, 0.6, 0.8] and np.array_equal(state.y, x[:, :2]) and state.searched == 1
    stopped = tsne.fit(x, settings, lambda state: state.searched > 0.3)
    assert stopped.searched == 0 and not capsys.readouterr().out
