"""What the Interpolate page shows below the choice: the ways, what they pass through, downloads, the depth."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.images import animation
from core.latent import codec, interpolation, walks
from core.latent.interpolation import METHODS, Endpoint, InterpolationPath
from core.runs import Run
from ui.components.playback.path import Panel, Strip, path
from ui.shared import theme
from ui.shared.classifier import ClassifierStatus, classifier_of, training
from ui.shared.encode import encode, encoding_method, latent_name
from ui.shared.formatting import format_sig
from ui.shared.image_choice import Pick, label_of, note, pixels
from ui.shared.latent_cursor import cursor_of
from ui.shared.model_cache import LoadedModel

FRAMES = 65
"""Pictures of one way; 64 steps divide evenly into the 17, 9 or 5 pictures of a strip."""

NEIGHBOURS = 5_000
"""Training images that the distance is measured to, at most."""

NAMES = {"lerp": "Line (lerp)", "slerp": "Arc (slerp)", "blend": "Pixel blend"}
DASHES = {"lerp": (), "slerp": (8, 3), "blend": (2, 3)}


def ends_of(
    chosen: Mapping[str, Pick], loaded: LoadedModel, images: ImageSet | None, way: bool = False
) -> dict[str, Endpoint]:
    """The picture of each choice and its latent vector, by name; what must be searched for is found in one go.

    Args:
        way: whether the pixel blend from `a` to `b` will be asked for next: its pictures are then placed as well.
    """
    ends = {
        name: interpolation.sample_endpoint(loaded.model, pick.number)
        if pick.kind == "seed"
        else Endpoint(pixels(pick, images), np.zeros(0))
        for name, pick in chosen.items()
    }
    own = [name for name, pick in chosen.items() if pick.kind != "seed"]
    wanted = [ends[name].image[None] for name in own]
    if way and loaded.model.encoder is None:
        wanted.append(_blend(ends["a"], ends["b"]))
    slot = st.empty()
    places = encode(loaded, np.concatenate(wanted), slot) if wanted else ()
    return ends | {name: Endpoint(ends[name].image, place) for name, place in zip(own, places, strict=False)}


def _blend(a: Endpoint, b: Endpoint) -> np.ndarray:
    return interpolation.blend(a.image, b.image, np.linspace(0.0, 1.0, FRAMES))


def hero(
    run: Run,
    loaded: LoadedModel,
    images: ImageSet | None,
    here: dict[str, Pick],
    ends: dict[str, Endpoint],
    found: dict[str, InterpolationPath],
) -> None:
    """Large pictures, strips and curves with one scrubber; below, what there is to see."""
    status = classifier_of(run, images)
    trained = status.classifier
    colours = (*theme.RUN_COLOURS[theme.mode()][:2], theme.colour("muted"))
    p = None if trained is None else {name: trained.probabilities(found[name].images) for name in METHODS}

    def said(name: str) -> list[str]:
        return (
            []
            if p is None
            else [
                f"{images.classes[k]} · {100 * row[k]:.0f} %" for row, k in zip(p[name], p[name].argmax(1), strict=True)
            ]
        )

    def go(way: str, k: int) -> None:
        cursor_of(loaded).move_to(loaded.axes.to_sigma_units(found[way].z[k]).tolist())
        st.session_state["interpolate_go"] = True

    path(
        key="interpolate_path",
        ends=(ends["a"].image, ends["b"].image),
        on_go=go,
        notes=(note(here["a"], images), note(here["b"], images)),
        panels=_panels(run, loaded, images, here, found, p, status),
        strips=[
            Strip(name, NAMES[name], colour, DASHES[name], found[name].images, said(name), name != "blend")
            for name, colour in zip(METHODS, colours, strict=True)
        ],
    )
    if st.session_state.pop("interpolate_go", False):
        st.switch_page("pages/generate.py", query_params={"run": run.name})
    _explain(loaded, images, trained)
    if images is not None and status.job is not None:
        training(run, images, status.job, key="interpolate_retry")


def ways(loaded: LoadedModel, a: Endpoint, b: Endpoint) -> dict[str, InterpolationPath]:
    """The three ways, from memory if somebody has gone them before."""
    key = tuple(part.tobytes() for end in (a, b) for part in (end.image, end.z))
    known = None
    if loaded.model.encoder is None:  # before the memory, which would keep the bar of the search as well
        known = encode(loaded, _blend(a, b))
    return _ways(loaded.name, key, _loaded=loaded, _a=a, _b=b, _known=known)


@st.cache_data(max_entries=16, show_spinner="Decoding the way …")
def _ways(
    name: str, key: tuple[bytes, ...], _loaded: LoadedModel, _a: Endpoint, _b: Endpoint, _known: np.ndarray | None
) -> dict[str, InterpolationPath]:
    return interpolation.paths(_loaded.model, _a, _b, FRAMES, None if _known is None else lambda _: _known)


def _panels(
    run: Run,
    loaded: LoadedModel,
    images: ImageSet | None,
    here: dict[str, Pick],
    found: dict[str, InterpolationPath],
    p: dict[str, np.ndarray] | None,
    status: ClassifierStatus,
) -> list[Panel]:
    panels = []
    if images is not None:
        latents, usual = _latents(loaded.name, _run=run, _loaded=loaded, _images=images)
        panels.append(
            Panel(
                "Distance to the nearest training latent (units of z)",
                np.array([interpolation.nearest_distance(found[name].z, latents) for name in METHODS]),
                (usual, "usual among training images"),
            )
        )
    if loaded.prior:
        d = loaded.model.latent_dim
        panels.append(
            Panel(
                "Log prior log p(z) (nats)",
                np.array([interpolation.log_priors(found[name].z) for name in METHODS]),
                (-0.5 * d * (1 + math.log(2 * math.pi)), "mean of draws of the prior"),
            )
        )
    else:
        mean, cov = (loaded.model.latent_mean.cpu().numpy(), loaded.model.latent_cov.cpu().numpy())
        values = [interpolation.mahalanobis(found[name].z, mean, cov) for name in METHODS]
        panels.append(
            Panel(
                "Distance from the middle of the latents (σ of the fitted Gaussian)",
                np.array([row for row, _ in values]),
                (math.sqrt(values[0][1]), "draws of it lie here"),
            )
        )
    if not status.possible:
        return panels
    classes = {end: label_of(here[end], images) for end in "ab"}
    if p is not None:  # what an end without a class looks like, then
        classes = {
            end: int(p["blend"][k].argmax()) if classes[end] is None else classes[end]
            for end, k in (("a", 0), ("b", -1))
        }
    for k in dict.fromkeys(classes.values()):  # one panel if both ends are of one class
        what = "what an end looks like" if k is None else f"“{images.classes[k]}”"
        panels.append(
            Panel(
                f"Classifier: probability of {what} (%)",
                span=(0, 100),
                values=None if p is None else np.array([100 * p[name][:, k] for name in METHODS]),
                waiting="The classifier is not ready.",
            )
        )
    return panels


@st.cache_data(max_entries=4, show_spinner="Encoding training images …")
def _latents(name: str, _run: Run, _loaded: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, float]:
    """(μ of training images [M, d], the median distance from one of them to the nearest other one)."""
    _, latents = codec.training_latents(_loaded.model, _run.recipe, _images, NEIGHBOURS)
    if len(latents) < 2:
        return latents, 0.0
    few = latents[np.linspace(0, len(latents) - 1, min(len(latents), 500)).astype(int)]
    return latents, float(np.median(interpolation.nearest_distance(few, latents, skip_self=True)))


def _explain(loaded: LoadedModel, images: ImageSet | None, trained) -> None:
    words = (
        "Move over a strip or a curve, drag the scrubber, or use the arrow keys. Line and arc begin and end with "
        "the model's own picture of A and B; the blend, which asks no model, with the originals. Look for ghosts "
        "in the middle of the blend: two pictures at once. A good latent space shows one picture that changes."
    )
    if trained is not None:
        words += " The classifier is a small network of the lab's own"
        if trained.tested:
            words += f" that names {format_sig(100 * trained.accuracy)} % of {trained.tested:,} test images rightly"
        words += "; it always answers with some class, even where the picture shows none."
    st.caption(words)


def downloads(run: Run, found: dict[str, InterpolationPath]) -> None:
    """GIF, strip and frames, made at the click."""
    with st.popover("Download", icon=":material/download:"):
        which = st.radio(
            "Which way",
            ["all", *METHODS],
            key="interpolate_which",
            horizontal=True,
            persist_state="session",
            format_func=lambda k: NAMES.get(k, "All three"),
            help="What the files show.",
        )
        films = {name: found[name].images for name in METHODS if which in ("all", name)}
        name = f"{run.name}-path" + ("" if which == "all" else f"-{which}")
        moving = animation.side_by_side(list(films.values()))
        st.download_button(
            "GIF",
            key="interpolate_gif",
            file_name=f"{name}.gif",
            mime="image/gif",
            on_click="ignore",
            data=lambda: animation.gif(moving),
            help="Plays forth and back, each pixel six times as large.",
        )
        st.download_button(
            "Strip (PNG)",
            key="interpolate_strip",
            file_name=f"{name}.png",
            mime="image/png",
            data=lambda: animation.strip(list(films.values()), 17),
            on_click="ignore",
            help="17 frames per way, twice as large.",
        )
        st.download_button(
            "Frames (ZIP)",
            key="interpolate_zip",
            file_name=f"{name}.zip",
            mime="application/zip",
            data=lambda: animation.zipped(films),
            on_click="ignore",
            help=f"{FRAMES} pictures of 28 × 28 per way, as PNG.",
        )


def depth(loaded: LoadedModel, ends: dict[str, Endpoint], found: dict[str, InterpolationPath]) -> None:
    """The formulas with this pair's numbers, and the code that ran."""
    fold = st.expander("How it works", key="interpolate_depth", on_change="rerun")
    if not fold.open:
        return
    a, b = ends["a"].z, ends["b"].z
    length = {name: float(np.linalg.norm(found[name].z[FRAMES // 2])) for name in ("lerp", "slerp")}
    theta, d = interpolation.angle(a, b), loaded.model.latent_dim
    with fold:
        st.markdown(
            f"{encoding_method(loaded)} gives each image its {latent_name(loaded)}. Every frame is decoded from "
            "a point z(t) between them. **Lerp**, linear interpolation, follows the straight line:"
        )
        st.latex(
            r"z(t) = (1-t)\,\mu_A + t\,\mu_B, \qquad "
            rf"\lVert z(0.5) \rVert = {format_sig(length['lerp'])}"
        )
        st.markdown(
            "**Slerp**, spherical linear interpolation (Shoemake 1985; for latents White 2016), turns the "
            "direction evenly through the angle θ and lets the length go evenly from one end to the other:"
        )
        st.latex(
            r"z(t) = \ell(t)\left(\frac{\sin((1-t)\theta)}{\sin\theta}\,\frac{\mu_A}{\lVert\mu_A\rVert} + "
            r"\frac{\sin(t\theta)}{\sin\theta}\,\frac{\mu_B}{\lVert\mu_B\rVert}\right), \qquad "
            r"\ell(t) = (1-t)\lVert\mu_A\rVert + t\lVert\mu_B\rVert"
        )
        st.latex(
            rf"\theta = {format_sig(theta)}^\circ \qquad \lVert\mu_A\rVert = "
            rf"{format_sig(float(np.linalg.norm(a)))} \qquad "
            rf"\lVert\mu_B\rVert = {format_sig(float(np.linalg.norm(b)))} \qquad "
            rf"\lVert z(0.5) \rVert = {format_sig(length['slerp'])}"
        )
        if loaded.prior:
            st.markdown(
                f"Draws of the prior N(0, I) lie close to a shell of radius √d = {format_sig(math.sqrt(d))}: the "
                "typical shell. Means μ lie inside of it, since a draw adds noise to them. The straight line "
                "cuts in further still, where the density is highest and yet hardly any draw falls. The arc "
                "keeps the distance of its ends. In two dimensions the difference is small; it grows with d."
            )
        else:
            st.markdown(
                "This model has no prior, so nothing says that its latents lie on a shell round zero. The arc "
                "keeps the length all the same; compare the two by the distance to the nearest training "
                "latent."
            )
        st.caption("The code that ran:")
        st.code(
            "\n".join(inspect.getsource(f) for f in (walks.lerp, walks.slerp, interpolation.paths)), language="python"
        )
