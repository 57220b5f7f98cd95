"""Upload of pictures on the Data page: files, a folder or an archive, looked at before they become a set of the lab."""

from __future__ import annotations

from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.data import DataError, uploads
from core.data.uploads import UploadedSet, Waiting
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from ui.data import inputs
from ui.data.deletion import delete_button
from ui.data.preview import preview
from ui.shared.formatting import escape_markdown
from ui.shared.owner import label, me

_FILES, _FOLDER = "files", "folder"
_KINDS = {_FILES: "Files or an archive", _FOLDER: "A folder"}

_KIND, _ROUND = "data_upload_kind", "data_upload_round"
"""Session-state keys: what is uploaded, one of `_KINDS`, and how often the uploader was emptied."""

_PROBLEM, _NAME = "data_upload_problem", "data_upload_name"
"""Session-state keys: why a set was not kept, and the name typed for it."""


class _Place:
    """The upload that a visitor looks at, deleted where it is not kept when the visitor goes."""

    def __init__(self) -> None:
        self.ids: tuple[str, ...] = ()
        self.waiting: Waiting | None = None
        self.problem = ""

    def clear(self) -> None:
        if self.waiting is not None:
            self.waiting.discard()
        self.ids, self.waiting, self.problem = (), None, ""


@st.cache_resource(scope="session", on_release=_Place.clear, show_spinner=False)
def _place() -> _Place:
    return _Place()


def limit() -> int:
    """Megabytes of an upload, at most."""
    return int(st.get_option("server.maxUploadSize"))


def received() -> Waiting | None:
    """What has come in and was not kept yet; newly uploaded files are written to the disk first, where they can be
    looked at as a set."""
    place, files = _place(), list(st.session_state.get(_uploader()) or [])
    ids = tuple(file.file_id for file in files)
    if ids != place.ids:
        place.clear()
        st.session_state.pop(_PROBLEM, None)
        place.ids = ids
        if files:
            with st.spinner("Storing the files", show_time=True):
                try:
                    place.waiting = uploads.receive(files, limit() * 2**20)
                except DataError as error:
                    place.problem = str(error)
                else:
                    st.session_state[_NAME] = place.waiting.title
    return place.waiting


def upload_box() -> None:
    """Draw the two ways to bring pictures in: an upload, or a path on the computer that runs the lab."""
    with st.container(border=True):
        st.markdown("**Upload pictures, or type the path of a folder or file.**")
        _choose_files()
        if problem := _place().problem:
            st.error("These files cannot be used.", icon=":material/error:")
            st.text(problem)  # plain text: it quotes names of files
        else:
            st.caption(
                "Sub-folders become classes, and `train` and `test` folders are respected. A table `labels.csv` with "
                "the columns `file,label` gives classes as well. You see what becomes of the pictures before anything "
                f"is kept. Up to {limit():,} MB in all. For CelebA, give the path of your copy of "
                "`img_align_celeba.zip`, with `list_attr_celeba.txt` beside it."
            )
        inputs.choose_folder()


def _choose_files() -> None:
    kind = st.segmented_control(
        "What to upload",
        list(_KINDS),
        format_func=_KINDS.__getitem__,
        default=_FILES,
        key=_KIND,
        required=True,
        persist_state="session",
        help="Files: pictures, or one zip archive, npz, npy or IDX file. A folder: its sub-folders become classes. "
        "Most phones can choose files only.",
    )
    st.file_uploader(
        "Pictures or an archive" if kind == _FILES else "A folder of pictures",
        accept_multiple_files="directory" if kind == _FOLDER else True,
        max_upload_size=limit(),
        key=_uploader(),
        help=f"Up to {limit():,} MB in all. They stay on the computer that runs the lab. LATENT_LAB_UPLOAD_MB sets "
        "another limit when the lab starts.",
    )


def _uploader() -> str:
    """Session-state key of the uploader: another one for files than for a folder, and after each upload."""
    state = st.session_state
    return f"data_upload_{state.get(_KIND, _FILES)}_{state.setdefault(_ROUND, 0)}"


def look(buttons: DeltaGenerator, waiting: Waiting, shape: ImageShape, pixels: PixelChoices) -> None:
    """Show what uploaded pictures become, with the buttons that keep or discard them, and the way to other ones."""
    usable = preview(str(waiting.source), shape, pixels, key="upload_preview")
    name, keep, discard = buttons.columns([4, 2, 2], vertical_alignment="bottom")
    with name:
        st.text_input("Name of the set", key=_NAME, max_chars=60, help="Under this name it is found in the lab.")
    with keep:
        st.button(
            "Use this set",
            key="data_upload_keep",
            type="primary",
            icon=":material/check:",
            width="stretch",
            disabled=not usable,
            on_click=_keep,
            help="Keeps the files as a set of this lab." if usable else "None of the pictures tried can be read.",
        )
    with discard:
        st.button(
            "Discard",
            key="data_upload_discard",
            icon=":material/delete:",
            width="stretch",
            on_click=_discard,
            help="Deletes the uploaded files.",
        )
    if problem := st.session_state.get(_PROBLEM):
        buttons.error(escape_markdown(problem), icon=":material/error:")
    with st.expander("Upload other files", icon=":material/upload:", key="data_upload_others"):
        _choose_files()
    inputs.choose_folder()


def _keep() -> None:
    place = _place()
    if place.waiting is None:
        return
    before = str(place.waiting.source)
    try:
        kept = place.waiting.keep(st.session_state.get(_NAME, ""), me())
    except DataError as error:
        st.session_state[_PROBLEM] = str(error)
        return
    place.waiting = None
    _discard()
    inputs.keep_choice(before, str(kept.source))
    st.session_state[inputs.FOLDER.box] = str(kept.source)
    st.session_state[inputs.BEGUN] = str(kept.source)


def _discard() -> None:
    _place().clear()
    st.session_state.pop(_PROBLEM, None)
    st.session_state[_ROUND] = st.session_state.get(_ROUND, 0) + 1  # another key: an uploader without files


def choose_uploaded(path: str) -> None:
    """Draw what can be done with uploaded sets: open one, upload others, delete the open one."""
    found = uploads.sets()
    opened = next((one for one in found if str(one.source) == path.strip()), None)
    if not (found or path.strip()):
        return
    with st.popover(
        f"Uploaded: {escape_markdown(opened.name)}" if opened else "Uploaded sets",
        icon=":material/upload:",
        width="stretch",
        key="data_uploaded",
        help="Opens sets that were uploaded to this lab, takes new pictures, deletes a set.",
    ):
        for one in found:
            st.button(
                escape_markdown(one.name) + (f" · {label(one.owner)}" if one.owner else ""),
                key=f"data_uploaded_open_{one.name}",
                type="tertiary",
                icon=":material/photo_library:",
                disabled=one is opened,
                on_click=_show,
                args=(str(one.source),),
                help="Opens this set.",
            )
        st.button(
            "Upload pictures",
            key="data_upload_more",
            icon=":material/add:",
            type="tertiary",
            disabled=not path.strip(),
            on_click=_show,
            args=("",),
            help="Brings in pictures of yours as another set.",
        )
        if opened is not None:
            delete_button("data_uploaded_delete", opened.name, opened.owner, partial(_deleted, opened))


def _deleted(opened: UploadedSet) -> None:
    uploads.delete(opened)
    _show("")


def _show(path: str) -> None:
    st.session_state[inputs.FOLDER.box] = path
