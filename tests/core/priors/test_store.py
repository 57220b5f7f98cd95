"""Files of learned priors: read as they were written, refused where they are stale or damaged, carried with the run."""

import json

import numpy as np
import pytest
import safetensors.torch
import torch

from core.priors import store
from core.priors.kinds import FLOW
from core.priors.learning import learn
from core.priors.settings import FlowSettings
from core.runs import RunError, export, unpack, weights
from core.runs.run import find
from core.system.typed_fields import RecipeError
from tests.core.priors.conftest import QUICK


@pytest.fixture
def run(vae):
    """A VAE with a flow."""
    list(learn(vae, FLOW, QUICK, "cpu"))
    return vae


def read(run):
    return store.load(run, FLOW, weights.load_model(run))


def test_a_prior_is_read_as_it_was_written(run):
    first, again = read(run).draw(9, 4), read(run).draw(9, 4)
    assert np.array_equal(first, again)
    facts = store.facts(run, FLOW)
    assert facts.settings == QUICK and facts.steps == 20 and facts.images == 64 and len(facts.losses) == 2
    assert store.file_of(run, FLOW).name == "prior-flow.safetensors" and store.problem(run, FLOW) == ""


def test_without_one_the_sentence_says_how_to_get_one(vae):
    assert store.kept(vae) == [] and store.facts(vae, FLOW) is None
    with pytest.raises(RunError, match=r"'vae' has no flow prior yet. Learn it on .* `python -m core prior vae`"):
        read(vae)


def test_after_further_training_it_is_out_of_date(run):
    model = weights.load_model(run)
    for which in ("best", "last"):
        weights.save(run.path / f"{which}.safetensors", dict(model.state_dict()) | {"kl_per_dim": torch.ones(3)}, {})
    assert store.kept(run) == [FLOW] and store.usable(run) == []
    with pytest.raises(RunError, match="learned for other weights of the model, such as those before it was trained"):
        read(run)


def rewrite(path, change):
    """Change tensors and facts of a file."""
    with safetensors.safe_open(path, framework="pt") as file:
        tensors, header = {name: file.get_tensor(name) for name in file.keys()}, file.metadata()  # noqa: SIM118
    facts = json.loads(header["facts"])
    change(tensors, facts)
    path.write_bytes(safetensors.torch.save(tensors, metadata=header | {"facts": json.dumps(facts)}))


DAMAGES = {
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-50]),
    "no safetensors": lambda path: path.write_bytes(b"\x80\x04hello"),
    "empty": lambda path: path.write_bytes(b""),
    "another space": lambda path: rewrite(path, lambda t, f: t.update(mean=torch.zeros(5))),
    "another network": lambda path: rewrite(path, lambda t, f: f["settings"].update(width=32)),
    "a tensor is missing": lambda path: rewrite(path, lambda t, f: t.pop("root")),
    "not finite": lambda path: rewrite(path, lambda t, f: t["root"].fill_(float("nan"))),
    "another kind": lambda path: rewrite(path, lambda t, f: f.update(prior="codes")),
    "facts are missing": lambda path: rewrite(path, lambda t, f: f.pop("weights")),
    "a setting out of bounds": lambda path: rewrite(path, lambda t, f: f["settings"].update(width=10**9)),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_a_sentence_and_another_prior_replaces_it(run, damage):
    path = store.file_of(run, FLOW)
    DAMAGES[damage](path)
    with pytest.raises(RunError, match=r"prior-flow.safetensors of 'vae' is damaged \(.+\)\. Delete it, or learn"):
        read(run)
    list(learn(run, FLOW, QUICK, "cpu"))
    assert read(run).draw(2, 0).shape == (2, 3)


def test_a_link_in_its_place_is_not_followed(run, tmp_path):
    path = store.file_of(run, FLOW)
    elsewhere = path.rename(tmp_path / "elsewhere")
    path.symlink_to(elsewhere)
    assert "prior-flow.safetensors is a link, not a file" in find("vae").error


def test_it_travels_with_the_run_and_goes_with_it(run, tmp_path, monkeypatch):
    expected, content = read(run).draw(3, 1), export.to_zip(run)
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "other"))
    came = unpack.unpack(content)
    assert np.array_equal(read(came).draw(3, 1), expected)
    store.remove(came, FLOW)
    assert store.kept(came) == [] and not store.file_of(came, FLOW).exists()
    store.remove(came, FLOW)
    run.delete()
    assert not run.path.exists()


def test_settings_are_checked():
    with pytest.raises(RecipeError, match="width: 4 is not allowed. Allowed: from 8 to 4096"):
        FlowSettings(width=4)
    with pytest.raises(RecipeError, match="no set of named values"):
        FlowSettings.from_dict([1])
    assert FlowSettings.from_dict({"width": 64, "of a later version": 1}) == FlowSettings(width=64)
