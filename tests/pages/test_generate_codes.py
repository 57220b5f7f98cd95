"""Generate with a model whose images are grids of codes: the grid in place of sliders, and its address."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core import runs
from core.jobs import prior as jobs_prior
from core.jobs.messages import Ended
from core.latent import codebook
from core.models import build
from core.priors import learning
from core.priors.events import LEARNING, PriorProgress
from core.priors.kinds import TRANSFORMER
from core.priors.settings import CodeTransformerSettings
from core.runs import weights
from tests.pages.page_tools import button_of, open_page, text_of
from tests.tiny_runs import tiny
from ui.generate import codes as page_of_codes
from ui.shared.latent_cursor import LatentCursor


@pytest.fixture
def run() -> runs.Run:
    """A run of 7 × 7 codes of 16, untrained but for its codebook, which was taken from a batch."""
    run = runs.create(tiny("vq-vae-fast", codebook_size=16, codebook_dim=3), "codes")
    model = build(run.recipe)
    generator = torch.Generator().manual_seed(0)
    model.after_step(model.loss(torch.rand(16, 1, 28, 28, generator=generator)), generator)
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 1})
    return run


def cursor(page) -> LatentCursor:
    (found,) = page.session_state["latent_cursors"].values()
    return found


def codes(run: runs.Run, here: LatentCursor) -> np.ndarray:
    from ui.shared.model_cache import load

    loaded = load(run)
    return codebook.of_latents(loaded.model, loaded.axes.to_z(np.asarray(here.sigma_units))[None])[0]


def test_the_grid_stands_in_place_of_the_sliders(run, executor):
    page = open_page("generate", run=run.name)
    text = text_of(page)
    assert "49 × 4 = 196 bits" in text and "6,272" in text
    assert "Sliders are ordered" not in text and "One dimension at a time" not in text
    assert codes(run, cursor(page)).shape == (7, 7)


def test_random_codes_can_be_undone(run, executor):
    page = open_page("generate", run=run.name)
    before = codes(run, cursor(page))
    page.button(key="generate_random").click().run()
    page.run()
    assert not page.exception and not np.array_equal(codes(run, cursor(page)), before)
    page.button(key="generate_undo").click().run()
    assert np.array_equal(codes(run, cursor(page)), before)


def test_a_link_begins_with_its_codes_and_a_wrong_one_gets_a_sentence(run, executor):
    asked = np.arange(49).reshape(7, 7) % 16
    text = "_".join("0123456789abcdef"[k] for k in asked.ravel())
    page = open_page("generate", run=run.name, codes=text)
    assert np.array_equal(codes(run, cursor(page)), asked)
    wrong = open_page("generate", run=run.name, codes="0_1_zz")
    assert "49 numbers from 0 to 15" in text_of(wrong, "warning") and "codes" not in wrong.query_params


def test_a_message_changes_the_codes_and_one_of_another_model_does_not(run, executor):
    from ui.shared.model_cache import load

    loaded, here = load(run), LatentCursor([0.0] * run.recipe.latent_dim)
    changed = codes(run, here).ravel().tolist()
    changed[5] = (changed[5] + 3) % 16
    page_of_codes.take_up(loaded, here, {"seq": 4, "codes": changed, "cell": 5})
    assert codes(run, here).ravel().tolist() == changed and here.seq == 4 and here.can_undo
    for wrong in (changed[:-1], [*changed[:-1], 16], None, "0"):
        page_of_codes.take_up(loaded, here, {"seq": 5, "codes": wrong})
    assert here.seq == 4 and codes(run, here).ravel().tolist() == changed


def test_the_codes_can_be_downloaded(run, executor):
    from ui.generate.downloads import codes_csv
    from ui.shared.model_cache import load

    here = LatentCursor([0.1] * run.recipe.latent_dim)
    rows = [list(map(int, line.split(","))) for line in codes_csv(load(run), here).decode().split()]
    assert np.array_equal(rows, codes(run, here))


def test_the_prior_is_learned_by_a_button_and_its_samples_stand_beside_random_codes(run, executor, monkeypatch):
    page = open_page("generate", run=run.name)
    assert "Each cell gets a code by itself" in text_of(page, "caption")
    button_of(page, "generate_learn_prior").click().run()
    job = jobs_prior.current(run, TRANSFORMER)
    assert job is not None and job.run.name == run.name
    execution = executor.started(job)
    pictures = np.zeros((32, 28, 28), np.uint8)
    execution.send(PriorProgress(LEARNING, 5, 10, 1.0, np.array([[1, 2.7], [5, 2.5]], np.float32), pictures))
    assert job.wait(lambda j: j.step == 5, 60)
    assert "Samples after 5 steps" in text_of(open_page("generate", run=run.name), "caption")
    list(learning.learn(run, TRANSFORMER, CodeTransformerSettings(steps=2, batch=8, width=16, layers=1), "cpu"))
    execution.send(Ended("finished"))
    assert job.wait(timeout=60)
    page = open_page("generate", run=run.name)
    assert "equally probable codes would take 2.77" in text_of(page, "caption")
    assert button_of(page, "generate_learn_prior").label == "Learn it again"
