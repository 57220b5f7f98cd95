"""Forming a map: repeatable, stoppable, to be gone on with, as good as scikit-learn's; and without openTSNE."""

import numpy as np
import pytest
from sklearn.manifold import TSNE, trustworthiness
from sklearn.neighbors import NearestNeighbors

from core.embedding import neighbours, placing, repulsion, tsne
from core.embedding import settings as embedding_settings
from core.embedding.settings import Settings
from core.latent import pca

pytest.importorskip("openTSNE", reason="openTSNE has no package for this machine")


@pytest.fixture(scope="module")
def x():
    """Four round clusters in ten dimensions."""
    rng = np.random.default_rng(0)
    return (rng.standard_normal((160, 10)) + 6 * np.eye(10)[np.arange(160) % 4]).astype(np.float32)


QUICK = Settings(n=160, perplexity=10, iterations=120)


def form(x, settings=QUICK, **more):
    return tsne.fit(x, settings, backend="openTSNE", **more)


def test_the_same_seed_gives_the_same_map_and_another_one_another(x):
    loose = QUICK.with_(start="random", seed=5)
    assert np.array_equal(form(x, loose).y, form(x, loose).y)
    assert not np.allclose(form(x, loose).y, form(x, loose.with_(seed=6)).y, atol=0.1)


def test_it_is_seen_while_it_forms(x):
    seen = []
    last = form(x, should_stop=lambda state: seen.append((state.iteration, state.searched, state.y.copy())))
    assert [iteration for iteration, _, _ in seen if iteration] == [*range(1, 120)]
    assert seen[0][:2] == (0, 0.0), "the search for neighbours comes first"
    assert not np.array_equal(seen[1][2], seen[2][2]), "a picture of its own each time"
    assert [iteration for iteration, _ in last.trace][:3] == [9, 19, 29] and last.trace[-1] == (120, last.kl)
    assert last.trace[-1][1] < last.trace[0][1]


def test_a_stop_is_heard_while_neighbours_are_sought(x, monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK", 1)
    looks = []
    last = form(x, should_stop=lambda state: looks.append(state.searched) or state.searched > 0.5)
    assert last.iteration == 0 and last.gains is None and looks == [0.0, 100 / 160]


def test_a_map_that_is_continued_does_not_seek_the_neighbours_anew(x, monkeypatch):
    known, whole = {}, form(x)
    stage = form(x, should_stop=lambda state: state.iteration == 50, known=known)
    form(x[:100], QUICK.with_(n=100), known={})
    monkeypatch.setattr(neighbours, "nearest", None)
    last = form(x, state=stage, known=known)
    assert np.array_equal(last.y, whole.y) and np.array_equal(last.near, whole.near) and len(known) == 1
    with pytest.raises(TypeError):
        form(x, QUICK.with_(perplexity=8), known=known)  # not those of another perplexity


def test_of_very_many_points_a_map_of_a_sample_forms_during_the_search_and_all_start_from_it(x, monkeypatch):
    plain = form(x)
    for name, value in {"SAMPLED_FROM": 100, "SAMPLE": 50, "SAMPLE_ITERATIONS": 40}.items():
        monkeypatch.setattr(tsne, name, value)
    monkeypatch.setattr(neighbours, "BLOCK", 1)
    seen = []
    last = form(x, should_stop=lambda state: seen.append(state))
    waiting = [state for state in seen if not state.iteration]
    assert [state.sampled for state in waiting] == [False, True], "nothing of it is there before it began"
    assert not np.allclose(waiting[0].y, waiting[1].y)
    chosen = np.linspace(0, 159, 50).astype(int)
    nearest = NearestNeighbors(n_neighbors=1).fit(x[chosen]).kneighbors(x, return_distance=False)[:, 0]
    assert np.array_equal(waiting[1].y, waiting[1].y[chosen][nearest]), "each beside its nearest of the sample"
    assert last.iteration == 120 and last.kl == pytest.approx(plain.kl, rel=0.05)
    assert np.array_equal(last.y, form(x).y), "the same points give the same map"


def test_neighbours_are_exact_in_blocks_and_for_new_points(x, monkeypatch):
    distances, indices = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(x).kneighbors()
    monkeypatch.setattr(neighbours, "BLOCK", 1)
    near, far = neighbours.nearest(x, 7)
    assert np.array_equal(near, indices) and np.allclose(far, distances)
    near, far = neighbours.of_new(x[:100], x[100:], 7)
    distances, indices = NearestNeighbors(n_neighbors=7).fit(x[:100]).kneighbors(x[100:])
    assert np.array_equal(near, indices) and np.allclose(far, distances, atol=1e-4)


def test_many_points_find_nearly_all_of_their_neighbours_among_a_part_of_the_others(monkeypatch):
    from scipy.spatial import cKDTree

    x = np.random.default_rng(0).normal(size=(3_000, 4)).astype(np.float32)
    monkeypatch.setattr(neighbours, "EXACT_UP_TO", 2_000)
    near, far = neighbours.nearest(x, 7)
    wanted = cKDTree(x.astype(np.float64)).query(x, 8)[1][:, 1:]
    found = np.mean([len(np.intersect1d(a, b)) for a, b in zip(near, wanted, strict=True)]) / 7
    assert found > 0.95
    assert np.allclose(far, np.linalg.norm(x[near] - x[:, None], axis=2), atol=1e-3)
    assert (np.diff(far, axis=1) >= 0).all() and (near != np.arange(len(x))[:, None]).all()
    shares = []
    with pytest.raises(neighbours.SearchStopped):
        neighbours.nearest(x, 7, lambda share: bool(shares.append(share)) or len(shares) == 3)
    assert shares == sorted(shares) and shares[-1] < 0.5


def test_points_with_many_doubles_are_not_their_own_neighbours():
    near, far = neighbours.nearest(np.zeros((30, 3), np.float32), 5)
    assert near.shape == (30, 5) and not (near == np.arange(30)[:, None]).any() and not far.any()


def test_new_points_are_placed_in_their_cluster_and_the_map_stays(x):
    state = form(x[:140])
    before = state.y.copy()
    near, distances = neighbours.of_new(x[:140], x[140:], placing.NEIGHBOURS)
    found = placing.on_tsne_map(state.y, near, distances)
    centres = np.stack([np.median(state.y[np.arange(140) % 4 == k], axis=0) for k in range(4)])
    for y in (found, placing.at_neighbours(state.y, near)):
        assert (((y[:, None] - centres) ** 2).sum(-1).argmin(1) == np.arange(140, 160) % 4).all()
    assert np.array_equal(state.y, before)


@pytest.mark.parametrize("stop_at", [9, 29, 79])  # while attraction is exaggerated, at its end, and after
def test_stopped_and_continued_is_the_same_as_never_stopped(x, stop_at):
    whole = form(x)
    part = form(x, should_stop=lambda state: state.iteration >= stop_at)
    assert part.iteration == stop_at < whole.iteration
    again = form(x, state=part)
    assert again.iteration == 120 and np.array_equal(again.y, whole.y)
    assert again.kl == pytest.approx(whole.kl, abs=1e-9)


def test_more_iterations_go_on_from_fewer_if_both_exaggerate_alike(x):
    short, long = QUICK.with_(iterations=300), QUICK.with_(iterations=340)
    assert tsne.early_iterations(300) == tsne.early_iterations(340)
    assert np.array_equal(form(x, long, state=form(x, short)).y, form(x, long).y)


def test_its_kl_is_what_the_definition_says(x):
    """Against P and Q written out in full, from the attention that each point's own σ gives."""
    state, perplexity = form(x, QUICK.with_(perplexity=50, iterations=250)), 50
    squares = ((x[:, None].astype(float) - x[None]) ** 2).sum(-1)
    p = np.zeros((160, 160))
    for i in range(160):
        others = np.arange(160) != i
        low, high = 1e-6, 1e3
        for _ in range(200):
            middle = (low + high) / 2
            row = np.exp(-(squares[i, others] - squares[i, others].min()) * middle)
            row /= row.sum()
            entropy = -(row * np.log(row + 1e-300)).sum()
            low, high = (low, middle) if entropy < np.log(perplexity) else (middle, high)
        p[i, others] = row
    p = (p + p.T) / (2 * 160)
    far = ((state.y[:, None] - state.y[None]) ** 2).sum(-1)
    q = 1 / (1 + far)
    np.fill_diagonal(q, 0)
    q /= q.sum()
    there = p > 0
    assert state.kl == pytest.approx((p[there] * np.log(p[there] / q[there])).sum(), abs=0.02)


@pytest.mark.slow
def test_it_is_as_good_as_scikit_learns(x):
    ours = form(x, QUICK.with_(iterations=400))
    theirs = TSNE(perplexity=10, random_state=0, init="pca").fit(x)
    assert ours.kl < 1.05 * theirs.kl_divergence_
    assert trustworthiness(x, ours.y) > trustworthiness(x, theirs.embedding_) - 0.01


@pytest.mark.parametrize(
    ("width", "most"), [(1e-4, 1e-4), (1.0, 1e-3), (40.0, 0.2), (4e3, 0.6)]
)  # at the beginning, the end
def test_the_grid_gives_the_forces_between_all_pairs(width, most):
    y = width * np.random.default_rng(3).uniform(-0.5, 0.5, (400, 2))
    away = y[:, None] - y[None]
    k = 1 / (1 + (away**2).sum(2))
    wanted = (k[:, :, None] ** 2 * away).sum(1)
    forces, z = repulsion.repulsion(y)
    # Single points are the hardest case: most of a cluster's forces come from further away.
    assert np.linalg.norm(forces - wanted) < most * np.linalg.norm(wanted)
    assert z == pytest.approx(k.sum() - 400, rel=0.02)


def test_the_map_before_its_last_iterations_counts_fewer_neighbours_and_the_kl_all(x):
    """The KL of the trace is that of one and the same P all along."""
    seen = []
    form(x, should_stop=lambda state: bool(seen.append(state)))
    before = next(state for state in seen if state.iteration == tsne.few_until(120))
    near, distances = neighbours.nearest(x, 30)
    p = tsne.affinities(near, distances, 10).P.tocoo()
    away = ((before.y[:, None] - before.y[None]) ** 2).sum(-1)
    q = 1 / (1 + away)
    q /= q.sum() - len(x)
    at = dict(seen[-1].trace)
    assert at[89] == pytest.approx((p.data * np.log(p.data / q[p.row, p.col])).sum(), rel=0.05)


@pytest.mark.slow
def test_pca_first_gives_the_map_of_the_reduced_points():
    wide = np.random.default_rng(1).standard_normal((120, 200)).astype(np.float32)
    reduced = form(pca.pca(wide, 50), QUICK.with_(n=120))
    assert np.array_equal(form(wide, QUICK.with_(n=120, pca_first=True)).y, reduced.y)
    assert not np.array_equal(form(wide, QUICK.with_(n=120)).y, reduced.y)


def test_images_that_are_all_the_same_still_make_a_map():
    assert np.isfinite(form(np.ones((40, 5), np.float32), Settings(n=40, perplexity=5, iterations=60)).y).all()


def test_the_pca_map_is_there_at_once(x):
    state = form(x, QUICK.with_(method="pca"))
    assert np.allclose(state.y, pca.pca(x)) and state.iteration == 0 and state.update is None


def test_without_open_tsne_scikit_learn_forms_the_map(x, monkeypatch):
    monkeypatch.setattr(embedding_settings, "find_spec", lambda name: None)
    assert (
        embedding_settings.default_backend() == "scikit-learn"
        and embedding_settings.default_iterations("scikit-learn") == 1_000
    )
    seen = []
    settings = QUICK.with_(iterations=300)
    state = tsne.fit(x, settings, lambda state: seen.append(state.iteration))
    theirs = TSNE(
        perplexity=10, init=tsne.first_layout(x, settings).astype(np.float32), random_state=0, max_iter=300
    ).fit(x)
    assert np.allclose(state.y, theirs.embedding_, atol=1e-3) and state.kl == pytest.approx(theirs.kl_divergence_)
    assert seen == [50, 100, 150, 200, 250, 300] and state.update is None


def test_scikit_learn_can_be_stopped_and_leaves_the_first_layout(x):
    state = tsne.fit(x, QUICK, lambda state: state.iteration >= 100, backend="scikit-learn")
    assert state.iteration == 0 and np.array_equal(state.y, tsne.first_layout(x, QUICK))
