"""The form is the recipe: every field there, every bad value a sentence."""

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from core import data, runs
from core.data import loading
from core.recipes import adaptation, presets
from core.recipes.family import FAMILIES
from core.recipes.recipe import Recipe, applies, fields
from core.recipes.recipe_fields import GROUPS
from ui.shared import recipe_labels
from ui.shared.dial import nearest, slider_key
from ui.train import form as train_form
from ui.train import form_speed, form_values


def script():
    import streamlit as st

    from ui.train.form import recipe_form

    recipe = recipe_form()
    st.session_state["made"] = recipe.to_dict() if recipe else None


@pytest.fixture
def here(monkeypatch):
    """Which data sets are on this machine: all of them, unless a test takes some away."""
    ready = dict.fromkeys(data.SOURCES, True)
    monkeypatch.setattr(data, "status", lambda: {n: loading.Status(r, "somewhere", "small") for n, r in ready.items()})
    return ready


@pytest.fixture
def form(here):
    return AppTest.from_function(script, default_timeout=120).run()


def widget(form, name):
    kind = form_values.key(name)
    for family in (form.selectbox, form.number_input, form.text_input):
        for found in family:
            if found.key == kind:
                return found
    return None


def made(form) -> Recipe | None:
    values = form.session_state["made"]
    return Recipe.from_dict(values) if values else None


def speed(form):
    """The choice between the two sisters, or None."""
    return next((group for group in form.button_group if group.key == form_speed.KEY), None)


def choose(form, name: str) -> None:
    """Any preset, as a visitor gets there: the recipe, and where that is not enough, the other speed."""
    widget(form, "name").select(presets.fast_of(name) or name).run()
    if form.session_state[form_values.key("name")] != name:
        speed(form).set_value("classic").run()


def test_the_form_begins_with_the_fast_sister_of_the_first_preset_on_mnist(form):
    assert made(form) == presets.preset("mlp-vae-fast")
    assert speed(form).value == "fast" and speed(form).options == ["Fast", "Classic"]


def test_without_mnist_it_begins_on_the_digits_that_are_always_there(here):
    here.update({"mnist": False, "fashion-mnist": False, "kmnist": False})
    assert made(AppTest.from_function(script).run()) == adaptation.for_digits(presets.preset("mlp-vae-fast"))


@pytest.mark.parametrize("name", presets.PRESETS)
def test_every_preset_goes_through_the_form_unchanged(form, name):
    whole = presets.preset(name)
    images = whole.dataset if whole.family.adversarial else "mnist"
    source = runs.create(presets.preset("mlp-vae").with_(dataset=images), "first")  # for a GAN's decoder to come from
    (source.path / "best.safetensors").touch()
    choose(form, name)
    assert made(form) == whole
    assert presets.ABOUT[name] in [caption.value for caption in form.caption]


def test_a_gan_begins_on_images_that_a_run_was_trained_on(form):
    source = runs.create(adaptation.for_digits(presets.preset("mlp-vae")), "first")
    (source.path / "best.safetensors").touch()
    choose(form, "decoder-gan")
    assert made(form) == adaptation.for_digits(presets.preset("decoder-gan"))


def test_a_chosen_preset_is_written_into_the_address(form):
    widget(form, "name").select("plane-vae-fast").run()
    assert form.query_params["recipe"] in ("plane-vae-fast", ["plane-vae-fast"])
    speed(form).set_value("classic").run()
    assert form.query_params["recipe"] in ("plane-vae", ["plane-vae"])


@pytest.mark.slow
def test_every_field_has_a_widget_with_its_help_and_bounds_whenever_it_applies(form):
    settings = [
        {},
        {"network": "conv"},
        {"likelihood": "gaussian"},
        {"dataset": "folder"},
        {"dataset": "celeba"},
        *({"model": key} for key, family in FAMILIES.items() if not family.adversarial),
        {"model": "gan", "generator": "scratch"},
        {"model": "gan", "generator": "scratch", "adversarial": "wgan-gp", "d_network": "mlp"},
    ]
    seen = {"source_model", "classes"}  # never asked for: those of the source and of the images
    for setting in settings:
        form = AppTest.from_function(script, default_timeout=120).run()
        for name, value in setting.items():
            widget(form, name).select(value).run()
        values = presets.preset("mlp-vae-fast").to_dict() | setting
        for f in fields():
            found = widget(form, f.name)
            assert (found is not None) == (applies(f, values) and f.name not in ("source_model", "classes")), f.name
            if found is not None:
                seen.add(f.name)
                assert found.help == f.metadata["help"] + recipe_labels.bounds(f)
    assert seen == {f.name for f in dataclasses.fields(Recipe)}


def test_what_matters_stands_open_and_the_rest_is_folded_under_plain_words(form):
    of_gan = recipe_labels.FOLDS["adversarial"]
    folds = [recipe_labels.FOLDS[group] for group in GROUPS]
    assert [fold.label for fold in form.expander] == [fold for fold in folds if fold != of_gan]
    widget(form, "model").select("gan").run()
    widget(form, "generator").select("scratch").run()
    assert [fold.label for fold in form.expander] == folds
    folded = {w.key for fold in form.expander for w in (*fold.selectbox, *fold.number_input, *fold.text_input)}
    assert not folded & {form_values.key(name) for name in train_form.OPEN}


@pytest.mark.parametrize("text, wanted", [("400-200", (400, 200)), ("400, 200", (400, 200)), ("64", (64,))])
def test_layers_are_written_as_text(form, text, wanted):
    widget(form, "hidden").set_value(text).run()
    assert made(form).hidden == wanted


@pytest.mark.parametrize("text", ["", "many", "0", "200-99999", "1-1-1-1-1-1-1-1-1"])
def test_a_bad_value_is_a_sentence_with_the_fields_name_and_no_recipe(form, text):
    widget(form, "hidden").set_value(text).run()
    assert made(form) is None and not form.exception
    assert len(form.error) == 1
    said = form.error[0].value.replace("\\", "")
    assert said.startswith("Hidden layers:") and "from 1 to 4096" in said


@pytest.mark.parametrize(
    "name, value",
    [
        ("epochs", 0),
        ("epochs", -3),
        ("epochs", 1e9),
        ("epochs", 2.5),
        ("epochs", None),
        ("latent_dim", 100_000),
        ("beta", -1.0),
        ("lr", 0.0),
        ("seed", -1),
    ],
)
def test_a_number_out_of_bounds_reaches_the_recipe_and_is_refused_there(form, name, value):
    before = made(form)
    widget(form, name).set_value(value).run()
    assert before is not None and made(form) is None and not form.exception
    assert form.error[0].value.replace("\\", "").startswith(f"{recipe_labels.label(name)}:")
    # A bound of the widget's own, or a whole number's type, would make the browser keep back what was typed.
    assert not widget(form, name).proto.has_min and not widget(form, name).proto.has_max
    assert "From " in widget(form, name).help and widget(form, name).proto.data_type == widget(form, name).proto.FLOAT


def test_a_slider_and_the_field_beside_it_are_one_value(form):
    slider = lambda name: form.select_slider(key=slider_key(form_values.key(name)))  # noqa: E731
    assert (slider("latent_dim").value, slider("beta").value, slider("lr").value) == (20, 1.0, 0.007)
    slider("beta").set_value(4.0).run()
    assert made(form).beta == 4.0 and widget(form, "beta").value == 4.0
    widget(form, "latent_dim").set_value(45.0).run()
    assert made(form).latent_dim == 45 and slider("latent_dim").value == 48, "the nearest step"
    widget(form, "beta").set_value(None).run()
    assert made(form) is None and slider("beta").value == 4.0


@pytest.mark.parametrize(
    "value, step", [(0.0, 0.0), (1e-5, 0.0), (6e-4, 0.001), (0.0014, 0.001), (1.2, 1.0), (1e9, 100.0)]
)
def test_the_step_of_a_value_is_the_nearest_by_ratio_and_zero_only_for_what_is_near_it(value, step):
    assert nearest("beta", value) == step


def test_choices_and_zeros_say_what_they_mean(form):
    assert widget(form, "likelihood").options[0] == "Bernoulli (cross-entropy)"
    for f in fields():
        if f.metadata["choices"] and f.name != "dataset":
            assert not set(widget(form, f.name).options if widget(form, f.name) else ()) & set(f.metadata["choices"])
        if str(f.type) in ("int", "float") and "0 means" in f.metadata["help"]:
            assert "(0: " in recipe_labels.label(f.name)


def test_two_fields_that_contradict_each_other_are_a_sentence_too(form):
    widget(form, "likelihood").select("mse").run()
    assert made(form) is None and "ELBO" in form.error[0].value
    widget(form, "model").select("ae").run()
    assert made(form).likelihood == "mse" and not form.error


def test_a_folder_is_asked_for_only_where_it_matters(form):
    assert widget(form, "folder") is None
    widget(form, "dataset").select("folder").run()
    assert made(form) is None and form.error[0].value.replace("\\", "").startswith("Folder or zip:")
    widget(form, "folder").set_value("/some/pictures").run()
    assert made(form).folder == "/some/pictures"


def test_a_set_that_is_not_here_is_offered_with_a_way_to_get_it(here):
    here["kmnist"] = False
    form = AppTest.from_function(script).run()
    assert "KMNIST · not downloaded" in widget(form, "dataset").options
    widget(form, "dataset").select("kmnist").run()
    assert made(form) is None and "Data page" in form.info[0].value
    assert [button.label for button in form.button] == ["Open the Data page"]


def test_epochs_follow_the_data_set_until_they_are_changed_by_hand(form):
    widget(form, "dataset").select("digits").run()
    assert made(form) == adaptation.for_digits(presets.preset("mlp-vae-fast"))
    widget(form, "epochs").set_value(7).run()
    widget(form, "dataset").select("mnist").run()
    assert made(form) == presets.preset("mlp-vae-fast").with_(epochs=7)


@pytest.mark.parametrize("name", ["conv-vae", "conv-vae-fast", "plane-ae"])
def test_a_link_can_ask_for_a_recipe_of_either_kind(here, name):
    form = AppTest.from_function(script)
    form.query_params["recipe"] = name
    form.run()
    assert made(form) == presets.preset(name)
    assert widget(form, "name").options == [presets.title(known) for known in presets.CLASSIC]
    widget(form, "latent_dim").set_value(5).run()
    assert made(form).latent_dim == 5, "the link must not win over what was typed after it"


def test_a_link_to_a_recipe_that_does_not_exist_is_ignored_with_a_message(here):
    form = AppTest.from_function(script)
    form.query_params["recipe"] = "**<script>"
    form.run()
    assert made(form) == presets.preset("mlp-vae-fast")
    assert "conv-vae" in form.warning[0].value and "script" not in form.warning[0].value


def test_a_set_chosen_on_the_data_page_is_taken_over_once(here):
    form = AppTest.from_function(script)
    form.session_state["train_dataset"], form.session_state["train_folder"] = "folder", "/my/own"
    form.run()
    assert (made(form).dataset, made(form).folder) == ("folder", "/my/own")
    widget(form, "dataset").select("digits").run()
    assert made(form).dataset == "digits"


def test_the_data_page_brings_the_recipe_that_was_made_for_a_set_and_epochs_for_a_few_images_of_one_s_own(here):
    form = AppTest.from_function(script)
    form.session_state["train_dataset"] = "shapes"
    form.run()
    assert made(form) == presets.preset("shapes-vae")
    few = AppTest.from_function(script)
    few.session_state["train_dataset"], few.session_state["train_images"] = "folder", 49
    few.session_state["train_folder"] = "/my/own"
    few.run()
    assert (made(few).name, made(few).batch_size, made(few).epochs) == ("mlp-vae-fast", 32, 300)


def arrive(form: AppTest, folder: str, images: int, shape: str) -> Recipe:
    """The recipe after the Data page has sent pictures of the visitor's own."""
    state = form.session_state
    state["train_dataset"], state["train_folder"] = "folder", folder
    state["train_images"], state["train_image_shape"] = images, shape
    form.run()
    assert not form.exception and made(form).folder == folder
    assert made(form).image_shape == tuple(map(int, shape.split("-")))
    return made(form)


def own(name: str, folder: str, shape: tuple[int, int, int]) -> Recipe:
    return presets.preset(name).with_(dataset="folder", folder=folder, image_shape=shape)


def test_pictures_of_one_s_own_in_colour_bring_the_recipe_for_their_shape_and_the_next_set_its_own(here):
    form = AppTest.from_function(script)
    faces = arrive(form, "/faces", 49, "3-64-64")
    assert (faces.name, faces.epochs, faces.channels, faces.latent_dim) == ("faces-64-fast", 300, (16, 32, 64), 32)
    assert (faces.linear_path, faces.likelihood) == ("none", "bernoulli"), "PCA would learn the images by heart"
    widget(form, "epochs").set_value(3).run()
    assert arrive(form, "/faces", 49, "3-64-64").epochs == 3, "the same set again: what was chosen for it stays"
    assert arrive(form, "/photos", 40_000, "3-32-32") == own("conv-vae-32-fast", "/photos", (3, 32, 32))
    drawn = arrive(form, "/drawn", 16, "1-28-28")
    assert (drawn.name, drawn.epochs) == ("mlp-vae-fast", 300)
    widget(form, "latent_dim").set_value(7).run()
    other = arrive(form, "/other", 49, "3-32-32")
    assert (other.name, other.latent_dim) == ("mlp-vae-fast", 7), "a form that was changed stays"


@pytest.mark.parametrize("shape, name", [((3, 64, 64), "faces-64-fast"), ((3, 32, 32), "conv-vae-32-fast")])
def test_many_pictures_of_one_s_own_bring_their_recipe_whole_whatever_is_here_and_came_before(here, shape, name):
    here.update({"cifar-10": False, "mnist": False})
    text = "-".join(map(str, shape))
    assert arrive(AppTest.from_function(script), "/crowd", 40_000, text) == own(name, "/crowd", shape)
    form = AppTest.from_function(script)
    few = arrive(form, "/few", 49, text)
    assert (few.name, few.latent_dim, few.likelihood) == (name, 32, "bernoulli")
    assert arrive(form, "/crowd", 40_000, text) == own(name, "/crowd", shape)
    arrive(form, "/few", 49, text)
    widget(form, "latent_dim").set_value(7).run()
    wanted = own(name, "/crowd", shape).with_(latent_dim=7)
    assert arrive(form, "/crowd", 40_000, text) == wanted, "what was chosen by hand stays, and nothing else"


@pytest.mark.parametrize("by_box", [False, True])
def test_a_published_set_after_a_few_pictures_of_one_s_own_has_its_own_epochs_and_batches(here, by_box):
    form = AppTest.from_function(script)
    few = arrive(form, "/few", 49, "1-28-28")
    assert (few.name, few.epochs, few.batch_size) == ("mlp-vae-fast", 300, 32)
    if by_box:
        widget(form, "dataset").select("mnist").run()
    else:
        form.session_state["train_dataset"] = "mnist"
        form.run()
    wanted = presets.preset("mlp-vae-fast")
    assert made(form).with_(folder="") == wanted


def test_the_recipe_for_faces_takes_celeba_where_it_is_there_and_else_the_shapes_in_colour(here):
    form = AppTest.from_function(script)
    form.query_params["recipe"] = "faces-64-fast"
    form.run()
    assert made(form).dataset == "celeba" and widget(form, "attribute").value == "Smiling"
    widget(form, "attribute").select("Wearing_Hat").run()
    assert made(form).attribute == "Wearing_Hat" and form.query_params["attribute"] in ("Wearing_Hat", ["Wearing_Hat"])
    here["celeba"] = False
    absent = AppTest.from_function(script)
    absent.query_params["recipe"] = "faces-64-fast"
    absent.run()
    assert made(absent) == adaptation.for_shapes(presets.preset("faces-64-fast"))
    assert made(absent).image_shape == (3, 64, 64) and widget(absent, "attribute") is None


def test_celeba_comes_from_the_data_page_with_its_attribute_and_the_recipe_for_faces(here):
    form = AppTest.from_function(script)
    state = form.session_state
    state["train_dataset"], state["train_folder"], state["train_attribute"] = "celeba", "", "Bald"
    state["train_images"], state["train_image_shape"], state["train_pixels"] = 182_637, "3-64-64", None
    form.run()
    assert made(form) == presets.preset("faces-64-fast").with_(attribute="Bald")


@pytest.mark.parametrize("f", fields(), ids=lambda f: f.name)
def test_every_group_and_field_has_words_for_people(f):
    assert f.metadata["group"] in recipe_labels.FOLDS
    label = recipe_labels.label(f.name)
    assert (label[0] in "βσλ" or label[0].isupper()) and "_" not in label


def in_address(page) -> dict[str, str]:
    return {name: text[0] if isinstance(text, list) else text for name, text in page.query_params.items()}


def opened(**query: str) -> AppTest:
    page = AppTest.from_function(script, default_timeout=120)
    for name, text in query.items():
        page.query_params[name] = text
    page.run()
    assert not page.exception
    return page


def test_what_differs_from_the_recipe_stands_in_the_address_and_a_reload_restores_the_form(here):
    page = opened()
    page.number_input(key="recipe_beta").set_value(4.5)
    page.number_input(key="recipe_latent_dim").set_value(8.0)
    page.text_input(key="recipe_hidden").set_value("77-33")
    page.selectbox(key="recipe_dataset").select("digits").run()
    page.selectbox(key="recipe_activation").select("relu").run()
    made, texts = page.session_state["made"], in_address(page)
    assert texts.items() >= {"beta": "4.5", "latent_dim": "8", "hidden": "77-33", "dataset": "digits"}.items()
    assert texts.keys() == {"recipe", "beta", "latent_dim", "hidden", "dataset", "activation"}
    again = opened(**texts)
    assert again.session_state["made"] == made and in_address(again) == texts and not again.warning


@pytest.mark.parametrize(
    "name, text",
    [
        ("beta", "-1"),
        ("latent_dim", "0"),
        ("latent_dim", "2.5"),
        ("epochs", "1e9"),
        ("dataset", "nope"),
        ("hidden", "lots"),
    ]
    + [("optimizer", "<b>"), ("lr", "nan"), ("image_shape", "3"), ("seed", "x" * 2000)],
)
def test_a_bad_field_in_the_address_gets_one_sentence_and_leaves_it_and_the_form_is_as_it_was(here, name, text):
    usual = opened().session_state["made"]
    page = opened(**{name: text})
    assert [label_in(warning.value) for warning in page.warning] == [recipe_labels.label(name)]
    assert page.session_state["made"] == usual and name not in in_address(page)


def label_in(sentence: str) -> str:
    return sentence.split("“")[1].split("”")[0]


def test_the_recipe_of_a_run_fills_the_form_so_that_one_change_is_one_change_also_after_a_reload(here):
    run = runs.create(adaptation.first_model().with_(beta=2.5, hidden=(77, 33), seed=5, batch_size=48), "a-run")
    page = opened(like="a-run")
    assert made(page) == run.recipe and in_address(page) == {"like": "a-run"}
    assert "The settings of a-run. Change one" in page.caption[0].value.replace("\\", "")
    page.number_input(key="recipe_latent_dim").set_value(3.0).run()
    wanted = run.recipe.with_(latent_dim=3)
    assert made(page) == wanted and in_address(page) == {"like": "a-run", "latent_dim": "3"}
    assert page.caption[0].value.replace("\\", "") == "The settings of a-run, except: Latent size 20 → 3."
    again = opened(**in_address(page))
    assert made(again) == wanted and in_address(again) == in_address(page) and not again.warning
    choose(again, "plane-vae")
    assert "like" not in in_address(again) and made(again) == presets.preset("plane-vae")


def test_a_link_to_the_recipe_of_a_run_that_is_gone_gets_a_sentence(here):
    page = opened(like="<b>gone</b>")
    assert "a run that does not exist" in page.warning[0].value and "gone" not in page.warning[0].value
    assert made(page) == presets.preset("mlp-vae-fast") and in_address(page) == {}
