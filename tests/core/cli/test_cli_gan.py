"""A GAN on the command line: trained from a run's decoder, resumed, measured; what makes no sense is a sentence."""

import io
import json
import re
import zipfile
from dataclasses import asdict

import numpy as np
import pytest

from core import cli, data, runs
from core.evaluation import classifier, sample_quality
from core.latent import codec, sampling
from core.runs import export, weights
from tests.core.cli.cli_tools import TINY, refused, tiles, words
from tests.tiny_gans import measure_few_samples
from tests.tiny_runs import keep_in_cache

pytestmark = pytest.mark.slow

GAN = (
    "train mlp-vae --model gan --digits --train-images 96 --batch-size 16 --d-channels 4,8 --round-images 0 "
    "--epochs 1 --device cpu"
)


@pytest.fixture(scope="session")
def game_folder(tmp_path_factory, digits_classifier):
    """A folder with a VAE, an auto-decoder and a GAN from each, made once."""
    folder = tmp_path_factory.mktemp("games")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(folder))
        patch.setenv("LATENT_LAB_CACHE", str(folder.with_name("games-cache")))
        keep_in_cache(digits_classifier)
        measure_few_samples(patch)
        assert cli.main(words(TINY + " --name first")) == 0
        assert cli.main(words(TINY.replace("mlp-vae", "plane-ad") + " --name table")) == 0
        assert cli.main(words(GAN + " --source first --name game")) == 0
        assert cli.main(words(GAN + " --source table --name searching")) == 0
    return folder


@pytest.fixture
def games(game_folder, few_samples, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(game_folder))
    monkeypatch.setenv("LATENT_LAB_CACHE", str(game_folder.with_name("games-cache")))
    return game_folder


def test_each_epoch_is_a_line_with_both_losses_and_what_the_yardstick_says(games, call):
    code, out, _ = call(GAN + " --source first --name lines")
    assert code == 0
    rows = runs.open_run("lines").history()
    line = next(line for line in out.splitlines() if line.startswith("epoch 1/1"))
    assert f"D {rows['d_loss'][-1]:.3f}  G {rows['g_loss'][-1]:.3f}" in line
    assert f"Fréchet {rows['val_frechet'][-1]:.2f}, {rows['val_modes'][-1]:g} modes" in line
    assert "nats" not in out and "validation" not in out.lower()
    figures = runs.open_run("lines").evaluation()
    assert f"Test set: Fréchet distance {figures['frechet']:.2f}, {figures['before']['frechet']:.2f} before." in out
    code, out, _ = call("resume lines --epochs 2")
    assert code == 0 and "epoch 2/2" in out and runs.open_run("lines").status["epoch"] == 2
    runs.open_run("lines").delete()


def test_without_a_source_it_is_refused_before_there_is_a_folder(empty_runs, call):
    refused(call(GAN), "no run on digits")
    refused(call(GAN + " --source nothing"), "no run 'nothing'")
    assert not runs.list_runs()


def test_a_flag_that_the_source_overrules_is_named(games, call):
    code, _, err = call(GAN + " --source first --hidden 32 --name overruled")
    note = "Note: --hidden has no effect: its value comes from 'first', whose decoder becomes the generator.\n"
    assert code == 0 and err == note
    assert runs.open_run("overruled").recipe.hidden == (16,)
    runs.open_run("overruled").delete()


def test_evaluate_shows_the_decoder_before_beside_the_generator_now(games, call):
    code, out, _ = call("evaluate game")
    assert code == 0
    run = runs.open_run("game")
    images = data.load("digits")
    stick = sample_quality.for_dataset(images).with_reference(images.test_images)
    model = weights.load_model(run)
    for one, column in ((model.source_model(), 0), (model, 1)):
        made = sample_quality.generate(one, sample_quality.FINAL_SAMPLES)
        found = asdict(stick.measure(made)) | {"kid": stick.kid(made).value}
        for title, name in (
            ("Fréchet distance", "frechet"),
            ("KID", "kid"),
            ("sharpness", "sharpness"),
            ("modes", "modes"),
        ):
            figures = re.search(rf"^  {title} +(\S+) +(\S+)", out, re.M).groups()
            assert float(figures[column]) == pytest.approx(found[name], abs=6e-3), (title, column)
    assert "classifier" in out.splitlines()[-1]


def test_evaluate_json_holds_both_sides_and_renews_the_runs_own_file(games, call):
    code, out, _ = call("evaluate searching --json")
    figures = json.loads(out)
    assert code == 0 and figures["mse"] is None and figures["before"]["frechet"] > 0
    assert runs.open_run("searching").evaluation() == figures


def test_every_figure_can_be_computed_again_from_the_run_alone(games, call, monkeypatch):
    """The classifier that judged lies in the run and its zip: another machine, another cache, the same figures."""
    run = runs.open_run("game")
    before = run.evaluation()
    kept = classifier.load(run.path / classifier.FILE, 10)
    assert kept.digest == before["classifier"]
    with zipfile.ZipFile(io.BytesIO(export.to_zip(run))) as archive:
        assert f"game/{classifier.FILE}" in archive.namelist()
    monkeypatch.setattr(classifier, "cached_steps", lambda images: pytest.fail("another classifier was asked for"))
    sample_quality._for_dataset.cache_clear()
    found = json.loads(call("evaluate game --json")[1])
    assert found.keys() == before.keys() and found["classifier"] == before["classifier"]
    for name in ("frechet", "sure", "precision", "recall", "density", "coverage", "floor"):
        assert found[name] == pytest.approx(before[name], rel=1e-5), name
    assert before["reference"] == "297 test images" and before["real"]["frechet"] == before["floor"]
    assert before["control"]["sharpness"] != before["before"]["sharpness"]


def test_a_list_tells_a_frechet_distance_from_a_loss(games, call):
    code, out, _ = call("list")
    best = runs.open_run("game").status["best_total"]
    assert code == 0 and re.search(rf"^game .*{best:.2f} F ", out, re.M)
    assert re.search(r"^first +finished +\S+ +[\d.]+ +VAE", out, re.M) and "F: lowest Fréchet distance of a GAN" in out


def test_samples_are_the_generators_and_reconstructions_go_through_it(games, call, tmp_path):
    assert call("sample game --n 9 --seed 3")[0] == 0
    model = weights.load_model(runs.open_run("game"))
    wanted = codec.decode(model, sampling.prior(9, 3, 3))
    assert np.array_equal(tiles(tmp_path / "game-samples.png", 3), wanted)
    for line in (
        "reconstruct game --n 4",
        "reconstruct searching --n 4 --steps 5",
        "interpolate game 0 1",
        "interpolate searching 0 1",
        "export game",
    ):
        code, out, err = call(line)
        assert code == 0 and err == "" and out, line


@pytest.mark.parametrize(
    "line, said",
    [
        ("embed game", "encodes none. Use 'first'"),
        ("outliers searching", "scores none. Use 'table'"),
        ("evaluate game --samples 5", "no log p"),
        ("sample searching --from mixture", "GAN without an encoder"),
    ],
)
def test_what_a_gan_cannot_do_is_refused_with_a_sentence(games, call, line, said):
    refused(call(line), said)
