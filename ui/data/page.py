"""Data page: the images of every data set, samples of each class, and their statistics."""

from __future__ import annotations

import csv
import dataclasses
import io
import secrets

import streamlit as st

from core import data
from core.data import DataError, ImageSet, celeba, folder, loading, preview, sources, statistics
from core.data.drawn import DrawnSet
from core.data.folder import Import
from core.data.picture_source import PictureSource
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.system.user_paths import shown
from ui.components.page.scroll_to import scroll_to
from ui.data import drawn_set, inputs, sheets, upload_box
from ui.data.download_box import download_box
from ui.data.explain import explain
from ui.data.import_box import import_box
from ui.shared import address
from ui.shared.address import Parameter, whole
from ui.shared.formatting import escape_markdown, format_sig, pluralize
from ui.shared.jobs import ARRIVED, FOLLOWED
from ui.shared.page import open_page

SEED = "data_sheet_seed"  # in session state, not bound to a widget, so that it outlives a visit to another page
DRAW = Parameter("draw", SEED, whole(0, 999_999), 0, "a whole number from 0 to 999,999")


def page() -> None:
    """The whole page."""
    address.check_names(
        ("set", "folder", "shape", *inputs.PIXEL_CHOICES, inputs.ATTRIBUTE.name, DRAW.name, drawn_set.NAME.name)
    )
    DRAW.adopt()
    status = data.status()
    controls, picture = st.columns([3, 8], gap="large")
    with controls:
        st.title("Data", anchor=False)
        st.markdown("A model learns only what its images show. Look at them before you train.")
        name = inputs.choose_set(status)
        drawing = name == "folder" and drawn_set.choose_way()
        chosen = drawn_set.choose() if drawing else None
        if not drawing:
            drawn_set.none()
        if not data.SOURCES[name].pictures or name == "folder":
            inputs.no_attribute()
        if name != "folder":
            inputs.no_folder()
        elif not drawing:
            upload_box.choose_uploaded(inputs.FOLDER.adopt())
    with picture:
        if drawing:
            images = _drawn(chosen)
        elif name == "folder":
            images = _own()
        elif data.SOURCES[name].pictures:
            images = _own_copy(name, status[name].ready)
        else:
            images = _of_the_lab(name, status[name].ready)
    if images:
        _skipped(images)
        _factors(images)
        _measurements(images)
        explain(images)
    scroll_to("data_bar", st.session_state.get(inputs.BEGUN, ""), key="data_to_bar")


def _of_the_lab(name: str, ready: bool) -> ImageSet | None:
    """The images of a set that is no set of the visitor's own, or what is missing."""
    bar = _Bar()
    with bar.shape:
        shape = inputs.choose_shape(name)
    inputs.no_pixels()
    images, problem = _load(name, "", shape, PixelChoices())
    if images:
        bar.train(name, "", images)
        _sheet(images)
    else:
        _empty(name, str(problem), ready)
    return images


def _own_copy(name: str, ready: bool) -> ImageSet | None:
    """The images of CelebA, which is read where the visitor has put it, or where that is."""
    inputs.no_pixels()
    if not ready:
        _empty(name, "", ready)
        return None
    bar, fit, path = _Bar(), PixelChoices(fit=data.SOURCES[name].fit), loading.path_of(name)
    with bar.shape:
        shape = inputs.choose_shape(name, path)
    with bar.pixels:
        attribute = inputs.choose_attribute_of_set()
    images, problem = _load(name, path, shape, fit, attribute)
    if images:
        bar.train(name, "", images, attribute=attribute)
        _sheet(images)
    elif isinstance(problem, Import):
        with st.container(border=True):
            import_box(path, shape, fit, problem)
    else:
        _empty(name, problem, ready)
    return images


def _own() -> ImageSet | None:
    """Files of the visitor's own: uploaded ones before they are kept, or those of a path."""
    path = inputs.FOLDER.adopt()
    received = None if path.strip() else upload_box.received()
    if path.strip():
        inputs.choose_folder()
    elif received is None:
        upload_box.upload_box()
    else:
        buttons = st.container()  # above the pictures, where they are seen without scrolling
    bar = _Bar()
    place = path.strip() or (str(received.source) if received else "")
    source = _found(place)
    proposal = preview.propose(source) if source else None
    with bar.shape:
        shape = inputs.choose_shape("folder", place, proposal)
    with bar.pixels:
        pixels = inputs.choose_pixels()
        inputs.choose_attribute(source if path.strip() else None)
    if proposal:
        with bar.proposal:
            inputs.say_proposal(shape, proposal)
    if received:
        upload_box.look(buttons, received, shape, pixels)
    if not path.strip():
        return None
    images, problem = _load("folder", source or path, shape, pixels)
    if images:
        bar.train("folder", path, images)
        _sheet(images)
    elif isinstance(problem, Import):
        with st.container(border=True):
            import_box(path, shape, pixels, problem)
    else:
        _empty("folder", problem, ready=True)
    return images


def _found(place: str) -> PictureSource | None:
    """The source that a path means, which lists its files once for all that is asked of it; None where there is none,
    which is said where the pictures would be."""
    try:
        return sources.find(place) if place else None
    except DataError:
        return None


def _drawn(chosen: DrawnSet | None) -> ImageSet | None:
    """A set that is drawn on this page."""
    path, shape, pixels = inputs.of_drawn(chosen)
    bar = _Bar()
    images, problem = _load("folder", path, shape, pixels)
    if images:
        bar.train("folder", path, images, samples=False)
    drawn_set.board(chosen, images.notes if images else ())
    if isinstance(problem, Import):  # thousands of drawings and copies
        import_box(path, shape, pixels, problem)
    return images


class _Bar:
    """The line above the pictures: what is done with the set and how its pictures become images."""

    def __init__(self) -> None:
        with st.container(key="data_bar"):
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                self._start = st.container(width="content")
                self.shape, self.pixels, self._samples = (st.container(width="content") for _ in range(3))
                self._facts = st.container(width="content")
            self.proposal = st.container()

    def train(self, name: str, path: str, images: ImageSet, samples: bool = True, attribute: str = "") -> None:
        """Fill the line for a set that is there."""
        with self._start:
            _train_button(name, path, images, attribute)
        with self._samples:
            if samples and st.button(
                "Other samples",
                key="data_draw",
                icon=":material/shuffle:",
                help="Shows other images of every class.",
            ):
                st.session_state[SEED] = (st.session_state.get(SEED, 0) + 1) % 1_000_000
        DRAW.keep()
        self._facts.caption(
            f"{images.shape} · {pluralize(len(images.train_images), 'training image')}, "
            f"{pluralize(len(images.test_images), 'test image')}"
        )


def _sheet(images: ImageSet) -> None:
    st.caption(sheets.sample_sheet(images, st.session_state.get(SEED, 0), key="data_sheet"))
    for sentence in images.notes:
        st.text(sentence)  # plain text: it quotes names of folders


def _load(
    name: str, place: str | PictureSource, shape: ImageShape, pixels: PixelChoices, attribute: str = ""
) -> tuple[ImageSet | None, str | Import]:
    """The set, or None and the reason, or None and what has to be imported first."""
    if name == "folder" and not place:
        return None, ""
    try:
        if place:
            with st.spinner("Listing the files", show_time=True):
                place = sources.find(place)
                waiting = folder.waiting(place, shape, pixels)
            if waiting:
                return None, waiting
        with st.spinner("Reading the images", show_time=True):
            return data.load(name, place, shape, pixels, attribute=attribute), ""
    except DataError as error:
        return None, str(error)


def _train_button(name: str, path: str, images: ImageSet, attribute: str) -> None:
    if st.button(
        "Train on this set",
        key="data_train",
        type="primary",
        icon=":material/play_arrow:",
        help="Opens the Train page with this set and image shape.",
    ):
        state = st.session_state
        state["train_dataset"], state["train_folder"] = name, path
        state["train_images"], state["train_attribute"] = len(images.train_images), attribute
        state[FOLLOWED] = []  # a training that has ended would stand above the form
        state["train_image_shape"] = images.shape.text
        state["train_pixels"] = dataclasses.asdict(images.pixels) if name == "folder" else None
        state[ARRIVED] = f"set {secrets.token_hex(4)}"
        open_page("train")


def _missing(name: str, damaged: bool) -> None:
    """The download of a set, with its size."""
    download_box(name, "Replace" if damaged else "Download")
    if not damaged:
        source = data.SOURCES[name]
        st.caption(
            f"{source.download_mb:,} MB to download, {source.disk_mb:,} MB on the disk. Without a network, put the "
            "files into the folder that is named here."
        )


def _empty(name: str, problem: str, ready: bool) -> None:
    """The place of the pictures while there are none: what is missing and the next step."""
    own_copy = data.SOURCES[name].pictures and not ready  # its text is taller than the place on a phone
    with st.container(border=True, height="content" if own_copy else 420, vertical_alignment="center"):
        title = data.SOURCES[name].title
        if own_copy:
            _where_it_belongs(title)
        elif data.SOURCES[name].pictures:
            st.error("These pictures cannot be used.", icon=":material/folder_off:")
            st.text(problem)  # plain text: it quotes a path
        elif ready:
            st.error(f"{title} cannot be shown.", icon=":material/broken_image:")
            st.text(problem)
            _missing(name, damaged=True)
        else:
            st.markdown(f"**{title} is not on this machine yet.** Download it once, or use the digits.")
            _missing(name, damaged=False)
            files = loading.file_names(name)
            st.caption(f"Put {pluralize(len(files), 'file')} in this folder (LATENT_LAB_DATA changes it):")
            st.code(shown(loading.folder_of(name)), language=None, wrap_lines=True)
            st.caption("The files: " + ", ".join(f"`{file}`" for file in files))
            if detail := loading.incomplete(name):
                st.text(detail)  # plain text: it quotes names of files


def _where_it_belongs(title: str) -> None:
    """What to do with one's own copy of CelebA."""
    st.markdown(
        f"**{title} is not on this machine yet.** The lab cannot download it, since its makers let nobody pass it on: "
        "[ask them for a copy](https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html)."
    )
    st.caption("Put these files of your copy into this folder (LATENT_LAB_DATA changes it):")
    st.code(shown(celeba.home()), language=None, wrap_lines=True)
    st.markdown(
        f"- `{celeba.PHOTOS}.zip`, or the folder `{celeba.PHOTOS}` that was unpacked from it\n"
        f"- `{celeba.ATTRIBUTES}.txt`, the 40 attributes of each photo\n"
        f"- `{celeba.PARTS}.txt`, which says what is for training, validation and testing (may be missing)"
    )
    if any(celeba.home().glob("*")):
        st.text(f"Still missing: {', '.join(celeba.missing())}.")
    st.caption("Or choose *Your pictures* and type the path of the archive, if the tables lie beside it.")


def _skipped(images: ImageSet) -> None:
    if images.skipped:
        with st.expander(
            f"{pluralize(len(images.skipped), 'file')} skipped", icon=":material/report:", key="data_skipped"
        ):
            st.dataframe(
                {"File": [file for file, _ in images.skipped], "Reason": [reason for _, reason in images.skipped]},
                hide_index=True,
                width="stretch",
                alt="Skipped files with the reason for each",
            )
            st.download_button(
                "Download the list",
                lambda: _skipped_csv(images),
                "skipped.csv",
                "text/csv",
                key="data_skipped_csv",
                icon=":material/download:",
                on_click="ignore",
                help="The skipped files and the reason for each, as a table.",
            )


def _skipped_csv(images: ImageSet) -> str:
    """The skipped files and their reasons as CSV."""
    text = io.StringIO()
    csv.writer(text).writerows([("file", "reason"), *images.skipped])
    return text.getvalue()


def _factors(images: ImageSet) -> None:
    if images.factors is None:
        return
    if not images.factors.sheet:
        st.subheader("Attributes", anchor=False)
        st.caption(sheets.attribute_sheet(images, key="data_attributes"))
        return
    st.subheader("Factors of variation", anchor=False)
    sheets.factor_sheet(images.factors, key="data_factors")
    names = [factor.name for factor in images.factors.about]
    st.caption(
        f"One image, with one factor varied in each row. Every image of the set is drawn from {len(names)} values "
        f"chosen independently: {', '.join(names[:-1])} and {names[-1]}. The class is the kind of object."
    )


def _measurements(images: ImageSet) -> None:
    found = statistics.measure(images)
    st.subheader("In numbers", anchor=False)
    with st.container(horizontal=True, gap="large", key="data_numbers"):
        for label, value, help in _numbers(images, found):
            st.metric(label, value, help=help, width="content")
    caption = sheets.balance_caption(images, found)
    if not images.classes:
        caption = "These pictures have no labels, so there are no classes to compare."
    if sheets.is_balanced(found) or not images.classes:  # a sentence says it all
        st.markdown(f"**Class balance** · {escape_markdown(caption)}")
        _means(images, found)
        return
    balance, means = st.columns(2, gap="large")
    with balance:
        st.markdown("**Class balance**")
        st.plotly_chart(
            sheets.balance_chart(images, found),
            key="data_balance",
            width="stretch",
            config={"displayModeBar": False},
            alt=f"Images per class. {caption}",
        )
        st.caption(f"{escape_markdown(caption)} Solid: training, hatched: test.")
    with means:
        _means(images, found)


def _means(images: ImageSet, found: statistics.DatasetStatistics) -> None:
    st.markdown("**Mean images**")
    sheets.mean_sheet(images, found, key="data_means")
    st.caption(
        "The mean of each pixel over the training images. If the mean of a class is sharp, its images are alike; if it "
        "is blurred, they vary, and a model has to explain how."
    )


def _numbers(images: ImageSet, found: statistics.DatasetStatistics) -> list[tuple[str, str, str]]:
    """Label, value and help of each number."""
    if images.shape.colour:
        pixel = (
            "Mean red, green, blue",
            " · ".join(map(format_sig, found.channel_means)),
            "Mean of each channel over the training images, from 0 (black) to 1.",
        )
    else:
        pixel = (
            "Mean pixel",
            format_sig(found.mean_pixel),
            "Mean grey level of the training images, from 0 (black) to 1 (white).",
        )
    return [
        (
            "Training images",
            f"{len(images.train_images):,}",
            "A model learns from these; some of them are held out for validation.",
        ),
        ("Test images", f"{len(images.test_images):,}", "Used only by the final evaluation."),
        pixel,
        (
            "Lowest possible BCE",
            f"{format_sig(found.bce_floor)} nats",
            "The least binary cross-entropy (BCE) per test image that any model can reach: a value between black and "
            "white has an entropy of its own.",
        ),
        (
            "BCE of always guessing the mean image",
            f"{format_sig(found.bce_mean_image)} nats",
            "The BCE of a model that always outputs the mean image. A model that does not do better has learned "
            "nothing.",
        ),
    ]
