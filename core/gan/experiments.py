"""Experiments between a generator and a discriminator: what to train, what to predict, and what the figures then say.

Each sets two trainings against each other that differ in what its title names and in nothing else. Which prediction
comes true is decided by the figures that were measured, not by us. What came out for three seeds, and the command that
measures it, stands at `EXPERIMENTS`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core import runs
from core.recipes.recipe import Recipe
from core.runs import Run, gan_source

FINAL_SHARE = 0.1
"""The discriminator's accuracy is a mean over this last part of the training: from one step to the next it jumps."""

FIT = {"lr": 3e-4, "d_lr": 3e-4, "r1": 1.0}
"""Two players of equal strength, and a discriminator that is kept flat where the real images are."""


@dataclass(frozen=True)
class Arm:
    """One of the two trainings.

    Attributes:
        key: part of its recipe's name, by which its runs are found again; arms of the same key are one training.
        changes: fields of the recipe that differ from `base`.
    """

    key: str
    name: str
    changes: dict[str, Any]


@dataclass(frozen=True)
class GanMeasures:
    """What was measured of one training, at its start or its end; NaN for what is not known. As in
    `sample_quality.SampleMeasures`; d_real, d_fake: the shares of real and of generated images that D takes for what
    they are. classes: how many there are."""

    frechet: float
    modes: float
    sharpness: float
    diversity: float
    d_real: float
    d_fake: float
    classes: int

    @property
    def accuracy(self) -> float:
        """How often D is right, on both kinds of images together."""
        return 0.5 * (self.d_real + self.d_fake)


Verdict = Callable[[GanMeasures, GanMeasures, GanMeasures], int]
"""Which choice came true: from the first arm's start and end, and the second's end."""


@dataclass(frozen=True)
class Experiment:
    """A question that two trainings answer.

    Attributes:
        arms: what the title is about, and what to compare it with.
        shown: columns of the history to draw, the most telling first.
        look: what to look at, and why it is so.
    """

    key: str
    title: str
    setup: str
    question: str
    choices: tuple[str, ...]
    arms: tuple[Arm, Arm]
    verdict: Verdict
    shown: tuple[str, ...]
    look: str


def _steps(value: float, *limits: float) -> int:
    """How many limits a value has passed."""
    return sum(value > limit for limit in limits)


BALANCED = Arm("balanced", "Equal players", FIT)

LARGE = FIT | {"lr": 1e-3, "d_lr": 1e-3}
"""Larger steps: a generator that begins from nothing has far to go."""

# Measured by `python benchmarks/gan_experiments.py`, three seeds each (the table is in benchmarks/README.md). In every
# one: too strong a D leaves the Fréchet distance above the decoder's 131 (141 to 150, beside an equal D 85 to 95); the
# provoked collapse ends with 1 class of 10 and its cure with 10; from the decoder G ends twenty times closer than from
# scratch; G finds nonsense that a frozen D believes; D is right four times in five about a frozen G.
EXPERIMENTS = (
    Experiment(
        "strong",
        "D too strong",
        "For each step of G, D takes five, with a rate three times as large and twice the width, and nothing keeps it "
        "flat. G learns as before, and takes as many steps as beside an equal D.",
        "What does the better judge make of G?",
        ("A better G: a stricter teacher teaches more", "About the same G", "A worse G: it learns less"),
        (
            Arm("strong", "D too strong", FIT | {"d_lr": 1e-3, "r1": 0.0, "d_steps": 5, "wider": 2, "epochs": 14}),
            Arm("equal", "Equal players", FIT | {"epochs": 3}),
        ),
        lambda start, end, other: 2 - _steps(other.frechet / end.frechet, 0.9, 1.1),
        ("d_fake", "val_frechet"),
        "Look at D's accuracy: the nearer to 1, the less G is told. A judge that rejects nearly everything, however G "
        "changes it, says little about which change would be better.",
    ),
    Experiment(
        "collapse",
        "Mode collapse, and a cure",
        "G's learning rate is 200 times D's, so G finds whatever D believes just now and puts everything there before "
        "D notices. The cure: equal rates, and an R1 penalty that keeps D flat around the real images.",
        "In the first training, how many classes does G still draw at the end?",
        ("All of them", "About half", "A third or fewer"),
        (Arm("collapse", "G far too fast", {"lr": 1e-2, "d_lr": 5e-5}), BALANCED),
        lambda start, end, other: 2 - _steps(end.modes / end.classes, 0.34, 0.9),
        ("val_modes", "val_frechet"),
        "Look at the pictures after: many times the same one. D's answer is to reject that picture, and G jumps to the "
        "next. In the cured training D changes slowly enough for G to follow with all its classes.",
    ),
    Experiment(
        "scratch",
        "From scratch, or from the decoder",
        "The same network, the same opponent, the same number of rounds. One generator starts with random weights, the "
        "other as the trained decoder.",
        "Whose pictures are closer to real ones at the end?",
        ("Those from scratch", "About equal", "Those from the decoder"),
        (Arm("scratch", "From scratch", LARGE | {"generator": "scratch"}), Arm("decoder", "From the decoder", LARGE)),
        lambda start, end, other: _steps(end.frechet / other.frechet, 0.8, 1.25),
        ("val_frechet", "val_modes"),
        "Look at the first round. The decoder already knows every class and where its latent vectors lead; the game "
        "only has to sharpen its strokes. From scratch, G must find the classes through D's eyes alone.",
    ),
    Experiment(
        "frozen-d",
        "D stands still",
        "D is frozen with its first, random weights. G goes on learning to please it.",
        "What becomes of the pictures?",
        ("They get better: the opponent is easy", "They hardly change", "They turn into nonsense that D likes"),
        (Arm("frozen-d", "D frozen", FIT | {"freeze": "discriminator"}), BALANCED),
        lambda start, end, other: _steps(end.frechet / start.frechet, 0.9, 1.5),
        ("d_fake", "val_frechet"),
        "Look at D's accuracy on generated images: it falls to 0, G wins every time, and the pictures are worthless. "
        "D is no measure of quality, it is an opponent: only one that learns pulls G towards real images.",
    ),
    Experiment(
        "frozen-g",
        "G stands still",
        "G is frozen as the VAE's decoder. Only D learns.",
        "How often is D right at the end?",
        ("About half the time", "Two times in three", "Four times in five or more"),
        (Arm("frozen-g", "G frozen", FIT | {"freeze": "generator"}), BALANCED),
        lambda start, end, other: _steps(end.accuracy, 0.58, 0.75),
        ("d_fake", "d_real"),
        "Look at the pictures: not a pixel changes, yet D gets better and better. A decoder's blur gives it away. "
        "Where both learn, D has less to hold on to, and its accuracy stays nearer to one half.",
    ),
)


def is_experiment_recipe(recipe: Recipe) -> bool:
    """Whether an experiment trains this. Its run shows what goes wrong as often as what goes well, so it should be
    nobody's choice unasked."""
    return recipe.model == "gan" and recipe.name in {recipe_name(arm) for e in EXPERIMENTS for arm in e.arms}


def recipe_name(arm: Arm) -> str:
    """The name of an arm's recipe, with which the names of its runs begin."""
    return f"try-{arm.key}"


def default_source(found: Sequence[Run]) -> Run | None:
    """The run to start with: a VAE with a small network on the digits, on which these trainings take seconds; else the
    first there is."""

    def fits(run: Run) -> tuple[bool, bool, bool]:
        recipe = run.recipe
        return recipe.dataset == "digits", recipe.model == "vae", recipe.network == "mlp" and recipe.latent_dim > 2

    return max(found, key=fits, default=None)  # the first of equals


def base_recipe(source: Run) -> Recipe:
    """The training that all arms change. On the digits it sees every image once in a round; larger sets give 6,000."""
    small = source.recipe.dataset == "digits"
    return Recipe(
        model="gan",
        source=source.name,
        dataset=source.recipe.dataset,
        folder=source.recipe.folder,
        validation=180 if small else 1_000,
        batch_size=32 if small else 64,
        round_images=0 if small else 6_000,
        d_channels=(16, 32),
        epochs=12,
    )


def recipe_for(arm: Arm, source: Run, seed: int = 0) -> Recipe:
    """What an arm trains, with everything filled in that a run made of it will say.

    Raises:
        RunError: the source is gone.
    """
    changes = dict(arm.changes)
    start = base_recipe(source)
    wide = changes.pop("wider", 1)
    return gan_source.resolved(
        start.with_(name=recipe_name(arm), seed=seed, **changes, d_channels=tuple(wide * c for c in start.d_channels))
    )


def runs_of(arm: Arm, source: Run) -> list[Run]:
    """The runs of an arm from that source, whatever their seed, the newest first."""
    wanted = recipe_for(arm, source)
    return [
        run
        for run in runs.list_runs()
        if run.error is None and run.recipe.name == wanted.name and dataclasses.replace(run.recipe, seed=0) == wanted
    ]


def finished_pairs(experiment: Experiment, source: Run) -> list[tuple[Run, Run]]:
    """The finished runs of both arms, one pair for each seed, the newest first."""
    first, second = (
        {run.recipe.seed: run for run in reversed(runs_of(arm, source)) if run.status["state"] == "finished"}
        for arm in experiment.arms
    )
    both = [(first[seed], second[seed]) for seed in first if seed in second]
    return sorted(both, key=lambda pair: pair[0].status.get("created", 0.0), reverse=True)


def missing_recipes(experiment: Experiment, source: Run, seed: int) -> list[Recipe]:
    """What has to be trained for that seed: an arm that other experiments share may be there already. Only runs that
    came to their end count."""
    wanted = []
    for arm in experiment.arms:
        there = [run for run in runs_of(arm, source) if run.recipe.seed == seed and run.status["state"] == "finished"]
        wanted += [] if there else [recipe_for(arm, source, seed)]
    return wanted


def measures_from_history(table: dict[str, np.ndarray], classes: int, end: bool = True) -> GanMeasures:
    """The figures at the end of a history (`Run.history()`), or at its start."""

    def measured(column: str) -> float:
        there = table[column][np.isfinite(table[column])]
        return float(there[-1 if end else 0]) if len(there) else float("nan")

    def accuracy(column: str) -> float:
        there = table[column][np.isfinite(table[column])]
        n = max(1, round(FINAL_SHARE * len(there)))
        return float(there[-n:].mean() if end else there[:n].mean()) if len(there) else float("nan")

    return GanMeasures(
        *(measured(f"val_{name}") for name in ("frechet", "modes", "sharpness", "diversity")),
        accuracy("d_real"),
        accuracy("d_fake"),
        classes,
    )


def measures_of_run(run: Run, end: bool = True) -> GanMeasures:
    """The figures of a run that has a history."""
    return measures_from_history(run.history(), run.class_history()[1].shape[1], end)


def outcome(experiment: Experiment, first: Run, second: Run) -> int:
    """Which of the choices came true."""
    return experiment.verdict(measures_of_run(first, end=False), measures_of_run(first), measures_of_run(second))
