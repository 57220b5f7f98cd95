"""The two speeds of a recipe, the fast one first, each with the time it takes on this machine.

The time is the pace of the untouched recipe times what the form asks for now; where the form has changed the shape of
the network there is none, rather than a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core import data
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import duration, presets
from core.recipes.recipe import Recipe, RecipeError
from core.runs import gan_source
from ui.train import form_gan_source, form_values
from ui.train.form_values import key

KEY = "recipe_speed"
TICK = 0.5

HELP = (
    "Two ways to the same model. Fast: larger steps, fewer epochs, where it helps another network. Classic: as "
    "papers and tutorials train it. The times are estimates for this machine, from a trial of a second; of up to "
    "five where other programs keep it busy."
)


@dataclass(frozen=True)
class _Speed:
    """One of the two: the untouched recipe whose pace counts, and what the form would train on these images (None:
    nothing, as it stands)."""

    untouched: Recipe
    images: str
    meant: Recipe | None = None

    @property
    def timed(self) -> bool:
        """Whether the pace of the one tells the time of the other."""
        return (
            self.meant is not None
            and not self.meant.patience
            and duration.images_of(self.meant) is not None
            and duration.speed_key(self.meant) == duration.speed_key(self.untouched)
        )

    def seconds(self, paces: SpeedEstimates | None) -> float | None:
        rate = paces.known(self.untouched) if paces and self.timed else None
        return duration.seconds(self.meant, rate) if rate else None

    @property
    def as_tuned(self) -> bool:
        """Whether it is trained as the recipe is, however the seed falls."""
        if self.meant is None:
            return True
        theirs = {name: getattr(self.meant, name) for name in ("dataset", "folder", "seed", "source", "source_model")}
        return self.untouched.with_(**theirs) == self.meant

    @property
    def from_another_decoder(self) -> bool:
        """Whether a GAN would begin with another kind of decoder than the one that was measured."""
        if self.meant is None or self.meant.model != "gan":
            return False
        tried = presets.preset(presets.DECODER_TRIED)
        return self.meant.source_model != tried.model or any(
            getattr(self.meant, name) != getattr(tried, name) for name in gan_source.INHERITED
        )


def choose(paces: SpeedEstimates | None, idle: bool) -> str:
    """The choice between the sisters of the recipe in the form, and how they compare, in a line; nothing where it has
    none.

    Args:
        paces: of the device it would be trained on. idle: nothing trains anywhere, so that a trial would measure
            rightly and disturb nobody.
    """
    name = st.session_state[key("name")]
    fast = presets.fast_of(name)
    if fast is None:
        return ""
    names = {"fast": fast, "classic": presets.classic_of(name)}
    speeds = {speed: _speed(sister) for speed, sister in names.items()}
    times = {speed: found.seconds(paces) for speed, found in speeds.items()}
    st.session_state[KEY] = "fast" if name == fast else "classic"
    # The whole width from the beginning: nothing moves when the times arrive.
    st.segmented_control(
        "Speed",
        list(names),
        key=KEY,
        required=True,
        width="stretch",
        help=HELP,
        on_change=lambda: form_values.use_sister(names[st.session_state[KEY]]),
        format_func=lambda speed: _label(speed, times[speed]),
    )
    wanted = [found.untouched for found in speeds.values() if found.timed]
    if paces and idle and paces.ask(wanted):
        _wait(paces, wanted)
    return _compared(speeds["fast"], speeds["fast" if name == fast else "classic"], times)


def _speed(name: str) -> _Speed:
    """The sister of that name, on the form's images and from the form's source."""
    held, own = form_values.values(), st.session_state[key("name")]
    values = held if name == own else form_values.sister(name)
    untouched = form_values.suited(name, held["dataset"])
    source = form_gan_source.source_of(held) if untouched.model == "gan" else None
    try:
        meant = Recipe.from_dict(values)
    except RecipeError:
        return _Speed(untouched, held["dataset"])
    if form_gan_source.lacking(held):
        return _Speed(untouched, held["dataset"])
    if source is None:
        return _Speed(untouched, held["dataset"], meant)
    return _Speed(gan_source.taken_over(untouched, source), held["dataset"], gan_source.taken_over(meant, source))


def _label(speed: str, seconds: float | None) -> str:
    word = speed.capitalize()
    return word if seconds is None else f"{word} · {duration.rough_duration(seconds)}"


def _compared(fast: _Speed, chosen: _Speed, times: dict[str, float | None]) -> str:
    """What is gained by the fast one, and whether anybody has looked at what it costs."""
    sooner = "sooner"
    if times["fast"] and times["classic"]:
        share = times["classic"] / times["fast"]
        sooner = f"about {share:.{0 if share >= 2.95 else 1}f} times sooner" if share > 1.15 else "hardly sooner here"
    # Short enough for one line on a phone, with the number and without: nothing moves when it arrives.
    if not chosen.as_tuned:
        return f"Fast: {sooner}; not tried with your changes."
    if presets.classic_of(fast.untouched.name) not in presets.AS_GOOD:
        return f"Fast: {sooner}; not shown to be as good."
    if chosen.from_another_decoder:
        return f"Fast: {sooner}; not tried from this decoder."
    tuned_on = presets.preset(fast.untouched.name).dataset
    if chosen.images == tuned_on:
        return f"Fast: the same quality, {sooner}."
    return f"Fast: {sooner}; as good on {data.SOURCES[tuned_on].title}."


@st.fragment(run_every=TICK)
def _wait(paces: SpeedEstimates, wanted: list[Recipe]) -> None:
    """Ticks until the trials are over, however they ended; then the page is drawn with what they found."""
    if not paces.open(wanted):
        st.rerun()
