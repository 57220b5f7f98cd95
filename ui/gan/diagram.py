"""The three pictures of one idea on the VAE → GAN page: what flows through them, and the code of the part chosen."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.gan import trace
from core.latent import sampling
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.components.gan.gan_flow import Stream
from ui.components.gan.gan_flow import gan_flow as show
from ui.gan import source_code
from ui.shared import theme
from ui.shared.formatting import pluralize
from ui.shared.model_cache import LoadedModel

IMAGES = 12
"""Images that flow through, one after the other."""

ROLES = ("encoder", "latent", "decoder", "discriminator", "real", "generated")

PART = "gan_part"
"""Where this visitor's chosen part is kept; "" for none."""


@st.fragment(key="gan_flow")
def pictures(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """The hero, and below it the code of the part that was clicked.

    Args:
        run: a GAN's, or that of a model whose decoder may become a generator: then nothing flows through the third.
    """

    def pick(part: str) -> None:
        st.session_state[PART] = "" if st.session_state.get(PART) == part else part

    part = _part()
    show(
        _stream(run, held, images, seed),
        key="gan_flow_board",
        chosen=part,
        parts=tuple(source_code.PARTS),
        on_pick=pick,
        colours={role: theme.colour(role) for role in ROLES},
    )
    with st.container(key="gan_code"):
        if part:
            source_code.show(part, run.recipe)


def _part() -> str:
    """The part chosen: clicked, else from the address, where it then stands."""
    wanted = st.query_params.get("part")
    if PART not in st.session_state:
        st.session_state[PART] = wanted if wanted in source_code.PARTS else ""
        if wanted and wanted not in source_code.PARTS:
            st.warning("The address asks for a part of the picture that does not exist. None is chosen.")
    part = st.session_state[PART]
    if part:
        st.query_params["part"] = part
    else:
        st.query_params.pop("part", None)
    return part


def _stream(run: Run, held: LoadedModel, images: ImageSet | None, seed: int) -> Stream:
    place = None if images is None else f"{images.name}|{run.recipe.folder}"
    return _flowing(held.name, place, seed, run.recipe, _held=held, _images=images)


@st.cache_data(max_entries=16, show_spinner="Sending images through …")
def _flowing(
    name: str, place: str | None, seed: int, recipe: Recipe, _held: LoadedModel, _images: ImageSet | None
) -> Stream:
    model, gan = _held.model, recipe.model == "gan"
    origin = model.before() if gan else model
    order = _held.axes.order
    found: dict = {"labels": labels(recipe)}
    chosen = None if _images is None else _some(_images, seed)
    if chosen is not None:
        found["images"] = chosen
    if chosen is not None and origin is not None and (not gan or trace.can_encode(model)):
        coded = trace.encode_and_decode(origin, chosen, seed)
        found |= {
            "mean": coded.mean[:, order],
            "z": coded.z[:, order],
            "decoded": coded.decoded,
            "sigma": coded.sigma[:, order] if coded.sigma.any() else None,
        }
    if gan:
        drawn = trace.generate_both(model, IMAGES, seed)
        found |= {"noise": drawn.z[:, order], "before": drawn.before, "after": drawn.after}
        if chosen is not None:
            real, fake = trace.discriminator_answers(model, recipe.adversarial, chosen, drawn.after)
            found |= {"real": said(real, recipe.adversarial), "fake": said(fake, recipe.adversarial)}
    else:
        z = sampling.draws(model, IMAGES, seed)
        found |= {"noise": z[:, order], "before": _held.pictures(_held.axes.to_sigma_units(z))}
    return Stream(**found)


def probabilities(verdicts: np.ndarray) -> np.ndarray:
    """What logits [N] stand for, float64 [N]."""
    return 1 / (1 + np.exp(-np.clip(verdicts.astype(np.float64), -50, 50)))


def share(p: float) -> str:
    """A probability in per cent. "50 % · says generated" would read like a mistake: near one half, as many digits
    more as tell its side, four at most."""
    digits = next((n for n in range(5) if f"{100 * p:.{n}f}" != f"{50:.{n}f}"), 0)
    return f"{100 * p:.{digits}f} %"


def said(judged: trace.DiscriminatorAnswers, kind: str) -> list[tuple[str, bool]]:
    """Verdicts as they are shown: a probability where D's number is a logit, else the number itself."""
    if kind == "non-saturating":
        words = [share(p) for p in probabilities(judged.verdict)]
    else:
        words = [f"{v:+.2f}".replace("-", "−") for v in judged.verdict]
    return list(zip(words, judged.real.tolist(), strict=True))


def labels(recipe: Recipe) -> dict[str, str]:
    """The words of the three pictures for this kind of source."""
    gan = recipe.model == "gan"
    kind = recipe.source_model if gan else recipe.model
    d, scratch = recipe.latent_dim, gan and recipe.generator == "scratch"
    name = {"ae": "Autoencoder", "ad": "Auto-decoder", "vad": "Variational auto-decoder"}.get(kind, "VAE")
    mlp = recipe.network == "mlp"
    size = "784 ↔ " + "-".join(map(str, recipe.hidden)) if mlp else "convolutions"
    found = {
        "vae": name,
        "vae.about": "Encoder and decoder learn together, to redraw what they are shown.",
        "vae.goal": "Their teacher is the image itself: x̂ is compared with x, pixel by pixel.",
        "alone.goal": "No teacher: nothing is learned here. The weights are those of picture 1.",
        "alone.about": "No encoder, no image: draw z yourself and decode it. That is a generator already, a blurred "
        "one.",
        "gan.about": (
            "Here the same network began with random weights."
            if scratch
            else "It learns on as G. Its new teacher D compares with real images, not with the original."
        )
        if gan
        else "Not trained yet: this is what comes next.",
        "latent": f"z: {pluralize(d, 'number')}",
        "encoder.inside": f"784 → {'-'.join(map(str, recipe.hidden))} → {d}" if mlp else f"{size} → {d}",
        "decoder.inside": f"{d} → {'-'.join(map(str, reversed(recipe.hidden)))} → 784" if mlp else f"{d} → {size}",
        "generator": "generator G",
        "discriminator": "discriminator D",
        "discriminator.inside": "conv " + "-".join(map(str, recipe.d_channels)) + " → 1",
    }
    found["generator.inside"] = "random start" if scratch else "the same network"
    if kind in ("ad", "vad"):
        found |= {
            "encoder": "no encoder",
            "encoder.inside": "a search for z",
            "vae.about": "Every image owns its z, learned with the decoder; a new image's z is searched for.",
        }
    if kind in ("ae", "ad"):
        found |= {"posterior": "its point", "latent": f"z: {pluralize(d, 'number')}"}
    if kind == "none":
        found["vae.about"] = "There is none behind this run: its generator started with random weights."
    return found


def _some(images: ImageSet, seed: int) -> np.ndarray:
    """A few test images (training images where there are none), drawn by the seed."""
    pool = images.test_images if len(images.test_images) else images.train_images
    rows = np.random.default_rng(seed).permutation(len(pool))
    return pool[np.resize(rows, IMAGES)]
