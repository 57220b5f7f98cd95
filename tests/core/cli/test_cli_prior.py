"""`prior` on the command line: learns, keeps and is drawn from by `sample`; wrong input is a sentence."""

import shutil

import numpy as np
import pytest

from core import runs
from core.latent import codec
from core.priors import store
from core.priors.kinds import FLOW
from core.runs import weights
from tests.core.cli.cli_tools import refused, tiles

QUICK = "--steps 20 --batch 32 --width 16 --blocks 1 --device cpu"


@pytest.fixture
def own(trained, tmp_path, monkeypatch):
    """The run `tiny`, in a folder that the test may change."""
    shutil.copytree(trained, tmp_path / "own")
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "own"))


def test_a_flow_is_learned_and_samples_are_drawn_from_it(own, call, tmp_path):
    refused(call("sample tiny --from flow"), "'tiny' has no flow prior yet. Learn it .* `python -m core prior tiny`")
    code, out, _ = call(f"prior tiny {QUICK}")
    assert code == 0 and "96 training images encoded" in out and "step 20 of 20" in out
    assert "python -m core sample tiny --from flow" in out
    code, out, _ = call("sample tiny --from flow --n 10 --columns 5 --seed 3 --out new.png")
    assert code == 0 and "from the flow learned from the latents" in out
    run = runs.open_run("tiny")
    model = weights.load_model(run)
    expected = codec.decode(model, store.load(run, FLOW, model).draw(10, 3))
    assert np.array_equal(tiles(tmp_path / "new.png", 5), expected)
    assert store.facts(run, FLOW).settings.width == 16


@pytest.mark.parametrize(
    "line, words",
    [
        ("prior nobody", "There is no run 'nobody'"),
        ("prior tiny --device tpu", "'tpu' is not on this machine"),
    ],
)
def test_what_cannot_be_learned_is_a_sentence(own, call, line, words):
    refused(call(line), words)


def test_a_setting_out_of_bounds_is_wrong_usage(own, call):
    code, _, err = call("prior tiny --width 2")
    assert code == 2 and "'2' is not a whole number from 8 to 4,096" in err
