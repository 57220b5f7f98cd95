"""A diagram of one model, layer by layer, with images on their way through it. Each part is a button."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, pack_numbers, register, shape_of

_mount = register(
    __file__,
    "model_diagram",
    """
<figure class="lab model" aria-label="Diagram of the model">
  <div class="choice" role="group" aria-label="Image that runs through the model"></div>
  <div class="groups"></div>
</figure>
""",
    also=("../shared/axes",),
)


@dataclass(frozen=True)
class Node:
    """One part of the diagram, with a picture for each of K images.

    Attributes:
        key: name of the part. title: in bold below its picture. lines: further short lines.
        form: `picture`: `values` are pictures, uint8 [K, H, W(, 3)]. `maps`: uint8 [K, m, h, w], m small grey pictures.
            `rows`: uint8 [h, w], of which row k belongs to image k. `bars`: [K, m], with `spread` [K, m] as error bars.
            `texts`: `values` are K lists of short lines. `words`: `values` is one text.
        live: whether a `bars` node follows the sliders of the page.
    """

    key: str
    title: str
    form: Literal["picture", "maps", "rows", "bars", "texts", "words"]
    values: Any
    lines: Sequence[str] = ()
    spread: np.ndarray | None = None
    names: Sequence[str] = ()
    live: bool = False


@dataclass(frozen=True)
class Group:
    """Parts that belong together: a network, or the latent space.

    Attributes:
        role: of its colour. apart: whether nothing flows into it from the group before.
    """

    title: str
    role: str
    nodes: Sequence[Node]
    apart: bool = False


def model_diagram(
    groups: Sequence[Group],
    *,
    key: str,
    images: np.ndarray | None,
    colours: dict[str, str],
    chosen: str,
    at: int = 0,
    on_pick: Callable[[str, int], None],
    follows: str = "",
    dims: Sequence[int] = (),
    place: Sequence[float] = (),
    on_place: Callable[[], None] | None = None,
) -> None:
    """Show the diagram. Another image is shown without a message; a click on a part sends one.

    For tests: the figure's `data-at` is the index of the image shown; each part is a button with `data-part`.

    Args:
        images: the K images to choose from, uint8 [K, H, W(, 3)]; None for a single latent vector.
        colours: of every role used. chosen: key of the part that is explained, or "". at: the image shown first.
        on_pick: called with the part that was clicked and the image that was shown.
        follows: name of the sliders (`latent_board`, `run`) that move z on this page; empty for none. `dims`: the
            dimensions that the live bars show. `place`: the point in σ that is drawn. `on_place`: called when the
            sliders have come to rest somewhere else.
    """
    keys = {node.key for group in groups for node in group.nodes}
    count = 1 if images is None else len(images)

    def picked() -> None:
        value = (st.session_state.get(key) or {}).get("part")
        if isinstance(value, dict) and value.get("part") in keys and value.get("at") in range(count):
            on_pick(value["part"], value["at"])

    packed = [
        {
            "title": group.title,
            "role": group.role,
            "apart": group.apart,
            "nodes": [_packed(node) for node in group.nodes],
        }
        for group in groups
    ]
    tiles = None if images is None else pack(images)
    _mount(
        key=key,
        on_part_change=picked,
        on_place_change=(lambda: on_place()) if on_place else lambda: None,
        data={
            "id": hashlib.blake2b(repr((packed, tiles)).encode(), digest_size=8).hexdigest(),
            "groups": packed,
            "count": count,
            "shape": None if images is None else message_shape(shape_of(images)),
            "images": tiles,
            "colours": colours,
            "chosen": chosen,
            "at": at,
            "follows": follows,
            "dims": [int(k) for k in dims],
            "place": [round(float(x), 4) for x in place],
        },
    )


def _packed(node: Node) -> dict[str, Any]:
    message: dict[str, Any] = {
        "key": node.key,
        "title": node.title,
        "form": node.form,
        "lines": list(node.lines),
        "names": list(node.names),
        "live": node.live,
    }
    if node.form == "picture":
        message |= {"values": pack(node.values), "shape": message_shape(shape_of(node.values))}
    elif node.form in ("maps", "rows"):  # of any size, smaller than an image may be
        shape = [1, *node.values.shape[-2:]]
        message |= {"values": pack_numbers(node.values, np.uint8), "shape": shape}
        if node.form == "maps":
            message["maps"] = node.values.shape[1]
    elif node.form == "bars":
        message |= {
            "values": _rounded(node.values),
            "spread": None if node.spread is None else _rounded(node.spread),
        }
    else:
        message["values"] = node.values
    return message


def _rounded(values: np.ndarray) -> list[list[float]]:
    return [[round(float(v), 3) for v in row] for row in values]
