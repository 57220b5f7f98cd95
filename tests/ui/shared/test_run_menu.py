"""The menu of a run offers the pages that suit it, and says what a deletion costs."""

import pytest

from core import runs
from core.runs import RunError
from tests.pages.page_tools import open_page, text_of, untrained
from tests.tiny_gans import gan_run
from tests.tiny_runs import tiny
from ui.shared.jobs import train_again
from ui.shared.run_menu import WAYS


@pytest.fixture(autouse=True)
def own_runs(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path / "runs"))


def menu(name: str, page: str = "", opened: bool = False) -> None:
    from core import runs
    from ui.shared.run_menu import run_menu

    run_menu(runs.open_run(name), "here_", page=page, opened=opened)


def labels(name: str, **options) -> dict[str, bool]:
    """Buttons of a run's menu → whether they can be pressed."""
    return {b.label: not b.disabled for b in open_page(menu, kwargs={"name": name, **options}).button}


def test_a_menu_has_the_pages_that_suit_the_run_and_not_the_one_it_stands_on():
    untrained("flat", latent_dim=2)
    untrained("deep", latent_dim=3)
    flat, deep = labels("flat"), labels("deep", page="map")
    assert all(flat[way.label] for way in WAYS if way.label != "VAE → GAN") and "VAE → GAN" not in flat
    assert flat.keys() - deep.keys() == {"Planes", "Map"}
    assert flat.keys() - labels("flat", opened=True).keys() == {"Page of this run"}
    assert flat.keys() - labels("flat", page="table").keys() == {"Compare", "Compare curves"}


def test_a_gan_is_opened_on_its_page_and_on_none_that_encodes():
    gan_run("game")
    found = labels("game")
    assert "VAE → GAN" in found and not found.keys() & {"Reconstruct", "Planes", "Map", "Outliers"}


def test_a_decoder_that_cannot_become_a_generator_says_why_at_its_line():
    untrained("told", "cvae")
    (line,) = [b for b in open_page(menu, kwargs={"name": "told"}).button if b.label == "Train a GAN from its decoder"]
    assert line.disabled and "told the class" in line.help


def test_a_run_without_weights_can_be_opened_and_compared_but_not_used():
    runs.create(tiny(), "new")
    found = labels("new")
    usable = {
        "Page of this run",
        "Train with a change",
        "Compare curves",
        "Train again",
        "Continue training",
        "Rename",
        "Delete",
    }
    assert {name for name, pressed in found.items() if pressed} == usable | {"Rename", "Delete"}


def test_what_has_no_images_here_is_not_trained_again_and_leaves_no_run(monkeypatch, tmp_path):
    monkeypatch.setenv("LATENT_LAB_DATA", str(tmp_path))
    with pytest.raises(RunError, match="FashionMNIST is not on this machine yet. Download it on the Data page"):
        train_again(tiny(dataset="fashion-mnist"))
    assert not runs.list_runs()


def test_the_question_about_a_run_of_another_visitor_takes_the_place_of_the_menu():
    runs.create(tiny(), "theirs", "0123456789ab")
    page = open_page(menu, kwargs={"name": "theirs"})
    page.button(key="here_rename_theirs").click().run()
    assert [b.label for b in page.button] == ["Rename anyway", "Leave it"], "below the menu it would be out of sight"
    assert "another visitor (0123)" in text_of(page) and "no accounts" in text_of(page, "caption")
    page.button(key="here_rename_theirs_leave").click().run()
    assert len(page.button) > 4


def test_a_deletion_says_what_it_costs():
    run = untrained("costly")
    run.update_status(seconds=75.0)

    def ask() -> None:
        from core import runs
        from core.jobs import training_queue
        from ui.shared.run_dialogs import DIALOGS

        DIALOGS["delete"](runs.open_run("costly"), training_queue.training_queue())

    files = [file for file in run.path.rglob("*") if file.is_file()]
    said = text_of(open_page(ask))
    assert f"{len(files)} files" in said and "1 min 15 s of training" in said
