"""Experiments with a generator and a discriminator: two trainings to compare, predictions, and the measured outcome.

The two trainings of an experiment differ only in what its title names. Which prediction comes true is decided by the
measures of the two runs. The results for three seeds, and the command that measures them, are noted at `EXPERIMENTS`.
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
from core.runs.shown_weights import EXPERIMENT

FINAL_SHARE = 0.1
"""The discriminator's accuracy, which varies from step to step, is averaged over this last part of a training."""

EQUAL = {"lr": 3e-4, "d_lr": 3e-4, "r1": 1.0}
"""Recipe of two players of equal strength: equal learning rates, and an R1 penalty on the discriminator."""


@dataclass(frozen=True)
class Arm:
    """One of the two trainings of an experiment.

    Attributes:
        key: part of the recipe's name, by which its runs are found; arms with the same key share their runs.
        changes: fields of the recipe that differ from `base_recipe`.
    """

    key: str
    name: str
    changes: dict[str, Any]


@dataclass(frozen=True)
class GanMeasures:
    """Measures of one training at its start or its end; NaN where one is missing.

    Attributes:
        frechet, modes, sharpness, diversity: as in `sample_quality.SampleMeasures`.
        d_real, d_fake: shares of real and of generated images that D classifies correctly. classes: number of classes.
        sure: share of the samples of which the classifier is sure.
    """

    frechet: float
    modes: float
    sharpness: float
    diversity: float
    d_real: float
    d_fake: float
    classes: int
    sure: float = float("nan")

    @property
    def accuracy(self) -> float:
        """Accuracy of D on real and generated images together."""
        return 0.5 * (self.d_real + self.d_fake)

    @property
    def covered(self) -> float:
        """Share of the classes that are covered; 0 without classes, of which none can be recognised."""
        return self.modes / self.classes if self.classes else 0.0


Verdict = Callable[[GanMeasures, GanMeasures, GanMeasures], int]
"""Index of the choice that came true, from the first arm's start and end and the second arm's end."""


@dataclass(frozen=True)
class Experiment:
    """A question that two trainings answer.

    Attributes:
        arms: the training of the title, and the one it is compared with.
        shown: columns of the history to plot, the most instructive first.
        look: what to look at, and the explanation.
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
    """Number of limits that the value exceeds."""
    return sum(value > limit for limit in limits)


BALANCED = Arm("balanced", "Equal players", EQUAL)

LARGE = EQUAL | {"lr": 1e-3, "d_lr": 1e-3}
"""Larger learning rates: a generator from scratch has a long way to go."""

MAPPED = {
    "generator": "map",
    "adversarial": "hinge",
    "lr": 3e-3,
    "d_lr": 1e-3,
    "r1": 1.0,
    "batch_size": 32,
    "round_images": 320,
    "epochs": 8,
}
"""Both trainings of the mode collapse. A map of z before the decoder keeps every image one that the decoder makes: a
generator that is free to change its own weights ends on pictures that D believes and nobody can read. The hinge loss
pulls at G however sure D is."""

# Measured by `python benchmarks/gan_experiments.py`, three seeds each (table in benchmarks/README.md), but for the
# collapse, whose measurements over the steps stand below that table. In every one: too strong a D leaves the Fréchet
# distance above the decoder's 131 (141 to 150, beside an equal D 85 to 95); from the decoder G ends twenty times closer
# than from scratch; G finds nonsense that a frozen D believes; D is right four times in five about a frozen G.
EXPERIMENTS = (
    Experiment(
        "strong",
        "D too strong",
        "D takes five steps for each step of G, with three times the learning rate, twice the width and no penalty. G "
        "learns as before, and takes as many steps as against an equal D.",
        "What does the stronger D do to G?",
        ("G gets better: a stricter teacher teaches more", "G stays about the same", "G gets worse: it learns less"),
        (
            Arm("strong", "D too strong", EQUAL | {"d_lr": 1e-3, "r1": 0.0, "d_steps": 5, "wider": 2, "epochs": 14}),
            Arm("equal", "Equal players", EQUAL | {"epochs": 3}),
        ),
        lambda start, end, other: 2 - _steps(other.frechet / end.frechet, 0.9, 1.1),
        ("d_fake", "val_frechet"),
        "Compare the Fréchet distances: both generators took as many steps. D's accuracy may differ far less, so it "
        "does not measure how much G learns. The usual explanation is that a D that rejects generated images with "
        "great certainty, however G changes them, gives a gradient that says little about which change would be "
        "better.",
    ),
    Experiment(
        "collapse",
        "G far ahead of D",
        "The decoder stays as it is. G is a small network in front of it that chooses where each z goes, so every "
        "image is one that the decoder makes. In the first training G takes 30 steps for each step of D. The second "
        "differs in one thing: G takes one.",
        "In the first training, how many classes does G generate at the end?",
        ("All of them", "About half", "A third or fewer, or none that can be recognised"),
        (Arm("collapse", "30 steps of G", MAPPED | {"g_steps": 30}), Arm("cure", "One step of G", MAPPED)),
        lambda start, end, other: 2 - _steps(end.covered, 0.34, 0.9),
        ("val_modes", "val_frechet"),
        "Look at the pictures epoch by epoch: nearly the same image for every z, and soon another one. That is called "
        "*mode collapse*. In 30 steps G has time to send every z to the image that D rates highest at the moment. Then "
        "D learns that this image is generated, and G moves on to the next. With one step D answers before G has got "
        "far, and all classes stay. *Classes covered* counts only samples that a classifier is sure of: on its way "
        "from one image to the next G may stand at one between two classes, which counts as none.",
    ),
    Experiment(
        "scratch",
        "From scratch, or from the decoder",
        "The same network, the same discriminator, the same number of epochs. One generator starts with random "
        "weights, the other as the trained decoder.",
        "Whose pictures are closer to real ones at the end?",
        ("Those from scratch", "About equal", "Those from the decoder"),
        (Arm("scratch", "From scratch", LARGE | {"generator": "scratch"}), Arm("decoder", "From the decoder", LARGE)),
        lambda start, end, other: _steps(end.frechet / other.frechet, 0.8, 1.25),
        ("val_frechet", "val_modes"),
        "Look at the first epoch. The decoder already generates every class from some region of the latent space; the "
        "adversarial training only has to sharpen its images. From scratch, G must find all classes from D's "
        "gradient.",
    ),
    Experiment(
        "frozen-d",
        "D frozen",
        "D is frozen with its initial, random weights. G goes on learning to convince it.",
        "What happens to the pictures?",
        (
            "They get better: the opponent is easy",
            "They hardly change",
            "They turn into nonsense that D takes for real",
        ),
        (Arm("frozen-d", "D frozen", EQUAL | {"freeze": "discriminator"}), BALANCED),
        lambda start, end, other: _steps(end.frechet / start.frechet, 0.9, 1.5),
        ("d_fake", "val_frechet"),
        "Look at D's accuracy on generated images: it falls to 0, so G wins every time, yet the pictures are "
        "worthless. D is not a measure of quality but an opponent: only a D that learns pulls G towards real images.",
    ),
    Experiment(
        "frozen-g",
        "G frozen",
        "G is frozen as the VAE's decoder. Only D learns.",
        "How often is D correct at the end?",
        ("About half the time", "Two times in three", "Four times in five or more"),
        (Arm("frozen-g", "G frozen", EQUAL | {"freeze": "generator"}), BALANCED),
        lambda start, end, other: _steps(end.accuracy, 0.58, 0.75),
        ("d_fake", "d_real"),
        "Look at the pictures: not a pixel changes, yet D gets better and better. The decoder's blur gives it away. "
        "Where both learn, D finds fewer differences, and its accuracy stays closer to one half.",
    ),
)


def recipe_name(arm: Arm) -> str:
    """Name of an arm's recipe, with which the names of its runs begin."""
    return f"{EXPERIMENT}{arm.key}"


def default_source(candidates: Sequence[Run]) -> Run | None:
    """The run to start from by default: a VAE with a small network on the digits, where these trainings take seconds;
    otherwise the first of the runs. None without runs."""

    def fits(run: Run) -> tuple[bool, bool, bool]:
        recipe = run.recipe
        small = recipe.network == "mlp" and recipe.latent_dim > 2
        return recipe.dataset == "digits", recipe.family.generator_source == 1, small

    return max(candidates, key=fits, default=None)  # max takes the first of equals


def base_recipe(source: Run) -> Recipe:
    """The recipe that all arms change. A round shows every image of the digits, and 6,000 images of larger sets."""
    small = source.recipe.dataset == "digits"
    return Recipe(
        model="gan",
        source=source.name,
        dataset=source.recipe.dataset,
        folder=source.recipe.folder,
        image_shape=source.recipe.image_shape,
        **{name: source.recipe.value(name) for name in gan_source.PIXEL_FIELDS},
        validation=180 if small else 1_000,
        batch_size=32 if small else 64,
        round_images=0 if small else 6_000,
        d_channels=(16, 32),
        epochs=12,
    )


def recipe_for(arm: Arm, source: Run, seed: int = 0) -> Recipe:
    """Recipe of an arm, complete with the fields that it takes over from its source.

    Raises:
        RunError: the source no longer exists.
    """
    changes = dict(arm.changes)
    start = base_recipe(source)
    wide = changes.pop("wider", 1)
    return gan_source.resolved(
        start.with_(name=recipe_name(arm), seed=seed, **changes, d_channels=tuple(wide * c for c in start.d_channels))
    )


def runs_of(arm: Arm, source: Run) -> list[Run]:
    """Runs of an arm from that source with any seed, newest first."""
    wanted = recipe_for(arm, source)
    return [
        run
        for run in runs.list_runs()
        if run.error is None and run.recipe.name == wanted.name and dataclasses.replace(run.recipe, seed=0) == wanted
    ]


def finished_pairs(experiment: Experiment, source: Run) -> list[tuple[Run, Run]]:
    """Finished runs of both arms, one pair for each seed, newest first."""
    first, second = (
        {run.recipe.seed: run for run in reversed(runs_of(arm, source)) if run.status["state"] == "finished"}
        for arm in experiment.arms
    )
    both = [(first[seed], second[seed]) for seed in first if seed in second]
    return sorted(both, key=lambda pair: pair[0].status.get("created", 0.0), reverse=True)


def missing_recipes(experiment: Experiment, source: Run, seed: int) -> list[Recipe]:
    """Recipes of the arms that have no finished run with that seed; an arm that experiments share is trained once."""

    def trained(arm: Arm) -> bool:
        return any(run.recipe.seed == seed and run.status["state"] == "finished" for run in runs_of(arm, source))

    return [recipe_for(arm, source, seed) for arm in experiment.arms if not trained(arm)]


def measures_from_history(table: dict[str, np.ndarray], classes: int, end: bool = True) -> GanMeasures:
    """Measures at the end of a history (`Run.history()`), or at its start."""

    def measured(column: str) -> float:
        values = table[column][np.isfinite(table[column])]
        return float(values[-1 if end else 0]) if len(values) else float("nan")

    def accuracy(column: str) -> float:
        values = table[column][np.isfinite(table[column])]
        n = max(1, round(FINAL_SHARE * len(values)))
        return float(values[-n:].mean() if end else values[:n].mean()) if len(values) else float("nan")

    return GanMeasures(
        frechet=measured("val_frechet"),
        modes=measured("val_modes"),
        sharpness=measured("val_sharpness"),
        diversity=measured("val_diversity"),
        d_real=accuracy("d_real"),
        d_fake=accuracy("d_fake"),
        classes=classes,
        sure=measured("val_sure"),
    )


def measures_of_run(run: Run, end: bool = True) -> GanMeasures:
    """Measures of a run that has a history, at its end or its start."""
    return measures_from_history(run.history(), run.class_history()[1].shape[1], end)


def outcome(experiment: Experiment, first: Run, second: Run) -> int:
    """Index of the choice that came true."""
    return experiment.verdict(measures_of_run(first, end=False), measures_of_run(first), measures_of_run(second))
