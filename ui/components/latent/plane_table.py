"""Table that compares planes: a row for each, headings with their meaning; a click on a name enlarges its plane."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from core.latent.planes import Regions
from ui.components.base import pack_numbers, register

_mount = register(
    __file__,
    "plane_table",
    '<div class="lab plane-table" tabindex="0" role="region" aria-label="Measures of the models"><table></table></div>',
    also=("plane_store",),
)


def plane_table(
    *,
    key: str,
    headings: Sequence[tuple[str, str]],
    rows: Sequence[tuple[str, str, Sequence[str]]],
    reference: tuple[str, Sequence[str]],
    regions: Mapping[str, Regions],
) -> None:
    """Show the table, and hand the decision regions of each plane to the planes; nothing is sent to the server.

    Args:
        headings: (name, meaning) of each column, that of the models first.
        rows: (slot, the model's name, its figures) each. reference: name and figures of the last row, to compare with.
        regions: by slot; a slot without them has none yet.
    """
    _mount(
        key=key,
        data={
            "headings": [list(heading) for heading in headings],
            "rows": [[slot, name, list(cells)] for slot, name, cells in rows],
            "reference": [reference[0], list(reference[1])],
            "regions": {
                slot: {
                    "side": len(found.labels),
                    "labels": [int(k) for k in found.labels.ravel()],
                    "sure": pack_numbers(found.sure, np.uint8),
                    "names": [[int(k) for k in row] for row in found.names],
                }
                for slot, found in regions.items()
            },
        },
    )
