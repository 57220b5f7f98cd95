"""The decoder that the next GAN starts from: its box in the head of the page, and the button that trains the GAN."""

from __future__ import annotations

import streamlit as st

from core import runs
from core.recipes.adaptation import first_model
from core.recipes.family import FAMILIES
from core.runs import Run, RunError, gan_source
from core.runs.shown_weights import is_experiment_recipe
from ui.gan import inputs
from ui.gan.progress import progress
from ui.shared import address
from ui.shared.default_run import preferred, preferred_sources
from ui.shared.formatting import escape_markdown
from ui.shared.jobs import first_model_takes, submit_training, takes, training_jobs
from ui.shared.page import open_page
from ui.shared.recipe_labels import choice
from ui.shared.run_buttons import run_button

BOX, FOLLOWS, ALONE = "gan_decoder", "gan_decoder_follows", "gan_decoder_alone"
"""Session-state keys: the name of the decoder's run, the GAN whose source it was at first, and whether the page was
opened for a decoder that no GAN has started from."""


def adopt() -> bool:
    """Take up an address that names the run of a decoder, such as a VAE's, instead of a GAN, or a decoder and no GAN.
    The page then shows the newest GAN that started from it.

    Returns whether there is none, so that the box of GANs begins empty.
    """
    state, wanted = st.session_state, address.get("run")
    if wanted is None and inputs.RUN_BOX not in state:
        wanted = address.get("decoder")
    found = {run.name: run for run in preferred_sources()}.get(wanted or "")
    if found is not None:
        state[BOX] = found.name
        state.pop(FOLLOWS, None)
        started = [run for run in runs.list_runs() if _started_from(run, found)]
        name = next((run.name for run in preferred(started)), None)
        state[ALONE] = name is None
        state.pop(inputs.RUN_KEPT, None)
        state[inputs.RUN_BOX] = name
        address.put("run", name)
    elif wanted is not None or state.get(inputs.RUN_BOX):
        state[ALONE] = False
        if reason := _refusal(address.get("run")):
            address.refuse("run", reason)
    return bool(state.get(ALONE))


def _started_from(run: Run, source: Run) -> bool:
    """Whether a run is a GAN, and none of an experiment, whose generator began as that run's decoder."""
    if run.error or not run.has_weights or not inputs.is_adversarial(run) or is_experiment_recipe(run.recipe):
        return False
    return run.recipe.source == source.name


def no_gan() -> None:
    """The text in place of the box of GANs."""
    st.caption("No GAN yet", width="content")


def choose(run: Run | None) -> Run | None:
    """The box of decoders and the button that trains a GAN from the chosen one. None where nothing can be chosen.

    The box begins with the decoder of the GAN in view, and with that of another GAN when the visitor turns to one.
    """
    found = preferred_sources()
    if not found:
        return None
    state, names = st.session_state, {one.name: one for one in found}
    default = names.get(run.recipe.source if run else "", found[0])
    shown = run.name if run else ""
    if state.get(BOX) not in names:
        state.pop(BOX, None)
        complaint = _complaint(address.get("decoder"))
        address.adopt("decoder", BOX, lambda name: name if name in names else None, default.name, complaint)
    elif state.get(FOLLOWS, shown) != shown:
        state[BOX] = default.name
    state[FOLLOWS] = shown

    def words(name: str) -> str:
        recipe = names[name].recipe if name in names else None
        return (
            f"Decoder: {name} · {recipe.family.abbreviation} · {choice('dataset', recipe.dataset)}" if recipe else name
        )

    name = st.selectbox(
        "Decoder to start from",
        list(names),
        key=BOX,
        label_visibility="collapsed",
        persist_state="session",
        format_func=words,
        help="The trained model whose decoder becomes the generator: of the next GAN, and in the experiments. It is "
        f"copied: the run itself stays as it is. {_left_out()}",
    )
    address.put("decoder", name if name != default.name or state.get(ALONE) else None)
    decoder = names.get(name, default)
    _start_button(decoder)
    return decoder


def _left_out() -> str:
    """Why models of some families are not among the decoders."""
    others = (family for family in FAMILIES.values() if family.not_generator and not family.adversarial)
    return " ".join(f"A {family.abbreviation} is not offered: {family.not_generator}." for family in others)


def _complaint(wanted: str | None) -> str:
    """What to say where the decoder that the address names is not among those to choose from."""
    return f"{_refusal(wanted) or 'The address names a decoder that does not exist.'} You see another one."


def _refusal(name: str | None) -> str:
    """Why the decoder of the run of that name cannot become a generator; empty if it can, or is a GAN's."""
    run = next((run for run in runs.list_runs() if run.name == name and not run.error), None)
    if run is None or inputs.is_adversarial(run) or not (reason := gan_source.refusal(run.recipe)):
        return ""
    return f"The decoder of {escape_markdown(run.name)} cannot become a generator: {reason}."


def _start_button(decoder: Run) -> None:
    """The button that trains a GAN from a decoder."""
    busy = inputs.my_gans_in_training()
    long = takes([inputs.recipe_from(decoder)])
    run_button(
        "Train a GAN from this decoder",
        "gan_start",
        decoder,
        type="primary",
        icon=":material/play_arrow:",
        on_click=inputs.start,
        args=(decoder,),
        disabled=bool(busy),
        help="A GAN of yours is being trained: watch it in the tab Train."
        if busy
        else "Copies the decoder as the generator, adds a small discriminator and trains both in the background"
        + (f": {long}. " if long else ". ")
        + "All settings are on the Train page.",
    )


def nothing_to_start_from() -> None:
    """In a lab without any decoder: what to do first, or the progress of the training that makes one."""
    job = next((job for job in training_jobs() if job.active and job.recipe.family.generator_source), None)
    if job is not None:
        st.info("A model is being trained. Its decoder can become the generator after its first epoch.")
        st.fragment(progress, run_every=0.7)(job)
        return
    st.info(
        "A GAN of this lab starts from a trained decoder, and there is none yet. Train a VAE first: on the digits it "
        f"takes {first_model_takes()}."
    )
    with st.container(horizontal=True):
        st.button(
            "Train a VAE",
            key="gan_first",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_train_first,
            help="A small variational autoencoder learns handwritten digits.",
        )
        if st.button("Choose what to train", key="gan_train", help="Opens Train with all settings."):
            open_page("train")


def _train_first() -> None:
    """Queue the lab's first model."""
    try:
        submit_training(first_model())
    except RunError as error:
        st.error(escape_markdown(str(error)))
