"""`embed` against what the core itself makes, and its refusals."""

import csv
import os
import signal

import numpy as np
import pytest
from PIL import Image

from core import data, runs
from core.embedding import inputs, tsne
from core.embedding.settings import Settings
from core.latent import pca
from tests.core.cli.cli_tools import refused

pytestmark = pytest.mark.slow

pytest.importorskip("openTSNE", reason="openTSNE has no package for this machine")


def rows(path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def places(found) -> np.ndarray:
    return np.array([[float(row["x"]), float(row["y"])] for row in found])


def test_the_map_of_the_latents_is_written_as_table_and_picture(tiny, call, tmp_path):
    code, out, _ = call("embed tiny --n 120 --perplexity 8 --iterations 100 --seed 3")
    assert code == 0 and "trustworthiness" in out and "KL" in out and "of 100  KL" in out
    digits, found = data.load("digits"), rows(tmp_path / "tiny-map.csv")
    ids = inputs.choose_ids(digits, 120)
    assert [int(row["index"]) for row in found] == ids.tolist() and {row["part"] for row in found} == {"test"}
    assert [row["class"] for row in found] == [str(k) for k in digits.test_labels[ids]]
    z = inputs.latents(runs.open_run("tiny"), digits.test_images[ids])
    wanted = tsne.fit(z, Settings(n=120, perplexity=8, iterations=100, seed=3)).y
    assert np.allclose(places(found), wanted, rtol=1e-4, atol=1e-4)
    assert Image.open(tmp_path / "tiny-map.png").width == 1_200
    assert sorted(os.listdir(tmp_path)) == ["tiny-map.csv", "tiny-map.png"]


def test_pixels_by_pca_need_no_model(tiny, call, tmp_path):
    code, out, _ = call("embed tiny --pixels --method pca --n 400 --out flat.csv")
    assert code == 0 and "in the pixels" in out
    digits = data.load("digits")
    x = inputs.pixels(inputs.pictures(digits, inputs.choose_ids(digits, 400)))
    found = rows(tmp_path / "flat.csv")
    assert np.allclose(places(found), pca.pca(x), rtol=1e-4, atol=1e-3)
    assert found[-1]["part"] == "train", "beyond the test images"


def test_pca_first_and_a_random_start_are_other_maps(tiny, call, tmp_path):
    for name, flags in (("a", ""), ("b", "--pca"), ("c", "--start random")):
        assert call(f"embed tiny --pixels --n 60 --perplexity 5 --iterations 60 {flags} --out {name}.csv")[0] == 0
    a, b, c = (places(rows(tmp_path / f"{name}.csv")) for name in "abc")
    assert not np.allclose(a, b) and not np.allclose(a, c)


def test_a_stop_keeps_the_half_formed_map_and_says_so(tiny, call, tmp_path, monkeypatch):
    first = tsne.fit

    def interrupted(x, settings, tell, **more):
        def stop_at_nine(state):
            if state.iteration == 9:
                os.kill(os.getpid(), signal.SIGINT)
            return tell(state)

        return first(x, settings, stop_at_nine, **more)

    monkeypatch.setattr(tsne, "fit", interrupted)
    code, _, err = call("embed tiny --n 60 --perplexity 5 --iterations 500")
    assert code == 130 and "Stopped at iteration 9 of 500" in err
    assert len(rows(tmp_path / "tiny-map.csv")) == 60


def test_what_cannot_be_is_refused_before_anything_is_computed(tiny, call, tmp_path):
    refused(call("embed tiny --n 60 --perplexity 30"), "perplexity: 30 is too high for 60 images.*at most 19")
    refused(call("embed nobody"), "There is no run 'nobody'")
    refused(call("embed tiny --out map.png"), r"map.png must end in \.csv")
    (tmp_path / "tiny-map.png").write_bytes(b"")
    refused(call("embed tiny --n 20 --perplexity 5"), "tiny-map.png exists already")
    assert call("embed tiny --perplexity 1")[0] == 2 and call("embed tiny --n 5")[0] == 2
    assert os.listdir(tmp_path) == ["tiny-map.png"]
