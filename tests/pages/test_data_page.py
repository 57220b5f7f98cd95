"""The Data page shows every set, and every state in which a set can be, with its next step."""

import dataclasses

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from core import data
from core.data import folder, picture_source, statistics, uploads
from core.images.pixel_choices import PixelChoices
from core.images.shape import ImageShape
from core.jobs import download, image_import
from core.jobs.messages import Ended
from core.system.paths import ROOT
from tests.core.data.test_archive import png
from tests.pages.page_tools import keys_of, open_page, text_of
from ui.data import set_cards, sheets
from ui.shared.formatting import format_sig

SETS = {
    "digits": "Digits",
    "shapes": "Shapes",
    "mnist": "MNIST",
    "fashion-mnist": "FashionMNIST",
    "kmnist": "KMNIST",
    "qmnist": "QMNIST",
    "emnist-letters": "EMNIST letters",
    "usps": "USPS",
    "cifar-10": "CIFAR-10",
    "svhn": "SVHN",
    "stl-10": "STL-10",
    "celeba": "CelebA",
    "folder": "Your pictures",
}


@pytest.fixture(autouse=True)
def empty_data_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path / "data"))


def page() -> AppTest:
    return open_page("data")


def choose(app: AppTest, name: str) -> AppTest:
    app.radio(key="data_set").set_value(name).run()
    assert not app.exception
    return app


def with_folder(path) -> AppTest:
    app = choose(page(), "folder")
    app.text_input(key="data_folder").set_value(str(path)).run()
    assert not app.exception
    return app


def words(app: AppTest) -> str:
    return text_of(app, "markdown", "caption", "error", "info", "text", "code")


def keys(app: AppTest) -> set[str]:
    return keys_of(app, "button")


def picture(path, level=128):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("L", (40, 30), level).save(path)


def test_the_first_visit_shows_the_digits_with_their_measurements():
    app = page()
    assert app.radio(key="data_set").value == "digits"
    assert {m.label: m.value for m in app.metric} == {
        "Training images": "1,500",
        "Test images": "297",
        "Mean pixel": "0.204",
        "Lowest possible BCE": "67.0 nats",
        "BCE of always guessing the mean image": "203 nats",
    }
    assert app.button(key="data_train") and not app.error


def test_the_sets_and_whether_they_are_ready_can_be_read_off_the_page():
    radio = page().radio(key="data_set")
    assert list(radio.options) == list(SETS.values())


def test_other_samples_are_drawn_on_request_and_the_same_seed_draws_the_same():
    app = page()
    app.button(key="data_draw").click().run()
    assert app.query_params["draw"] in ("1", ["1"])
    images = data.load("digits")
    first, again, other = (sheets.samples(images, seed) for seed in (0, 0, 1))
    assert all(np.array_equal(a.images, b.images) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a.images, b.images) for a, b in zip(first, other, strict=True))


def test_every_row_of_the_sheet_holds_images_of_its_own_class():
    images = data.load("digits")
    rows = sheets.samples(images, 3)
    assert [row.name for row in rows] == list("0123456789")
    for label, row in enumerate(rows):
        known = {image.tobytes() for image in images.train_images[images.train_labels == label]}
        assert len(row.images) == sheets.COLUMNS and all(image.tobytes() in known for image in row.images)
        assert row.note == f"{len(known)} images"
        numbers = [int(text.split()[2].replace(",", "").rstrip(",")) for text in row.about]
        assert np.array_equal(images.train_images[numbers], row.images)
        assert all(text.endswith(f", class {label}") for text in row.about)


@pytest.mark.parametrize("name", ["digits", "shapes"])
def test_the_card_of_a_set_that_is_made_here_shows_its_images(name):
    assert set_cards.file_of(name).read_bytes() == set_cards.drawn(data.load(name))


@pytest.mark.parametrize(
    "name, folder, file",
    [
        ("mnist", "MNIST/raw", "t10k-labels-idx1-ubyte"),
        ("cifar-10", "cifar-10-batches-bin", "data_batch_5.bin"),
        ("svhn", "", "train_32x32.mat"),
    ],
)
def test_a_missing_set_offers_its_download_and_names_its_place_its_files_and_its_licence(name, folder, file, tmp_path):
    app, source = choose(page(), name), data.SOURCES[name]
    assert keys(app) == {f"download_{name}"}
    assert f"{SETS[name]} is not on this machine yet" in words(app)
    assert str(tmp_path / "data" / folder) in words(app) and file in words(app) and source.terms in words(app)
    assert f"{source.download_mb:,} MB to download" in words(app)
    assert not app.metric


class Job:
    """A download in any state."""

    def __init__(self, state, message="", done=0, total=0):
        self.state, self.message, self.done, self.total = state, message, done, total
        self.stopped = False

    @property
    def active(self):
        return self.state == "running"

    def stop(self):
        self.stopped = True


def test_a_running_download_shows_how_far_it_is_and_can_be_stopped(monkeypatch):
    job = Job("running", done=3_000_000, total=12_000_000)
    monkeypatch.setattr(download, "current", lambda name: job)
    app = choose(page(), "mnist")
    assert keys(app) == {"stop_mnist"}
    assert "3.0 of 12.0 MB" in str(app.get("progress")[0].proto.text)
    app.button(key="stop_mnist").click().run()
    assert job.stopped


@pytest.mark.parametrize("state", ["failed", "stopped"])
def test_a_download_that_ended_early_says_why_and_can_go_on(monkeypatch, state):
    monkeypatch.setattr(download, "current", lambda name: Job(state, "One sentence."))
    started = []
    monkeypatch.setattr(download, "start", started.append)
    app = choose(page(), "mnist")
    assert "One sentence." in words(app)
    assert app.button(key="download_mnist").label == "Resume downloading MNIST"
    app.button(key="download_mnist").click().run()
    assert started == ["mnist"] and not app.exception


def test_a_damaged_set_says_what_is_wrong_and_offers_to_replace_it(tmp_path):
    raw = tmp_path / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for part in ("train", "t10k"):
        for kind in ("images-idx3", "labels-idx1"):
            (raw / f"{part}-{kind}-ubyte").write_bytes(b"rubbish")
    app = choose(page(), "mnist")
    assert "is not a file of images" in words(app)
    assert app.button(key="download_mnist").label == "Replace MNIST"


def test_a_folder_without_a_path_waits_for_one():
    app = choose(page(), "folder")
    assert "Upload pictures, or type the path" in words(app) and not app.error and not app.metric


def test_a_folder_that_does_not_exist_is_named_and_the_page_stays():
    app = with_folder("/no/such/*folder*")
    assert "There is no folder “/no/such/*folder*”" in [*app.text][0].value
    assert app.radio(key="data_set").value == "folder"


def test_a_folder_of_rubbish_says_so(tmp_path):
    (tmp_path / "rubbish").mkdir()
    (tmp_path / "rubbish" / "letter.doc").write_text("no picture")
    app = with_folder(tmp_path / "rubbish")
    assert "letter.doc is not a picture" in words(app) and not app.metric


def test_good_pictures_among_rubbish_are_shown_and_the_rest_is_listed(tmp_path):
    for i in range(12):
        picture(tmp_path / "own" / "<b>cats</b>_*" / f"{i}.png", level=i)
        picture(tmp_path / "own" / "dogs" / f"{i}.png", level=i)
    (tmp_path / "own" / "dogs" / "broken.jpg").write_bytes(b"\xff\xd8\xff")
    app = with_folder(tmp_path / "own")
    assert {m.label: m.value for m in app.metric}["Training images"] == "20"
    listed = app.dataframe[0].value
    assert "broken.jpg" in listed["File"][0] and len(listed) == 1
    assert app.expander[0].label == "1 file skipped"


def test_a_flat_folder_with_one_picture_is_shown_without_classes(tmp_path):
    picture(tmp_path / "own" / "one.png")
    app = with_folder(tmp_path / "own")
    assert "there are no classes" in words(app)
    assert {m.label: m.value for m in app.metric}["Training images"] == "1"


def test_a_folder_is_listed_once_for_all_that_the_page_asks_of_it(tmp_path, monkeypatch):
    for name in "abc":
        (tmp_path / f"{name}.png").write_bytes(png(40))
    app, listed, below = with_folder(tmp_path), [], picture_source._below
    monkeypatch.setattr(picture_source, "_below", lambda root: listed.append(root) or below(root))
    app.run()
    assert listed == [tmp_path.resolve()] and not app.exception


def test_the_address_chooses_the_set_and_follows_it():
    app = open_page("data", set="kmnist")
    assert app.radio(key="data_set").value == "kmnist"
    choose(app, "mnist")
    assert app.query_params["set"] in ("mnist", ["mnist"])


def test_an_address_with_an_unknown_set_is_answered_with_the_names_there_are():
    app = open_page("data", set="<b>")
    assert "digits, shapes, mnist" in app.warning[0].value and app.radio(key="data_set").value == "digits"
    assert not app.run().warning, "once is enough"


def test_the_shapes_come_in_colour_with_their_factors_and_a_shape_chosen_by_hand_stays():
    app = choose(page(), "shapes")
    assert app.segmented_control(key="data_channels").value == 3 and app.number_input(key="data_height").value == 32
    assert (app.number_input(key="data_width").min, app.number_input(key="data_width").max) == (16, 64)
    assert "kind, hue, scale, angle, x and y" in words(app) and "3 · 32 · 32 = 3,072" in words(app)
    shaped(app, 1, 24, 40)
    assert "kind, scale, angle, x and y" in words(app)
    assert "24 × 40 · 10,000 training images, 2,000 test images" in words(choose(app, "shapes"))
    assert choose(app, "digits").number_input(key="data_width").value == 40
    choose(shaped(app, 1, 12, 12), "shapes")
    assert app.number_input(key="data_height").value == 32, "the shapes have no 12 rows"
    assert choose(app, "digits").segmented_control(key="data_channels").value == 1


@pytest.mark.parametrize("name", ["digits", "folder"])
def test_training_on_a_set_takes_it_along_to_the_train_page(tmp_path, name):
    # The page in a lab of two pages; the other one tells what reached it.
    picture(tmp_path / "own" / "one.png")
    (tmp_path / "lab" / "pages").mkdir(parents=True)
    (tmp_path / "lab" / "pages" / "train.py").write_text(
        "import streamlit as st\n"
        "st.markdown(f'Training on {st.session_state.train_dataset} from “{st.session_state.train_folder}” '\n"
        "            f'as {st.session_state.train_image_shape}')\n"
    )
    (tmp_path / "lab" / "app.py").write_text(
        "import streamlit as st\n"
        f"data = st.Page({str(ROOT / 'pages' / 'data.py')!r}, title='Data', default=True)\n"
        "st.navigation([data, st.Page('pages/train.py', title='Train')]).run()\n"
    )
    app = AppTest.from_file(str(tmp_path / "lab" / "app.py"), default_timeout=120).run()
    folder = ""
    if name == "folder":
        folder = str(tmp_path / "own")
        choose(app, "folder").text_input(key="data_folder").set_value(folder).run()
    shaped(app, 3, 32, 28)
    app.button(key="data_train").click().run()
    assert not app.exception
    assert [m.value for m in app.markdown] == [f"Training on {name} from “{folder}” as 3-32-28"]


def shaped(app: AppTest, channels: int, height: int, width: int) -> AppTest:
    app.segmented_control(key="data_channels").set_value(channels)
    app.number_input(key="data_height").set_value(height)
    app.number_input(key="data_width").set_value(width)
    app.run()
    assert not app.exception
    return app


def test_the_digits_are_shown_in_the_shape_that_is_chosen():
    app = shaped(page(), 3, 20, 36)
    images = data.load("digits", shape=ImageShape(3, 20, 36))
    values = {m.label: m.value for m in app.metric}
    found = statistics.measure(images)
    assert values["Mean red, green, blue"] == " · ".join(map(format_sig, images.train_images.mean((0, 1, 2)) / 255))
    assert values["Lowest possible BCE"] == f"{format_sig(found.bce_floor)} nats" and "Mean pixel" not in values
    text = words(app)
    assert "20 × 36, colour" in text and "3 · 20 · 36 = 2,160" in text and "levels of red, green and blue" in text
    assert "28" not in text.split("The code that read these images")[0].replace("1,285", "")
    assert app.query_params["shape"] in ("3-20-36", ["3-20-36"])


def test_the_shape_in_the_address_is_taken_and_a_set_of_one_shape_has_no_choice():
    app = open_page("data", shape="3-16-24")
    assert "16 × 24, colour" in words(app)
    choose(app, "mnist")
    assert "shape" not in app.query_params and not app.segmented_control
    choose(app, "digits")
    assert "16 × 24, colour" in words(app), "the choice outlives a look at another set"


@pytest.mark.parametrize("text", ["2-28-28", "1-28-129", "<b>", "1-28", "3-7-20"])
def test_an_address_with_an_impossible_shape_is_answered_with_what_is_possible(text):
    app = open_page("data", shape=text)
    assert "sides of 8 to 128 pixels" in app.warning[0].value and text not in app.warning[0].value
    assert "28 × 28" in words(app) and not app.run().warning


def test_pictures_of_a_folder_are_shown_in_colour(tmp_path):
    for i in range(6):
        (tmp_path / "own").mkdir(exist_ok=True)
        Image.new("RGB", (40, 30), (255, 0, 40 * i)).save(tmp_path / "own" / f"{i}.png")
    app = shaped(with_folder(tmp_path / "own"), 3, 32, 32)
    assert {m.label: m.value for m in app.metric}["Mean red, green, blue"].startswith("1.00 · 0 · ")
    assert "32 × 32, colour" in words(app)


def test_the_shape_that_suits_the_pictures_is_proposed_and_a_choice_of_ones_own_wins(tmp_path):
    for name, colour in (("own", (200, 30, 40)), ("other", (30, 30, 200))):
        for i in range(6):
            (tmp_path / name).mkdir(exist_ok=True)
            Image.new("RGB", (120, 90), (*colour[:2], colour[2] + i)).save(tmp_path / name / f"{i}.png")
    app = with_folder(tmp_path / "own")
    assert "Images of 64 × 64 pixels in colour are proposed: the pictures are in colour and 120 × 90" in words(app)
    assert "64 × 64, colour" in words(app) and "shape" not in app.query_params
    shaped(app, 1, 20, 20)
    assert (
        "Images of 64 × 64 pixels in colour would suit" in words(app)
        and app.number_input(key="data_height").value == 20
    )
    app.button(key="data_shape_proposed").click().run()
    assert app.number_input(key="data_height").value == 64
    shaped(app, 1, 20, 20).text_input(key="data_folder").set_value(str(tmp_path / "other")).run()
    assert app.number_input(key="data_height").value == 64, "the choice was made for the other pictures"
    linked = open_page("data", set="folder", folder=str(tmp_path / "own"), shape="1-28-28")
    assert linked.segmented_control(key="data_channels").value == 1
    assert linked.query_params["shape"] in ("1-28-28", ["1-28-28"])
    before = open_page("data", set="folder", shape="3-32-32")
    before.text_input(key="data_folder").set_value(str(tmp_path / "own")).run()
    assert before.number_input(key="data_height").value == 32, "the address chose before there were pictures"


def test_the_attribute_that_divides_the_faces_of_celeba_is_chosen_on_the_page(tmp_path):
    for i in range(8):
        picture(tmp_path / "img_align_celeba" / f"{i}.png", 30 * i)
    rows = "".join(f"{i}.png {1 if i % 2 else -1} {1 if i < 6 else -1}\n" for i in range(8))
    (tmp_path / "list_attr_celeba.txt").write_text(f"8\nYoung Wearing_Hat\n{rows}")
    app = with_folder(tmp_path / "img_align_celeba")
    assert app.selectbox(key="data_attribute").value == "Young" and "attribute “Young”" in words(app)
    app.selectbox(key="data_attribute").select("Wearing_Hat").run()
    assert not app.exception and "attribute “Wearing Hat”" in words(app)
    assert app.text_input(key="data_folder").value == str(tmp_path / "img_align_celeba" / "Wearing_Hat")


@pytest.fixture
def celeba_in_data_folder(tmp_path):
    """Eight photos of CelebA in the data folder."""
    for i in range(8):
        picture(tmp_path / "data" / "celeba" / "img_align_celeba" / f"{i}.png", 30 * i)
    rows = "".join(f"{i}.png {1 if i % 2 else -1} {1 if i < 6 else -1}\n" for i in range(8))
    (tmp_path / "data" / "celeba" / "list_attr_celeba.txt").write_text(f"8\nYoung Wearing_Hat\n{rows}")


def test_the_card_of_celeba_says_where_one_s_own_copy_belongs(tmp_path):
    app = choose(page(), "celeba")
    said = words(app)
    assert "research only" in said and str(tmp_path / "data" / "celeba") in said and "list_eval_partition.txt" in said
    assert "cannot download" in said and not any("download" in key for key in keys(app))
    (tmp_path / "data" / "celeba").mkdir(parents=True)
    (tmp_path / "data" / "celeba" / "list_attr_celeba.txt").write_text("0\nYoung\n")
    assert "Still missing: img_align_celeba.zip." in words(choose(page(), "celeba"))


def test_celeba_in_the_data_folder_is_shown_with_its_attributes_and_brought_to_train(celeba_in_data_folder):
    app = open_page("data", set="celeba", attribute="Wearing_Hat")
    assert not app.exception and "attribute “Wearing Hat”" in words(app) and "Attributes" in text_of(app, "subheader")
    assert "Every image of the set is drawn from" not in words(app)
    app.selectbox(key="data_set_attribute").select("Young").run()
    assert not app.exception and "attribute “Young”" in words(app)
    assert app.query_params["attribute"] in ("Young", ["Young"])
    unknown = app.selectbox(key="data_set_attribute").select("Bald").run()
    assert "no attribute “Bald”. The attributes are Young, Wearing_Hat." in words(unknown)
    app.selectbox(key="data_set_attribute").select("Young").run()
    app.button(key="data_train").click().run()
    assert app.session_state["train_dataset"] == "celeba" and app.session_state["train_attribute"] == "Young"
    assert app.session_state["train_image_shape"] == "3-64-64"
    assert "attribute" not in choose(app, "digits").query_params


def test_the_chart_of_class_balance_counts_every_image_once():
    images = data.load("digits")
    found = statistics.measure(images)
    train, test = sheets.balance_chart(images, found).data
    assert list(train.x) == list(np.bincount(images.train_labels))
    assert sum(train.x) + sum(test.x) == 1_797
    assert train.orientation == "h"
    assert sheets.balance_caption(images, found) == (
        "About balanced: from 174 (8) to 183 (3) images per class, training and test images together."
    )
    assert sheets.is_balanced(found), "then the page says it without a chart"
    few = np.flatnonzero((images.train_labels != 3) | (np.arange(len(images.train_labels)) % 2 == 0))
    fewer = dataclasses.replace(images, train_images=images.train_images[few], train_labels=images.train_labels[few])
    assert not sheets.is_balanced(statistics.measure(fewer))


def test_a_folder_of_very_many_classes_stays_readable():
    count = 300
    labels = np.arange(count)
    pictures = np.zeros((count, 28, 28), np.uint8)
    names = tuple(f"class <i>{i}</i> with a long name" for i in range(count))
    images = data.ImageSet("folder", pictures, labels, pictures[:1].copy(), labels[:1].copy(), names)
    chart = sheets.balance_chart(images, statistics.measure(images))
    assert len(chart.data[0].x) == len(sheets.samples(images, 0)) == sheets.MOST_ROWS
    assert all("<" not in text and len(text) <= 18 for text in chart.layout.yaxis.ticktext)


def test_the_train_page_takes_over_set_and_shape():
    app = open_page("train", state={"train_dataset": "digits", "train_image_shape": "3-32-28"})
    assert app.session_state["recipe_dataset"] == "digits"
    assert app.text_input(key="recipe_image_shape").value == "3-32-28"


def test_how_a_folder_was_read_is_told_and_its_pixels_can_be_chosen(tmp_path):
    for part in ("train", "test"):
        for i in range(3):
            path = tmp_path / "own" / part / "a" / f"{i}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((12, 12), 1_000 * i + 500, np.uint16)).save(path)
    app = with_folder(tmp_path / "own")
    assert "“train” is the training set and “test” the test set" in words(app)
    assert "6 pictures with more than 8 bits a pixel: their values 500 to 2500 become black to white" in words(app)
    numbers = {m.label: m.value for m in app.metric}
    assert numbers["Mean pixel"] == format_sig((0 + 128 + 255) / 3 / 255)
    app.text_input(key="data_levels").set_value("0 to 4095").run()
    assert {m.label: m.value for m in app.metric}["Mean pixel"] == format_sig((31 + 93 + 156) / 3 / 255)
    assert app.query_params["levels"] in ("0 to 4095", ["0 to 4095"])
    app.selectbox(key="data_polarity").set_value("inverted").run()
    assert "All pictures are inverted." in words(app)
    app.text_input(key="data_levels").set_value("dark").run()
    assert "Black and white of deep pictures" in app.error[0].value and "0 to 4095" in app.error[0].value
    choose(app, "digits")
    assert "levels" not in app.query_params and "polarity" not in app.query_params


def test_an_address_with_pixel_choices_is_taken_and_an_impossible_one_is_refused():
    app = open_page("data", set="folder", polarity="light-on-dark", ground="<b>")
    assert app.selectbox(key="data_polarity").value == "light-on-dark"
    assert app.selectbox(key="data_ground").value == "auto" and "<b>" not in app.warning[0].value


def test_a_large_set_says_what_it_takes_and_is_imported_by_a_job(tmp_path, monkeypatch, executor):
    monkeypatch.setattr(folder, "MANY_FILES", 3)
    monkeypatch.setenv("LATENT_LAB_CACHE", str(tmp_path / "cache"))
    for i in range(4):
        picture(tmp_path / "own" / f"{i}.png", i)
    app = with_folder(tmp_path / "own")
    assert "4 files, 1 MB, to import" in words(app) and "32 × 32, they take about 1 MB" in words(app)
    app.button(key="import_start").click().run()
    executing = executor.next()
    assert executing.order.task == "import_images" and "Importing 4 files" in words(app)
    job = image_import.current(str(tmp_path / "own"), ImageShape(1, 32, 32), PixelChoices())
    assert {key for key in keys(app) if key.startswith("import")} == {f"import_stop_{job.key}_{job.id}"}
    executing.send(Ended("failed", "One sentence."))
    assert job.wait(timeout=60)
    app.run()
    assert "One sentence." in words(app) and app.button(key="import_start")
    data.load("folder", str(tmp_path / "own"), ImageShape(1, 32, 32))
    app.run()
    assert not app.exception and "data_train" in keys(app)


def uploaded(app: AppTest, *files: tuple[str, bytes]) -> AppTest:
    app.file_uploader[0].set_value([(name, content, "") for name, content in files]).run()
    assert not app.exception
    return app


def test_uploaded_pictures_are_looked_at_then_kept_as_a_set_that_can_be_opened_and_deleted(tmp_path):
    app = choose(page(), "folder")
    uploaded(app, ("1.png", png(10)), ("2.png", png(20)), ("notes.txt", b"milk"), ("labels.csv", b"1.png,<a>\n2.png,b"))
    assert uploads.sets() == [] and "2 classes: <a>, b." in words(app) and "notes.txt is not a picture" in words(app)
    app.text_input(key="data_upload_name").set_value("../my set").run()
    app.button(key="data_upload_keep").click().run()
    assert "cannot be a set's name" in words(app) and uploads.sets() == []
    app.text_input(key="data_upload_name").set_value("my set").run()
    app.button(key="data_upload_keep").click().run()
    (kept,) = uploads.sets()
    assert (kept.name, len(kept.owner)) == ("my set", 12)
    assert not app.exception and app.text_input(key="data_folder").value == str(kept.source)
    assert {m.label: m.value for m in app.metric}["Training images"] == "1" and "data_train" in keys(app)
    app.button(key="data_upload_more").click().run()
    uploaded(app, ("3.txt", b"no picture"))
    assert "No picture among these files can be used" in words(app) and app.button(key="data_upload_keep").disabled
    uploaded(app, ("a.rar", b"Rar!\x1a\x07\x00"))
    assert "is an archive that is not read" in words(app) and len(list(uploads.folder().iterdir())) == 1
    app.button(key="data_uploaded_open_my set").click().run()
    assert app.text_input(key="data_folder").value == str(kept.source)
    app.button(key="data_uploaded_delete_my set").click().run()
    assert "**Delete “my set”** from this lab for good? Runs" in words(app) and len(uploads.sets()) == 1
    app.button(key="data_uploaded_delete_go_my set").click().run()
    assert uploads.sets() == [] and app.text_input(key="data_folder").value == "" and not app.exception
