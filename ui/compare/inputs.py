"""What the Compare page shows: runs on the same images, the sampler of their samples, and the order of the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from core import runs
from core.evaluation import comparison, comparison_measures, comparison_samples
from core.evaluation.bound import LEVELS
from core.runs import Run
from ui.shared import address
from ui.shared.address import Parameter, one_of, whole
from ui.shared.default_run import preferred
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.image_choice import ImagesKey, images_key
from ui.shared.owner import is_mine
from ui.shared.recipe_labels import choice
from ui.shared.run_picker import option

MOST, FIRST = 12, 5
"""Runs in the table at once, and those that the page begins with, at most."""

BOX, KEPT, ASKED, SET = "compare_runs", "compare_kept", "compare_asked", "compare_set"
"""Session-state keys: the box of runs; the choice when the page was left; what the page last wrote into the address;
the box of sets of images."""

USUAL = ""
"""In place of a sampler: of each run its usual one."""

NAME = "name"
"""Key of the column of names."""


def _sorting(text: str) -> str | None:
    return text if text.removeprefix("-") in (*comparison_measures.BY_KEY, NAME) else None


SORT = Parameter(
    "sort", "compare_sort", _sorting, "", "a column of the table, with a minus before it for falling values"
)
SAMPLES = Parameter(
    "k",
    "compare_k",
    whole(1, comparison_measures.MOST_SAMPLES),
    comparison_measures.SAMPLES,
    f"a whole number from 1 to {comparison_measures.MOST_SAMPLES:,}",
)
"""Samples of z per image for the importance-weighted bound."""

BY_SEED = Parameter("seeds", "compare_seeds", {"1": True}.get, False, "1", lambda value: "1")


@dataclass(frozen=True)
class Choice:
    """What is compared.

    Attributes:
        runs: on the same images, in the order of the table. usable: all runs on these images that can be.
        left_out: sentences about runs that the address asks for and that are not shown.
    """

    runs: list[Run]
    usable: dict[str, Run]
    left_out: list[str]


def usable_runs() -> list[Run]:
    """The runs that can be compared, with weights, in the order of `default_run.preferred`."""
    return preferred(run for run in runs.list_runs() if not run.error and run.has_weights)


def settle(found: Sequence[Run]) -> Choice:
    """The runs to show: as the address asks, else as the visitor left them, else the first ones of the images that the
    first run was trained on."""
    state, by_name = st.session_state, {run.name: run for run in found}
    asked, left_out = address.get("runs"), list[str]()
    if asked is not None and asked != state.get(ASKED):
        wanted = list(dict.fromkeys(name.strip() for name in asked.split(",") if name.strip()))
        left_out = [sentence for name in wanted if (sentence := _unusable(name, by_name))]
        state[BOX] = [name for name in wanted if name in by_name]
    elif BOX not in state:
        state[BOX] = state.get(KEPT, [])
    names = [name for name in state[BOX] if name in by_name]
    images = images_key(by_name[names[0]] if names else _first(found))
    usable = {run.name: run for run in found if images_key(run) == images}
    same = [name for name in names if name in usable]
    if len(same) < len(names):
        apart = pluralize(len(names) - len(same), "run")
        left_out.append(f"{apart} in the address {'was' if apart[:2] == '1 ' else 'were'} trained on other images.")
    if len(same) > MOST:
        left_out.append(f"The address names more than {MOST} runs. You see the first {MOST}.")
    state[BOX] = same[:MOST] or list(usable)[:FIRST]
    state[KEPT] = list(state[BOX])
    return Choice([usable[name] for name in state[BOX]], usable, left_out)


def _first(found: Sequence[Run]) -> Run:
    """A run on the images that the page begins with: the visitor's newest, else one on those that most runs are of."""
    counts = Counter(map(images_key, found))
    return found[0] if is_mine(found[0]) else max(found, key=lambda run: counts[images_key(run)])


def _unusable(name: str, by_name: dict[str, Run]) -> str:
    """Why a run of the address cannot be compared; empty where it can."""
    if name in by_name:
        return ""
    run = next((run for run in runs.list_runs() if run.name == name), None)
    if run is None:
        return "The address names a run that does not exist."
    return run.error or f"'{run.name}' has no weights yet: they come with the first epoch of its training."


def keep(choice_: Choice) -> None:
    """Write the runs shown into the address."""
    text = ",".join(run.name for run in choice_.runs)
    st.session_state[ASKED] = text
    address.put("runs", text or None)


def title_of_images(run: Run) -> str:
    """The images of a run in words: the set, its shape, and the classes left out."""
    recipe = run.recipe
    name = recipe.folder.rstrip("/").rsplit("/", 1)[-1] if recipe.folder else choice("dataset", recipe.dataset)
    channels, height, width = recipe.shape.chw
    colour = "colour" if channels == 3 else "grey"
    without = f", without {recipe.without_classes}" if recipe.without_classes else ""
    return f"{name} {height} × {width}, {colour}{without}"


def picker(found: Sequence[Run], now: Choice) -> None:
    """The popover in which images and runs are chosen. `settle` has been called."""
    sets: dict[ImagesKey, list[Run]] = {}
    for run in found:
        sets.setdefault(images_key(run), []).append(run)
    keys = list(sets)
    with st.popover(
        pluralize(len(now.runs), "run"),
        icon=":material/tune:",
        help="Which runs stand side by side.",
        key="compare_pick",
    ):
        if len(keys) > 1:
            st.session_state[SET] = keys.index(images_key(now.runs[0]))
            st.selectbox(
                "Images",
                range(len(keys)),
                key=SET,
                format_func=lambda k: f"{title_of_images(sets[keys[k]][0])} · {pluralize(len(sets[keys[k]]), 'run')}",
                on_change=lambda: _choose([run.name for run in sets[keys[st.session_state[SET]]]][:FIRST]),
                help="Runs can be compared where they were trained on the same images.",
            )
        st.multiselect(
            f"Runs on these images, at most {MOST}",
            list(now.usable),
            key=BOX,
            max_selections=MOST,
            placeholder="Choose runs",
            format_func=lambda name: option(now.usable[name]) if name in now.usable else name,
            help="The rows of the table, in this order. They are part of the page's address.",
        )
        for run in now.runs:
            if run.lesson:
                st.caption(f"**{escape_markdown(run.name)}**: {escape_markdown(run.lesson)}")


def _choose(names: list[str]) -> None:
    st.session_state[BOX] = names


def sampler(now: Choice) -> str:
    """The box of the sampler, and the chosen one; `USUAL` for each run's own."""
    offered: dict[str, str] = {}
    for run in now.runs:
        offered |= comparison_samples.samplers(run)
    parameter = Parameter("draw", "compare_draw", one_of(*offered), USUAL, " or ".join(offered))
    if parameter.adopt() not in (USUAL, *offered):
        st.session_state[parameter.box] = USUAL
    st.selectbox(
        "Samples from",
        [USUAL, *offered],
        key=parameter.box,
        format_func=lambda name: (
            f"Samples from the {offered[name]}" if name in offered else "Samples as usual for each run"
        ),
        help="The distribution that latent vectors are drawn from, for the samples below, their Fréchet distance and "
        "the classes they cover. Usual: the prior, or for a model trained without one the Gaussian fitted to its "
        "latents.",
        label_visibility="collapsed",
        width=330,
    )
    return parameter.keep()


def bound_samples(now: Choice) -> int:
    """The box of the number of samples of the importance-weighted bound, and the chosen one; no box where no run has
    such a bound."""
    bound = comparison_measures.BY_KEY["bound"]
    if all(bound.absent(run.recipe) for run in now.runs):
        address.put(SAMPLES.name, None)
        return comparison_measures.SAMPLES
    chosen = SAMPLES.adopt()
    st.selectbox(
        "Samples of the bound",
        sorted({*LEVELS, chosen}),
        key=SAMPLES.box,
        format_func=lambda k: f"Bound with k = {k:,}",
        help="Samples of z per image for the importance-weighted bound. With more it comes closer to −log p(x) and "
        "takes longer: 5,000 of a network with convolutions some minutes. The address takes any number from 1 on.",
        label_visibility="collapsed",
        width=210,
    )
    return SAMPLES.keep()


def by_seed(entries: Sequence[comparison.Entry]) -> bool:
    """The switch for one row per setting, where some runs differ in the seed alone; whether it is on."""
    wanted = BY_SEED.adopt()
    if not comparison.has_seeds(entries):
        BY_SEED.keep()
        return False
    st.toggle(
        "Seeds as one row",
        key=BY_SEED.box,
        help="Runs that differ in the seed alone share a row: the mean, and ± the standard deviation over the runs.",
    )
    BY_SEED.keep()
    return bool(wanted)


def sorted_by() -> tuple[str, bool]:
    """The column that the table is sorted by, empty for none, and whether its values fall."""
    SORT.adopt()
    text = SORT.keep()
    return text.removeprefix("-"), text.startswith("-")


def sort_by(key: str) -> None:
    """Sort by a column: first rising, then falling, then not at all."""
    now = st.session_state.get(SORT.box, "")
    st.session_state[SORT.box] = {key: f"-{key}", f"-{key}": ""}.get(now, key)
