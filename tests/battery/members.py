"""Members of the common test battery: every family with a small preset. A new family joins by one line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from core.recipes.family import OWN_FAMILIES
from core.recipes.recipe import Recipe
from tests.tiny_runs import tiny


@dataclass(frozen=True)
class Member:
    """A family in the battery: its key, a preset of it, and changes to that preset."""

    key: str
    preset: str
    changes: dict[str, Any] = field(default_factory=dict)

    def recipe(self, shape: tuple[int, ...] = (1, 28, 28), **changes: Any) -> Recipe:
        """A small recipe on digits of that image shape."""
        return tiny(self.preset, image_shape=shape, **self.changes | changes)


MEMBERS = (
    Member("ae", "plane-ae"),
    Member("vae", "mlp-vae"),
    Member("cvae", "cvae"),
    Member("ad", "plane-ad", {"latent_lr": 0.05}),
    Member("vad", "plane-vad", {"latent_lr": 0.05}),
    Member("vq", "vq-vae-fast", {"channels": (32, 32), "schedule": "constant"}),
    Member("dae", "denoising-ae", {"corruption_strength": 0.1, "beta2": 0.95}),
    Member("wae", "wae", {"mmd_weight": 1.0}),
    Member("infovae", "info-vae", {"mmd_weight": 0.1, "activation": "silu", "beta2": 0.95}),
    Member("tcvae", "tc-vae", {"activation": "silu", "beta2": 0.95}),
    Member("gan", "decoder-gan", {"generator": "scratch", "d_channels": (4, 8), "round_images": 32}),
)

ALL = (
    *MEMBERS,
    *(
        Member(json.loads(file.read_text("utf-8"))["model"], file.stem)
        for file in sorted(Path(OWN_FAMILIES).glob("*.json") if OWN_FAMILIES else ())
    ),
)
"""With the families of `LATENT_LAB_FAMILIES`, each by its first preset."""
