"""Maps in the cache: found again by what went in, never believed when damaged, gone on with when stopped."""

from pathlib import Path

import numpy as np
import pytest

from core.embedding import pitfalls, store
from core.embedding.settings import Settings
from core.embedding.tsne import State
from core.system import paths

X = np.random.default_rng(0).standard_normal((30, 4)).astype(np.float32)
LABELS = np.arange(30) % 3
SETTINGS = Settings(n=30, perplexity=5, iterations=400)


@pytest.fixture(autouse=True)
def cache(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))


def store_files() -> list[Path]:
    return sorted(paths.cache_folder().glob("*.safetensors"))


def state(iteration: int, **changes) -> State:
    rng = np.random.default_rng(iteration)
    y, update, gains = rng.standard_normal((3, 30, 2))
    return State(
        **{"y": y, "iteration": iteration, "trace": [(9, 2.0), (iteration, 1.25)], "update": update, "gains": gains}
        | changes
    )


def name(settings=SETTINGS, x=X, labels=LABELS, by="openTSNE") -> str:
    return store.key(x, labels, settings, by)


def test_what_was_kept_is_found_again_to_the_last_bit():
    assert store.find(name(), SETTINGS) is None
    wrote = state(400)
    store.save(name(), SETTINGS, wrote, {"seconds": 2.5, "measures": {"trustworthiness": 0.9}}, True)
    found = store.find(name(), SETTINGS)
    assert np.array_equal(found.state.y, wrote.y) and np.array_equal(found.state.gains, wrote.gains)
    assert found.state.trace == wrote.trace and found.facts["measures"] == {"trustworthiness": 0.9}


def test_other_inputs_or_settings_are_another_map():
    other = X.copy()
    other[3, 2] += 1e-6
    keys = {
        name(),
        name(x=other),
        name(labels=(LABELS + 1) % 3),
        name(by="scikit-learn"),
        *(
            name(SETTINGS.with_(**change))
            for change in (
                {"perplexity": 6},
                {"seed": 1},
                {"start": "random"},
                {"pca_first": True},
                {"method": "pca"},
                {"iterations": 100},
            )
        ),
    }
    assert len(keys) == 10
    assert name(SETTINGS.with_(iterations=700)) == name(), "a later stage of the same course"


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:100],
        lambda content: b"",
        lambda content: b"\x80\x04" + content,
        lambda content: content.replace(b"latent-lab-1", b"another-pro1"),
    ],
)
def test_a_damaged_file_is_as_good_as_none(damage):
    store.save(name(), SETTINGS, state(400), {}, True)
    file = store_files()[0]
    before = file.read_bytes()
    file.write_bytes(damage(before))
    assert file.read_bytes() != before
    assert store.find(name(), SETTINGS) is None
    assert store.find_stage(name(), SETTINGS.with_(iterations=500)) is None


@pytest.mark.parametrize(
    "changes", [{"y": np.zeros((29, 2))}, {"y": np.full((30, 2), np.nan)}, {"gains": np.zeros((30, 3))}]
)
def test_a_map_of_the_wrong_shape_is_not_shown(changes):
    store.save(name(), SETTINGS, state(400, **changes), {}, True)
    assert store.find(name(), SETTINGS) is None


def test_the_furthest_stage_on_the_way_is_gone_on_from():
    long = SETTINGS.with_(iterations=900)
    assert store.find_stage(name(), long) is None
    for end in (400, 650):
        store.save(name(), SETTINGS.with_(iterations=end), state(end), {}, True)
    assert store.find_stage(name(), long).state.iteration == 650
    store.save(name(), long, state(700), {}, False)
    assert store.find_stage(name(), long).state.iteration == 700
    assert store.find(name(), long) is None, "stopped is not finished"
    assert store.find_stage(name(), SETTINGS.with_(iterations=500)).state.iteration == 400, "never beyond"


def test_a_finished_map_takes_the_place_of_the_stopped_one():
    store.save(name(), SETTINGS, state(180), {}, False)
    assert len(list(store_files())) == 1
    store.save(name(), SETTINGS, state(400), {}, True)
    assert [f.name for f in store_files()] == [f"map-{name()}_400.safetensors"]


def test_what_scikit_learn_made_is_no_stage_to_go_on_from():
    store.save(name(), SETTINGS, state(400, update=None, gains=None), {}, True)
    assert store.find(name(), SETTINGS)
    assert store.find_stage(name(), SETTINGS.with_(iterations=500)) is None


def test_the_oldest_files_go_first(monkeypatch):
    monkeypatch.setattr(store, "MAX_FILES", 3)
    for end in (310, 320, 330, 340, 350):
        store.save(name(), SETTINGS.with_(iterations=end), state(end), {}, True)
    assert len(list(store_files())) == 3
    assert store.find(name(), SETTINGS.with_(iterations=350))


def test_small_maps_are_kept_and_damaged_ones_ignored():
    key = pitfalls.key(X, "openTSNE")
    panels = {f"{kind} {view}": np.zeros((4, 2)) for kind in pitfalls.synthetic_sets() for view in ("true", "map")}
    panels |= {f"{panel} labels": np.zeros(4, np.int64) for panel in list(panels)}
    pitfalls.save(key, panels)
    assert pitfalls.load(key).keys() == panels.keys()
    pitfalls.save(key, {k: v for k, v in panels.items() if k != "noise map"})
    assert pitfalls.load(key) is None
