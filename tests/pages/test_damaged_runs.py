"""Every page opens in a lab full of damaged runs, with one of them chosen, without an exception."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from core.runs import Run
from core.system import paths
from tests.pages.page_tools import open_page, text_of
from tests.tiny_runs import tiny, trained
from ui.registry import HOME, PAGES


def write(name: str, content: bytes | str) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes(content.encode() if isinstance(content, str) else content)


def cut(name: str) -> Callable[[Path], object]:
    return lambda run: (run / name).write_bytes((run / name).read_bytes()[: (run / name).stat().st_size // 2])


def entry(name: str, **values: object) -> Callable[[Path], object]:
    return lambda run: (run / name).write_text(json.dumps(json.loads((run / name).read_text()) | values))


def frames(content: bytes) -> Callable[[Path], object]:
    return lambda run: [frame.write_bytes(content) for frame in (run / "frames").iterdir()]


SOFT = {
    "status of another kind": write("status.json", "[]"),
    "status of zeros": write("status.json", bytes(300)),
    "odd numbers": entry("status.json", epoch="2", epochs=10**400, created=1e300, seconds=None, best_total="x"),
    "running": entry("status.json", state="running", message="\u202egpj", changes=[{"step": 1}, 3]),
    "empty history": write("history.csv", ""),
    "history of one line": write("history.csv", "step,epoch,seconds,lr\n0,0,0,\n"),
    "history without numbers": write("history.csv", "step,epoch\nnan,nan\nx,y\n"),
    "half a history": cut("history.csv"),
    "kl of other columns": write("kl.csv", "epoch,z0,z1,z2,z3\n1,1,1,1,1\n"),
    "kl of rubbish": write("kl.csv", bytes(range(256))),
    "figures of other types": write("evaluation.json", '{"kl": "a", "kl_per_dim": 3, "total": [], "mse": null}'),
    "half the figures": write("evaluation.json", '{"images": 3, "recon": 1e3'),
    "infinite figures": write("evaluation.json", '{"kl": Infinity, "recon": NaN, "kl_per_dim": [NaN, Infinity]}'),
    "no list of images": cut("images.safetensors"),
    "empty frames": frames(b""),
    "frames of rubbish": frames(b"\x89PNG\r\n\x1a\n" + bytes(99)),
    "no frames": lambda run: shutil.rmtree(run / "frames"),
}
"""Damages that leave a model: its run stays usable."""

HARD = {
    "half the weights": lambda run: (cut("best.safetensors")(run), cut("last.safetensors")(run)),
    "weights of zeros": lambda run: [write(f"{which}.safetensors", bytes(999))(run) for which in ("best", "last")],
    "no weights": lambda run: [(run / f"{which}.safetensors").unlink() for which in ("best", "last")],
    "another model": entry("recipe.json", latent_dim=7),
    "another family": entry("recipe.json", model="ae"),
    "a family of nobody": entry("recipe.json", model="nobody"),
    "half a recipe": cut("recipe.json"),
    "no recipe": lambda run: (run / "recipe.json").unlink(),
    "nothing": lambda run: (shutil.rmtree(run), run.mkdir()),
}
"""Damages that leave none."""


@pytest.fixture(scope="module")
def ward(tmp_path_factory):
    """A folder of runs with every damage; `all of it` has one of each kind that leaves a model."""
    folder = tmp_path_factory.mktemp("runs")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LATENT_LAB_RUNS", str(folder))
        whole = trained(tiny(epochs=1), "whole").path
    for name, spoil in {**SOFT, **HARD}.items():
        shutil.copytree(whole, folder / name)
        spoil(folder / name)
    shutil.copytree(whole, folder / "all of it")
    for name in ("running", "half a history", "kl of other columns", "figures of other types", "no list of images"):
        SOFT[name](folder / "all of it")
    SOFT["empty frames"](folder / "all of it")
    return folder


@pytest.fixture(autouse=True)
def in_the_ward(ward, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(ward))


def chosen(page: str, run: str) -> dict[str, str]:
    """The parameter of a page's address that chooses a run; none for pages without one."""
    name = {"home": "", "data": "", "train": "", "run": "name", "planes": "vae"}.get(page, "run")
    few = {"n": "100"} if page == "outliers" else {}
    return {name: run, **few} if name else {}


@pytest.mark.parametrize("page", [page.key for page in PAGES])
def test_a_page_opens_with_a_damaged_run_among_damaged_runs(page, classifier_in_training):
    assert Run(paths.runs_folder() / "all of it").error is None
    assert text_of(open_page("app" if page == HOME.key else page, **chosen(page, "all of it")))
