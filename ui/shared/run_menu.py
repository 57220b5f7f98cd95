"""The menu of what can be done with a run: the same wherever a run stands, on Home, Train, Runs and beside every box.

It opens the pages that suit the run, then trains it again or on, renames, downloads or deletes it. The page's main
action may stand beside it as a button.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import streamlit as st

from core.jobs.training_queue import training_queue
from core.runs import Run, RunError, gan_source
from core.runs.export import to_zip
from ui import registry
from ui.shared import foreign
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import job_of, train_again
from ui.shared.page import open_page
from ui.shared.run_buttons import identity, run_button, run_key
from ui.shared.run_dialogs import DIALOGS, NOTICE

FLAT = 2
"""Latent dimensions of a run that Planes can show."""


def _any(run: Run) -> bool:
    return True


def _nothing(run: Run) -> str:
    return ""


def _encodes(run: Run) -> bool:
    return not run.recipe.family.adversarial


def _is_flat(run: Run) -> bool:
    return _encodes(run) and run.recipe.latent_dim == FLAT


@dataclass(frozen=True)
class Way:
    """A page that can be opened with a run.

    Attributes:
        verb: for the button's key. label: of the button. page: key in the registry of pages. parameter: of that page's
            address, which takes the run's name. help: what is to be seen there. fits: whether the page suits a run.
        refusal: why the page cannot do it with a run that it suits, the end of a sentence; then the line is disabled.
        needs_weights: whether the page needs a trained model. here: keys of pages on which the button is left out.
    """

    verb: str
    label: str
    page: str
    parameter: str
    help: str
    fits: Callable[[Run], bool] = _any
    refusal: Callable[[Run], str] = _nothing
    needs_weights: bool = True
    here: tuple[str, ...] = ()


WAYS = (
    Way("open", "Page of this run", "run", "name", "Its curves, film, figures and files.", needs_weights=False),
    Way("generate", "Generate", "generate", "run", "Make new images with this model.", here=("generate",)),
    Way(
        "reconstruct",
        "Reconstruct",
        "reconstruct",
        "runs",
        "Encode images with it, alone or beside other models.",
        _encodes,
        here=("reconstruct",),
    ),
    Way(
        "interpolate",
        "Interpolate",
        "interpolate",
        "run",
        "Move from one image to another through its latent space.",
        here=("interpolate",),
    ),
    Way("planes", "Planes", "planes", "runs", "See its two latent dimensions as a plane.", _is_flat, here=("planes",)),
    Way("map", "Map", "map", "run", "See thousands of its latent vectors at once.", _encodes, here=("map",)),
    Way(
        "outliers",
        "Outliers",
        "outliers",
        "run",
        "Test whether it notices unusual images.",
        _encodes,
        here=("outliers",),
    ),
    Way(
        "gan",
        "VAE → GAN",
        "gan",
        "run",
        "See its generator and its discriminator at work.",
        lambda run: run.recipe.family.adversarial,
        here=("gan",),
    ),
    Way(
        "diffusion",
        "VAE → diffusion",
        "diffusion",
        "run",
        "Turn noise into its latents, and these into images.",
        _encodes,
        here=("diffusion",),
    ),
    Way(
        "like",
        "Train with a change",
        "train",
        "like",
        "Opens Train with all settings of this run: change one, such as β, and compare the two runs.",
        needs_weights=False,
    ),
    Way(
        "gan",
        "Train a GAN from its decoder",
        "train",
        "source",
        "Opens Train with the form filled in: this run's decoder becomes the generator of a GAN.",
        _encodes,
        lambda run: gan_source.refusal(run.recipe),
    ),
    Way(
        "evaluate",
        "Compare",
        "compare",
        "runs",
        "Opens Compare with this run: choose others on the same images to measure them by one evaluation.",
        here=("compare", "table"),
    ),
    Way(
        "compare",
        "Compare curves",
        "run",
        "compare",
        "Opens the table of runs with this one ticked: tick others to see their curves and settings side by side.",
        needs_weights=False,
        here=("table",),
    ),
)
"""In the order of the menu."""

ICON, HELP = ":material/more_horiz:", "Open this run on another page, continue, rename, download or delete it."
NO_WEIGHTS = "It has no weights yet: they come with the first epoch of its training."


def run_menu(run: Run, place: str = "", *, page: str = "", opened: bool = False) -> None:
    """The button that opens the menu, with the menu.

    Args:
        place: start of the widgets' keys, where one page can have more than one menu of a run. page: key of the page it
            stands on (`table` for the table of runs), which it does not offer. opened: whether that is the run's own.
    """
    with st.popover("Actions", icon=ICON, key=run_key(f"{place}actions", run), help=HELP):
        _lines(run, place, page, opened)


def runs_menu(chosen: Sequence[Run], place: str, *, page: str) -> None:
    """The same for a page that shows several runs: the menu begins with the choice of the run.

    Args:
        chosen: the runs on the page, one or more. place, page: as of `run_menu`.
    """
    runs = {run.name: run for run in chosen}
    with st.popover("Actions", icon=ICON, key=f"{place}actions", help=HELP):
        name = st.selectbox("Run", list(runs), key=f"{place}run", help="The run that the actions below are for.")
        if name in runs:
            _lines(runs[name], place, page, opened=False)


def _lines(run: Run, place: str, page: str, opened: bool) -> None:
    """The menu of one run."""
    if notice := st.session_state.pop(NOTICE, ""):
        st.toast(notice, icon=":material/play_arrow:")
    job = job_of(run.name)
    training = job is not None and job.active
    with st.container(gap=None, key=run_key(f"run_menu_{place}", run)):
        asking = [verb for verb in CHANGES if foreign.is_open(run_key(f"{place}{verb}", run), run, verb)]
        if asking:  # the question takes the place of the menu: below its last line it would lie outside the window
            _change(asking[0], run, place, training)
            return
        if run.error is None:
            for way in WAYS:
                if way.fits(run) and page not in way.here and not (opened and way.verb == "open"):
                    _open_button(run, way, place)
            _again(run, place)
            _change("continue", run, place, training)
            _downloads(run, place, training)
            _change("rename", run, place, training)
        _change("delete", run, place, training)


def _open_button(run: Run, way: Way, place: str) -> None:
    missing = way.needs_weights and not run.has_weights
    reason = NO_WEIGHTS if missing else f"It cannot: {why}." if (why := way.refusal(run)) else ""
    icon = next(page.icon for page in registry.PAGES if page.key == way.page)
    if _item(way.label, way.verb, run, place, icon, bool(reason), reason or way.help):
        open_page(way.page, **{way.parameter: run.name})


CHANGES = {
    "continue": ("Continue training", "play_arrow", "Trains it for more epochs."),
    "rename": ("Rename", "edit", "Gives it another name."),
    "delete": ("Delete", "delete", "Shows what would be lost, then deletes it."),
}
"""What changes the run: the label, symbol and help of its line."""


AGAIN = "Train again"
AGAIN_HELP = "Trains a new run with the same settings, the same seed included, from the start. This run stays."


def _again(run: Run, place: str) -> None:
    if _item(AGAIN, "again", run, place, "replay", False, AGAIN_HELP):
        try:
            train_again(run.recipe)
        except (RunError, ValueError) as error:
            st.error(escape_markdown(str(error)), icon=":material/error:")
        else:
            open_page("train")


def _change(verb: str, run: Run, place: str, training: bool) -> None:
    """The line that opens the dialog of that name."""
    words, symbol, told = CHANGES[verb]
    unable = verb == "continue" and not run.resumable
    told = "It has no saved state to continue from." if unable else told
    if _item(words, verb, run, place, symbol, training or unable, told):
        DIALOGS[verb](run, training_queue(), identity(run))


def _item(label: str, verb: str, run: Run, place: str, icon: str, disabled: bool, told: str) -> bool:
    """One line of the menu."""
    symbol = icon if icon.startswith(":") else f":material/{icon}:"
    return run_button(
        label, verb, run, place=place, icon=symbol, disabled=disabled, help=told, type="tertiary", width="stretch"
    )


def _downloads(run: Run, place: str, training: bool) -> None:
    """Download buttons: the history as CSV, the whole run as a zip file."""
    st.download_button(
        "Download CSV",
        run.csv,
        f"{run.name}.csv",
        "text/csv",
        key=run_key(f"{place}csv", run),
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        width="stretch",
        help="Its curves: all losses, one row per measurement.",
    )
    st.download_button(
        "Download zip",
        lambda: to_zip(run),
        f"{run.name}.zip",
        "application/zip",
        key=run_key(f"{place}zip", run),
        on_click="ignore",
        type="tertiary",
        icon=":material/folder_zip:",
        disabled=training,
        width="stretch",
        help="The whole run: recipe, curves, weights and pictures, with a note on how to load them.",
    )
