"""Figures of the questions on the VAE → GAN page, computed from the runs there are."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core import data, runs
from core.data import ImageSet
from core.gan import questions, quiz
from core.images.class_colors import of_class
from core.latent import aggregated, codec, sampling
from core.recipes.family import FAMILIES, Family
from core.runs import Run, RunError
from core.runs.images import images_of
from ui.gan import diagram
from ui.gan.encoder_vs_discriminator import DIFFERENCES, encoder_vs_discriminator
from ui.gan.inputs import gan_model, source_name
from ui.shared import theme
from ui.shared.default_run import preferred
from ui.shared.evidence import has_unit_weights, same_setting, stated
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel, load
from ui.shared.owner import is_foreign
from ui.shared.page import open_page
from ui.shared.still_image import still

TOP = "gan_questions_top"
"""Session-state key: counts up when the top of the page is to be scrolled into view."""

DRAWS, POINTS, SHOWN = 1_000, 1_000, 8
"""Draws of a gradient, images on a plane, and images in a row."""


class Missing(Exception):
    """A run or a data set that a figure needs is missing; the message says the next step."""


def _runs(fits: Callable[[Run], bool]) -> list[Run]:
    """Runs that may serve as evidence, the best one first: this visitor's newest, then examples, then nobody's.

    Another visitor's run is none: a figure that proves an answer must not change under a visitor's hands."""
    usable = (run for run in runs.list_runs() if run.error is None and run.has_weights and not is_foreign(run))
    return preferred(run for run in usable if fits(run))


def _first(fits: Callable[[Run], bool], what: str, view: Run | None = None) -> tuple[Run, LoadedModel, ImageSet]:
    """The run that serves as evidence, its model and its images: the run in view if it fits, else the first of `_runs`,
    preferably on the digits.

    Args:
        what: such a run, in words. view: the run that the page shows.

    Raises:
        Missing: says what to train or to download.
    """
    if view is not None and fits(view):
        return (view, *_with_images(view))
    found = sorted(_runs(fits), key=lambda run: run.recipe.dataset != "digits")
    if not found:
        raise Missing(
            f"The figure needs {what}, and there is none yet. Train one on the Train page; on the digits it takes "
            "about a minute."
        )
    return (found[0], *_with_images(found[0]))


def _with_images(run: Run) -> tuple[LoadedModel, ImageSet]:
    try:
        return load(run), images_of(run)
    except (RunError, data.DataError) as error:
        raise Missing(f"The figure cannot be drawn: {error}") from None


def _link(label: str, page: str, query: dict[str, str], key: str) -> None:
    if st.button(label, key=key, icon=":material/open_in_new:", help="Opens that page with the same models."):
        open_page(page, **query)


def reparameterisation(view: Run | None) -> None:
    """Two estimates of the same gradient, as histograms."""
    run, loaded, images = _first(_is_large_vae, "a trained VAE", view)
    stated(run)
    number = st.slider(
        "Test image",
        0,
        min(99, len(images.test_images) - 1),
        0,
        key="gan_reparam_image",
        help="The image whose reconstruction error is to be lowered.",
    )
    path, score, dim = _gradients(loaded.name, number, loaded, images)
    image, chart = st.columns([1, 4], vertical_alignment="center")
    with image:
        still(images.test_images[number][None], 1, 5, f"Test image {number}")
    with chart:
        st.plotly_chart(
            _histograms(path, score, dim),
            key="gan_reparam",
            width="stretch",
            config={"displayModeBar": False},
            alt="Histograms of both estimates around the same mean; that of the score function is far wider.",
        )
    ratio = (score.std() / path.std()) ** 2 if path.std() else float("nan")
    st.markdown(
        f"{DRAWS:,} draws each, with {escape_markdown(run.name)}: mean {format_sig(path.mean())} ± "
        f"{format_sig(path.std())} through z, "
        f"{format_sig(score.mean())} ± {format_sig(score.std())} by the score function. The score function "
        f"needs about **{format_sig(ratio)} times** as many draws for the same precision, although the mean loss is "
        "subtracted."
    )
    if st.button(
        "Show the code that draws z",
        key="gan_link_reparam",
        icon=":material/open_in_new:",
        help="Opens the tab Idea with z selected in the diagram, which shows its code.",
    ):
        st.session_state[diagram.PART] = "latent"  # the diagram reads the address only once
        st.session_state[TOP] = st.session_state.get(TOP, 0) + 1
        open_page("gan", tab="idea", part="latent")


def _histograms(path: np.ndarray, score: np.ndarray, dim: int) -> go.Figure:
    reach = 3 * max(path.std(), score.std()) or 1.0
    figure = go.Figure()
    for values, name, role, dash in (
        (path, "Through z = μ + σ·ε", "real", "solid"),
        (score, "Score function", "generated", "dash"),
    ):
        x, y = questions.histogram(values, path.mean() - reach, path.mean() + reach)
        figure.add_scatter(
            x=x, y=100 * y, name=name, mode="lines", line={"color": theme.colour(role), "dash": dash, "width": 2}
        )
    figure.update_layout(
        height=250,
        margin={"l": 10, "r": 6, "t": 6, "b": 10},
        legend={"x": 0.01, "y": 1},
        xaxis={"title": f"Estimate of ∂loss/∂μ of z{dim} from one draw (nats)"},
        yaxis={"title": "Share of draws (%)"},
    )
    return figure


@st.cache_data(max_entries=32, show_spinner=False)
def _gradients(name: str, number: int, _loaded: LoadedModel, _images: ImageSet):
    return questions.gradients_for_image(_loaded.model, _images.test_images[number], DRAWS)


def kl(_: Run | None) -> None:
    """The planes of an autoencoder and a VAE, and the same draws from the prior decoded by both."""
    pair = _pair_of_planes()
    families = [run.recipe.family for run, _, _ in pair]
    stated(*(run for run, _, _ in pair))
    draws = sampling.prior(12, 2, 0)
    for (run, loaded, images), family, place in zip(pair, families, st.columns(2, gap="large"), strict=True):
        with place:
            labels, points = _latents(loaded.name, loaded, images)
            spread = float(np.sqrt(points.var(0).mean()))
            inside = float((np.linalg.norm(points, axis=1) <= 3).mean())
            st.markdown(f"**{family.name}** · {escape_markdown(run.name)}")
            st.plotly_chart(
                _plane(points, labels, images),
                key=f"gan_kl_{family.key}",
                width="stretch",
                config={"displayModeBar": False, "staticPlot": True},
                alt=f"{family.name}: latents of test images with a standard deviation of {format_sig(spread)}",
            )
            st.markdown(
                f"Standard deviation per axis **{format_sig(spread)}** (prior: 1); **{100 * inside:.0f} %** of the "
                "images lie within 3 of the origin."
            )
            still(codec.decode(loaded.model, draws), 6, 2, f"{family.name}: twelve draws from N(0, I), decoded")
    names = {family.key: run.name for family, (run, _, _) in zip(families, pair, strict=True)}
    _link("Open both on the Planes page", "planes", names, "gan_link_kl")


def _pair_of_planes() -> list[tuple[Run, LoadedModel, ImageSet]]:
    """An autoencoder and a VAE that differ in the KL term alone: two latent dimensions, β = 1, the same network, the
    same likelihood, the same images.

    Raises:
        Missing: there is no such pair; says what to train.
    """
    vaes = _runs(lambda run: _is_vae(run.recipe.family) and run.recipe.latent_dim == 2 and has_unit_weights(run))
    plain = _runs(lambda run: _is_plain(run.recipe.family) and run.recipe.latent_dim == 2)
    pairs = [(ae, vae) for vae in vaes for ae in plain if same_setting(ae, vae)]
    if not pairs:
        names = " and ".join(
            f"a model of the kind {family.abbreviation} (recipe plane-{family.key})"
            for family in (next(f for f in FAMILIES.values() if fits(f)) for fits in (_is_plain, _is_vae))
        )
        raise Missing(
            f"The figure needs {names} with two latent dimensions, the VAE with β = 1, both with the same network and "
            "the same images. There is no such pair yet. Train them on the Train page; on the digits it takes about a "
            "minute each."
        )
    pairs.sort(key=lambda pair: pair[1].recipe.dataset != "digits")
    return [(run, *_with_images(run)) for run in pairs[0]]


def _is_plain(family: Family) -> bool:
    """Whether a family has an encoder and neither a prior nor a discriminator, as an autoencoder."""
    return family.encoder and not family.prior and not family.adversarial


def _is_vae(family: Family) -> bool:
    """Whether a family has an encoder whose output is a Gaussian, as a VAE."""
    return family.encoder and family.variational and not family.adversarial


def _is_large_vae(run: Run) -> bool:
    """Whether a run is a VAE with more than the two dimensions of a plane."""
    return _is_vae(run.recipe.family) and run.recipe.latent_dim > 2


@st.cache_data(max_entries=8, show_spinner=False)
def _latents(name: str, _loaded: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    rows = codec.evenly(len(_images.test_images), POINTS)
    return _images.test_labels[rows], codec.encode(_loaded.model, _images.test_images[rows])


def _plane(points: np.ndarray, labels: np.ndarray, images: ImageSet) -> go.Figure:
    """Latents of images on the plane, coloured by class, with the circles that hold 50, 90 and 99 % of the prior."""
    reach = max(3.4, float(np.quantile(np.abs(points), 0.99)) * 1.08)
    figure = go.Figure()
    for label in np.unique(labels):
        here = points[labels == label]
        named = images.classes[label] if 0 <= label < len(images.classes) else ""
        figure.add_scatter(
            x=here[:, 0],
            y=here[:, 1],
            mode="markers",
            name=f"{named}"[:18],
            marker={"size": 5, "color": of_class(int(label))},
            showlegend=False,
        )
    for radius, _, _ in aggregated.circles():
        figure.add_shape(
            type="circle",
            x0=-radius,
            y0=-radius,
            x1=radius,
            y1=radius,
            line={"color": "#FFFFFF", "width": 1.2, "dash": "dot"},
        )
    axis = {"range": [-reach, reach], "zeroline": False, "showgrid": False, "title": None}
    figure.update_layout(
        xaxis=axis,
        yaxis=axis | {"scaleanchor": "x"},
        height=340,
        plot_bgcolor="#14181C",
        margin={"l": 30, "r": 6, "t": 6, "b": 24},
    )
    return figure


SIZES = (2, 20, 128)
"""Latent sizes that the question names."""

PCA_VALUES = 20_000_000
"""Pixels of the images that PCA is fitted to, and of those it reconstructs, at most; of a larger set every k-th image.
In double precision MNIST's 60,000 training images would take 1 GB on the way."""


def size(_: Run | None) -> None:
    """Test images reconstructed by VAEs with latent spaces of several sizes, and by PCA."""
    from core.evaluation.metrics import active_units

    first, _loaded, images = _first(_is_plain_vae, "VAEs with β = 1 and several latent sizes")
    by_size = _one_of_each_size(first)
    first_five = sorted(by_size, key=lambda d: (d not in SIZES, d))[:5]
    chosen = [by_size[d] for d in sorted(first_five)]
    picks = np.linspace(0, len(images.test_images) - 1, SHOWN).astype(int)
    shown, lines, place = [images.test_images[picks]], [], repr(first.recipe.source_of_images)
    errors: dict[int, tuple[float, float]] = {}
    named = ["The images"]
    for one in chosen:
        d, loaded = one.recipe.latent_dim, _with_images(one)[0]
        mine, row = _reconstructed(loaded.name, loaded, images, tuple(picks))
        shown.append(row)
        named.append(f"{d}")
        network = one.recipe.summary().split(" · ")[2]
        linear = _pca_error(place, d, images)
        errors[d] = (mine, linear)
        used = f"{active_units(loaded.model.kl_per_dim.numpy())} of {d}"
        cells = (str(d), escape_markdown(one.name), network, used, format_sig(mine), format_sig(linear))
        lines.append(f"| {' | '.join(cells)} |")
    for d in sorted(set(SIZES) - set(by_size)):
        linear = _pca_error(place, d, images)
        lines.append(f"| {d} | – | – | – | – | {format_sig(linear)} |")
    lines.sort(key=lambda line: int(line.split("|")[1]))
    pictures, table = st.columns([1, 1], gap="large")
    with pictures:
        for name, row in zip(named, shown, strict=True):
            st.caption(name if name == "The images" else f"{name} numbers")
            still(row, SHOWN, 2, f"{name}: {SHOWN} test images" if name == "The images" else f"Reconstructed by {name}")
    with table:
        st.markdown(
            "\n".join(
                ["| d | VAE | network | in use | MSE per pixel | PCA with d |", "|---:|---|---|---|---:|---:|", *lines]
            )
        )
        fitted = len(_evenly(images.train_images))
        fewer = f"PCA is fitted to {fitted:,} training images. " if fitted < len(images.train_images) else ""
        if all(same_setting(run, chosen[0]) for run in chosen):
            st.markdown(findings(errors))
        tested = f"All {len(images.test_images):,} test images. A VAE decodes the mean μ. "
        st.caption(f"{tested}{fewer}{_caveat(chosen)}")
    stated(*chosen)
    names = ",".join(one.name for one in chosen[:3])
    _link("Compare them on Reconstruct", "reconstruct", {"runs": names}, "gan_link_size")


def _one_of_each_size(first: Run) -> dict[int, Run]:
    """VAEs of `first`'s images by their latent size. Where one network has several sizes, all are of that network, the
    one with most of `SIZES`, so that nothing but the size differs."""
    every = [run for run in _runs(_is_plain_vae) if run.recipe.source_of_images == first.recipe.source_of_images]

    def of_network(leader: Run) -> dict[int, Run]:
        return {run.recipe.latent_dim: run for run in reversed(every) if same_setting(run, leader)}

    best = max((of_network(run) for run in (first, *every)), key=lambda found: len(found.keys() & set(SIZES)))
    return best if len(best) > 1 else {run.recipe.latent_dim: run for run in reversed(every)}


def findings(errors: dict[int, tuple[float, float]]) -> str:
    """What the errors of VAEs of one network say, in sentences; empty for fewer than two sizes.

    Args:
        errors: by latent size, MSE per pixel of the VAE and of PCA with as many components.
    """
    sizes = sorted(errors)
    if len(sizes) < 2:
        return ""
    steps = []
    for d, more in pairwise(sizes):
        change = 100 * (errors[more][0] / errors[d][0] - 1)
        steps.append(f"from {d} to {more} dimensions it {'falls' if change < 0 else 'rises'} by {abs(change):.0f} %")
    text = f"**The VAE’s error:** {', '.join(steps)}."
    if errors[sizes[0]][0] < errors[sizes[0]][1] and errors[sizes[-1]][0] > errors[sizes[-1]][1]:
        text += (
            f" With {sizes[0]} dimensions it is lower than PCA’s, with {sizes[-1]} higher: a component costs PCA "
            "nothing, while the VAE pays for each dimension with KL and leaves those unused that are not worth it."
        )
    return text


def _caveat(chosen: list[Run]) -> str:
    """What the models of the table differ in beside the latent size, and which sizes are missing."""
    text = ""
    if not all(same_setting(run, chosen[0]) for run in chosen):
        text += "Their networks differ too, so the sizes alone do not explain the errors. "
    if absent := [d for d in SIZES if d not in {run.recipe.latent_dim for run in chosen}]:
        text += f"No VAE with {' or '.join(map(str, absent))} latent dimensions yet: train one to complete the table."
    return text


def _is_plain_vae(run: Run) -> bool:
    """Whether a run is a VAE that was trained on the negative ELBO, β = 1."""
    return _is_vae(run.recipe.family) and has_unit_weights(run)


@st.cache_data(max_entries=32, show_spinner="Reconstructing the test images …")
def _reconstructed(name: str, _loaded: LoadedModel, _images: ImageSet, picks: tuple[int, ...]):
    """Error of the model, and reconstructions of some images."""
    copies = codec.decode(_loaded.model, codec.encode(_loaded.model, _images.test_images))
    return questions.mean_pixel_mse(_images.test_images, copies), copies[list(picks)]


@st.cache_data(max_entries=32, show_spinner="Reconstructing the test images …")
def _pca_error(place: str, d: int, _images: ImageSet) -> float:
    """Error of PCA with d components."""
    test = _evenly(_images.test_images)
    return questions.mean_pixel_mse(test, questions.pca_reconstruction(_evenly(_images.train_images), test, d))


def _evenly(pictures: np.ndarray) -> np.ndarray:
    """The pictures, or of too many as many as `PCA_VALUES` allows, evenly spread."""
    return pictures[codec.evenly(len(pictures), max(1, PCA_VALUES // math.prod(pictures.shape[1:])))]


def generator(run: Run | None) -> None:
    """The same z through the decoder and the generator it became."""
    gan = run if run is not None and run.recipe.family.adversarial and run.recipe.latent_family else None
    title = "The decoder"
    if gan is None:
        one, loaded, _ = _first(lambda run: _is_vae(run.recipe.family), "a trained VAE", run)
    else:
        one, (loaded, _) = gan, _with_images(gan)
        title = f"{source_name(gan)} decoder, before"
    z = sampling.draws(loaded.model, 16, 0)
    source = loaded.model if gan is None else gan_model(loaded).source_model()
    before = codec.decode(source or loaded.model, z)
    st.caption(title)
    still(before, 16, 2, f"{title}: 16 images")
    if gan is None:
        st.caption(
            "No image went in: z was drawn from N(0, I). Once a GAN has been trained from this model, its images of "
            "the same z appear below."
        )
    else:
        st.caption("GAN generator, after")
        still(codec.decode(loaded.model, z), 16, 2, "The generator: 16 images of the same z")
        weights = sum(p.numel() for p in loaded.model.decoder.parameters())
        st.caption(
            "Both are the same decoder with the same weights; before the second a small network changes z."
            if gan.recipe.generator == "map"
            else f"Both are the same network with {weights:,} weights; only the values differ."
        )
    stated(one)
    _link("Move through its latent space", "generate", {"run": one.name}, "gan_link_generator")


def encoder_and_discriminator(run: Run | None) -> None:
    """The outputs of encoder and discriminator for the same images, and a table of their differences."""
    gan = run if run is not None and run.recipe.family.adversarial and run.recipe.has_encoder else None
    if gan is None:
        one, loaded, images = _first(_is_large_vae, "a trained VAE", run)
    else:
        one, (loaded, images) = gan, _with_images(gan)
    made = codec.decode(loaded.model, sampling.draws(loaded.model, 2, 0))
    pictures = np.concatenate([images.test_images[:2], made])
    outputs = threshold = None
    if gan is not None:
        outputs, threshold = (
            quiz.discriminator_outputs(gan_model(loaded), pictures),
            quiz.decision_threshold(gan_model(loaded), images, gan.recipe.adversarial),
        )
    origins = ("real", "real", "generated", "generated")
    encoder_vs_discriminator(pictures, origins, codec.encode(loaded.model, pictures), outputs, threshold)
    if gan is None:
        st.caption("Once a GAN has been trained from a VAE, the outputs of its D appear here too.")
    stated(one)
    st.markdown(DIFFERENCES)
    _link("Move its z with sliders", "generate", {"run": one.name}, "gan_link_two")


FIGURES: dict[str, Callable[[Run | None], None]] = {
    "reparameterisation": reparameterisation,
    "kl": kl,
    "size": size,
    "generator": generator,
    "two": encoder_and_discriminator,
}
