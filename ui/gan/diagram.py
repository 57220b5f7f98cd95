"""The diagram of the VAE → GAN page: images flowing through source, decoder and GAN, and the code of a chosen part."""

from __future__ import annotations

from typing import Any

import numpy as np
import streamlit as st

from core.data import ImageSet
from core.gan import trace
from core.latent import sampling
from core.recipes.family import Family
from core.recipes.recipe import Recipe
from core.runs import Run
from ui.components.gan.gan_flow import Stream
from ui.components.gan.gan_flow import gan_flow as show
from ui.gan import source_code
from ui.gan.inputs import gan_model, is_adversarial
from ui.shared import address, theme
from ui.shared.formatting import escape_markdown, pluralize
from ui.shared.model_cache import LoadedModel
from ui.shared.run_facts import weights_of

IMAGES = 12
"""Images that flow through the diagram, one after the other."""

ROLES = ("encoder", "latent", "decoder", "discriminator", "real", "generated")

PART = "gan_part"
"""Session-state key of the chosen part; empty for none."""


@st.fragment(key="gan_flow")
def pictures(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> None:
    """The diagram, and below it the code of the part that was clicked.

    Args:
        run: of a GAN; or of a model whose decoder can become a generator, where the GAN's part stays empty.
    """

    def pick(part: str) -> None:
        st.session_state[PART] = "" if st.session_state.get(PART) == part else part

    part = _part()
    show(
        _stream(run, loaded, images, seed),
        key="gan_flow_board",
        chosen=part,
        parts=tuple(source_code.PARTS),
        on_pick=pick,
        colours={role: theme.colour(role) for role in ROLES},
    )
    if is_adversarial(run):
        st.caption(f"{escape_markdown(run.name)}: {weights_of(run)}.")
    with st.container(key="gan_code"):
        if part:
            source_code.show(part, run.recipe)


def _part() -> str:
    """The chosen part: from the address at first, later the one that was clicked; empty for none."""
    complaint = "The address names a part of the diagram that does not exist. None is chosen."
    part = address.adopt("part", PART, lambda text: text if text in source_code.PARTS else None, "", complaint)
    address.put("part", part or None)
    return part


def _stream(run: Run, loaded: LoadedModel, images: ImageSet | None, seed: int) -> Stream:
    place = None if images is None else repr(run.recipe.source_of_images)
    return _flowing(loaded.name, place, seed, run.recipe, _loaded=loaded, _images=images)


@st.cache_data(max_entries=16, show_spinner="Sending images through …")
def _flowing(
    name: str, place: str | None, seed: int, recipe: Recipe, _loaded: LoadedModel, _images: ImageSet | None
) -> Stream:
    model, gan = _loaded.model, gan_model(_loaded) if recipe.family.adversarial else None
    origin = gan.source_model() if gan else model
    order = _loaded.axes.order
    parts: dict[str, Any] = {"labels": labels(recipe)}
    chosen = None if _images is None else _sample_images(_images, seed)
    if chosen is not None:
        parts["images"] = chosen
    if chosen is not None and origin is not None and (not gan or trace.can_encode(gan)):
        coded = trace.encode_and_decode(origin, chosen, seed)
        parts |= {
            "mean": coded.mean[:, order],
            "z": coded.z[:, order],
            "decoded": coded.decoded,
            "sigma": coded.sigma[:, order] if coded.sigma.any() else None,
        }
    if gan:
        drawn = trace.generate_both(gan, IMAGES, seed)
        parts |= {"noise": drawn.z[:, order], "before": drawn.before, "after": drawn.after}
        if chosen is not None:
            real, fake = trace.discriminator_answers(gan, recipe.adversarial, chosen, drawn.after)
            parts |= {"real": answer_texts(real, recipe.adversarial), "fake": answer_texts(fake, recipe.adversarial)}
    else:
        z = sampling.draws(model, IMAGES, seed)
        parts |= {"noise": z[:, order], "before": _loaded.pictures(_loaded.axes.to_sigma_units(z))}
    return Stream(**parts)


def probabilities(verdicts: np.ndarray) -> np.ndarray:
    """Probabilities of logits [N], float64 [N]."""
    return 1 / (1 + np.exp(-np.clip(verdicts.astype(np.float64), -50, 50)))


def share(p: float) -> str:
    """A probability in per cent; near one half with up to four more digits, which show its side of one half."""
    digits = next((n for n in range(5) if f"{100 * p:.{n}f}" != f"{50:.{n}f}"), 0)
    return f"{100 * p:.{digits}f} %"


def answer_texts(judged: trace.DiscriminatorAnswers, kind: str) -> list[tuple[str, bool]]:
    """D's outputs as text, a probability where the output is a logit, else the number; and whether each means real."""
    if kind == "non-saturating":
        words = [share(p) for p in probabilities(judged.verdict)]
    else:
        words = [f"{v:+.2f}".replace("-", "−") for v in judged.verdict]
    return list(zip(words, judged.real.tolist(), strict=True))


def labels(recipe: Recipe) -> dict[str, str]:
    """The texts of the diagram for this kind of source, by part."""
    gan, source = recipe.family.adversarial, recipe.latent_family
    d, scratch = recipe.latent_dim, gan and recipe.generator == "scratch"
    mlp, values = recipe.network == "mlp", recipe.shape.values
    layers = "-".join(map(str, recipe.hidden)) if mlp else "convolutions"
    found = {
        "source": _name(source),
        "source.about": "Encoder and decoder learn together to reconstruct images.",
        "source.goal": "They learn from the image itself: x̂ is compared with x, pixel by pixel.",
        "alone.goal": "Nothing is learned here. The weights are those of picture 1.",
        "alone.about": "No encoder, no image: draw z and decode it. This already is a generator, though a blurred one.",
        "gan.about": (
            "Here the same network started from random weights."
            if scratch
            else "The decoder stays as it is; a small network before it learns, against D."
            if recipe.generator == "map"
            else "Training goes on: the decoder is now G. D tries to tell its images from real ones."
        )
        if gan
        else "Not trained yet: this is the next step.",
        "latent": f"z: {pluralize(d, 'number')}",
        "encoder.inside": f"{values} → {layers} → {d}" if mlp else f"{layers} → {d}",
        "decoder.inside": f"{d} → {'-'.join(map(str, reversed(recipe.hidden)))} → {values}"
        if mlp
        else f"{d} → {layers}",
        "generator": "generator G",
        "discriminator": "discriminator D",
        "discriminator.inside": _inside_d(recipe),
    }
    inside = {"scratch": "random start", "map": "z → z′, then the decoder"}
    found["generator.inside"] = inside.get(recipe.generator, "the same network") if gan else "the same network"
    if source is None:
        return found | {"source.about": "This run has none: its generator started from random weights."}
    if not source.encoder:
        found |= {
            "encoder": "no encoder",
            "encoder.inside": "a search for z",
            "source.about": "Each training image has its own z, learned like a weight; a search finds the z of a new "
            "image.",
        }
    if not source.variational:
        found["posterior"] = "its point"
    return found


def _inside_d(recipe: Recipe) -> str:
    """The layers of the discriminator: `conv 32-64 → 1`, or `784 → 512 → 1`."""
    layers = "-".join(map(str, recipe.d_widths))
    return f"conv {layers} → 1" if recipe.d_network == "conv" else f"{recipe.shape.values} → {layers} → 1"


def _name(source: Family | None) -> str:
    """The heading of the source's picture: the abbreviation of a VAE, which the page's title has, else the name."""
    if source is None or (source.variational and source.encoder):
        return "VAE"
    return source.name


def _sample_images(images: ImageSet, seed: int) -> np.ndarray:
    """A few test images, or training images where there are none, drawn with the seed."""
    pool = images.test_images if len(images.test_images) else images.train_images
    rows = np.random.default_rng(seed).permutation(len(pool))
    return pool[np.resize(rows, IMAGES)]
