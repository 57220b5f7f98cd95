"""The upper part of Home: its words, and the pictures of the model that it shows.

The page draws them (`ui/home/page.py`). Until its script has run, the lab's server shows the same in the same place
(`bootstrap/first_page.py`), so that a visitor looks at pictures while Streamlit starts.
"""

from __future__ import annotations

import html
import re
from functools import cache
from pathlib import Path

from core import runs
from core.runs import Run, RunError, frames
from core.runs.shown_weights import is_experiment_recipe
from ui.shared.default_run import best_example, default_run, preferred
from ui.shared.formatting import trained_for
from ui.shared.owner import answering, is_mine
from ui.shared.still_image import still_html

TITLE = "Latent Lab"

INTRO = (
    "A generative model turns a few numbers, a point of its **latent space**, into a picture. Train one here, then "
    "change the numbers and see what it draws."
)

COLUMNS = 8
"""Pictures side by side."""


def own_run() -> Run | None:
    """This visitor's newest model that has pictures to show; None where there is none."""
    mine = (run for run in runs.list_runs() if not run.error and is_mine(run) and run.has_weights and run.frames())
    found = next(iter(preferred(mine)), None)
    return None if found is not None and is_experiment_recipe(found.recipe) else found


def example() -> Run | None:
    """A trained run to show: the best example if there is one, else the run that other pages open."""

    def drawn(run: Run) -> bool:
        return bool(run.frames())

    return best_example(drawn) or default_run(drawn)


def samples(run: Run, epoch: float) -> tuple[str, str]:
    """The sheet of samples in a run's frame of that epoch, as HTML, and its caption.

    Raises:
        RunError, ValueError: the frame is missing or damaged; the message is a sentence.
    """
    _, _, pictures = frames.split(run.frame(epoch), run.recipe.shape)
    alt = f"{len(pictures)} images invented by the model {run.name} after {trained_for(epoch)}"
    caption = f"{len(pictures)} pictures that the model made up ({run.name}, after {trained_for(epoch)})."
    return still_html(pictures, COLUMNS, None, alt), caption


def html_of(token: str) -> str:
    """What the page shows until its script has drawn it; empty where there are no pictures.

    Args:
        token: of the visitor's cookie; empty for a new visitor, whose pictures are those of the example.
    """
    with answering(token):
        run = (own_run() if token else None) or example()
    if run is None:
        return ""
    try:
        sheet, caption = samples(run, run.frames()[-1])
    except (RunError, ValueError):
        return ""
    words = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", html.escape(INTRO))
    return _frame().format(title=html.escape(TITLE), words=words, sheet=sheet, caption=html.escape(caption))


@cache
def _frame() -> str:
    return Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
