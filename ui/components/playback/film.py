"""The film of a training: the frame decoded after every epoch, with a scrubber back through the epochs."""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence

import streamlit as st

from core.images.shape import GREY_28, ImageShape
from core.runs.frames import different, split
from ui.components.base import MESSAGE_BYTES, message_shape, register

CHUNK = 12
"""Frames sent in one answer, at most: about half a megabyte of small images, so that the page stays quick while the
film fills up. Of large images a message holds fewer."""

COLUMNS, LINES = 12, (1, 1, 4)
"""Images in a line of a frame, and lines of its three parts (`core.runs.frames`)."""

ROWS = ("Original", "Reconstruction", "Samples from the prior")
"""Titles of the three parts of a frame."""

_mount = register(
    __file__,
    "film",
    """
<figure class="lab film">
  <div class="sheet">
    <p></p><canvas role="img"></canvas>
    <p></p><canvas role="img"></canvas>
    <p></p><canvas role="img"></canvas>
  </div>
  <div class="controls">
    <button type="button" class="play" title="Play or pause (Space)" aria-label="Play the film from the first "
    "epoch">Play</button>
    <input type="range" min="0" max="0" value="0" aria-label="Epoch">
    <button type="button" class="newest">Newest</button>
  </div>
  <figcaption class="number" aria-live="off"></figcaption>
</figure>
""",
)


def film(
    epochs: Sequence[float],
    frame: Callable[[float], bytes],
    key: str,
    *,
    shape: ImageShape = GREY_28,
    run: str | None = None,
    most: int = 200,
    rows: Sequence[str] = ROWS,
    link: str = "",
    at: float | None = None,
    parameter: str = "",
) -> None:
    """Show the frame of one epoch, large and crisp, and let the reader go back through the epochs.

    While the newest frame is shown the film follows the training; elsewhere it stays where it was put. Only the newest
    frame is sent with each call. The browser keeps the frames it has shown and requests the missing ones, a few at a
    time, so a call costs the same at epoch 3 and at epoch 300. Call it inside the fragment that ticks while training: a
    request reruns that fragment alone.

    Args:
        epochs: the epochs that have a frame, ascending (`run.frames()` or `snapshot.frames`); may be empty.
        frame: returns the PNG of one epoch (`run.frame`): 12 × 6 images without gaps; line 0 originals, line 1
            reconstructions, lines 2–5 samples.
        key: widget key of this film on the page.
        shape: of every image.
        run: identifies this film in the browser's memory (default: the key). Give a run's name and time of creation, so
            that a new run of an old name does not show old frames.
        most: longer films are thinned evenly to at most this many frames and at least half of it; the first and the
            newest always stay.
        rows: titles of the originals, their reconstructions, and the samples.
        link: name under which a chart of curves on the page follows the film's epoch, and leads it (`curves`).
        at: the epoch at which the film of this run begins; None for the newest.
        parameter: of the address, in which the browser keeps the epoch that the reader has chosen; empty for none.
    """
    shown = thin(list(epochs), most)
    wanted = _requested(key, shown)[: chunk_for(shape)]
    send = [*wanted, shown[-1]] if shown else []
    frames, originals = [], COLUMNS
    for epoch in dict.fromkeys(send):
        try:
            content = frame(epoch)
            frames.append({"epoch": epoch, "src": "data:image/png;base64," + base64.b64encode(content).decode()})
            originals = _originals(run or key, shape, content) if epoch == send[-1] else originals
        except Exception:  # a frame that was deleted or half written costs that frame, not the page
            frames.append({"epoch": epoch, "src": ""})
    _mount(
        key=key,
        data={
            "run": run or key,
            "shape": message_shape(shape),
            "columns": COLUMNS,
            "lines": list(LINES),
            "originals": originals,
            "epochs": shown,
            "frames": frames,
            "chunk": chunk_for(shape),
            "titles": list(rows),
            "link": link,
            "at": at,
            "parameter": parameter,
        },
        on_want_change=_nothing,
    )


def _originals(run: str, shape: ImageShape, frame: bytes) -> int:
    """Number of different originals in a run's frames: those of a set with few test images are shown once."""
    try:
        return _counted(run, shape, _frame=frame)
    except ValueError:
        return COLUMNS


@st.cache_data(max_entries=64, show_spinner=False)
def _counted(run: str, shape: ImageShape, _frame: bytes) -> int:
    """`_originals` of a frame that is whole; `run` and `shape` alone key the cache, since all frames have the same."""
    return different(split(_frame, shape)[0])


def chunk_for(shape: ImageShape) -> int:
    """Frames of images of this shape in one answer, beside the newest one."""
    return max(1, min(CHUNK, MESSAGE_BYTES // (COLUMNS * sum(LINES) * shape.values) - 1))


def thin(epochs: list[float], most: int) -> list[float]:
    """At most `most` epochs, evenly spread, the first and the last kept.

    The stride is a power of two: while a film grows the kept epochs stay the same until every second one is dropped, so
    a browser that follows a long training fetches few frames more than it shows.
    """
    stride = 1
    while len(epochs[::stride]) + bool((len(epochs) - 1) % stride) > most:
        stride *= 2
    return epochs[::stride] + (epochs[-1:] if (len(epochs) - 1) % stride else [])


def _requested(key: str, shown: list[float]) -> list[float]:
    """The epochs that the browser requested in the message that started this run."""
    state = st.session_state.get(key)
    want = (state or {}).get("want") or []
    have = set(shown)
    return [e for e in want if isinstance(e, (int, float)) and e in have][:CHUNK] if isinstance(want, list) else []


def _nothing() -> None:
    """Streamlit sends only those messages of a component that have a callback."""
