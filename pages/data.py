"""Data: what the images are that a model learns from."""

from __future__ import annotations

import inspect

import numpy as np
import streamlit as st

from core import data
from core.data import DataError, ImageSet, folder, idx, loading, statistics
from core.images import convert
from ui.data import sheets
from ui.data.download_box import download_box
from ui.shared.formatting import escape_markdown, format_sig, pluralize

SEED = "data_sheet_seed"  # in session state: which samples are drawn; not bound to a widget, so it outlives the page


def main() -> None:
    status = data.status()
    controls, picture = st.columns([3, 8], gap="large")
    with controls:
        st.title("Data", anchor=False)
        st.markdown("A model knows only what its images show. Look at them before you train.")
        name = _choose(status)
        path = _folder() if name == "folder" else ""
        chosen, problem = _load(name, path)
        if chosen:
            _actions(name, path, chosen)
        elif name != "folder":
            _missing(name, status[name].ready)
    with picture:
        if chosen:
            caption = sheets.sample_sheet(chosen, st.session_state.get(SEED, 0), key="data_sheet")
            st.caption(caption)
        else:
            _empty(name, path, problem, status[name].ready)
    if chosen:
        _skipped(chosen)
        _measurements(chosen)
        _depth(chosen)


def _choose(status: dict[str, loading.Status]) -> str:
    def caption(name: str) -> str:
        if name == "folder":
            return "any pictures of yours"
        return f"{status[name].size.split(' · ')[0]} · {'ready' if status[name].ready else 'not downloaded'}"

    names = list(data.SOURCES)
    # By hand, not by `bind`: Streamlit refuses to switch to another page while the address is bound to a widget.
    wanted = st.query_params.get("set")
    if "data_set" not in st.session_state and wanted in names:
        st.session_state["data_set"] = wanted
    elif wanted is not None and wanted not in names:
        st.warning(
            f"The address asks for a set that does not exist. The sets are {', '.join(names)}.",
            icon=":material/link_off:",
        )
    name = st.radio(
        "Set",
        names,
        key="data_set",
        format_func=lambda name: data.SOURCES[name].title,
        captions=[caption(name) for name in names],
        persist_state="session",
        help="Ready sets are on this machine; the others can be downloaded once.",
    )
    if name != wanted:
        st.query_params["set"] = name
    st.caption(data.SOURCES[name].about)
    return name


def _folder() -> str:
    return st.text_input(
        "Path of your folder",
        key="data_folder",
        persist_state="session",
        placeholder=r"C:\Users\me\Pictures or /home/me/pictures",
        help="On the computer that runs the lab. Sub-folders become classes; any picture format; "
        "broken files are skipped and named.",
    )


def _load(name: str, path: str) -> tuple[ImageSet | None, str]:
    """The set, or why there is none."""
    if name == "folder" and not path.strip():
        return None, ""
    try:
        with st.spinner("Reading the images", show_time=True):
            return data.load(name, path), ""
    except DataError as error:
        return None, str(error)


def _actions(name: str, path: str, chosen: ImageSet) -> None:
    if st.button(
        "Train on this set",
        key="data_train",
        type="primary",
        icon=":material/play_arrow:",
        width="stretch",
        help="Opens the Train page with this set chosen.",
    ):
        st.session_state["train_dataset"] = name
        st.session_state["train_folder"] = path
        st.switch_page("pages/train.py")
    if st.button(
        "Draw other samples",
        key="data_draw",
        icon=":material/shuffle:",
        width="stretch",
        help="Shows other images of every class.",
    ):
        st.session_state[SEED] = st.session_state.get(SEED, 0) + 1
    st.caption(
        f"Draw {st.session_state.get(SEED, 0)} · {pluralize(len(chosen.train_images), 'training image')}, "
        f"{len(chosen.test_images):,} to test"
    )


def _missing(name: str, damaged: bool) -> None:
    download_box(name, "Replace" if damaged else "Download")
    if not damaged:
        st.caption(
            "About 12 to 31 MB over the network, 55 MB on the disk. Without a network: put the files into "
            "the folder named on the right."
        )


def _empty(name: str, path: str, problem: str, ready: bool) -> None:
    """Where the pictures will be: what is missing and the next step."""
    with st.container(border=True, height=420, vertical_alignment="center"):
        title = data.SOURCES[name].title
        if name == "folder" and not path.strip():
            st.markdown("**No folder yet.** Type the path of a folder of pictures.")
            st.caption(
                "One sub-folder per class, or all pictures in one folder. Everything is turned to grey and "
                "fitted into 28 × 28 pixels; your files stay as they are."
            )
        elif name == "folder":
            st.error("These pictures cannot be used.", icon=":material/folder_off:")
            st.text(problem)  # plain text: it quotes a path
        elif ready:
            st.error(f"{title} cannot be shown.", icon=":material/broken_image:")
            st.text(problem)
        else:
            st.markdown(f"**{title} is not on this machine yet.** Download it once, or go on with the digits.")
            st.caption("The four files belong into this folder (LATENT_LAB_DATA moves it):")
            st.code(str(loading.raw_folder(name)), language=None, wrap_lines=True)


def _skipped(chosen: ImageSet) -> None:
    if chosen.skipped:
        with st.expander(
            f"{pluralize(len(chosen.skipped), 'file')} skipped", icon=":material/report:", key="data_skipped"
        ):
            st.dataframe(
                {"File": [file for file, _ in chosen.skipped], "Why": [why for _, why in chosen.skipped]},
                hide_index=True,
                width="stretch",
                alt="Skipped files with the reason for each",
            )


def _measurements(chosen: ImageSet) -> None:
    found = statistics.measure(chosen)
    st.subheader("In numbers", anchor=False)
    with st.container(horizontal=True, gap="large", key="data_numbers"):
        for label, value, help in (
            (
                "Training images",
                f"{len(chosen.train_images):,}",
                "A model learns from these; a part is held out to validate.",
            ),
            ("Test images", f"{len(chosen.test_images):,}", "Touched only by the final evaluation."),
            ("Mean pixel", format_sig(found.mean_pixel), "Mean grey level of the training images, 0 black to 1 white."),
            (
                "Floor of the BCE",
                f"{format_sig(found.bce_floor)} nats",
                "No model can score below this binary "
                "cross-entropy per test image, since a grey pixel has entropy of its own.",
            ),
            (
                "BCE of the mean image",
                f"{format_sig(found.bce_mean_image)} nats",
                "What a model scores that always answers with the mean image. Beat it, or nothing was learned.",
            ),
        ):
            st.metric(label, value, help=help, width="content")
    balance, means = st.columns(2, gap="large")
    with balance:
        st.markdown("**Class balance**")
        if chosen.classes:
            caption = sheets.balance_caption(chosen, found)
            st.plotly_chart(
                sheets.balance_chart(chosen, found),
                key="data_balance",
                width="stretch",
                config={"displayModeBar": False},
                alt=f"Images per class. {caption}",
            )
            st.caption(f"{escape_markdown(caption)} Solid: training, hatched: test.")
        else:
            st.caption("Your folder has no sub-folders, so there are no classes to compare.")
    with means:
        st.markdown("**Mean images**")
        sheets.mean_sheet(chosen, found, key="data_means")
        st.caption(
            "Every pixel's mean over the training images. A sharp mean: images of that class look alike. A "
            "blurred one: they vary, and a model has to explain how."
        )


def _depth(chosen: ImageSet) -> None:
    """How an image becomes numbers, with the numbers of the first training image."""
    image = chosen.train_images[0]
    greyest = np.abs(image.astype(int) - 128).argmin()
    row, column = (int(k) for k in np.unravel_index(greyest, image.shape))
    level = int(image[row, column])
    with st.expander("How it works", icon=":material/functions:", key="data_depth"):
        st.markdown(
            "An image is 28 × 28 grey levels from 0 (black) to 255 (white), one byte each. The whole set stays in "
            f"memory like that: {format_sig(chosen.train_images.nbytes / 1e6)} MB for "
            f"{len(chosen.train_images):,} images. "
            "For each step of training a batch of them is picked at random and turned into numbers from 0 to 1. In "
            f"the first image, the pixel nearest to middle grey is in row {row}, column {column}:"
        )
        st.latex(rf"x = \frac{{{level}}}{{255}} = {level / 255:.3f}")
        st.markdown(
            "A fully connected network sees the image as one vector of 28 · 28 = 784 such numbers, a "
            "convolutional one as a square. A grey pixel has an entropy, which no prediction can avoid; for "
            "this one:"
        )
        pixel = np.full((1, 1, 1), level, np.uint8)
        st.latex(
            rf"\begin{{aligned}}H &= -x \ln x - (1-x) \ln (1-x)\\ &= {format_sig(statistics.bce_floor(pixel))}"
            r"\text{ nats}\end{aligned}"
        )
        st.markdown(
            "Summed over the 784 pixels, mean over the test images: "
            f"**{format_sig(statistics.measure(chosen).bce_floor)} nats**, the floor of the BCE."
        )
        st.markdown("The code that read these images:")
        reader = {"digits": loading.read_digits, "folder": convert.from_file}.get(chosen.name, idx.read)
        st.code(inspect.getsource(reader), language="python")
        if chosen.name == "folder":
            st.code(inspect.getsource(folder.read), language="python")


main()
