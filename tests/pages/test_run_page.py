"""The Runs page: its table, the comparison, the dialogs, and the page of each run."""

import hashlib
import json
import re

import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.evaluation import bound, posterior_collapse
from core.evaluation.bound import Bound
from core.gan import experiments
from core.gan.before_after import metric_changes
from core.jobs import training_queue
from core.jobs.bound import BoundJob
from core.jobs.training_job import TrainingJob
from core.recipes import adaptation, presets
from core.runs import export, frames, weights
from core.system import paths
from core.system.atomic_files import write_json
from tests.pages.page_tools import button_of, open_page, text_of, untrained
from tests.tiny_gans import FIGURES, ended_trial, gan, gan_run
from tests.tiny_runs import tiny, trained
from ui.components.charts import curves
from ui.components.diagram import model_diagram
from ui.components.gan import gan_steps
from ui.components.playback import film
from ui.run import pictures
from ui.run.bound import chart as bound_chart
from ui.run.details import MEANINGS
from ui.run.figures import figures
from ui.run.recipe_table import against_preset, differences
from ui.shared.run_facts import result_of, weights_of
from ui.shared.run_picker import option


@pytest.fixture(autouse=True)
def own_runs(monkeypatch, tmp_path, executor):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))


def visit(state: dict | None = None, **query) -> AppTest:
    return open_page("run", state, **query)


def in_training(name: str) -> TrainingJob:
    return training_queue.training_queue().submit(tiny(epochs=500), name)


def dialog(verb: str, name: str) -> AppTest:
    """One of the dialogs by itself: AppTest runs the whole script after every click, which would close it."""

    def script(verb, name):
        from core import runs
        from core.jobs import training_queue
        from core.system import paths
        from ui.shared.run_dialogs import DIALOGS

        run = runs.Run(paths.runs_folder() / name)
        if run.path.exists():
            DIALOGS[verb](run, training_queue.training_queue())

    page = AppTest.from_function(script, default_timeout=120, args=(verb, name)).run()
    assert not page.exception
    return page


# The table


def test_ones_own_runs_are_told_from_everybodys_where_there_are_others_and_the_address_says_so():
    mine, theirs, _ = (untrained(name) for name in ("mine", "theirs", "example"))
    mine.update_status(owner=hashlib.sha256(b"me").hexdigest()[:12])
    state = {"visitor_token": "me"}
    assert not visit(state).segmented_control, "nobody else has trained here"
    theirs.update_status(owner="0123456789ab")
    page = visit(state)
    box = page.segmented_control(key="runs_whose")
    assert box.value == "all" and set(page.dataframe[0].value["Run"]) == {"mine", "theirs", "example"}
    box.set_value("mine").run()
    assert list(page.dataframe[0].value["Run"]) == ["mine"] and page.query_params["whose"] == "mine"
    assert list(visit(state, whose="mine").dataframe[0].value["Run"]) == ["mine"], "a reload"
    other = visit({"visitor_token": "another"}, whose="mine")
    assert not other.dataframe and any("None of these runs is yours" in text.value for text in other.caption)
    wrong = visit(state, whose="nobodys")
    assert "all or mine" in wrong.warning[0].value and len(wrong.dataframe[0].value) == 3


def test_a_lab_without_runs_says_where_they_come_from():
    assert "There are no runs yet" in text_of(visit())


def test_the_table_has_a_picture_of_every_run_and_loads_no_weights(monkeypatch):
    run = trained(tiny(), "one")
    untrained("two")
    monkeypatch.setattr("core.runs.weights.load", lambda *_: pytest.fail("weights were read to list runs"))
    table = visit().dataframe[0].value.set_index("Run")
    assert table["Samples"]["one"].startswith("data:image/png") and table["Samples"].isna()["two"]
    assert table["Validation"]["one"] == f"{run.status['best_total']:.1f} nats" and table.isna()["Test −ELBO"]["two"]
    assert table["Test −ELBO"]["one"] == run.evaluation()["recon"] + run.evaluation()["kl"]
    assert pictures.newest(run).epoch == 2
    run.path.joinpath("frames", "0002.png").write_bytes(b"")
    assert pictures.newest(run) is None


def test_of_an_experiment_the_last_weights_are_shown_with_their_figure_and_their_pictures():
    arm = next(one.arms[0] for one in experiments.EXPERIMENTS if one.key == "collapse")
    run = ended_trial(arm, trained(tiny(), "source"), 1.0, 2_000.0)
    run.update_status(flush=True, best_total=100.0, best_epoch=0.0, epoch=12.0)
    model = gan(run.recipe)
    weights.save(run.path / "best.safetensors", model.state_dict(), {"epoch": 0})
    assert weights_of(run) == "the weights of epoch 0, the best of 12 epochs"
    weights.save(run.path / "last.safetensors", model.double().state_dict(), {"epoch": 12})
    assert weights_of(run) == "the last weights, of epoch 12 (epoch 0 had the lowest Fréchet distance)"
    assert result_of(run) == "Fréchet distance 2,000 at the end, 100 at best, in epoch 0"
    for epoch, expected in ((0, (100.0, 2_000.0)), (12, (FIGURES["before"]["frechet"], FIGURES["frechet"]))):
        write_json(run.path / "evaluation.json", FIGURES | {"epoch": epoch})  # those of other weights do not count
        found = {one.key: (one.before, one.after) for one in metric_changes(runs.Run(run.path))}
        assert found["frechet"] == expected, epoch
    row = visit().dataframe[0].value.set_index("Run").loc[run.name]
    assert (row["Validation"], row["Weights"]) == ("Fréchet 2,000.0", "last, epoch 12 of 12")
    assert row["Samples"] == pictures.thumbnail(run, 12) != pictures.thumbnail(run, 5.9)


def test_deleting_an_example_says_that_it_does_not_come_back():
    untrained("example-one")
    said = text_of(dialog("delete", "example-one"))
    assert "an example that came with the lab" in said and "does not come back by itself" in said


def test_a_run_that_waits_or_trains_is_listed_with_an_empty_result():
    running, waiting = in_training("first"), in_training("second")
    table = visit().dataframe[0].value.set_index("Run")
    assert (table["State"]["first"], table["State"]["second"]) == ("training", "queued")
    assert waiting.position == 1 and running.position == 0 and list(table["Validation"]) == ["queued", "training"]


@pytest.mark.slow
def test_a_beta_that_was_changed_stands_in_the_table_the_comparison_and_the_chart(monkeypatch):
    drawn = []
    monkeypatch.setattr(curves, "_mount", lambda data, **_: drawn.append(data))
    for name in ("changed", "other"):
        trained(tiny(), name)
    change = {"step": 4, "epoch": 1.0, "field": "beta", "old": 1.0, "new": 20.0}
    runs.open_run("changed").update_status(changes=[change])
    page = visit(compare="changed,other")
    assert option(runs.open_run("changed")).endswith("β 1 → 20"), "in the pickers of all pages, too"
    assert "β 1 → 20" in page.dataframe[0].value.set_index("Run")["Settings"]["changed"]
    facts = page.table[-1].value.set_index("")
    assert dict(facts.loc["β, weight of the prior term"]) == {"changed": "1 → 20", "other": "1"}
    assert [(mark["x"], mark["text"]) for mark in drawn[-1]["marks"]] == [(1.0, "changed: β → 20")]
    assert "Best β-objective (β = 20)" in {figure.name for figure in figures(runs.open_run("changed"))}


# The comparison


@pytest.mark.slow
def test_chosen_runs_are_laid_over_each_other_with_the_settings_that_differ_and_stand_in_the_address():
    for beta in (1.0, 4.0):
        trained(tiny(beta=beta), f"beta {beta:g}")
    page = visit(compare="beta 4, beta 1")
    facts = page.table[-1].value.set_index("")
    assert list(facts) == ["beta 4", "beta 1"] and list(facts.loc["β, weight of the prior term"]) == ["4", "1"]
    assert list(facts.loc["Epochs"]) == ["2 of 2", "2 of 2"]
    assert "Latent size" not in facts.index, "settings that all share are left out"
    keys = {b.key for b in page.get("download_button")}
    assert keys == {"runs_csv", *(f"{what}_beta {beta}" for beta in (1, 4) for what in ("csv", "zip"))}
    assert page.query_params["compare"] in ("beta 4,beta 1", ["beta 4,beta 1"])
    assert page.session_state["runs_term"] == "elbo", "their totals have different weights"
    page.button_group(key="runs_term").set_value("total").run()
    assert any("cannot be compared: they differ in β" in caption.value for caption in page.caption)
    page = visit(compare="beta 4,nobody")
    assert "does not exist" in page.warning[0].value and page.query_params["compare"] in ("beta 4", ["beta 4"])


def test_the_bound_of_the_chosen_runs_is_shown_as_it_was_measured_and_what_is_left_out_says_why(monkeypatch):
    run, lost, failed = (trained(tiny(epochs=1, seed=seed), name) for seed, name in enumerate(("one", "two", "three")))
    job = BoundJob(failed, failed.path, 128)
    job.set_state("failed", "The bound could not be measured (no memory).")
    monkeypatch.setattr("core.jobs.bound.start", lambda run, path, samples: job)
    found = Bound((1, 2, 4), (120.5, 118.0, 117.25), (2.5, 2.25, 2.125), 20)
    assert bound.save(bound.file_of(run, 128), found)
    recipe = json.loads((lost.path / "recipe.json").read_text())
    (lost.path / "recipe.json").write_text(json.dumps(recipe | {"dataset": "mnist"}))
    page = open_page("run", {"runs_bound_fold": True}, compare="one,two,three")
    said = text_of(page).replace("\\", "")
    assert "one: 120.5 nats with one sample, 117.2 ± 2.1 with 4, 3.2 less. Mean over 20 test images" in said
    assert "two is left out: its images are not on this computer." in said
    assert "three is left out: the bound could not be measured (no memory)." in said
    drawn_now = bound_chart({"one": found}, {"one": "#0072B2"}).data[0]
    assert list(drawn_now.x) == [1, 2, 4] and list(drawn_now.y) == [120.5, 118.0, 117.25]
    assert list(drawn_now.error_y.array) == [2.5, 2.25, 2.125]
    rows = {figure.name: (figure.value, figure.about) for figure in figures(run)}
    assert rows["−ELBO, same images"] == ("120.5 ± 2.5", "20 test images, ± standard error, 1 sample of z each")
    assert rows["Importance-weighted bound"] == ("117.2 ± 2.1", "20 test images, ± standard error, 4 samples of z each")


def test_a_collapsed_posterior_is_named_and_one_click_trains_again_with_the_cure(executor, monkeypatch):
    monkeypatch.setattr(posterior_collapse, "LEAST_STEPS", 8)
    run = trained(tiny(beta=20.0, epochs=2), "flat")
    (run.path / "kl.csv").write_text("epoch,z0,z1\n0,0.5,0.5\n2,0.001,0.002\n")
    page = visit(name="flat")
    said = next(warning.value for warning in page.warning if "collapsed" in warning.value)
    assert "no latent dimension is in use (KL 0.003 nats in all)" in said
    assert said.endswith("β 1 instead of 20, a warm-up of β over 1 epoch and 0.1 free nats for each dimension.")
    button_of(page, "train_cure").click().run()
    (job,) = [job for job in training_queue.training_queue().jobs() if job.active]
    assert job.recipe == run.recipe.with_(beta=1.0, beta_warmup=1.0, free_bits=0.1) and job.name != "flat"
    assert run.has_weights, "the collapsed run is kept"
    (run.path / "kl.csv").write_text("epoch,z0,z1\n0,0.5,0.5\n2,1.5,0.002\n")
    assert not any("collapsed" in warning.value for warning in visit(name="flat").warning)


@pytest.mark.slow
def test_pictures_stand_together_by_equal_images_and_by_equal_latent_size():
    made = [
        trained(tiny(**changes), name) for name, changes in {"a": {}, "b": {"seed": 3}, "c": {"latent_dim": 3}}.items()
    ]
    found = [(run, pictures.newest(run)) for run in made]
    originals, _, samples = frames.split(made[0].frame(2), made[0].recipe.shape)
    assert (found[0][1].originals == originals).all() and (found[0][1].samples == samples).all()
    said = text_of(visit(compare="a,b,c"))
    assert "cannot be compared" not in said
    assert said.count("Test images\n") == 1, "all three saw the same images"
    assert "24 samples from the same noise in 2 dimensions" in said and "in 3 dimensions" in said


def test_runs_of_different_images_are_not_said_to_be_comparable():
    for name, changes in (("all", {}), ("few", {"without_classes": "8"})):
        runs.create(tiny(**changes), name)
    assert "cannot be compared" in visit(compare="all,few").info[0].value
    assert not visit(compare="all").info


def test_settings_that_matter_to_none_of_the_chosen_runs_are_no_difference():
    mlp, conv = presets.preset("mlp-vae"), presets.preset("conv-vae")
    assert "channels" in differences([conv, adaptation.for_digits(conv), mlp])
    assert "channels" not in differences([mlp, adaptation.for_digits(mlp), conv])
    assert "beta" not in differences([mlp, presets.preset("deep-ae").with_(beta=2.0)])


@pytest.mark.slow
def test_gans_and_other_runs_are_laid_over_each_other_apart():
    gan_run("game", evaluation=FIGURES)
    trained(tiny(), "first")
    page = visit(compare="game,first")
    facts = {name for table in page.table for name in table.value[""]}
    assert {"Best validation total", "Classes covered", "before"} <= facts
    for column in ("val_modes", "d_real"):
        page.session_state["runs_gan_term"] = column
        assert not page.run().exception


# The dialogs


def test_a_damaged_run_is_listed_with_its_sentence_and_can_only_be_deleted():
    folder = paths.runs_folder() / "broken"
    folder.mkdir(parents=True)
    (folder / "recipe.json").write_text("{not json")
    page = visit(compare="broken")
    assert "'broken' is not a usable run" in page.error[0].value.replace("\\", "")
    assert {b.key for b in page.button if b.key and b.key.endswith("_broken")} == {"delete_broken"}
    page.button(key="delete_broken").click().run()
    assert "will be gone for good: 1 file, " in text_of(page) and folder.exists(), "it asks first"
    assert "an example that came with the lab" not in text_of(page)
    button_of(dialog("delete", "broken"), "delete_go").click().run()
    assert not folder.exists()
    folder.mkdir()
    (folder / "recipe.json").write_text("{not json")
    assert "is not a usable run" in visit(name="broken").error[0].value


def test_a_run_is_renamed_and_a_taken_name_is_refused():
    for name in ("one", "two"):
        untrained(name)
    asked = dialog("rename", "one")
    asked.text_input(key="rename_to_one").set_value("two")
    button_of(asked, "rename_go").click().run()
    assert "already" in text_of(asked) and (paths.runs_folder() / "one").exists()
    asked.text_input(key="rename_to_one").set_value("three")
    button_of(asked, "rename_go").click().run()
    assert {run.name for run in runs.list_runs()} == {"two", "three"}


def test_a_run_is_continued_to_a_number_of_epochs_it_can_have_or_not_at_all():
    trained(tiny(), "short")
    asked = dialog("continue", "short")
    for wrong in (2, 2.5, 1e9):
        asked.number_input(key="continue_epochs_short").set_value(wrong).run()
        assert "whole number from 3 to 10,000" in asked.error[0].value
        assert not [button for button in asked.button if button.label == "Continue"]
    asked.number_input(key="continue_epochs_short").set_value(5).run()
    button_of(asked, "continue_go").click().run()
    job = training_queue.training_queue().job("short")
    assert job.active and job.epochs == 5


def test_a_run_in_training_can_be_neither_renamed_nor_deleted():
    in_training("busy")
    page = visit(compare="busy")
    assert all(page.button(key=f"{verb}_busy").disabled for verb in ("rename", "delete", "continue"))


# The page of a run


@pytest.fixture
def sent(monkeypatch):
    """What the film and the charts were last given, by key."""
    found = {}
    for module in (film, curves):
        monkeypatch.setattr(module, "_mount", lambda *, key, data, **_: found.update({key: data}))
    return found


def test_a_run_trained_before_the_lab_was_opened_has_the_whole_view_and_film_and_curve_share_the_epoch(sent):
    run = trained(tiny(), "one")
    page = visit(name="one", epoch=1)
    shown = sent["train_film"]
    assert (shown["epochs"], shown["at"], shown["parameter"]) == (run.frames(), 1, "epoch")
    assert shown["link"] == sent["train_curves"]["link"] == "one"
    assert not page.warning and "Information in each latent dimension" in text_of(page)
    assert any("How it works" in fold.label for fold in page.expander)
    page.session_state["live_x"] = "seconds"
    page.run()
    assert sent["train_curves"]["link"] == "", "an epoch has no place on an axis of seconds"


@pytest.mark.parametrize("asked", ["7", "-1", "1.0", "²", "9" * 30])
def test_an_epoch_without_a_picture_is_refused_in_a_sentence_and_leaves_the_address(asked):
    trained(tiny(), "one")
    page = visit(name="one", epoch=asked)
    assert "no picture" in page.warning[0].value and "epoch" not in page.query_params


def test_a_run_that_does_not_exist_is_refused_in_a_sentence_and_the_table_is_shown():
    trained(tiny(), "one")
    page = visit(name="<b>nobody</b>")
    assert "does not exist" in page.warning[0].value and "nobody" not in text_of(page)
    assert "name" not in page.query_params and list(page.dataframe[0].value["Run"]) == ["one"]


def test_the_figures_have_names_and_units_and_are_those_of_the_files():
    run = trained(tiny(), "one")
    found, rows = run.evaluation(), {figure.name: figure for figure in figures(run)}
    elbo = rows["−ELBO"]
    assert float(elbo.value) == pytest.approx(found["recon"] + found["kl"], rel=5e-3)
    assert elbo.unit == "nats per image" and elbo.about.startswith(f"{found['images']} test images")
    assert float(rows["Best −ELBO"].value) == pytest.approx(min(run.history()["val_total"][1:]), rel=5e-3)
    squares = figures(trained(tiny("deep-ae"), "squares"))
    assert "squared error per image" in {figure.unit for figure in squares}
    assert not any("nats" in figure.unit or "units" in figure.name for figure in squares)


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"recon": "x", "kl": null, "before": 3, "images": "many"}', '{"epoch": []}']
)
def test_a_damaged_evaluation_costs_its_figures_only(content):
    run = trained(tiny(), "one")
    run.path.joinpath("evaluation.json").write_text(content)
    assert {"Time", "Parameters"} <= {figure.name for figure in figures(run)}


def test_the_recipe_is_told_by_what_differs_from_its_preset():
    assert against_preset(adaptation.for_digits(presets.preset("mlp-vae"))) == []
    changed = adaptation.for_digits(presets.preset("mlp-vae")).with_(beta=4.0, epochs=7)
    rows = {row["Setting"]: (row["This run"], row["Preset"]) for row in against_preset(changed)}
    assert rows == {"β, weight of the prior term": ("4", "1"), "Epochs": ("7", "120")}
    assert against_preset(changed.with_(name="my own")) is None


def test_the_lineage_names_the_source_and_what_came_of_a_run_and_says_if_one_is_gone():
    source = trained(tiny(), "first").name
    gan_run("game", evaluation=FIGURES, source=source)
    assert f"decoder of **{source}**" in text_of(visit(name="game"))
    page = visit(name=source)
    assert "generator of **game**" in text_of(page) and page.button(key="open_relative_game")
    runs.open_run(source).delete()
    assert "deleted or renamed since" in text_of(visit(name="game"))


def test_changes_and_added_epochs_are_told():
    run = trained(tiny(), "one")
    change = {"step": 4, "epoch": 1.5, "field": "lr", "old": 0.001, "new": 0.0005}
    run.update_status(epochs=9, changes=[change])
    said = text_of(visit(name="one"))
    assert "After 1.5 epochs: learning rate 0.001 → 0.0005." in said and "2 epochs at first, 9 in all" in said


def test_every_file_of_a_run_can_be_downloaded_with_its_size():
    run = trained(tiny(), "one")
    labels = [b.label for b in visit(name="one").get("download_button") if b.key.startswith("file_")]
    names = {label.split(" · ")[0] for label in labels}
    assert {f.name for f in run.path.iterdir() if f.is_file() and not f.name.startswith(".")} == names
    size = run.path.joinpath("recipe.json").stat().st_size
    assert any(re.fullmatch(rf"recipe.json · ({size} B|{size / 1000:.2f} kB)", label) for label in labels)


def test_every_file_that_a_run_may_have_is_explained():
    assert set(MEANINGS) == {*export.FILES, export.RESUME}


def test_a_run_that_trains_has_its_controls_on_its_page():
    job = in_training("busy")
    page = visit(name="busy")
    assert button_of(page, "train_stop").key.endswith(str(job.id)) and "Figures" in text_of(page)


def test_a_run_that_was_never_trained_says_what_it_waits_for():
    runs.create(tiny(), "new")
    assert "no pictures yet" in visit(name="new").info[0].value
    assert json.loads((paths.runs_folder() / "new" / "status.json").read_text())["state"] == "new"


# The model


@pytest.fixture
def drawn(monkeypatch) -> dict:
    """What the diagram and the walk through a step sent to the browser last, by component."""
    sent: dict = {}
    for module in (model_diagram, gan_steps):
        name = module.__name__.rsplit(".", 1)[1]
        monkeypatch.setattr(module, "_mount", lambda data, name=name, **_: sent.update({name: data}))
    return sent


def test_the_model_is_drawn_and_the_part_in_the_address_explains_itself(drawn):
    trained(tiny(), "one")
    page = visit(name="one", part="posterior")
    data = drawn["model_diagram"]
    assert [group["title"] for group in data["groups"]] == ["Encoder", "Latent space", "Decoder", "Loss"]
    assert data["count"] == 8 and data["chosen"] == "posterior" and not data["follows"]
    assert "Posterior: μ and σ." in text_of(page) and any("def kl" in code.value for code in page.code)
    assert "None is chosen" in text_of(visit(name="one", part="nonsense"))
    assert "gan_steps" not in drawn, "a closed fold computes nothing"


def test_one_step_opens_at_the_stage_in_the_address(drawn):
    trained(tiny("plane-vad", latent_lr=0.05), "one")
    visit(name="one", step="3")
    walk = drawn["gan_steps"]
    names = [stage["name"] for stage in walk["walks"][""]]
    assert walk["at"] == 2 and names[:4] == ["Batch", "Look up", "Noise ε", "z"]
    assert walk["walks"][""][2]["rows"][0]["count"] == 8
    assert "a stage that does not exist" in text_of(visit(name="one", step="99"))
    titles = [group["title"] for group in drawn["model_diagram"]["groups"]]
    assert titles == ["Instead of an encoder", "Latent space", "Decoder", "Loss", "A new image"]


def test_a_gan_is_drawn_with_both_networks_and_has_no_step_here(drawn):
    gan_run("gan")
    visit(name="gan")
    titles = [group["title"] for group in drawn["model_diagram"]["groups"]]
    assert titles == ["Latent space", "Generator G", "Discriminator D", "Its other input"] and "gan_steps" not in drawn


def test_a_training_is_followed_with_the_weights_saved_last(drawn):
    def script(name):
        from core import runs
        from ui.diagram.model import follow_training

        follow_training(runs.open_run(name), 1.5, "part")

    run = trained(tiny("plane-ae"), "one")
    (run.path / "best.safetensors").unlink()
    assert "saved last, at epoch 1.5 or just before" in text_of(open_page(script, args=("one",)))
    assert [group["title"] for group in drawn["model_diagram"]["groups"]][-1] == "Loss"
    runs.create(tiny(), "new")
    assert "after the first epoch" in text_of(open_page(script, args=("new",)))
