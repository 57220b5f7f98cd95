"""`sample`, `reconstruct`, `interpolate` and `evaluate` against what the model itself says."""

import errno
import json
import os
import re

import numpy as np
import pytest
from PIL import Image

from core import data, runs
from core.evaluation import inpainting
from core.images import masks
from core.latent import codec, encoding, mixture, sampling
from core.runs import weights
from tests.core.cli.cli_tools import TINY, refused, tiles


def test_sample_draws_what_the_model_makes_of_the_prior(tiny, call, tmp_path):
    code, out, _ = call("sample tiny --n 10 --columns 5 --seed 3 --temperature 0.5 --out new.png")
    assert code == 0 and "new.png" in out
    noise = sampling.prior(10, 3, 3, 0.5)
    expected = codec.decode(weights.load_model(runs.open_run("tiny")), noise)
    assert np.array_equal(tiles(tmp_path / "new.png", 5), expected)
    assert Image.open(tmp_path / "new.png").width > 500, "too small to be seen"
    assert os.listdir(tmp_path) == ["new.png"]


def test_sample_is_repeatable_and_the_seed_matters(tiny, call, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        assert call(f"sample tiny --seed {seed} --out {name}.png")[0] == 0
    a, b, c = ((tmp_path / f"{name}.png").read_bytes() for name in "abc")
    assert a == b != c


@pytest.mark.parametrize("source", ["prior", "gaussian", "mixture"])
def test_sample_draws_from_where_it_is_told(tiny, call, tmp_path, monkeypatch, source):
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    code, out, _ = call(f"sample tiny --n 10 --columns 5 --seed 3 --from {source} --out new.png")
    assert code == 0 and mixture.SAMPLERS[source] in out
    run = runs.open_run("tiny")
    model = weights.load_model(run)
    z = mixture.draw(model, source, 10, 3, mixture=mixture.for_run(run, model) if source == "mixture" else None)
    assert np.array_equal(tiles(tmp_path / "new.png", 5), codec.decode(model, z))


@pytest.mark.slow
def test_outliers_says_what_the_scores_say(tiny, call):
    from core.evaluation import outliers
    from core.jobs import outliers as jobs_outliers

    run = runs.open_run("tiny")
    refused(call("outliers tiny --other digits"), "is what 'tiny' was trained on")
    code, out, _ = call("outliers tiny --n 20 --quantile 0.9 --json")
    assert code == 0
    found = json.loads(out)
    images, bag, _ = jobs_outliers.prepare(run, found["other"] or "", 20, 0)
    steps = outliers.scoring_steps(weights.load_model(run), run.recipe, images, bag)
    scored = None
    while scored is None:
        try:
            next(steps)
        except StopIteration as end:
            scored = end.value
    for score, kinds in found["scores"].items():
        for verdict in outliers.results_by_kind(scored.by(score), bag, 0.9):
            assert kinds[verdict.kind]["flagged"] == pytest.approx(verdict.flagged)
            assert verdict.kind not in bag.outliers or kinds[verdict.kind]["auroc"] == pytest.approx(verdict.auroc)
            assert verdict.kind not in bag.outliers or kinds[verdict.kind]["interval"] == pytest.approx(
                verdict.interval
            )
    assert set(found["scores"]) == {"error", "objective", "corrected", "typicality", "complexity", "baseline"}
    text = call("outliers tiny --n 20")[1]
    assert "noise" in text and "AUROC" in text and "PCA with 20 components" in text


def test_reconstruct_shows_test_images_above_what_their_means_decode_to(tiny, call, tmp_path):
    code, out, _ = call("reconstruct tiny --n 20")
    assert code == 0
    shown = tiles(tmp_path / "tiny-reconstructions.png", 12)
    above, below = np.concatenate([shown[:12], shown[24:32]]), np.concatenate([shown[12:24], shown[36:44]])
    digits = data.load("digits").test_images
    assert all((digits == image).all((1, 2)).any() for image in above)
    model = weights.load_model(runs.open_run("tiny"))
    assert np.array_equal(below, codec.decode(model, codec.encode(model, above)))
    error = np.mean((above / 255.0 - below / 255.0) ** 2)
    assert f"{error:.3g} per pixel" in out


def test_own_pictures_are_reconstructed_too_and_can_be_inverted(tiny, call, tmp_path):
    picture = np.full((28, 28), 255, np.uint8)
    picture[8:20, 12:16] = 0
    Image.fromarray(picture).save(tmp_path / "ink.png")
    assert call("reconstruct tiny --image ink.png --invert --out out.png")[0] == 0
    assert np.array_equal(tiles(tmp_path / "out.png", 1)[0], 255 - picture)


@pytest.mark.parametrize(
    "hide, mask", [("half-top", masks.half("top")), ("50%", masks.random(0.5, 0)), ("box", masks.box(8, 8, 12, 12))]
)
def test_what_is_hidden_is_striped_and_the_encoder_sees_it_black(tiny, call, tmp_path, hide, mask):
    code, out, _ = call(f"reconstruct tiny --n 3 --hide {hide} --out out.png")
    assert code == 0 and "one pass of the encoder" in out
    above, seen, below = tiles(tmp_path / "out.png", 3).reshape(3, 3, 28, 28)
    assert np.array_equal(seen[:, mask], above[:, mask]) and set(np.unique(seen[:, ~mask])) == {48, 208}
    model = weights.load_model(runs.open_run("tiny"))
    black = np.where(mask, above, 0).astype(np.uint8)
    assert np.array_equal(below, codec.decode(model, codec.encode(model, black)))
    error = np.mean((above / 255.0 - below / 255.0)[:, ~mask] ** 2)
    assert f"{error:.3g} on the hidden ones" in out


def test_steps_let_a_vae_search_from_its_encoder_s_answer(tiny, call, tmp_path):
    code, out, _ = call("reconstruct tiny --n 4 --steps 25 --hide half --out out.png")
    assert code == 0 and re.search(r", [\d,]+ ms \(25 steps of search\)", out)
    above, seen, below = tiles(tmp_path / "out.png", 4).reshape(3, 4, 28, 28)
    model, mask = weights.load_model(runs.open_run("tiny")), masks.half("left")
    black = codec.image_tensor(np.where(mask, above, 0).astype(np.uint8), model)
    found = encoding.optimise_latents(model, black, visible=inpainting.mask_tensor(mask, 4, model), steps=25)
    assert np.array_equal(below, codec.decode(model, found.posterior.mean.numpy()))


@pytest.mark.slow
@pytest.mark.parametrize("recipe", ["auto-decoder-fast", "variational-auto-decoder-fast"])
def test_a_family_without_an_encoder_searches(empty_runs, call, tmp_path, recipe, brief_searches):
    assert call(TINY.replace("mlp-vae", recipe) + " --channels 4,8 --name ad")[0] == 0
    code, out, _ = call("reconstruct ad --n 2 --hide half-bottom")
    assert code == 0 and re.search(r"on the hidden ones, [\d,]+ ms \(\d+ steps of search\)", out)
    assert "(5 steps of search)" in call("reconstruct ad --n 2 --steps 5 --out again.png")[1]


def test_what_cannot_be_hidden_is_said(tiny, call):
    refused(call("reconstruct tiny --hide nonsense"), "'nonsense' does not say what to hide. Use half-left")


@pytest.mark.parametrize("path", ["slerp", "lerp"])
def test_a_path_ends_where_its_two_images_decode_to(tiny, call, tmp_path, path):
    assert call(f"interpolate tiny 4 9 --steps 5 --path {path} --out way.png")[0] == 0
    strip = tiles(tmp_path / "way.png", 7)
    ends = data.load("digits").test_images[[4, 9]]
    model = weights.load_model(runs.open_run("tiny"))
    a, b = codec.decode(model, codec.encode(model, ends))
    assert np.array_equal(strip[[0, 6]], ends)
    assert np.abs(strip[[1, 5]].astype(int) - np.stack([a, b])).max() <= 1


def test_evaluate_repeats_the_figures_of_the_end_of_training(tiny, call):
    before = runs.open_run("tiny").evaluation()
    code, out, _ = call("evaluate tiny --json --device cpu")
    assert code == 0
    assert json.loads(out) == before == runs.open_run("tiny").evaluation()
    table = call("evaluate tiny --device cpu")[1]
    assert "Loaiza-Ganem" in table, "grey pixels under a Bernoulli"
    assert f"{before['total']:.2f}" in table and "297 test images" in table and "3 latent dimensions" in table


def test_figures_are_told_where_they_cannot_be_written_down(tiny, call, monkeypatch):
    def full(_):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    before = runs.open_run("tiny").evaluation()
    monkeypatch.setattr(os, "fsync", full)
    code, out, err = call("evaluate tiny --samples 1 --json --device cpu")
    assert code == 0 and "log_likelihood" in json.loads(out) and "evaluation.json could not be written" in err
    assert runs.open_run("tiny").evaluation() == before


def test_the_importance_sampled_likelihood_lies_above_the_elbo(tiny, call):
    found = json.loads(call("evaluate tiny --json --samples 20 --device cpu")[1])
    assert found["importance_samples"] == 20
    assert -found["total"] < found["log_likelihood"] < 0 < found["log_likelihood_error"]
    assert "importance samples" in call("evaluate tiny --samples 2 --device cpu")[1]
    assert call("evaluate tiny --device cpu")[0] == 0  # and leave the figures of training


def test_an_autoencoder_is_told_apart_from_a_vae(empty_runs, call, tmp_path):
    ae = TINY.replace("mlp-vae", "deep-ae") + " --name ae"
    assert call(ae)[0] == 0
    code, out, _ = call("evaluate ae")
    assert code == 0 and "KL" not in out and "squared error per image" in out and "Loaiza" not in out
    assert "KL" not in call("resume ae --epochs 3")[1]
    assert call("sample ae --n 4")[0] == 0 and (tmp_path / "ae-samples.png").exists()
    refused(call("evaluate ae --samples 5"), "'ae' is an autoencoder.*--samples")


def test_a_run_in_colour_is_trained_sampled_and_reconstructed_in_its_shape(empty_runs, call, tmp_path):
    assert call(f"{TINY} --image-shape 3,20,32 --name wide")[0] == 0
    assert call("sample wide --n 4 --columns 4")[0] == 0
    sheet = np.asarray(Image.open(tmp_path / "wide-samples.png"))
    scale = sheet.shape[0] // 20
    assert sheet.shape == (20 * scale, (4 * 33 - 1) * scale, 3)
    Image.fromarray(np.full((9, 9, 3), (255, 0, 0), np.uint8)).save(tmp_path / "red.png")
    assert call("reconstruct wide --image red.png --hide half-left --out out.png")[0] == 0
    sheet = np.asarray(Image.open(tmp_path / "out.png"))
    scale = sheet.shape[1] // 32
    tile = sheet[::scale, ::scale]
    assert (tile[:20] == (255, 0, 0)).all(), "the picture of the file keeps its colour"
    assert (tile[21:41, 16:] == (255, 0, 0)).all() and set(np.unique(tile[21:41, :16])) == {48, 208}
    assert call("interpolate wide 0 1 --steps 3")[0] == 0
    assert call("evaluate wide --json")[0] == 0
