"""The two speeds of a recipe, fast and classic, each with its training time on this machine.

The time is the number of images to process, as the form stands, over the measured speed of the unchanged preset. Where
the form has changed the shape of the network, no time is shown rather than a wrong one.
"""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from core.jobs import waiting
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import duration, presets
from core.recipes.recipe import Recipe, RecipeError
from core.runs import gan_source
from ui.shared import address
from ui.train import form_gan_source, form_values
from ui.train.form_values import key

KEY = "recipe_speed"
TICK = 0.5

MEASURING = "measuring the time …"

HELP = (
    "Classic: the settings of papers and tutorials. Fast: a larger learning rate, fewer epochs and, where it helps, "
    "another network. The times are estimates for this computer, from a test of one second, or of up to five while "
    "other programs keep it busy. “busy” beside them: it is busy now, and a training takes longer."
)


@dataclass(frozen=True)
class _Speed:
    """One of the two speeds.

    Attributes:
        preset: the unchanged preset, whose training speed is measured. dataset: of the form.
        recipe: what the form would train at this speed; None where it cannot train anything as it stands.
    """

    preset: Recipe
    dataset: str
    recipe: Recipe | None = None

    @property
    def timed(self) -> bool:
        """Whether the training time of the recipe follows from the speed of the preset."""
        return (
            self.recipe is not None
            and not self.recipe.patience
            and duration.images_of(self.recipe) is not None
            and duration.speed_key(self.recipe) == duration.speed_key(self.preset)
        )

    def seconds(self, estimates: SpeedEstimates | None) -> float | None:
        """The expected training time; None where it is not known."""
        rate = estimates.known(self.preset) if estimates and self.timed else None
        return duration.seconds(self.recipe, rate) if rate and self.recipe else None

    @property
    def as_tuned(self) -> bool:
        """Whether the recipe is the preset, but for data set, seed and source."""
        if self.recipe is None:
            return True
        images = ("dataset", "folder", *gan_source.PIXEL_FIELDS, *form_gan_source.FROM_IMAGES)
        free = (*images, "seed", "source", "source_model")
        changes = {name: getattr(self.recipe, name) for name in free}
        return self.preset.with_(**changes) == self.recipe

    @property
    def from_another_decoder(self) -> bool:
        """Whether a generator would start from another kind of decoder than the one that the preset was tested with."""
        if self.recipe is None or not self.recipe.family.uses("source"):
            return False
        tried = presets.preset(presets.DECODER_TRIED)
        return self.recipe.source_model != tried.model or any(
            getattr(self.recipe, name) != getattr(tried, name) for name in gan_source.INHERITED
        )


def choose(estimates: SpeedEstimates | None, idle: bool) -> str:
    """Draw the choice between the two speeds of the recipe in the form; a line that compares them, or says how long the
    training takes where the recipe has only one.

    Args:
        estimates: training speeds of the device that would train it. idle: whether nothing trains, so that a trial
            measures the right speed and disturbs no training.
    """
    name = st.session_state[key("name")]
    fast = presets.fast_of(name)
    if fast is None:
        return _alone(_speed(name), estimates, idle)
    names = {"fast": fast, "classic": presets.classic_of(name)}
    speeds = {speed: _speed(sister) for speed, sister in names.items()}
    times = {speed: found.seconds(estimates) for speed, found in speeds.items()}
    st.session_state[KEY] = "fast" if name == fast else "classic"
    wanted = [speed.preset for speed in speeds.values() if speed.timed]
    measuring = bool(estimates and idle and estimates.request(wanted))
    busy = _busy(idle)
    with st.container(gap=None):
        # The times stand below the two words: a click is sent with the text of its option, and is lost where that text
        # has changed in the meantime.
        st.segmented_control(
            "Speed",
            list(names),
            key=KEY,
            required=True,
            width="stretch",
            help=HELP,
            on_change=lambda: form_values.use_sister(names[st.session_state[KEY]]),
            format_func=str.capitalize,
        )
        with st.container(horizontal=True, gap=None, key="recipe_speed_times"):
            for name_of_speed, seconds in times.items():
                # Both at once: a time that stands alone for some seconds looks like a claim about the other.
                told = MEASURING if measuring and speeds[name_of_speed].timed else ""
                if seconds is not None and not measuring:
                    told = duration.rough_duration(seconds) + busy
                st.caption(told, text_alignment="center", width="stretch")
    if measuring and estimates:
        _wait(estimates, wanted)
    return _compared(speeds["fast"], speeds["fast" if name == fast else "classic"], times, measuring or bool(busy))


def _alone(speed: _Speed, estimates: SpeedEstimates | None, idle: bool) -> str:
    """How long a recipe without a sister takes; empty where that is not known. Arguments as in `choose`."""
    wanted = [speed.preset]
    if speed.timed and estimates and idle and estimates.request(wanted):
        _wait(estimates, wanted)
        return f"Training: {MEASURING}"
    seconds = speed.seconds(estimates)
    return "" if seconds is None else f"Training takes {duration.rough_duration(seconds)}{_busy(idle)}."


def _busy(idle: bool) -> str:
    """A mark beside a time, where other programs make the training longer."""
    return " (busy)" if idle and waiting.slowdown() >= waiting.BUSY else ""


def _speed(name: str) -> _Speed:
    """The speed with the preset of that name, on the form's images and from the form's source."""
    now, own = form_values.values(), st.session_state[key("name")]
    values = now if name == own else form_values.sister(name)
    preset = form_values.suited(name, now["dataset"])
    source = form_gan_source.source_of(now) if preset.family.uses("source") else None
    try:
        recipe = Recipe.from_dict(values)
    except RecipeError:
        return _Speed(preset, now["dataset"])
    if form_gan_source.lacking(now):
        return _Speed(preset, now["dataset"])
    if source is None:
        return _Speed(preset, now["dataset"], recipe)
    return _Speed(gan_source.taken_over(preset, source), now["dataset"], gan_source.taken_over(recipe, source))


def _compared(fast: _Speed, chosen: _Speed, times: dict[str, float | None], busy: bool) -> str:
    """How much faster the fast recipe is, where both were measured, and whether its quality was compared with that of
    the classic one. busy: whether other programs slow the computer down: a ratio of two moments says nothing then."""
    quicker = ""
    if times["fast"] and times["classic"] and not busy:
        share = times["classic"] / times["fast"]
        digits = 0 if share >= 2.95 else 1
        quicker = f"{share:.{digits}f}× as fast as Classic" if share > 1.15 else "about as long as Classic"
        if share < 0.8:
            quicker = f"slower here, {1 / share:.{0 if share <= 0.34 else 1}f}× as long"
        quicker += ", "
    # Short enough for one line on a phone, with and without the number, so that nothing moves when it arrives.
    if not chosen.as_tuned:
        return f"Fast: {quicker}untested with your settings."
    classic = presets.classic_of(fast.preset.name)
    if classic not in presets.AS_GOOD + presets.NEARLY_AS_GOOD + presets.BEHIND:
        return f"Fast: {quicker}quality not compared."
    if chosen.from_another_decoder:
        return f"Fast: {quicker}untested from this decoder."
    tuned_on = presets.preset(fast.preset.name).dataset
    same = "same Fréchet distance" if classic in presets.LESS_SHARP else "same quality"
    same = "nearly the same quality" if classic in presets.NEARLY_AS_GOOD else same
    same = "not as good" if classic in presets.BEHIND else same
    if chosen.dataset == tuned_on:
        return f"Fast: {quicker}{same}."
    return f"Fast: {quicker}untested on these images."


@st.fragment(run_every=TICK)
def _wait(estimates: SpeedEstimates, wanted: list[Recipe]) -> None:
    """Wait until the trials have ended or failed; then draw the page again with the times."""
    if not estimates.pending(wanted):
        address.rerun()
