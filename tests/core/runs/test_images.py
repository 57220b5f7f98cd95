"""A run knows the images it was trained on, whatever has become of its folder since."""

import json
import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from core import cli, data, runs
from core.embedding import inputs
from core.evaluation import outlier_images
from core.jobs.queue import JobQueue
from core.jobs.training_queue import TrainingQueue
from core.latent import codec
from core.recipes.presets import preset
from core.runs import export, images, weights
from core.training.loop import train
from tests.fake_executor import FakeExecutor

DIGITS = data.load("digits", shape=preset("mlp-vae").with_(image_shape=(1, 8, 8), dataset="digits").shape)


def write(path, picture):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


@pytest.fixture
def folder(tmp_path):
    """Thirty zeros in `a`, thirty ones in `b`."""
    for name, label in (("a", 0), ("b", 1)):
        for i in np.flatnonzero(DIGITS.train_labels == label)[:30]:
            write(tmp_path / "set" / name / f"{i}.png", DIGITS.train_images[i])
    return tmp_path / "set"


def trained(folder, name="plane-ad", epochs=2, **changes):
    recipe = preset(name).with_(dataset="folder", folder=str(folder), image_shape=(1, 8, 8), epochs=epochs, **changes)
    run = runs.create(recipe)
    list(train(run, "cpu"))
    return run


def add(folder, count, sub="b", first=0):
    """New pictures, before and after the others in the order of names."""
    for i in range(first, first + count):
        write(folder / sub / f"{'!' if i % 2 else '~'}{i}.png", DIGITS.test_images[i])


def contents(run):
    """The pictures of each role, as sets of bytes: trained on, validation, test."""
    now = images.images_of(run)
    train_rows, held = data.split(now, run.recipe.validation, run.recipe.train_images)
    parts = (now.train_images[train_rows], now.train_images[held], now.test_images)
    return [{picture.tobytes() for picture in part} for part in parts]


def renamed(folder):
    (folder / "a").rename(folder / "z")


def sorted_anew(folder):
    for k, file in enumerate(sorted(folder.rglob("*.png"), key=lambda f: f.name[::-1])):
        file.rename(file.with_name(f"{k:04d}-new.png"))


def grown(folder):
    add(folder, 40)


def flattened(folder):
    for file in list(folder.rglob("*.png")):
        file.rename(folder / file.name)


CHANGES = [renamed, sorted_anew, grown, flattened]


@pytest.mark.parametrize("change", CHANGES)
def test_every_picture_keeps_its_role_and_its_latents(folder, change):
    run = trained(folder)
    roles, table = contents(run), weights.load_model(run).latent_table
    before = {row.tobytes(): z for row, z in zip(*_places(run), strict=True)}
    change(folder)
    assert contents(run) == roles
    for picture, z in zip(*_places(run), strict=True):
        assert np.array_equal(before[picture.tobytes()], z)
    for now in (images.images_of(run), data.load("folder", str(folder), run.recipe.shape)):
        found, z = codec.training_latents(weights.load_model(run), run.recipe, now, 1_000)
        assert len(z) == len(table) or now.origin is None
        pictures = now.train_images[found]
        assert all(np.array_equal(before[p.tobytes()], own) for p, own in zip(pictures, z, strict=True))


def _places(run):
    """Pictures of a map of all images with a row of the latent table, and their latents."""
    now = images.images_of(run)
    ids = inputs.shared_table_ids(now, run.recipe)
    pictures = inputs.pictures(now, ids)
    return pictures, inputs.latents(run, pictures, inputs.table_rows(now, ids, run.recipe))


@pytest.mark.parametrize("change", CHANGES)
def test_a_resumed_run_equals_the_unbroken_one_after_such_a_change(folder, change):
    unbroken, cut = trained(folder, "plane-vae", 4), trained(folder, "plane-vae", 2)
    change(folder)
    cut.update_status(epochs=4)
    list(train(cut, "cpu"))
    ours, theirs = (weights.load(run.path / "last.safetensors")[0] for run in (unbroken, cut))
    assert ours.keys() == theirs.keys() and all(ours[name].equal(theirs[name]) for name in ours)


def test_rows_that_belong_to_other_pictures_are_found_by_content_or_searched(folder):
    run = trained(folder)
    pictures, z = _places(run)
    wrong = np.roll(np.arange(len(pictures)), 5)
    assert np.array_equal(inputs.latents(run, pictures[wrong], np.arange(len(pictures))), z[wrong])
    unknown = DIGITS.test_images[:2]
    searched = codec.encode(weights.load_model(run), unknown)
    assert np.allclose(inputs.latents(run, unknown, np.array([0, 1])), searched)


def test_a_missing_training_image_is_said_everywhere_and_refuses_a_resume(folder, capsys):
    run = trained(folder)
    pictures, z = _places(run)
    (victim,) = (f for f in folder.rglob("*.png") if np.array_equal(np.asarray(Image.open(f)), pictures[3]))
    victim.unlink()
    add(folder, 2)
    table = str(folder.parent / "map.csv")
    status = (run.path / "status.json").read_bytes()
    note = images.images_of(run).changed
    assert "1 of its" in note and "is missing or changed, and 2 new images are left out" in note
    left, now = _places(run)
    assert np.array_equal(left, np.delete(pictures, 3, 0)) and np.array_equal(now, np.delete(z, 3, 0))
    assert cli.main(["resume", run.name, "--epochs", "9"]) == 1
    assert "1 of its" in capsys.readouterr().err and (run.path / "status.json").read_bytes() == status
    for command, *rest in (
        ["embed", "--method", "pca", "--n", "40", "--out", table],
        ["evaluate", "--images", "3"],
        ["outliers", "--n", "3"],
        ["interpolate", "0", "1", "--out", str(folder.parent / "path.png")],
        ["reconstruct", "--n", "2", "--hide", "half", "--steps", "2", "--out", str(folder.parent / "half.png")],
    ):
        assert cli.main([command, run.name, *rest]) == 0 and note in capsys.readouterr().err, command


def test_the_queue_refuses_to_resume_without_the_images_and_changes_nothing(folder):
    run = trained(folder, "plane-vae", 1)
    for file in sorted(folder.rglob("*.png"))[::2]:
        file.unlink()
    status = (run.path / "status.json").read_bytes()
    with pytest.raises(runs.RunError, match="training images are missing or changed"):
        TrainingQueue("cpu", JobQueue(FakeExecutor())).resume(run.name, epochs=9)
    assert (run.path / "status.json").read_bytes() == status


def test_a_changed_test_image_is_noticed_with_an_encoder_too(folder, capsys):
    run = trained(folder, "plane-vae")
    tested = images.images_of(run).test_images
    (victim,) = (f for f in folder.rglob("*.png") if np.array_equal(np.asarray(Image.open(f)), tested[0]))
    Image.fromarray(255 - tested[0]).save(victim)
    assert cli.main(["evaluate", run.name, "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["images"] == len(tested) - 1
    assert f"1 of its {len(tested)} test images is missing or changed, and 1 new image is left out" in said.err
    assert cli.main(["resume", run.name, "--epochs", "3"]) == 0, "test images take no part in the training"
    assert "1 of its" in run.status["message"], "the page that trains it says so as well"


def test_a_folder_of_other_pictures_is_refused_in_a_sentence(folder, capsys):
    run = trained(folder)
    for file in list(folder.rglob("*.png")):
        file.unlink()
    add(folder, 12)
    for command in ("evaluate", "outliers", "resume"):
        assert cli.main([command, run.name, *(["--epochs", "9"] if command == "resume" else [])]) == 1
        assert "None of the" in capsys.readouterr().err


def test_a_run_without_a_list_of_its_images_says_so(folder, capsys):
    run = trained(folder)
    pictures, _ = _places(run)
    (run.path / images.FILE).unlink()
    assert cli.main(["evaluate", run.name]) == 0 and "no list of the images" in capsys.readouterr().err
    assert cli.main(["resume", run.name, "--epochs", "9"]) == 1 and "no list of the images" in capsys.readouterr().err
    searched = codec.encode(weights.load_model(run), pictures)
    assert np.allclose(inputs.latents(run, pictures, np.arange(len(pictures))), searched)


@pytest.mark.parametrize("damage", [b"", b"nonsense", b"\x08\0\0\0\0\0\0\0{}      "])
def test_a_damaged_list_counts_as_none(folder, damage):
    run = trained(folder, "plane-vae")
    (run.path / images.FILE).write_bytes(damage)
    assert images.stored(run) is None and "no list" in images.images_of(run).changed


def test_the_list_takes_twenty_bytes_an_image_and_travels_with_the_run(folder):
    run = trained(folder, "plane-vae")
    assert (run.path / images.FILE).stat().st_size < 20 * 60 + 1_000
    with zipfile.ZipFile(BytesIO(export.to_zip(run))) as archive:
        assert f"{run.name}/{images.FILE}" in archive.namelist()


def test_an_outlier_set_of_a_grown_folder_has_no_image_that_was_trained_on_among_the_test_images(folder):
    run = trained(folder, "plane-vae")
    roles = contents(run)
    grown(folder)
    mixed = outlier_images.build(images.images_of(run), run.recipe, None, 300)
    assert {picture.tobytes() for picture in mixed.images[mixed.of("test")]} == roles[2]
    assert {picture.tobytes() for picture in mixed.images[mixed.of("validation")]} == roles[1]


def test_a_folder_that_was_moved_is_found_again_where_the_user_says(folder, capsys):
    run, elsewhere = trained(folder, "plane-vae"), folder.parent / "else where"
    roles = contents(run)
    folder.rename(elsewhere)
    assert cli.main(["evaluate", run.name]) == 1
    assert f"core images {run.name} --folder PATH" in capsys.readouterr().err, "the remedy"
    other = folder.parent / "other"
    add(other, 5)
    for wrong, why in ((folder.parent / "gone", "There is no folder"), (other, "None of the")):
        assert cli.main(["images", run.name, "--folder", str(wrong)]) == 1 and why in capsys.readouterr().err
    assert images.folder_of(run) == str(folder), "a refusal changes nothing"
    assert cli.main(["images", run.name, "--folder", f"'{elsewhere}'"]) == 0
    assert "All" in capsys.readouterr().out and contents(run) == roles
    assert cli.main(["resume", run.name, "--epochs", "3"]) == 0
    assert images.folder_of(runs.open_run(run.name)) == str(elsewhere), "kept by the training"


def test_without_any_validation_image_outliers_are_refused_in_a_sentence(folder, capsys):
    run = trained(folder, "plane-vae", 1)
    held = contents(run)[1]
    for file in list(folder.rglob("*.png")):
        if np.asarray(Image.open(file)).tobytes() in held:
            file.unlink()
    assert cli.main(["outliers", run.name]) == 1
    assert "None of this run's validation images is there any more" in capsys.readouterr().err
