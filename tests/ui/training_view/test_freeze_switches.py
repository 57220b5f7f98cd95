"""Switches that freeze one player of a GAN while it is being trained, and the mark that they leave on the curves."""

import numpy as np

from tests.pages.page_tools import open_page
from ui.charts import losses


class Training:
    """A GAN's job that only notes what it is told."""

    id, owner, touched_by = 7, "", ""

    def __init__(self):
        self.off = {"generator": False, "discriminator": True}

    def frozen(self, player):
        return self.off[player]

    def freeze(self, player, frozen):
        self.off[player] = frozen


def script(job):
    from ui.training_view import controls

    controls._freeze_switches(job)


def test_each_switch_shows_and_sets_its_own_player():
    job = Training()
    page = open_page(script, args=(job,))
    assert [(t.label, t.value) for t in page.toggle] == [("Freeze G", False), ("Freeze D", True)]
    page.toggle[0].set_value(True).run()
    page.toggle[1].set_value(False).run()
    assert not page.exception and job.off == {"generator": True, "discriminator": False}
    job.off["generator"] = False  # another window of this visitor
    page.run()
    assert [t.value for t in page.toggle] == [False, False] and all(t.help for t in page.toggle)


def test_a_frozen_player_is_marked_on_the_curves_in_words():
    points = {"step": np.array([0.0, 10.0]), "epoch": np.array([0.0, 1.0])}
    change = {"step": 5, "epoch": 0.5, "old": 0.0, "new": 1.0}
    marks = losses.marks(points, "epoch", [change | {"field": "freeze_d"}, change | {"field": "freeze_g", "new": 0.0}])
    assert [(m["x"], m["text"]) for m in marks] == [(0.5, "D frozen"), (0.5, "G learns")]
