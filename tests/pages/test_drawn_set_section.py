"""Drawn sets on the Data page: from the form for a new set to the drawings of others."""

import numpy as np
import pytest

from core.data import DataError, drawn
from core.data.drawn import Copies
from core.images.shape import GREY_28, ImageShape
from tests.pages.page_tools import open_page, text_of
from ui.components.drawing.pad import PadState

RNG = np.random.default_rng(0)


@pytest.fixture(autouse=True)
def empty_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))


def drawing(shape=GREY_28):
    return RNG.integers(1, 256, shape.picture, np.uint8)


def keep(page, name, label, picture):
    """Draw a picture on the page and keep it."""
    page.session_state["pads"] = {f"drawn_surface_{name}": PadState(picture.shape, picture.tobytes())}
    page.button_group(key=f"drawn_class_{name}").set_value(label).run()
    page.button(key="drawn_keep").click().run()
    assert not page.exception


def test_a_set_is_begun_drawn_taken_back_and_trained_on():
    page = open_page("data", set="folder")
    page.button_group(key="drawn_way").set_value("Drawn here").run()
    page.text_input(key="drawn_new_name").set_value("Signs")
    page.text_input(key="drawn_new_classes").set_value("ring, cross")
    page.selectbox(key="drawn_new_shape").set_value(ImageShape(3, 32, 32))
    page.button(key="drawn_begin").click().run()
    assert not page.exception and page.query_params["drawn"] == "Signs"
    assert page.button(key="drawn_keep").disabled and page.button(key="drawn_back").disabled
    pictures = [drawing(ImageShape(3, 32, 32)) for _ in range(4)]
    for label, picture in zip(("ring", "ring", "cross", "cross"), pictures, strict=True):
        keep(page, "Signs", label, picture)
    assert "4 drawings, the newest first" in text_of(page, "caption")
    assert {m.label: m.value for m in page.metric}["Training images"] == "2"
    page.button(key="drawn_back").click().run()
    found = drawn.drawings(drawn.named("Signs"))
    assert [(one.label, one.number) for one in found] == [("ring", 1), ("ring", 2), ("cross", 1)]
    page.button(key="data_train").click().run()
    state = page.session_state
    assert state["train_folder"] == str(drawn.named("Signs").place) and state["train_image_shape"] == "3-32-32"


def test_a_taken_name_changes_nothing_and_leads_to_the_set_that_has_it():
    made = drawn.create("Signs", ["ring"], GREY_28, "another")
    drawn.add(made, "ring", drawing(), "another")
    page = open_page("data", set="folder", drawn="-")
    page.text_input(key="drawn_new_name").set_value("signs")
    page.text_input(key="drawn_new_classes").set_value("cross")
    page.button(key="drawn_begin").click().run()
    assert "There is a set “signs” already" in page.error[0].value and drawn.sets() == [made]
    page.button(key="drawn_open").click().run()
    assert page.query_params["drawn"] == "Signs" and "another visitor" in text_of(page, "caption") and not page.error
    assert page.button(key="drawn_back").disabled, "what is taken back is one's own"


def test_classes_copies_and_the_end_of_a_set(monkeypatch):
    drawn.create("Signs", ["ring"], GREY_28, "another")
    drawn.create("keep", ["ring"], GREY_28, "another")
    page = open_page("data", set="folder", drawn="keep")  # no name is that of another control
    page.selectbox(key="drawn_name").set_value("Signs").run()
    assert not page.exception
    page.text_input(key="drawn_more_Signs").set_value("cross, star")
    page.button(key="drawn_add_Signs").click().run()  # the text comes with the click
    page.select_slider(key="drawn_each_Signs").set_value(5).run()
    page.checkbox(key="drawn_shift_Signs").uncheck().run()
    assert not page.exception and not page.error
    now = drawn.named("Signs")
    assert now.classes == ("ring", "cross", "star") and now.copies == Copies(5, shift=False)
    controls = ("button", "text_input", "selectbox", "checkbox", "select_slider", "button_group")
    assert not [widget.key for kind in controls for widget in getattr(page, kind) if not widget.help]
    page.button(key="drawn_delete_Signs").click().run()
    assert "belongs to another visitor" in text_of(page, "markdown") and drawn.sets()
    with monkeypatch.context() as patch:
        patch.setattr(drawn, "delete", lambda chosen: (_ for _ in ()).throw(DataError("The disk is full.")))
        page.button(key="drawn_delete_go_Signs").click().run()
    assert [one.value for one in page.error] == ["The disk is full."]
    page.button(key="drawn_delete_go_Signs").click().run()
    assert [one.name for one in drawn.sets()] == ["keep"] and not page.exception


def test_an_address_that_names_no_drawn_set_is_told_so():
    page = open_page("data", set="folder", drawn="Nowhere")
    assert "not in this lab" in text_of(page, "warning") and page.text_input(key="drawn_new_name")
