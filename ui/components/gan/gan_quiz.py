"""Twenty pictures, one after the other: real, VAE or GAN? The whole game is played in the browser."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import streamlit as st

from ui.components.base import pack, register

_mount = register(
    __file__,
    "gan_quiz",
    """
<figure class="lab gan-quiz" tabindex="0" role="group" aria-label="You are the discriminator">
  <div class="play">
    <div class="ask">
      <p class="count number"></p>
      <canvas class="now" width="28" height="28" role="img"></canvas>
      <div class="answers"></div>
      <p class="keys"></p>
    </div>
    <div class="told">
      <dl class="score number">
        <div><dt>Right</dt><dd class="right"></dd></div>
        <div><dt>In a row</dt><dd class="row"></dd></div>
      </dl>
      <ol class="dots" aria-hidden="true"></ol>
      <div class="last"><canvas width="28" height="28" aria-hidden="true"></canvas><p aria-live="polite"></p></div>
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
    """Answers, score and streak stay in the browser; one message comes with the last answer.

    The figure's `data-asked` is the number of answers given, for tests.

    Args:
        round: names this round; answers given in it survive a change of page.
        pictures: `uint8` [n, 28, 28].
        kinds: name, key, what a picture of it is called, and colour of each; the first is the real ones.
        truth: place in `kinds` of each picture. believed: whether D takes it for real.
        advice: what to look for, by "TRUTH>ANSWER" (places in `kinds`), and under "" where nothing went wrong.
        colours: for `right` and `wrong`.
        on_done: is given the answers, not checked: they come from a browser. on_again: a new round is wanted.
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
            "tiles": pack(pictures),
            "truth": list(truth),
            "believed": [bool(b) for b in believed],
            "kinds": [dict(zip(("name", "key", "noun", "colour"), kind, strict=True)) for kind in kinds],
            "advice": advice,
            "colours": colours,
            "rows": math.ceil(len(pictures) / 10),
        },
    )
