"""Codes as numpy arrays: there and back, their pictures, and what a browser or an address may not name."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from core.latent import codebook, codec
from core.latent.axes import axes
from core.models import build
from tests.tiny_runs import tiny


@pytest.fixture
def model():
    made = build(tiny("vq-vae-fast", codebook_size=16, codebook_dim=3))
    generator = torch.Generator().manual_seed(0)
    made.after_step(made.loss(torch.rand(16, 1, 28, 28, generator=generator)), generator)
    return made.eval().requires_grad_(False)


def test_codes_come_back_from_their_latents_also_in_units_of_sigma(model):
    codes = np.random.default_rng(0).integers(0, 16, (5, 7, 7))
    z = codebook.to_latents(model, codes)
    assert np.array_equal(codebook.of_latents(model, z), codes)
    model.latent_var.zero_()[0] = 1e-6  # a set of which hardly any cell varies
    scale = axes(model)
    assert len(set(scale.scale)) == 1 and np.isfinite(scale.to_sigma_units(z)).all()
    assert np.array_equal(codebook.of_latents(model, scale.to_z(scale.to_sigma_units(z))), codes)


def test_a_codes_picture_is_cut_out_of_a_grid_of_the_code_used_most(model):
    model.codebook.counts.fill_(1.0)[9] = 5.0
    found = codebook.pictures(model)
    assert found.shape == (16, 12, 12) and found.dtype == np.uint8
    grid = np.full((1, 7, 7), 9)
    grid[0, 3, 3] = 4
    whole = codec.decode(model, codebook.to_latents(model, grid))[0]
    assert np.array_equal(found[4], whole[8:20, 8:20])
    assert codebook.shares(model)[9] == pytest.approx(5 / 20)


@pytest.mark.parametrize(
    "values", [None, "0_0", [0] * 3, [0, 1, 2, 16], [0, 1, 2, -1], [0, 1, 2, 1.0], [0, 1, 2, True], [0, 1, 2, "3"]]
)
def test_what_is_no_grid_of_codes_is_refused(values):
    assert codebook.checked(values, (2, 2), 16) is None


def test_codes_are_read_from_an_address_in_base_36():
    assert codebook.from_text("0_z_10_1", (2, 2), 37).tolist() == [[0, 35], [36, 1]]
    for text in ("", "0_1_2", "0_1_2_3_4", "0_1_2_11", "0_1_2_", "0_1_2_-1", "0_1_2_A", "0_1_2_zzzzz"):
        assert codebook.from_text(text, (2, 2), 37) is None, text
