"""Time to equal quality of the fast recipes.

`python benchmarks/time_to_quality.py [RECIPE …] [--seeds 0 1 2] [--short | --whole | --processor]`

For each pair of a classic recipe and its `-fast` sister (`core/recipes/presets.py`):

    target    the classic recipe's own test figure after its last epoch, mean over the seeds
    textbook  seconds of the loop that public tutorials write (`textbook.py`), on the classic recipe, to its last epoch:
              its pace is timed right before and right after each fast run, in a process of its own, and multiplied by
              its epochs, its test passes left out
    fast      seconds of the fast run as the lab trains it, validation, pictures and saving included
    ratio     textbook / fast of each seed, the textbook's pace that of before and after it; their median and range

It is reached if the median of the fast runs' figures is as good as the target; each seed that misses it is marked.

The figures are those of `core.evaluation.metrics.evaluate` on the test set, z sampled: total nats for a VAE (of an IWAE
with as many samples as in training), the mean squared error for an autoencoder, a VQ-VAE and an auto-decoder (each test
image searched for, 1,000 of them), nats at the recipe's β for a VAD and for a β-TCVAE, nats of images reconstructed
from corrupted ones for a denoising autoencoder, the Fréchet distance in the features of the lab's own classifier for a
GAN, a WAE and an InfoVAE. Samples stand beside them: the share that the classifier is sure of, and the classes they
cover.

The target is trained by the lab's loop, which takes the tutorial's steps sooner; `--whole` lets the tutorial's loop
itself run to the end (VAEs only: what a tutorial's loop leaves behind lacks what the others' tests need; `conv-vae`:
half an hour a seed). `--processor` is for a machine that others use too: the lab trains both recipes, and their seconds
of the processor are compared, without the tutorial's loop; `--cap` ends the classic recipe after so many of them and
says how far it came. `--short` trains nothing classic: the targets are those measured before (`TARGETS`), the pace is
timed for a moment, the fast recipe runs once.
"""

import argparse
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core.system import devices  # noqa: E402

os.environ.update(devices.openmp_environment())  # as in the pages' worker, before torch is imported

import textbook  # noqa: E402
import torch  # noqa: E402

from core import data, runs
from core.evaluation import metrics, sample_quality
from core.recipes.presets import CLASSIC, DECODER_TRIED, fast_of, preset  # noqa: E402
from core.recipes.recipe import Recipe  # noqa: E402
from core.runs import weights  # noqa: E402
from core.runs.gan_source import resolved  # noqa: E402
from core.training.events import Control, EpochEnd  # noqa: E402
from core.training.loop import train  # noqa: E402

UNITS = {
    "vae": "nats",
    "ae": "MSE",
    "ad": "MSE",
    "vad": "nats",
    "gan": "Fréchet",
    "dae": "nats",
    "wae": "Fréchet",
    "infovae": "Fréchet",
    "tcvae": "nats",
    "vq": "MSE",
}
"""What a family's figure is; a family that is not among them has a benchmark of its own."""

PAIRS = [
    name for name in CLASSIC if fast_of(name) and preset(name).dataset in textbook.SETS and preset(name).model in UNITS
]
TARGETS: dict[str, float] = {
    "mlp-vae": 108.45,
    "conv-vae": 95.69,
    "plane-vae": 138.76,
    "deep-ae": 0.01051,
    "auto-decoder": 0.002144,
    "variational-auto-decoder": 260.78,
    "decoder-gan": 27.3,
}
"""For `--short`: the classic recipes' test figures, measured before; benchmarks/README.md says how."""


def quality(model, recipe: Recipe) -> dict[str, float]:
    """The recipe's figure of merit and its sample quality."""
    images = data.load(recipe.dataset)
    measure = sample_quality.for_dataset(images).with_reference(images.test_images)
    sampled = measure.measure(sample_quality.generate(model, sample_quality.FINAL_SAMPLES))
    found = {"sure": sampled.sure, "modes": sampled.modes, "frechet": sampled.frechet}
    if UNITS[recipe.model] == "Fréchet":
        return found | {"figure": sampled.frechet}
    weights = {name: recipe.value(name) for name in recipe.family.weights}
    scored = metrics.evaluate(model, metrics.test_images(model, images), weights=weights)
    return found | {"figure": scored["mse"] if UNITS[recipe.model] == "MSE" else scored["total"]}


def lab(
    recipe: Recipe, source: str = "", clock: Callable[[], float] = time.perf_counter, cap: float = math.inf
) -> tuple[float, dict[str, float]]:
    """(seconds to the last epoch's end, quality of the last weights) of a run as the lab trains it.

    Args:
        clock: what the seconds are of. cap: seconds after which an epoch is the last; `epochs` of the quality says
            which it was.
    Raises:
        RuntimeError: it ended before its last epoch; says how.
    """
    run, control = runs.create(resolved(recipe.with_(source=source)) if source else recipe), Control()
    began, seconds, epochs = clock(), 0.0, 0
    for event in train(run, "cpu", control):
        if isinstance(event, EpochEnd) and not seconds and (event.epoch == recipe.epochs or clock() - began > cap):
            # What is left is scoring, which is done below.
            seconds, epochs, control.stop = clock() - began, event.epoch, True
    if not seconds:
        raise RuntimeError(f"{recipe.name}, seed {recipe.seed}: {event.state}. {event.message}")
    return seconds, quality(weights.load_model(run, "last"), recipe) | {"epochs": epochs}


class Pace:
    """Seconds that the tutorial's loop takes for a whole training, at its pace of now, timed a stretch at a time."""

    def __init__(self, recipe: Recipe, seconds: float):
        self.seconds, self.clock = seconds, textbook.Clock(recipe)
        each = recipe.round_images / recipe.batch_size if recipe.model == "gan" else textbook.batches(recipe)
        self.batches = each * recipe.epochs

    def time(self) -> float:
        return self.batches * self.clock.batch(self.seconds)

    def close(self) -> None:
        self.clock.close()


def whole(recipe: Recipe) -> tuple[float, dict[str, float]]:
    """(seconds, quality) of the tutorial's loop run to its end."""
    loop, began = textbook.epochs(recipe), time.perf_counter()
    for _ in range(textbook.batches(recipe) * recipe.epochs):
        model, _ = next(loop)
    seconds = time.perf_counter() - began
    return seconds, quality(model.eval().requires_grad_(False), recipe)


def compare(name: str, args: argparse.Namespace) -> None:
    """Train, time and print one pair. A seed that ends too early is named and left out."""
    classic, fast = preset(name), preset(fast_of(name))
    sample_quality.for_dataset(data.load(fast.dataset))  # trains the classifier if need be: on nobody's clock
    source = ""
    if classic.model == "gan":
        run = runs.create(preset(DECODER_TRIED))
        for _ in train(run, "cpu"):
            pass
        source = run.name
        classic = resolved(classic.with_(source=source))
    pace = Pace(classic, 3.0 if args.short else 10.0)
    targets, rows = [], []
    for seed in args.seeds:
        try:
            before, target = 0.0, None
            if args.whole:
                before, target = whole(classic.with_(seed=seed))
            elif not args.short:
                target = lab(classic.with_(seed=seed), source)[1]
            if target:
                targets.append(target)
                print(f"  {name} seed {seed}: {_said(target, classic)}", flush=True)
            before = before or pace.time()
            seconds, found = lab(fast.with_(seed=seed), source)
        except RuntimeError as error:
            print(f"  {error}", flush=True)
            continue
        slow = before if args.whole else statistics.mean((before, pace.time()))
        rows.append((seconds, found, slow))
        print(
            f"  {fast.name} seed {seed}: {_said(found, fast)} after {seconds:.1f} s; textbook {slow:.0f} s", flush=True
        )
    pace.close()
    known = [found["figure"] for found in targets] or ([TARGETS[name]] if args.short else [])
    if not rows or not known:
        print(f"{name}: no seed came to its end", flush=True)
        return
    unit, target = UNITS[classic.model], statistics.mean(known)
    whose = "measured before" if args.short else f"{_range(known)}, n = {len(known)}"
    figures, ratios = [found["figure"] for _, found, _ in rows], [slow / quick for quick, _, slow in rows]
    missed = [figure for figure in figures if figure > target]
    verdict = "reached" if statistics.median(figures) <= target else "NOT reached"
    verdict += f" ({len(missed)} of {len(rows)} seeds missed it)" if missed else ""
    slow, quick = (statistics.median(row[i] for row in rows) for i in (2, 0))
    print(
        f"{name}: target {target:.5g} {unit} ({whose}) after {slow:.0f} s; fast {statistics.median(figures):.5g} "
        f"({_range(figures)}) after {quick:.1f} s: {verdict}, {statistics.median(ratios):.1f}× "
        f"({min(ratios):.1f}–{max(ratios):.1f}), n = {len(rows)}, load {os.getloadavg()[0]:.1f}",
        flush=True,
    )


def compare_processor(name: str, args: argparse.Namespace) -> None:
    """Train both recipes of a pair as the lab does; print figures and seconds of the processor of each seed."""
    classic, fast = preset(name), preset(fast_of(name))
    sample_quality.for_dataset(data.load(fast.dataset))  # trains the classifier if need be: on nobody's clock
    for seed in args.seeds:
        for recipe, cap in ((classic, args.cap), (fast, math.inf)):
            try:
                seconds, found = lab(recipe.with_(seed=seed), clock=time.process_time, cap=cap)
            except RuntimeError as error:
                print(f"  {error}", flush=True)
                continue
            epochs = f"{found['epochs']} of {recipe.epochs} epochs"
            print(
                f"{recipe.name} seed {seed}: {_said(found, recipe)} after {epochs}, {seconds:.1f} s of the processor,"
                f" load {os.getloadavg()[0]:.1f}",
                flush=True,
            )


def _range(figures: list[float]) -> str:
    return f"{min(figures):.5g}–{max(figures):.5g}"


def _said(found: dict[str, float], recipe: Recipe) -> str:
    return (
        f"{found['figure']:.5g} {UNITS[recipe.model]}, samples: sure {found['sure']:.3f}, "
        f"{found['modes']:.0f} classes, Fréchet {found['frechet']:.1f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "recipe",
        nargs="*",
        choices=[[], *PAIRS],
        default=[],
        metavar="RECIPE",
        help=f"classic names; default: all of {', '.join(PAIRS)}",
    )
    parser.add_argument("--seeds", nargs="+", type=int, help="default: 0 1 2; with --short: 0")
    parser.add_argument("--short", action="store_true", help="a quick look: nothing classic is trained")
    parser.add_argument("--whole", action="store_true", help="the tutorial's loop to its very end")
    parser.add_argument("--processor", action="store_true", help="both recipes in seconds of the processor")
    parser.add_argument("--cap", type=float, default=math.inf, help="with --processor: seconds of the classic, at most")
    args = parser.parse_args()
    able = [name for name in PAIRS if not args.whole or preset(name).model == "vae"]
    able = [name for name in able if not args.short or name in TARGETS]
    args.recipe = args.recipe or able
    if others := [name for name in args.recipe if name not in able]:
        why = "--whole is for VAEs only" if args.whole else "--short is for pairs whose target was measured before"
        parser.error(f"{why}, not for {', '.join(others)}")
    args.seeds = args.seeds or ([0] if args.short else [0, 1, 2])
    with tempfile.TemporaryDirectory() as folder:
        os.environ["LATENT_LAB_RUNS"] = folder
        print(f"torch {torch.__version__}, {devices.cores()} cores")
        for name in args.recipe:
            (compare_processor if args.processor else compare)(name, args)


if __name__ == "__main__":
    main()
