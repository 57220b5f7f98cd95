"""Tensors on disk: back to the bit, and a clear sentence for everything that is no such file."""

import json
import os
import pickle
import struct
import subprocess
import sys

import pytest
import safetensors.torch
import torch

from core import runs
from core.models import build
from core.runs import Run, RunError, weights
from core.system import paths
from tests.tiny_runs import tiny


class Bomb:
    """What unpickling would run."""

    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (open, (str(self.marker), "w"))


def test_tensors_and_facts_come_back_to_the_bit(tmp_path):
    tensors = {
        "a": torch.randn(3, 4),
        "b": torch.arange(5, dtype=torch.uint8),
        "c": torch.tensor(1.5, dtype=torch.double),
        "d": torch.tensor([float("nan"), float("inf"), -0.0]),
        "e": torch.zeros(0, 3),
    }
    facts = {"epoch": 1.25, "best": None, "betas": [0.1, 0.2], "text": "größe β"}
    weights.save(tmp_path / "w.safetensors", tensors, facts)
    back, told = weights.load(tmp_path / "w.safetensors")
    assert told == facts and back.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert back[name].dtype == tensor.dtype and back[name].shape == tensor.shape
        assert back[name].numpy().tobytes() == tensor.numpy().tobytes()


def test_slices_and_shared_memory_are_saved_as_what_they_show(tmp_path):
    whole = torch.arange(1_000_000.0)
    parts = {"part": whole[3:6], "same": whole[3:6], "turned": whole[:6].view(2, 3).T}
    weights.save(tmp_path / "w.safetensors", parts, {})
    back, _ = weights.load(tmp_path / "w.safetensors")
    assert back["part"].tolist() == back["same"].tolist() == [3, 4, 5] and back["turned"].shape == (3, 2)
    assert (tmp_path / "w.safetensors").stat().st_size < 2_000


def test_loaded_tensors_are_no_windows_into_the_file(tmp_path):
    file, values = tmp_path / "w.safetensors", torch.randn(100_000)
    weights.save(file, {"a": values}, {})
    back, _ = weights.load(file)
    with open(file, "r+b") as same:
        same.write(bytes(file.stat().st_size))
    assert torch.equal(back["a"], values)


def test_saving_does_not_touch_the_model(tmp_path):
    model = build(tiny())
    weights.save(tmp_path / "w.safetensors", model.state_dict(), {})
    assert all(p.requires_grad for p in model.parameters())


def test_a_loaded_model_is_ready_to_use_and_to_be_used_only(finished):
    model = weights.load_model(finished)
    assert not model.training and not any(p.requires_grad for p in model.parameters())
    assert model.decode(torch.zeros(2, 2)).shape == (2, 1, 28, 28)


def test_last_stands_in_for_best_and_the_reverse(copy):
    (copy.path / "best.safetensors").unlink()
    assert copy.has_weights
    weights.load_model(copy, "best")
    (copy.path / "last.safetensors").rename(copy.path / "best.safetensors")
    weights.load_model(copy, "last")


def test_a_run_without_weights_says_to_train_it():
    with pytest.raises(RunError, match="no weights yet. Train it first"):
        weights.load_model(runs.create(tiny()))


def test_a_pickle_renamed_to_safetensors_is_refused_and_not_run(copy, tmp_path):
    bomb = Bomb(tmp_path / "it-was-unpickled")
    pickle.loads(pickle.dumps(bomb))
    bomb.marker.unlink()  # so it does go off
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        (copy.path / "best.safetensors").write_bytes(pickle.dumps(bomb, protocol))
        with pytest.raises(RunError, match=r"best\.safetensors of 'copy' is damaged or no safetensors file"):
            weights.load_model(copy)
    torch.save({"bomb": bomb}, copy.path / "best.safetensors")
    with pytest.raises(RunError, match="no safetensors file.*Nothing was loaded"):
        weights.load_model(copy)
    assert not bomb.marker.exists()


def test_weights_cut_off_anywhere_are_refused(copy):
    whole = (copy.path / "best.safetensors").read_bytes()
    for cut in [0, 1, 7, 8, 9, 50, len(whole) // 2, len(whole) - 1]:
        (copy.path / "best.safetensors").write_bytes(whole[:cut])
        with pytest.raises(RunError, match="damaged"):
            weights.load_model(copy)


@pytest.mark.parametrize(
    "header",
    [
        b"{}",
        b"[]",
        b"null",
        b"{" * 40,
        b'{"a":{"dtype":"F32","shape":[1000000000000],"data_offsets":[0,4]}}',
        b'{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}',
    ],
    ids=lambda h: repr(h[:34]),
)
def test_a_header_that_lies_is_refused(copy, header):
    (copy.path / "best.safetensors").write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0\0\0")
    with pytest.raises(RunError, match="damaged|not written by this lab"):
        weights.load_model(copy)


def test_a_header_of_exabytes_is_refused_at_once(copy):
    (copy.path / "best.safetensors").write_bytes(struct.pack("<Q", 2**62) + b"{}")
    with pytest.raises(RunError, match="damaged"):
        weights.load_model(copy)


def test_a_file_of_another_program_is_refused(copy):
    safetensors.torch.save_file(build(copy.recipe).state_dict(), copy.path / "best.safetensors")
    with pytest.raises(RunError, match="was not written by this lab"):
        weights.load_model(copy)


@pytest.mark.parametrize("facts", ["", "{", "nonsense"])
def test_facts_that_are_no_json_are_refused(copy, facts):
    raw = safetensors.torch.save(build(copy.recipe).state_dict(), {"format": weights.FORMAT, "facts": facts})
    (copy.path / "best.safetensors").write_bytes(raw)
    with pytest.raises(RunError, match="damaged"):
        weights.load_model(copy)


@pytest.mark.parametrize(
    "other, words",
    [
        ({"latent_dim": 3}, r"is \d.* expected \d"),
        ({"hidden": (16, 16)}, "is missing|belongs to another model|expected"),
        ({"network": "conv"}, "is missing|belongs to another model|expected"),
        ({"model": "ae", "likelihood": "mse"}, "expected"),
        ({"likelihood": "gaussian-learned"}, "'likelihood.log_sigma' is missing"),
    ],
)
def test_weights_of_another_architecture_are_refused_by_the_first_difference(copy, other, words):
    recipe = copy.recipe.with_(**other)
    (copy.path / "recipe.json").write_text(json.dumps(recipe.to_dict()))
    with pytest.raises(RunError, match=f"The weights of 'copy' do not fit its recipe: .*({words})"):
        weights.load_model(Run(copy.path))


def test_a_folder_or_a_missing_file_in_the_place_of_weights_is_a_sentence(copy):
    (copy.path / "resume.safetensors").unlink()
    (copy.path / "resume.safetensors").mkdir()
    with pytest.raises(RunError, match="damaged"):
        weights.load(copy.path / "resume.safetensors")
    with pytest.raises(RunError, match="is missing"):
        weights.load(copy.path / "none.safetensors")


def test_a_full_disk_leaves_the_weights_before(copy, monkeypatch):
    before = (copy.path / "best.safetensors").read_bytes()
    monkeypatch.setattr(
        "core.system.atomic_files.os.fsync", lambda *_: (_ for _ in ()).throw(OSError(28, "No space left on device"))
    )
    with pytest.raises(OSError, match="No space left"):
        weights.save(copy.path / "best.safetensors", build(copy.recipe).state_dict(), {})
    assert (copy.path / "best.safetensors").read_bytes() == before
    assert not list(copy.path.glob("*.tmp")) + list(copy.path.glob(".*.tmp"))


@pytest.mark.slow
def test_comparing_shapes_does_not_import_torchs_compiler():
    code = (
        "import sys\nfrom core import runs\nfrom core.runs import weights\n"
        "for run in runs.list_runs(): weights.expected(run.recipe)\n"
        "assert runs.list_runs() and 'torch._dynamo' not in sys.modules\n"
    )
    own = os.environ | {"LATENT_LAB_RUNS": str(paths.ROOT / "models_ckpt")}
    done = subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, env=own, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-600:]
