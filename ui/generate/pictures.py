"""The picture at a point of a latent space, as the sliders of Generate fetch it without a run of the page's script."""

from __future__ import annotations

import json

import numpy as np

from ui.shared.latent_cursor import point_of
from ui.shared.model_cache import in_memory


def answer(body: bytes) -> bytes:
    """The picture's bytes, as `core.images.convert.pack` would have them before they become text.

    Args:
        body: JSON {"run": `LoadedModel.name`, "sigma_units": d numbers}. Not checked: it comes from a browser.
    Raises:
        LookupError: the model is not in memory. ValueError: no JSON, no such question, or no point of this model.
    """
    asked = json.loads(body)
    if not isinstance(asked, dict) or not isinstance(asked.get("run"), str):
        raise ValueError("A question names a run and a point.")
    loaded = in_memory(asked["run"])
    if loaded is None:
        raise LookupError("This model is not in memory.")
    point = point_of(asked.get("sigma_units"), loaded.model.latent_dim)
    if point is None:
        raise ValueError(f"A point of this model is {loaded.model.latent_dim} numbers (σ).")
    return loaded.pictures(np.asarray([point], np.float32))[0].tobytes()
