"""Home: what it says of the jobs that are there."""

import hashlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core import runs
from core.jobs import training_queue
from core.jobs.speed_estimates import SpeedEstimates
from core.recipes import adaptation
from core.runs import frames
from tests.pages.page_tools import button_of, open_page, text_of
from ui.home import first_picture
from ui.registry import GROUPS, PAGES


class Stand:
    """A board that trains nothing."""

    def __init__(self, *jobs):
        self._jobs = list(jobs)
        self.speeds = SpeedEstimates(None)

    def jobs(self):
        return self._jobs

    def job(self, name):
        return next((job for job in self._jobs if job.name == name), None)


def job(name: str, position: int, active: bool = True):
    shot = SimpleNamespace(epoch=2.5, epochs=7, frames=[], seconds_left=None, latest={}, changes=[])
    return SimpleNamespace(
        id=1,
        key=name,
        name=name,
        run=SimpleNamespace(name=name, path=Path(), status={}),
        position=position,
        active=active,
        lane="cpu",
        recipe=adaptation.first_model(),
        message="",
        progress=2.5 / 7,
        evaluated=None,
        state="running" if active and not position else "queued",
        snapshot=lambda: shot,
        stop=lambda: None,
    )


@pytest.fixture
def boards(monkeypatch, tmp_path):
    """A machine with a GPU, and a job or more on each of its devices."""
    monkeypatch.setenv("LATENT_LAB_RUNS", str(tmp_path))
    boards = {"auto": Stand(job("on the gpu", 0), job("in line there", 1)), "cpu": Stand(job("beside it", 0))}
    monkeypatch.setattr(training_queue, "devices", lambda: ["auto", "cuda", "cpu"])
    monkeypatch.setattr(training_queue, "training_queue", lambda device="auto": boards[device])
    return boards


def visit(**query) -> AppTest:
    """Home, opened through app.py: its links need the navigation."""
    return open_page("app", **query)


def test_what_trains_on_any_device_is_named_before_what_waits(boards):
    lines = [m.value.replace("\\", "") for m in visit().markdown if "**" in m.value and " · " in m.value]
    assert [line.split("**")[1] for line in lines] == ["on the gpu", "beside it", "in line there"]
    assert all("epoch 2 of 7" in line for line in lines[:2]) and "in the queue, 1 job before it" in lines[2]


def test_a_first_model_on_a_second_device_shows_its_progress(boards):
    page = visit(first="beside it")
    assert button_of(page, "home_stop") and "home_train" not in [b.key for b in page.button]


def test_every_other_page_stands_once_in_its_group_in_the_order_of_the_navigation(boards):
    columns = [column for column in visit().columns if column.get("page_link")]
    groups = {column.markdown[0].value.strip("*"): column for column in columns}
    assert tuple(groups) == GROUPS
    listed = [[link.proto.label.strip("*") for link in column.get("page_link")] for column in columns]
    assert listed == [[page.title for page in PAGES if page.group == group] for group in GROUPS]
    assert sum(listed, []) == [page.title for page in PAGES[1:]]  # all but Home itself


def test_a_first_model_that_was_stopped_can_be_resumed(boards):
    stopped = job("mine", 0, active=False)
    stopped.state, stopped.message = "stopped", "Stopped in epoch 3. You can resume it."
    run = vars(stopped.run)
    run.update(resumable=True, has_weights=True, error=None, recipe=adaptation.first_model(), csv=lambda: b"")
    training_queue.training_queue("auto")._jobs.append(stopped)
    page = visit(first="mine")
    assert not button_of(page, "home_resume").disabled and button_of(page, "home_resume").proto.type == "primary"
    assert "You can resume it" in page.info[0].value and button_of(page, "home_watch_mine")


def test_a_first_model_that_does_not_exist_gets_a_sentence_and_leaves_the_address(boards):
    page = visit(first="<b>nobody</b>")
    assert "does not exist" in page.warning[0].value and "nobody" not in page.warning[0].value
    assert "first" not in page.query_params and page.button(key="home_train")


def test_a_visitor_who_has_trained_a_model_finds_it_on_home_and_the_first_model_below(boards):
    for stand in boards.values():
        stand._jobs.clear()
    runs.create(adaptation.first_model(), "nobodys")
    run = runs.create(adaptation.first_model(), "mine", owner=hashlib.sha256(b"me").hexdigest()[:12])
    (run.path / "best.safetensors").touch()
    (run.path / "frames").mkdir(exist_ok=True)
    pictures = np.zeros((12, 28, 28), np.uint8)
    (run.path / "frames" / "0003.png").write_bytes(frames.compose(pictures, pictures, np.repeat(pictures, 4, 0)))
    mine = open_page("app", {"visitor_token": "me"})
    assert "Your newest model: mine" in text_of(mine).replace("*", "") and button_of(mine, "home_generate_mine")
    assert button_of(mine, "home_train").proto.type == "tertiary"
    links = {link.proto.label: link.proto.page + "?" + link.proto.query_string for link in mine.get("page_link")}
    assert [where for label, where in links.items() if "Change one setting" in label] == ["train?like=mine"]
    another = open_page("app", {"visitor_token": "another"})
    assert "newest model" not in text_of(another) and button_of(another, "home_train").proto.type == "primary"
    # What the lab's server shows before the script has run is of the same run.
    assert "invented by the model mine after 3 epochs" in first_picture.html_of("me")
    (run.path / "frames" / "0003.png").write_bytes(b"damaged")
    assert first_picture.html_of("me") == ""
