"""Runs shown on the Planes page: a set of runs with two latent dimensions, which the visitor can change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import streamlit as st

from core import runs
from core.recipes.family import FAMILIES, SYMBOLS, Family
from core.runs import Run, figures
from core.runs.class_names import class_names
from ui.shared import address
from ui.shared.address import Parameter, one_of, whole
from ui.shared.default_run import preferred
from ui.shared.evidence import has_unit_weights
from ui.shared.formatting import escape_markdown
from ui.shared.image_choice import images_key
from ui.shared.run_picker import option

LATENT_DIM = 2
"""Latent dimensions of a model that can be shown."""

MOST = 9
"""Planes at once: as many as there are digits, which enlarge them."""

WEIGHTS_EACH = 3
"""Runs of one family with different weights of the prior's term that are shown at first, at most."""

BOX, KEPT, ASKED, OWN = "planes_runs", "planes_kept", "planes_asked", "planes_own"
"""Session-state keys: the box of runs; the choice when the page was left; what the page last wrote into the address;
the choice where it was the page's own."""

BROWSER_NAMES = {
    "plane": None,
    "image": "image: the number of a training image",
    "layer": "layer: density, dots, letters or pictures",
    "circles": "circles: 0 or 1",
    "regions": "regions: 0 or 1",
    "samples": "samples: 0 or 1",
}
"""Parameters of the address that the browser writes, with what is allowed (None: a run on the page)."""


CLASS = Parameter("class", "planes_class", whole(0, 9_999), 0, "the number of a class, from 0")
"""Class of the pictures on the planes of models that are told it."""


OWN_SCALE, SAME_SCALE = "own", "same"

SCALE = Parameter("scale", "planes_scale", one_of(OWN_SCALE, SAME_SCALE), OWN_SCALE, "own or same")
"""Whether each plane shows a window of its own or all have the widest one, where these differ much."""


def scale_switch() -> None:
    """The choice between the two."""
    SCALE.adopt()
    st.segmented_control(
        "Scale of the planes",
        (OWN_SCALE, SAME_SCALE),
        key=SCALE.box,
        required=True,
        format_func={OWN_SCALE: "Each its own scale", SAME_SCALE: "Same scale"}.__getitem__,
        persist_state="session",
        label_visibility="collapsed",
        help="Each its own: every plane is as wide as its latents. Same: all are as wide as the widest, so that their "
        "spreads compare.",
    )
    SCALE.keep()


def slots() -> dict[str, Family]:
    """The families with a place on the page, in their order. Their keys are also parameters of the address.

    A GAN has none: the page compares how models arrange images in the latent space, and a GAN does not encode any.
    """
    return {key: family for key, family in FAMILIES.items() if not family.adversarial}


def flat_runs() -> list[Run]:
    """The runs that can be shown, with weights and two latent dimensions, in the order of `default_run.preferred`."""
    known = slots()
    return preferred(
        run
        for run in runs.list_runs()
        if not run.error and run.has_weights and run.recipe.latent_dim == LATENT_DIM and run.recipe.family.key in known
    )


def first_runs(found: Sequence[Run]) -> list[Run]:
    """The runs that the page begins with: for each family the first that is found, and of a family with a prior those
    with up to `WEIGHTS_EACH` different weights of the prior's term; all on the images that most families have runs of,
    where there are any.
    """
    families = Counter(images for images, _ in {(images_key(run), run.recipe.family.key) for run in found})
    order = [images_key(run) for run in found]
    best = max(families, key=lambda images: (families[images], -order.index(images)), default=None)
    chosen: list[Run] = []
    for key, family in slots().items():
        own = [run for run in found if run.recipe.family.key == key]
        same = [run for run in own if images_key(run) == best] or own[:1]
        each = {_weight(run): run for run in reversed(same)}  # of each weight the first that was found
        kept = list(dict.fromkeys(map(_weight, same)))[: WEIGHTS_EACH if family.prior else 1]
        chosen += [each[weight] for weight in sorted(kept)]
    return chosen[:MOST]


def _weight(run: Run) -> tuple[float, ...]:
    return tuple(figures.weights_at(run).values())


def titles(chosen: Sequence[Run]) -> dict[str, str]:
    """A short title for each run by name: family and weights, such as “VAE β 4”; with its name where two are alike."""
    short = {run.name: _title(run) for run in chosen}
    alike = Counter(short.values())
    return {name: f"{title} · {name}" if alike[title] > 1 else title for name, title in short.items()}


def _title(run: Run) -> str:
    weights = [f"{SYMBOLS.get(name, name)} {value:g}" for name, value in figures.weights_at(run).items()]
    return " ".join([run.recipe.family.abbreviation, *weights])


def first_large(chosen: Sequence[Run]) -> str:
    """Name of the run whose plane is large at first: one with a prior and all weights 1, else the first."""
    fitting = (run.name for run in chosen if run.recipe.family.prior and has_unit_weights(run))
    return next(fitting, chosen[0].name if chosen else "")


def settle(found: Sequence[Run]) -> list[Run]:
    """The runs to show: as the address asks, else as the visitor left them, else the first ones; written into the
    address as `?runs=a,b`. A link may also name one run for each family, as `?vae=a&ae=b`.
    """
    usable, state = {run.name: run for run in found}, st.session_state
    first = [run.name for run in first_runs(found)]
    by_family = [name for slot in slots() if (name := address.get(slot))]
    asked = address.get("runs")
    if by_family or (asked is not None and asked != state.get(ASKED)):
        names = dict.fromkeys([*by_family, *(name.strip() for name in (asked or "").split(",") if name.strip())])
        there = [name for name in names if name in usable][:MOST]
        if len(there) < len(names):
            otherwise = "You see the others." if there else "You see the default."
            address.warn(
                "The address names a trained run with two latent dimensions that does not exist, or more than "
                f"{MOST} runs. {otherwise}"
            )
        state[BOX] = there or first
    else:
        kept = state.get(BOX, state.get(KEPT)) or first
        # A choice that the page made itself follows the runs there are: a plane that was trained here appears.
        state[BOX] = first if kept == state.get(OWN) else [name for name in kept if name in usable] or first
    state[KEPT] = list(state[BOX])
    state[OWN] = first if state[BOX] == first else None
    for slot in slots():
        address.put(slot, None)
    return [usable[name] for name in state[BOX]]


def keep(chosen: Sequence[Run]) -> None:
    """Write the runs shown into the address."""
    text = ",".join(run.name for run in chosen)
    st.session_state[ASKED] = text
    address.put("runs", text or None)


def check_browser_names(chosen: Sequence[Run]) -> None:
    """Refuse what the address asks the browser's parts for and cannot be."""
    names = {run.name for run in chosen}
    readers = {
        "plane": names.__contains__,
        "image": lambda text: text.isascii() and text.isdigit() and len(text) <= 9,
        "layer": ("density", "dots", "letters", "pictures").__contains__,
    }
    for name, allowed in BROWSER_NAMES.items():
        text = address.get(name)
        if text is not None and not readers.get(name, ("0", "1").__contains__)(text):
            address.refuse(
                name,
                "The address names a plane that is not on the page. You see another one enlarged."
                if allowed is None
                else f"The address names a view of the planes that does not exist. Allowed is {allowed}.",
            )


def picker(found: Sequence[Run]) -> None:
    """The popover in which the runs are chosen. `settle` has been called."""
    usable = {run.name: run for run in found}
    count = len(st.session_state[BOX])
    with st.popover(
        f"{count} {'run' if count == 1 else 'runs'}",
        icon=":material/tune:",
        help="Which models stand side by side.",
    ):
        st.multiselect(
            f"Runs with two latent dimensions, at most {MOST}",
            list(usable),
            key=BOX,
            max_selections=MOST,
            placeholder="Choose runs",
            format_func=lambda name: option(usable[name]) if name in usable else name,
            help="Any runs with two latent dimensions, in this order. They are part of the page's address.",
        )
        for name in st.session_state[BOX]:
            if name in usable and usable[name].lesson:
                st.caption(f"**{escape_markdown(name)}**: {escape_markdown(usable[name].lesson)}")
        st.button(
            "One of each kind",
            key="planes_first",
            on_click=_choose_first,
            help="Shows the runs that the page opens with.",
        )


def _choose_first() -> None:
    st.session_state[BOX] = [run.name for run in first_runs(flat_runs())]


def class_picker(chosen: Sequence[Run]) -> None:
    """The choice of the class that planes show, where there is a model that is told it."""
    told = [run for run in chosen if run.recipe.family.conditional]
    if not told:
        address.put(CLASS.name, None)
        return
    names = max((class_names(run) for run in told), key=len)
    CLASS.adopt()
    st.session_state[CLASS.box] = min(st.session_state[CLASS.box], len(names) - 1)
    st.selectbox(
        "Class of the pictures",
        range(len(names)),
        key=CLASS.box,
        format_func=lambda label: f"Class {names[label]}",
        persist_state="session",
        label_visibility="collapsed",
        width=150,
        help=f"A {told[0].recipe.family.abbreviation} is told the class beside z: its plane shows each class in turn.",
    )
    CLASS.keep()


def class_shown(run: Run) -> int | None:
    """The class of the pictures on the plane of a run; None where its model is told none."""
    if not run.recipe.family.conditional:
        return None
    return min(int(st.session_state.get(CLASS.box) or 0), run.recipe.classes - 1)


def data_name(run: Run) -> str:
    """The name of a run's images for the browser: the planes of one data set share classes and images."""
    return "|".join(map(str, images_key(run)))
