"""The picture that the sliders fetch is the one that the page's script would draw."""

import json

import numpy as np
import pytest

from tests.pages.page_tools import untrained
from ui.generate.pictures import answer
from ui.shared import model_cache


def test_a_model_in_memory_gives_the_picture_that_a_run_of_the_script_gives():
    loaded = model_cache.load(untrained("mlp", "mlp-vae", latent_dim=3))
    point = [0.5, -1.25, 2.0]
    drawn = loaded.pictures(np.asarray([point], np.float32))[0]
    assert answer(json.dumps({"run": loaded.name, "sigma_units": point}).encode()) == drawn.tobytes()
    with pytest.raises(LookupError):
        answer(json.dumps({"run": f"{loaded.run.name}@0", "sigma_units": point}).encode())
