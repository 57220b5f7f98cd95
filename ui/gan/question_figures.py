"""The live figures of the questions: computed from the runs that are there when somebody looks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import plotly.graph_objects as go
import streamlit as st

from core import data, runs
from core.data import ImageSet
from core.gan import questions, quiz
from core.images.class_colors import of_class
from core.latent import codec, sampling
from core.runs import Run, RunError
from ui.gan import diagram
from ui.gan.encoder_vs_discriminator import TWO, two
from ui.shared import theme
from ui.shared.formatting import escape_markdown, format_sig
from ui.shared.model_cache import LoadedModel, load
from ui.shared.still_image import still

TOP = "gan_questions_top"  # counts up when the top of the page is to be seen
DRAWS = 1_000
SHOWN = 8
POINTS = 1_000


class Missing(Exception):
    """What a figure needs and is not there, with the next step."""


def _runs(fits: Callable[[Run], bool]) -> list[Run]:
    return [run for run in runs.list_runs() if run.error is None and run.has_weights and fits(run)]


def _first(fits: Callable[[Run], bool], what: str) -> tuple[Run, LoadedModel, ImageSet]:
    """The first run that fits, its model and its images.

    Raises:
        Missing: says what to train or to fetch.
    """
    found = sorted(_runs(fits), key=lambda run: run.recipe.dataset != "digits")
    if not found:
        raise Missing(
            f"The figure needs {what}, and there is none yet. Train one on the Train page; on the digits it "
            "takes about a minute."
        )
    return (found[0], *_with_images(found[0]))


def _with_images(run: Run) -> tuple[LoadedModel, ImageSet]:
    try:
        return load(run), data.load(run.recipe.dataset, run.recipe.folder)
    except (RunError, data.DataError) as error:
        raise Missing(f"The figure cannot be drawn: {error}") from None


def _link(label: str, page: str, query: dict[str, str], key: str) -> None:
    if st.button(label, key=key, icon=":material/open_in_new:", help="Opens the page in the state that shows it."):
        st.switch_page(f"pages/{page}.py", query_params=query)


def reparameterisation(_: Run | None) -> None:
    """Two estimates of one gradient, as histograms."""
    run, held, images = _first(lambda run: run.recipe.model == "vae" and run.recipe.latent_dim > 2, "a trained VAE")
    number = st.slider(
        "Test image",
        0,
        min(99, len(images.test_images) - 1),
        0,
        key="gan_reparam_image",
        help="The image whose redrawing error is to be lowered.",
    )
    path, score, dim = _gradients(held.name, number, held, images)
    image, chart = st.columns([1, 4], vertical_alignment="center")
    with image:
        still(images.test_images[number][None], 1, 5, f"Test image {number}")
    with chart:
        st.plotly_chart(
            _histograms(path, score, dim),
            key="gan_reparam",
            width="stretch",
            config={"displayModeBar": False},
            alt="Both estimates as histograms round one mean; that of the score function is far wider.",
        )
    ratio = (score.std() / path.std()) ** 2 if path.std() else float("nan")
    st.markdown(
        f"{DRAWS:,} draws each, {escape_markdown(run.name)}: mean {format_sig(path.mean())} ± "
        f"{format_sig(path.std())} through z, "
        f"{format_sig(score.mean())} ± {format_sig(score.std())} by the score function. It needs about "
        f"**{format_sig(ratio)} times** as many draws for the same precision, although the mean loss is subtracted."
    )
    if st.button(
        "See the line of code that draws z",
        key="gan_link_reparam",
        icon=":material/open_in_new:",
        help="Chooses z in the three pictures at the top of this page and shows the code behind it.",
    ):
        st.session_state[diagram.PART] = "latent"  # on its own page the address alone would come too late
        st.session_state[TOP] = st.session_state.get(TOP, 0) + 1
        st.switch_page("pages/gan.py", query_params={"part": "latent"})


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
        xaxis={"title": f"One draw's estimate of the gradient by μ of z{dim} (nats)"},
        yaxis={"title": "Share of draws (%)"},
    )
    return figure


@st.cache_data(max_entries=32, show_spinner=False)
def _gradients(name: str, number: int, _held: LoadedModel, _images: ImageSet):
    return questions.gradients_for_image(_held.model, _images.test_images[number], DRAWS)


def kl(_: Run | None) -> None:
    """The planes of an autoencoder and a VAE, and the same draws through both."""
    pair = [
        _first(
            lambda run, kind=kind: run.recipe.model == kind and run.recipe.latent_dim == 2,
            f"{what} with two latent dimensions (recipe plane-{kind})",
        )
        for kind, what in (("ae", "an autoencoder"), ("vae", "a VAE"))
    ]
    draws = sampling.prior(12, 2, 0)
    for (run, held, images), name, place in zip(pair, ("Autoencoder", "VAE"), st.columns(2, gap="large"), strict=True):
        with place:
            labels, points = _places(held.name, held, images)
            wide = float(np.sqrt(points.var(0).mean()))
            inside = float((np.linalg.norm(points, axis=1) <= 3).mean())
            st.markdown(f"**{name}** · {escape_markdown(run.name)}")
            st.plotly_chart(
                _plane(points, labels, images),
                key=f"gan_kl_{run.recipe.model}",
                width="stretch",
                config={"displayModeBar": False, "staticPlot": True},
                alt=f"{name}: images spread {format_sig(wide)} wide round the origin",
            )
            st.markdown(
                f"Spread σ **{format_sig(wide)}** per axis (prior: 1); **{100 * inside:.0f} %** of the images lie "
                "within 3 of the origin."
            )
            still(codec.decode(held.model, draws), 6, 2, f"{name}: twelve draws from N(0, I), decoded")
    _link("Open both on the Planes page", "planes", {"ae": pair[0][0].name, "vae": pair[1][0].name}, "gan_link_kl")


@st.cache_data(max_entries=8, show_spinner=False)
def _places(name: str, _held: LoadedModel, _images: ImageSet) -> tuple[np.ndarray, np.ndarray]:
    rows = np.linspace(0, len(_images.test_images) - 1, min(POINTS, len(_images.test_images))).astype(int)
    return _images.test_labels[rows], codec.encode(_held.model, _images.test_images[rows])


def _plane(points: np.ndarray, labels: np.ndarray, images: ImageSet) -> go.Figure:
    """Images on the plane, coloured by class, with the prior's circles."""
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
    for radius in (1, 2, 3):
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


def size(_: Run | None) -> None:
    """Test images redrawn by models of several sizes, and by PCA."""
    run, _held, images = _first(lambda run: run.recipe.model in ("ae", "vae"), "an autoencoder or a VAE")
    same = [
        r
        for r in _runs(lambda r: r.recipe.model in ("ae", "vae"))
        if r.recipe.dataset == run.recipe.dataset and r.recipe.folder == run.recipe.folder
    ]
    by_size: dict[tuple[int, str], Run] = {}
    for one in same:
        by_size.setdefault((one.recipe.latent_dim, one.recipe.model), one)
    picks = np.linspace(0, len(images.test_images) - 1, SHOWN).astype(int)
    shown, lines = [images.test_images[picks]], []
    named = ["The images"]
    for (d, kind), one in sorted(by_size.items())[:5]:
        held = _with_images(one)[0]
        mine, linear, row = _redrawn(held.name, d, held, images, tuple(picks))
        shown.append(row)
        named.append(f"{kind.upper()}, {d}")
        lines.append(
            f"| {d} | {kind.upper()} · {escape_markdown(one.name)} | {format_sig(mine)} | {format_sig(linear)} |"
        )
    pictures, table = st.columns([1, 1], gap="large")
    with pictures:
        for name, row in zip(named, shown, strict=True):
            st.caption(name if name == "The images" else f"{name} numbers")
            still(row, SHOWN, 2, f"{name}: {SHOWN} test images" if name == "The images" else f"Redrawn by {name}")
    with table:
        st.markdown("\n".join(["| d | model | MSE per pixel | PCA with d |", "|---:|---|---:|---:|", *lines]))
        st.caption(f"All {len(images.test_images):,} test images. A VAE is redrawn at its mean μ.")
    names = ",".join(one.name for _, one in sorted(by_size.items())[:3])
    _link("Compare them on Reconstruct", "reconstruct", {"runs": names}, "gan_link_size")


@st.cache_data(max_entries=32, show_spinner="Redrawing the test images …")
def _redrawn(name: str, d: int, _held: LoadedModel, _images: ImageSet, picks: tuple[int, ...]):
    """Error of the model, of PCA with as many numbers, and the copies of some images."""
    copies = codec.decode(_held.model, codec.encode(_held.model, _images.test_images))
    linear = questions.pca_reconstruction(_images.train_images, _images.test_images, d)
    return (
        questions.mean_pixel_mse(_images.test_images, copies),
        questions.mean_pixel_mse(_images.test_images, linear),
        copies[list(picks)],
    )


def generator(run: Run | None) -> None:
    """The same z through the decoder and the generator it became."""
    gan = run if run is not None and run.recipe.model == "gan" and run.recipe.source_model != "none" else None
    z, title = None, "The decoder"
    if gan is None:
        one, held, _ = _first(lambda r: r.recipe.model == "vae", "a trained VAE")
    else:
        one, (held, _) = gan, _with_images(gan)
        title = f"{gan.recipe.source_model.upper()} decoder, before"
    z = sampling.draws(held.model, 16, 0)
    before = codec.decode(held.model if gan is None else held.model.before(), z)
    st.caption(title)
    still(before, 16, 2, f"{title}: 16 pictures")
    if gan is None:
        st.caption(
            "No image went in: z was drawn from N(0, I). Once a GAN has been trained from it, its pictures of "
            "the same z stand below."
        )
    else:
        st.caption("GAN generator, after")
        still(codec.decode(held.model, z), 16, 2, "The generator: 16 pictures of the same z")
        weights = sum(p.numel() for p in held.model.decoder.parameters())
        st.caption(f"Both are the same network of {weights:,} numbers; only their values differ.")
    _link("Move through its latent space", "generate", {"run": one.name}, "gan_link_generator")


def encoder_and_discriminator(run: Run | None) -> None:
    """What each of the two says of the same pictures, and the table of their differences."""
    gan = run if run is not None and run.recipe.model == "gan" and run.recipe.has_encoder else None
    if gan is None:
        one, held, images = _first(lambda r: r.recipe.model == "vae" and r.recipe.latent_dim > 2, "a trained VAE")
    else:
        one, (held, images) = gan, _with_images(gan)
    made = codec.decode(held.model, sampling.draws(held.model, 2, 0))
    pictures = np.concatenate([images.test_images[:2], made])
    verdicts = line = None
    if gan is not None:
        verdicts, line = (
            quiz.discriminator_outputs(held.model, pictures),
            quiz.decision_threshold(held.model, images, gan.recipe.adversarial),
        )
    two(pictures, ("real", "real", "made", "made"), codec.encode(held.model, pictures), verdicts, line)
    if gan is None:
        st.caption("Once a GAN has been trained from a VAE, its D's verdicts stand here too.")
    st.markdown(TWO)
    _link("Move its z with sliders", "generate", {"run": one.name}, "gan_link_two")


FIGURES: dict[str, Callable[[Run | None], None]] = {
    "reparameterisation": reparameterisation,
    "kl": kl,
    "size": size,
    "generator": generator,
    "two": encoder_and_discriminator,
}
