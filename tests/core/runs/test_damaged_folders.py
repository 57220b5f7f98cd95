"""Whatever lies in a run's folder costs that run, in one sentence: no other run, no list, no page, no memory."""

import contextlib
import json
import os
import shutil
import socket
import struct
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import torch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from core import cli, runs
from core.images import convert
from core.runs import Run, RunError, evaluation_file, layout, status, weights
from core.runs.export import to_zip
from core.runs.weights_digest import weights_digest
from core.system import paths
from core.system.atomic_files import write_json
from tests.tiny_runs import contents, drive, tiny

KNOWN = (*layout.FACTS, *layout.TABLES, *layout.WEIGHTS)


def put_in_place(kind: str, path, outside) -> None:
    """Put something that is no ordinary file in the place of a file or a folder."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    match kind:
        case "link":
            path.symlink_to(outside)
        case "endless":
            path.symlink_to("/dev/zero")
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()
        case "socket":
            with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as one:
                one.bind(path.name)


def every_use(run: Run) -> None:
    """Everything that pages and commands ask of a run; a RunError is an answer."""
    assert run.name in [found.name for found in runs.list_runs()]
    assert run.status["state"] in status.STATES and isinstance(run.csv(), str) and isinstance(run.frames(), list)
    run.evaluation()
    for use in (
        lambda: run.recipe,
        lambda: run.epochs,
        lambda: run.history(),
        lambda: run.kl_per_dim(),
        lambda: run.class_history(),
        lambda: run.frame(1),
        lambda: run.resumable and weights.load_model(run),
        lambda: weights.load_model(run, "last"),
        lambda: weights_digest(run),
        lambda: to_zip(run),
        lambda: drive(run),
    ):
        with contextlib.suppress(RunError):
            use()


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("kind", ["link", "endless", "pipe", "socket", "folder"])
def test_what_is_no_file_under_a_known_name_is_one_sentence_and_nothing_outside_is_touched(copy, tmp_path, kind):
    outside = tmp_path / "outside"
    outside.mkdir()
    for name in KNOWN:
        shutil.copy(copy.path / name, outside) if (copy.path / name).exists() else (outside / name).write_text("")
    shutil.copytree(copy.path / "frames", outside / "frames")
    before, whole = contents(outside), copy.path.rename(tmp_path / "whole")
    for name in (*KNOWN, ".lock", "frames"):
        if (kind, name) == ("folder", "frames"):
            continue
        shutil.copytree(whole, copy.path)
        put_in_place(kind, copy.path / name, outside / name)
        run = Run(copy.path)
        assert run.error is not None and run.error.startswith(f"'copy' is not a usable run: {name} is a "), name
        assert not run.locked() and not run.resumable
        every_use(run)
        run.delete()
        assert runs.list_runs() == [] and os.listdir(paths.runs_folder()) == []
    assert contents(outside) == before


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("kind", ["link", "endless", "pipe", "folder"])
def test_a_frame_that_is_no_file_costs_its_picture(copy, tmp_path, kind):
    put_in_place(kind, copy.path / "frames" / "0001.png", made_up := tmp_path / "outside.png")
    made_up.write_bytes(b"secret")
    with pytest.raises(RunError, match="picture of epoch 1"):
        Run(copy.path).frame(1)
    with contextlib.suppress(RunError):
        assert b"secret" not in to_zip(Run(copy.path))
    assert Run(copy.path).error is None and copy.frame(0)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x89PNG\r\n\x1a\n",
        convert.png(np.zeros((8, 8), np.uint8)),
        convert.png(np.zeros((168, 336, 3), np.uint8)),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + b"IHDR" + struct.pack(">II", 2**31 - 1, 2**31 - 1) + bytes(99),
        bytes(5_000_000),
    ],
    ids=["empty", "signature", "small", "colour", "giant", "large"],
)
def test_a_frame_of_another_kind_or_size_costs_its_picture(copy, content):
    (copy.path / "frames" / "0001.png").write_bytes(content)
    with pytest.raises(RunError, match="The picture of epoch 1 of 'copy' cannot be shown"):
        Run(copy.path).frame(1)


NUMBERS = st.integers() | st.floats() | st.just(10**400) | st.just(-(10**400)) | st.just(1e308) | st.booleans()
TEXTS = st.text(max_size=20) | st.just("\ud800") | st.just("\u202eabc") | st.just("x" * 3000)
VALUES = st.recursive(
    st.none() | NUMBERS | TEXTS, lambda v: st.lists(v, max_size=4) | st.dictionaries(TEXTS, v, max_size=4), max_leaves=6
)
STATUS_KEYS = [*status._RANGES, "state", "message", "device", "changes", "step", "field"]
CHANGES = st.lists(
    st.dictionaries(st.sampled_from(["step", "epoch", "field", "old", "new"]), VALUES, max_size=5), max_size=2
)
DOCUMENTS = VALUES | st.dictionaries(st.sampled_from(STATUS_KEYS) | TEXTS, VALUES | CHANGES, max_size=8)
quickly = settings(
    max_examples=120, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.mark.slow
@quickly
@given(document=DOCUMENTS)
@example(document=dict.fromkeys(STATUS_KEYS, 10**400))
@example(document=dict.fromkeys(STATUS_KEYS, 1e18))
def test_any_status_is_a_line_that_every_listing_can_show(copy, document):
    """The lines are those of the command line's table and of the page's."""
    from ui.shared.formatting import duration, epoch, format_sig, format_time

    (copy.path / "status.json").write_text(json.dumps(document))
    run = Run(copy.path)
    found = run.status
    assert found["state"] in status.STATES and 1 <= run.epochs <= 10**6
    shown = [
        found["message"],
        found.get("device", ""),
        f"{int(found['epoch']):,} {run.epochs:,} {int(found['step'])}",
        epoch(found["epoch"]),
        epoch(found.get("best_epoch")),
        duration(found["seconds"]),
        format_time(found.get("created")),
        *(format_sig(found.get(key)) for key in ("best_total", "images_per_second", "parameters")),
        *(
            f"{c['field']} {float(c['old'])} {float(c['new'])} {float(c['step'])} {float(c['epoch'])}"
            for c in found["changes"]
        ),
    ]
    for text in shown:
        text.encode()  # no half of a surrogate pair
        assert len(text) <= 500 and not set(text) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\n\0")
    run.update_status(message="later")
    assert Run(copy.path).status["message"] == "later" and runs.list_runs()


EVALUATION_KEYS = [*evaluation_file.NUMBERS, *evaluation_file.LISTS, *evaluation_file.WORDS, *evaluation_file.GROUPS]


@pytest.mark.slow
@quickly
@given(document=VALUES | st.dictionaries(st.sampled_from(EVALUATION_KEYS), VALUES, max_size=8))
def test_any_evaluation_is_figures_of_the_right_types_or_none(document):
    found = evaluation_file.sound(json.loads(json.dumps(document))) or {}
    for part in (found, found.get("before") or {}):
        for key, value in part.items():
            if key in evaluation_file.NUMBERS:
                assert value is None or abs(float(value)) <= 1e300
            elif key in evaluation_file.LISTS:
                assert np.isfinite(np.array(value, float)).all()
            elif key in evaluation_file.WORDS:
                assert len(value.encode()) <= 4_000


@quickly
@given(
    document=VALUES
    | st.dictionaries(st.sampled_from(["lr", "hidden", "name", "model", "folder"]) | TEXTS, VALUES, max_size=4)
)
def test_any_recipe_is_a_recipe_or_one_line_about_why_not(copy, document):
    (copy.path / "recipe.json").write_text(json.dumps(document))
    run = Run(copy.path)
    if run.error is not None:
        assert len(run.error.encode()) < 2_500 and "\n" not in run.error and "\u202e" not in run.error
    assert [found.name for found in runs.list_runs()] == ["copy"]


@pytest.mark.parametrize("name", ["a\u202egnp.exe", "line\nbreak", "soft\u00adhyphen\u2066", "x" * 90, "[brackets]"])
def test_a_folder_with_a_name_that_no_run_can_be_given_is_found_by_the_name_shown(finished, name):
    shutil.copytree(finished.path, paths.runs_folder() / name)
    (run,) = runs.list_runs()
    assert not set(run.name) & set("\u202e\u2066\n") and run.name.encode()
    again = runs.open_run(run.name)
    assert again.path == run.path and again.error is None and weights.load_model(again)
    assert again.rename("plain").name == "plain"


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such names")
def test_a_folder_whose_name_is_no_text_is_listed_shown_and_deleted(finished, capsys):
    shutil.copytree(
        finished.path, os.path.join(os.fsencode(paths.runs_folder()), b"caf\xe9").decode("utf-8", "surrogateescape")
    )
    assert [run.name for run in runs.list_runs()] == ["caf[U+DCE9]"]
    assert cli.main(["list"]) in (0, None) and "caf[U+DCE9]" in capsys.readouterr().out
    runs.open_run("caf[U+DCE9]").delete()
    assert os.listdir(paths.runs_folder()) == []


# Tensors


def rewrite(run: Run, file: str, change) -> None:
    """Save a file of tensors anew, changed by a function of tensors and facts."""
    tensors, facts = weights.load(run.path / file)
    change(tensors, facts)
    raw = safetensors.torch.save(tensors, {"format": weights.FORMAT, "facts": json.dumps(facts)})
    (run.path / file).write_bytes(raw)


FACTS = ["[" * 3000 + "]" * 3000, "[]", "3", '"text"', "null", "NaN", "1" * 5000]


@pytest.mark.parametrize("facts", FACTS, ids=lambda f: f[:8])
def test_facts_of_another_kind_are_refused_in_a_sentence(copy, facts):
    tensors, _ = weights.load(copy.path / "best.safetensors")
    (copy.path / "best.safetensors").write_bytes(
        safetensors.torch.save(tensors, {"format": weights.FORMAT, "facts": facts})
    )
    with pytest.raises(RunError, match="is damaged or no safetensors file"):
        weights.load_model(copy)


def test_weights_that_are_not_finite_are_refused_by_name(copy):
    rewrite(copy, "best.safetensors", lambda tensors, facts: tensors["latent_cov"].fill_(float("nan")))
    with pytest.raises(RunError, match="'latent_cov' holds numbers that are not finite"):
        weights.load_model(copy)


def test_weights_of_another_type_are_refused_and_of_another_precision_converted(copy):
    right = weights.load_model(copy).state_dict()
    rewrite(
        copy, "best.safetensors", lambda tensors, facts: tensors.update({k: t.double() for k, t in tensors.items()})
    )
    assert all(torch.equal(t, right[k]) for k, t in weights.load_model(copy).state_dict().items())
    rewrite(copy, "best.safetensors", lambda tensors, facts: tensors.update({k: t.long() for k, t in tensors.items()}))
    with pytest.raises(RunError, match="is of type I64, expected F32"):
        weights.load_model(copy)


@pytest.mark.parametrize("preset", ["mlp-vae", "conv-vae", "auto-decoder", "deep-ae", "decoder-gan"])
def test_the_layout_found_without_memory_is_that_of_the_model_built(preset):
    from core.models import build

    recipe = tiny(preset, **({"generator": "scratch", "d_norm": "spectral"} if preset == "decoder-gan" else {}))
    state = build(recipe).state_dict()
    assert {name: shape for name, (shape, _) in weights.expected(recipe).items()} == {
        name: tuple(tensor.shape) for name, tensor in state.items()
    }


HUGE = """
import resource, sys
from core import runs
from core.runs import weights
from core.training.loop import train
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for use in (lambda run: weights.load_model(run), lambda run: list(train(run, "cpu"))):
    try:
        use(runs.open_run("copy"))
    except runs.RunError as error:
        print(error)
print("MB", (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units elsewhere")
def test_a_small_file_with_the_recipe_of_a_giant_takes_no_memory(copy):
    recipe = copy.recipe.with_(hidden=(4096,) * 8, latent_dim=512)  # a gigabyte of weights
    write_json(copy.path / "recipe.json", recipe.to_dict())
    found = subprocess.run(
        [sys.executable, "-c", HUGE],
        cwd=paths.ROOT,
        text=True,
        capture_output=True,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )
    *refusals, last = found.stdout.splitlines()
    assert len(refusals) == 2 and all("do not fit its recipe" in line for line in refusals), found.stdout + found.stderr
    assert int(last.split()[1]) < 300


def test_a_latent_table_of_a_trillion_empty_rows_is_refused(finished, tmp_path):
    run = runs.create(tiny("plane-ad"), "table")
    state = {k: v for k, v in weights.expected(run.recipe).items() if k != "table"}
    tensors = {name: torch.zeros(shape) for name, (shape, _) in state.items()}
    raw = safetensors.torch.save(tensors, {"format": weights.FORMAT, "facts": "{}"})
    size = struct.unpack("<Q", raw[:8])[0]
    header = json.loads(raw[8 : 8 + size]) | {"table": {"dtype": "F32", "shape": [10**12, 0], "data_offsets": [0, 0]}}
    text = json.dumps(header).encode()
    (run.path / "best.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + raw[8 + size :])
    with pytest.raises(RunError, match="table|damaged"):
        weights.load_model(run)


COUNTERS = ["epoch", "batch", "steps", "lr", "beta", "betas", "seconds", "best_total", "best_epoch", "first_total"]
ODD = ["text", None, [], {}, True, float("nan"), -1, 1e300, 10**400, 0.5, [1] * 99]


@pytest.mark.parametrize("counter", COUNTERS)
def test_a_counter_of_another_kind_is_one_sentence_or_harmless(copy, counter):
    from core.recipes.images import load_images
    from core.training.autoencoder_trainer import AutoencoderTrainer
    from core.training.recorder import RunRecorder

    trainer = AutoencoderTrainer(copy.recipe, torch.device("cpu"), load_images(copy.recipe))
    refused = 0
    whole = (copy.path / "resume.safetensors").read_bytes()
    for value in ODD:
        (copy.path / "resume.safetensors").write_bytes(whole)
        rewrite(copy, "resume.safetensors", lambda tensors, facts, value=value: facts.update({counter: value}))
        try:
            RunRecorder(copy, trainer)
        except RunError as error:
            assert str(error).startswith("'copy' cannot be resumed: its saved state does not fit")
            refused += 1
    assert refused >= 8 - 3 * (counter in ("best_total", "first_total", "seconds", "best_epoch"))


@pytest.mark.parametrize(
    "change",
    [
        lambda tensors, facts: tensors.update({"optimizer.0.exp_avg": torch.zeros(1)}),
        lambda tensors, facts: tensors.update({"optimizer.99.exp_avg": torch.zeros(1)}),
        lambda tensors, facts: tensors.update({"optimizer.x.exp_avg": torch.zeros(1)}),
        lambda tensors, facts: tensors.update({"optimizer.0.surprise": torch.zeros(1)}),
        lambda tensors, facts: tensors.pop("optimizer.0.exp_avg_sq"),
        lambda tensors, facts: tensors.update({"noise": torch.zeros(3)}),
        lambda tensors, facts: tensors.pop("noise"),
        lambda tensors, facts: tensors.update({"sums": torch.zeros(1, 2)}),
        lambda tensors, facts: tensors.update({"sums": torch.zeros(())}),
        lambda tensors, facts: facts.clear(),
    ],
)
def test_a_state_of_other_shapes_is_refused_before_it_trains(copy, change):
    copy.update_status(epochs=3)
    rewrite(copy, "resume.safetensors", change)
    before = contents(copy.path)
    with pytest.raises(RunError, match="'copy' cannot be resumed: its saved state does not fit"):
        drive(copy)
    after = contents(copy.path)
    assert {k: v for k, v in after.items() if k != "status.json"} == {
        k: v for k, v in before.items() if k != "status.json"
    }
