"""`evaluate`: scores of a run on the test set, as text or JSON. `list` and `recipes`: all runs and recipes."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import TYPE_CHECKING, Any

from core import runs
from core.cli import common
from core.cli.common import CliError, Command, number
from core.cli.training import add_small, flag, small_variant
from core.images import convert
from core.recipes import presets
from core.recipes.family import generator_sources
from core.recipes.likelihoods import caveat
from core.recipes.recipe import Recipe, applies, fields
from core.runs import figures, gan_source
from core.runs.shown_weights import shown_weights
from core.system.atomic_files import write_json
from core.system.progress import Steps

if TYPE_CHECKING:
    import numpy as np

    from core.models import LatentModel


def evaluate(args: argparse.Namespace) -> None:
    """Score a run on the test set; for the weights that pages show also write the run's evaluation.json."""
    run = common.find(args.name)
    family = run.recipe.family
    if args.samples and family.adversarial:
        raise CliError(
            f"'{run.name}' is a {family.abbreviation}: it is trained without a likelihood and has no log p(x). Omit "
            "--samples."
        )
    if args.samples and not family.variational:
        name = family.name_in_sentence
        raise CliError(
            f"'{run.name}' is {'an' if name[0] in 'aeiou' else 'a'} {name}: its images become points in the latent "
            "space, so there is no log p(x) to estimate. Omit --samples."
        )
    images = common.images_of(run)
    if not len(images.test_images):
        raise CliError(f"The data set of '{run.name}' is too small to have test images.")
    device = common.device(args.device)
    from core.evaluation import metrics, test_set
    from core.runs import weights

    which = common.which(args, run)
    model = weights.load_model(run, which, device)
    file = next(f for w in (which, "last", "best") if (f := run.path / f"{w}.safetensors").is_file())
    epoch = weights.load(file)[1].get("epoch")
    used = figures.weights_at(run, epoch if file.stem == "best" else None)
    with common.threads(run):  # another number would add in another order: other last digits than those of training
        found = Steps(test_set.evaluation_steps(model, images, args.images, used, run.path)).end() | {"epoch": epoch}
    if args.samples:
        rows = metrics.test_rows(model, images, args.images)
        found |= _log_likelihood(model, images.test_images[rows], images.test_labels[rows], args.samples)
    if which == shown_weights(run) and not run.locked():  # a run in training writes its own at the end
        try:
            write_json(run.path / "evaluation.json", found)
        except OSError as error:  # a read-only folder: print the figures all the same
            print(f"Note: evaluation.json could not be written ({error.strerror or error}).", file=sys.stderr)
    table = _sample_table if family.adversarial else _loss_table
    print(json.dumps(found, indent=1) if args.json else table(run, found))


def _log_likelihood(model: LatentModel, test: np.ndarray, labels: np.ndarray, samples: int) -> dict[str, Any]:
    """Mean log p(x) with its standard error over the images, in nats, from `samples` importance samples per image."""
    import torch

    from core.evaluation import metrics

    device = model.latent_mean.device
    generator = torch.Generator(device).manual_seed(0)
    parts = []
    with common.bar(sys.stderr, total=len(test), unit="image", disable=not sys.stderr.isatty(), leave=False) as bar:
        for k in range(0, len(test), metrics.CHUNK):
            part = convert.scale_bytes(convert.to_byte_tensor(test[k : k + metrics.CHUNK], device))
            known = torch.from_numpy(labels[k : k + metrics.CHUNK].copy()).to(device)
            parts.append(metrics.log_likelihood(model, part, samples, generator, known).cpu().double())
            bar.update(len(part))
    values = torch.cat(parts)
    error = float(values.std() / math.sqrt(len(values))) if len(values) > 1 else None
    return {"log_likelihood": float(values.mean()), "log_likelihood_error": error, "importance_samples": samples}


def _loss_table(run: runs.Run, f: dict[str, Any]) -> str:
    """Table of the loss terms and the other scores of a run."""
    recipe = run.recipe
    lines = []
    shown = figures.test_figures(recipe, f, f["weights"])
    for figure in shown:
        digits = {"mse": 4, "bits_per_dim": 3, "active_units": 0, "active_by_variance": 0}.get(figure.key, 2)
        rest = f"{figure.unit}, {figure.about}" if figure.about else figure.unit
        if figure.key == "log_likelihood":
            error = f" ± {f['log_likelihood_error']:.2f}" if f["log_likelihood_error"] is not None else ""
            bits = recipe.bits_per_dim(figure.value)
            rest = f"{error} {rest}".strip() + ("" if bits is None else f" ({bits:.3f} bits per dimension)")
        if figure.key == "bits_per_dim":
            what = "the −ELBO" if recipe.variational else "the reconstruction alone, without the code,"
            rest = f"{what} in bits per channel of a pixel; stored as it is, an image has 8"
        if figure.key == "kl" and not recipe.variational and recipe.family.uses("beta"):
            rest = f"per image, with weight {f['weights']['beta']:g} in the search for z"
        lines.append((figure.name, f"{figure.value:.{digits}f}", rest))
        if figure.key == "bce_floor":
            lines.append(
                ("Above the floor", f"{f['excess_bce']:.2f}", f"{figure.unit}, reconstruction − entropy floor")
            )
    if f["sigma"] is not None:
        lines.append(("σ", f"{f['sigma']:.3f}", "of the Gaussian likelihood, in grey levels from 0 to 1"))
    epoch = f" (weights of epoch {f['epoch']:g})" if f["epoch"] is not None else ""
    names, width = max(len(name) for name, _, _ in lines), max(len(value) for _, value, _ in lines)
    return "\n".join(
        [
            f"'{run.name}' on {f['images']:,} test images{epoch}",
            *(f"  {name:{names}}  {value:>{width}}  {rest}" for name, value, rest in lines),
            *_notes(recipe, {figure.key for figure in shown}),
        ]
    )


def _notes(recipe: Recipe, shown: set[str]) -> list[str]:
    """What to know of the figures with these keys, a sentence each."""
    notes = [caveat([recipe.likelihood])] if shown & {"negative_elbo", "log_likelihood"} else []
    notes += [figures.UNIDENTIFIED] if shown & set(figures.DISENTANGLEMENT) else []
    return list(filter(None, notes))


SAMPLE_ROWS = (
    ("Fréchet distance", "frechet", ".2f", "to the test images; lower is better"),
    ("KID", "kid", ".3g", "the same features, without a bias from the number of images"),
    ("modes", "modes", ".0f", "number of classes that are generated"),
    ("balance", "balance", ".3f", "of the classes; 1: all equally frequent"),
    ("sure", "sure", ".3f", "share of the images that the classifier is at least 90 % sure of"),
    ("sharpness", "sharpness", ".3f", "1: as in real images"),
    ("precision", "precision", ".3f", "share of the images within the neighbourhoods of real ones"),
    ("recall", "recall", ".3f", "share of the real images within the neighbourhoods of generated ones"),
    ("density", "density", ".3f", "real neighbourhoods round an image; about 1 for real images"),
    ("coverage", "coverage", ".3f", "share of the real neighbourhoods with a generated image"),
    ("MSE", "mse", ".4f", "per pixel, encoded and generated again"),
)


def _sample_table(run: runs.Run, f: dict[str, Any]) -> str:
    """Table of the sample quality of a generator, beside that of the decoder it started from."""
    all_sides = {"before": f.get("before"), "now": f, "contrast": f.get("control"), "real": f.get("real")}
    sides = {name: part for name, part in all_sides.items() if part}
    epoch = f" (weights of epoch {f['epoch']:g})" if f["epoch"] is not None else ""
    lines = [
        f"'{run.name}': {f['generated']:,} generated images beside {f['images']:,} test images{epoch}",
        f"  {'':16}  " + "  ".join(f"{name:>8}" for name in sides),
    ]
    for title, name, form, rest in SAMPLE_ROWS:
        if f.get(name) is None:
            continue
        values = [part.get(name) for part in sides.values()]
        cells = (f"{'–':>8}" if value is None else f"{value:>8{form}}" for value in values)
        lines.append(f"  {title:16}  " + "  ".join(cells) + f"  {rest}")
    if "contrast" in sides:
        lines.append("contrast: the samples before, with 1.5 times the contrast; real: training images.")
    return "\n".join([*lines, f"Fréchet distance in {f['yardstick']}."])


def show_runs(args: argparse.Namespace) -> None:
    """Print all runs, newest first; for a damaged one the reason."""
    all_runs = runs.list_runs()
    if not all_runs:
        print("There are no runs yet. Train the first one: python -m core train mlp-vae --digits")
        return
    table = [("RUN", "STATE", "EPOCHS", "BEST", "RECIPE"), *(_row(run) for run in all_runs)]
    widths = [max(len(row[i]) for row in table if len(row) == 5) for i in range(4)]
    for row in table:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + "  " + row[-1]
            if len(row) == 5
            else "  ".join((row[0].ljust(widths[0]), row[1]))
        )
    notes = ["BEST: lowest value on the validation images of what the end of the line names."]
    if any(run.error is None and run.recipe.family.adversarial for run in all_runs):
        notes.append("F: lowest Fréchet distance of a GAN.")
    print(" ".join(notes))


def _row(run: runs.Run) -> tuple[str, ...]:
    if run.error:
        return run.name, run.error
    status = run.status
    epochs = f"{round(status['epoch'], 1):g}/{run.epochs}"
    lowest, best, what = figures.best(run), "–", run.summary()
    if lowest is not None:
        best = f"{lowest.value:.2f}"
        if run.recipe.family.adversarial:
            best += " F"
        else:
            what += f" · best: {lowest.name}, {lowest.unit}"
    return run.name, status["state"], epochs, best, what


def show_recipes(args: argparse.Namespace) -> None:
    """Print all recipes, or one in full, with its training time if `--time` is given."""
    if (args.time or args.small) and not args.recipe:
        raise CliError("Name a recipe, for example `recipes mlp-vae-fast --time`.")
    if args.recipe:
        recipe = small_variant(presets.preset(args.recipe), args.small)
        device = common.device(args.device) if args.time else ""
        values = recipe.to_dict()
        print(f"{args.recipe}: {presets.ABOUT[args.recipe]}")
        for f in fields():
            value = values[f.name]
            if f.name != "name" and applies(f, values) and value != "":
                print(f"  {flag(f)} {','.join(map(str, value)) if isinstance(value, list) else value}")
        if args.time:
            print(_time(recipe, device), flush=True)
        return
    width = max(map(len, presets.PRESETS))
    for name in presets.PRESETS:
        print(f"{name:{width}}  {presets.ABOUT[name]}")


def _time(recipe: Recipe, name: str) -> str:
    """Sentence with the expected training time on this machine; measuring the speed takes a second or two."""
    from core.recipes import duration
    from core.system import devices
    from core.training import speed_test

    try:
        recipe = gan_source.resolved(recipe)
    except runs.RunError:  # no run to start from on this machine: timed as if there were one of the first family
        recipe = recipe.with_(source_model=generator_sources()[0])
    device = devices.choose(name)
    rate = speed_test.speed_of(recipe, device)
    seconds = None if rate is None else duration.seconds(recipe, rate)
    if seconds is None or rate is None:
        return "The training time of this recipe cannot be estimated, because the number of its images is not known."
    epochs = f"{recipe.epochs:,} epoch" + ("s" if recipe.epochs > 1 else "")
    return (
        f"Training takes {duration.rough_duration(seconds)} on this machine "
        f"({devices.describe(device)}): "
        f"{epochs} at {rate:,.0f} images a second."
    )


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--samples",
        type=number(int, 1, 10_000),
        metavar="K",
        help="also estimate log p(x) from K importance samples per image (usually 50; takes K times as long)",
    )
    parser.add_argument(
        "--images",
        type=number(int, 1, 1_000_000),
        metavar="N",
        default=1_000,
        help="test images for a run without an encoder, each of which needs a search (default: "
        "1000); with an encoder all are scored",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or mps (default: auto)")
    common.add_which(parser)


def _recipes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="show this recipe in full")
    add_small(parser)
    parser.add_argument(
        "--time",
        action="store_true",
        help="also show the expected training time on this machine (measured in a second or two, then remembered)",
    )
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or mps (default: auto)")


COMMANDS = (
    Command(
        "evaluate",
        "Score a run on the test set.",
        evaluate,
        _evaluate_arguments,
        ("evaluate mlp-vae-digits-1", "evaluate mlp-vae-digits-1 --samples 50 --json"),
    ),
    Command("list", "List all runs, newest first.", show_runs, lambda parser: None, ("list",)),
    Command(
        "recipes",
        "List the recipes, or show one in full.",
        show_recipes,
        _recipes_arguments,
        ("recipes", "recipes plane-vae", "recipes plane-vae-fast --time"),
    ),
)
