"""The VAE → GAN page: a trained decoder becomes the generator of a GAN. One tab for each way to look at it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from core.data import ImageSet
from core.runs import Run, RunError
from ui.components.page.scroll_to import to_top
from ui.gan import before_after, diagram, inputs, source, train_tab
from ui.gan.experiments import experiments
from ui.gan.explain import how_it_works
from ui.gan.question_figures import TOP
from ui.gan.questions import questions
from ui.gan.quiz import quiz
from ui.gan.slow_motion import slow_motion
from ui.shared import address
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import LoadedModel, load
from ui.shared.page import images_of, page_head
from ui.shared.run_picker import damaged_runs, pick_run


@dataclass(frozen=True)
class View:
    """What the page shows.

    Attributes:
        run: the GAN in view, or None. decoder: the run whose decoder the next GAN starts from, or None without any.
    """

    run: Run | None
    decoder: Run | None


def show() -> None:
    """Draw the page."""
    address.check_names(("tab", "run", "decoder", "seed", "part", "walk", "question", "experiment"))
    inputs.follow_started()
    alone = source.adopt()
    with (
        page_head(
            "From VAE to GAN",
            "A VAE's decoder is already a generator. See what it gains, and what it loses, when it learns from a "
            "discriminator.",
            key="gan_head",
            widths=(2, 7),
        ) as head,
        st.container(horizontal=True, gap="small", vertical_alignment="center", key="gan_choice"),
    ):
        run = pick_run(
            "run",
            page="gan_",
            here="gan",
            head=head,
            what="trained GAN",
            fits=inputs.is_adversarial,
            nothing=source.no_gan,
            trials="Only experiments so far: choose one to look at",
            empty="No GAN from this decoder yet" if alone else "",
        )
        view = View(run, source.choose(run))
    if view.decoder is None and run is None:
        source.nothing_to_start_from()
    _tabs(view)
    damaged_runs()
    to_top(str(st.session_state.get(TOP, "")))


def _tabs(view: View) -> None:
    """The tabs; only the open one is computed and sent."""
    chosen = inputs.adopt_tab()
    if chosen != "train":
        train_tab.line()
    places = st.tabs([tab.title for tab in inputs.TABS], key=inputs.TAB_BOX, on_change="rerun")
    chosen = inputs.keep_tab()
    for tab, place in zip(inputs.TABS, places, strict=True):
        if tab.key == chosen:
            with place, st.container(key=f"gan_tab_{tab.key}"):
                _DRAWN[tab.key](view)


def _with_model(
    view: View, draw: Callable[[Run, LoadedModel, ImageSet | None, int], None], without: str | None = None
) -> None:
    """Draw what needs the model and its images: of the GAN, or where `without` is None of the decoder alone.

    Args:
        without: sentence where there is no GAN.
    """
    run = view.run or (view.decoder if without is None else None)
    if run is None:
        if without is not None:
            st.info(f"{without} Choose a decoder above and press *Train a GAN from this decoder*.")
        return
    try:
        loaded = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))  # the message can quote text from a file
        return
    images = images_of(run, "gan_data", "Without it, the parts of this page that need real images are missing.")
    draw(run, loaded, images, inputs.seed())


def _idea(view: View) -> None:
    def draw(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
        diagram.pictures(run, loaded, images, seed)
        if inputs.is_adversarial(run):
            how_it_works(run, loaded, images, seed)

    _with_model(view, draw)


def _train(view: View) -> None:
    train_tab.show(view.run, view.decoder)


def _compare(view: View) -> None:
    def draw(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
        before_after.same_z(run, loaded, images, seed)
        before_after.metrics(run, loaded, images, seed)

    _with_model(view, draw, "Here a decoder and the GAN that it became are compared, and there is no GAN yet.")


def _slow(view: View) -> None:
    _with_model(view, slow_motion, "Here one training step of a GAN is shown stage by stage, and there is no GAN yet.")


def _quiz(view: View) -> None:
    quiz(view.run)


def _experiments(view: View) -> None:
    experiments(view.decoder)


def _questions(view: View) -> None:
    questions(view.run or view.decoder)


_DRAWN: dict[str, Callable[[View], None]] = {
    "idea": _idea,
    "train": _train,
    "compare": _compare,
    "slow": _slow,
    "quiz": _quiz,
    "experiments": _experiments,
    "questions": _questions,
}
assert list(_DRAWN) == [tab.key for tab in inputs.TABS], "every tab has its content"
