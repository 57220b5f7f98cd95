"""What some pictures of a set become with the choices made so far, before the set is read or kept."""

from __future__ import annotations

import streamlit as st

from core.data import DataError
from core.data import preview as previews
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from ui.components.gallery.class_sheet import Row, class_sheet
from ui.shared.formatting import pluralize


def preview(path: str, shape: ImageShape, pixels: PixelChoices, *, key: str) -> bool:
    """Show up to 24 pictures of a set with the class of each, and how the set is read; whether any can be used."""
    try:
        with st.spinner("Reading some of the pictures", show_time=True):
            found = previews.preview(path, shape, pixels)
    except DataError as error:
        st.error("These pictures cannot be used.", icon=":material/folder_off:")
        st.text(str(error))  # plain text: it quotes a path
        return False
    if not len(found.pictures):
        file, reason = found.skipped[0] if found.skipped else ("", "")
        st.error("No picture among these files can be used.", icon=":material/folder_off:")
        if file:
            st.text(f"{file} {reason}.")
        return False
    if found.classes:
        rows = [
            Row("" if label is None else label, "", picture[None])
            for label, picture in zip(found.labels, found.pictures, strict=True)
        ]
        class_sheet(rows, key=key, layout="singles")
    else:
        class_sheet([Row("", "", found.pictures)], key=key, layout="wall", lines=2)
    st.caption(
        f"{_which(found)}, as {shape}. Change image shape, fit, background and inversion until these look right."
    )
    for sentence in (_classes(found.classes), *found.notes, _skipped(found.skipped)):
        if sentence:
            st.text(sentence)  # plain text: it quotes names of folders and files
    return True


def _which(found: previews.Preview) -> str:
    """`24 pictures from all over the 60 files`."""
    shown = len(found.pictures)
    if shown == found.count:
        return f"The {pluralize(shown, 'picture')}" if shown == 1 else f"All {shown} pictures"
    return f"{pluralize(shown, 'picture')} from all over the {pluralize(found.count, found.what)}"


def _classes(names: tuple[str, ...]) -> str:
    if not names:
        return "No classes: the pictures lie in no sub-folders and have no labels."
    more = f" and {len(names) - 8:,} more" if len(names) > 8 else ""
    return f"{pluralize(len(names), 'class', 'classes')}: {', '.join(names[:8])}{more}."


def _skipped(skipped: tuple[tuple[str, str], ...]) -> str:
    if not skipped:
        return ""
    file, reason = skipped[0]
    more = f", and {len(skipped) - 1} more of those tried" if len(skipped) > 1 else ""
    return f"Cannot be used: {file} {reason}{more}."
