"""A quiz of twenty images, one after the other: real, VAE or GAN? The whole round is played in the browser."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from ui.components.base import message_shape, pack, register, shape_of

_mount = register(
    __file__,
    "gan_quiz",
    """
<figure class="lab gan-quiz" tabindex="0" role="group" aria-label="You are the discriminator">
  <div class="play">
    <div class="ask">
      <p class="count number"></p>
      <canvas class="now" role="img"></canvas>
      <div class="answers"></div>
      <p class="keys"></p>
    </div>
    <div class="told">
      <dl class="score number">
        <div><dt>Real or generated: right</dt><dd class="right"></dd></div>
        <div><dt>In a row</dt><dd class="row"></dd></div>
      </dl>
      <ol class="dots" aria-hidden="true"></ol>
      <div class="last"><canvas aria-hidden="true"></canvas><p aria-live="polite"></p></div>
    </div>
  </div>
  <div class="end" hidden>
    <div class="sums"></div>
    <p class="advice" aria-live="polite"></p>
    <button type="button" class="again">Another twenty</button>
    <div class="sheets"></div>
  </div>
</figure>
""",
    also=("../shared/focus",),
)


def gan_quiz(
    *,
    key: str,
    round: str,
    pictures: np.ndarray,
    kinds: Sequence[tuple[str, str, str, str]],
    truth: Sequence[int],
    believed: Sequence[bool],
    advice: dict[str, str],
    colours: dict[str, str],
    on_done: Callable[[object], None],
    on_again: Callable[[], None],
) -> None:
    """Show the quiz. Answers, score and streak stay in the browser; one message comes with the last answer.

    The figure's `data-asked` is the number of answers given, for tests.

    Args:
        round: name of this round; answers given in it survive a change of page.
        pictures: `uint8` [n, H, W(, 3)].
        kinds: name, key, noun for one image, and colour of each kind; the first is that of real images.
        truth: index in `kinds` of each image. believed: whether D takes it for real.
        advice: what to look for, by "TRUTH>ANSWER" (indices in `kinds`), and under "" where every answer was right.
        colours: for `right` and `wrong`.
        on_done: called with the answers, not checked: they come from a browser. on_again: called for a new round.
    """

    def state() -> dict:
        return st.session_state.get(key) or {}

    def done() -> None:
        found = state().get("done")
        if isinstance(found, dict) and found.get("round") == round:
            on_done(found.get("answers"))

    _mount(
        key=key,
        on_done_change=done,
        on_again_change=on_again,
        data={
            "round": round,
            "shape": message_shape(shape_of(pictures)),
            "tiles": pack(pictures),
            "truth": list(truth),
            "believed": [bool(b) for b in believed],
            "kinds": [dict(zip(("name", "key", "noun", "colour"), kind, strict=True)) for kind in kinds],
            "advice": advice,
            "colours": colours,
        },
    )
