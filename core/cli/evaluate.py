"""`evaluate`: a run's figures on the test set, as text or JSON. `list` and `recipes`: what there is."""

from __future__ import annotations

import argparse
import json
import math
import sys
from typing import Any

from core import runs
from core.cli import common
from core.cli.common import CliError, Command, number
from core.cli.training import flag
from core.images import convert
from core.recipes import presets
from core.recipes.images import load_images
from core.recipes.recipe import Recipe, applies, fields
from core.runs import gan_source
from core.system.atomic_files import write_json


def evaluate(args: argparse.Namespace) -> None:
    """Score a run on the test set; for the best weights this renews the run's evaluation.json."""
    run = common.find(args.name)
    if args.samples and run.recipe.model == "gan":
        raise CliError(
            f"'{run.name}' is a GAN: it was trained on no likelihood and has no log p(x). Leave --samples away."
        )
    if args.samples and not run.recipe.variational:
        kind = "auto-decoder: its images are points" if run.recipe.decoder_only else "autoencoder: it has no prior"
        raise CliError(f"'{run.name}' is an {kind} and so no log p(x). Leave --samples away.")
    images = load_images(run.recipe)
    if not len(images.test_images):
        raise CliError(f"The data set of '{run.name}' is too small to have test images.")
    device = common.device(args.device)
    from core.evaluation import metrics, sample_quality
    from core.runs import weights

    model = weights.load_model(run, args.which, device)
    file = next(f for w in (args.which, "last", "best") if (f := run.path / f"{w}.safetensors").is_file())
    if run.recipe.model == "gan":
        *_, figures = sample_quality.evaluation_steps(model, images)
    else:
        test = metrics.test_images(model, images, args.images)
        figures = metrics.evaluate(model, test)
    figures |= {"epoch": weights.load(file)[1].get("epoch")}
    if args.samples:
        figures |= _log_likelihood(model, test, args.samples)
    if args.which == "best" and not run.locked():  # a training run writes its own at its end
        try:
            write_json(run.path / "evaluation.json", figures)
        except OSError as error:  # a folder shared read-only is no reason to keep the figures back
            print(f"Note: evaluation.json could not be written ({error.strerror or error}).", file=sys.stderr)
    table = _gan_table if run.recipe.model == "gan" else _table
    print(json.dumps(figures, indent=1) if args.json else table(run, figures))


def _log_likelihood(model, test, samples: int) -> dict[str, Any]:
    """Mean log p(x) with its standard error over images, in nats, from `samples` draws an image."""
    import torch

    from core.evaluation import metrics

    device = model.latent_mean.device
    generator = torch.Generator(device).manual_seed(0)
    parts = []
    with common.bar(sys.stderr, total=len(test), unit="image", disable=not sys.stderr.isatty(), leave=False) as bar:
        for part in convert.to_byte_tensor(test, device).split(metrics.CHUNK):
            parts.append(metrics.log_likelihood(model, convert.scale_bytes(part), samples, generator).cpu().double())
            bar.update(len(part))
    found = torch.cat(parts)
    error = float(found.std() / math.sqrt(len(found))) if len(found) > 1 else None
    return {"log_likelihood": float(found.mean()), "log_likelihood_error": error, "importance_samples": samples}


def _table(run: runs.Run, f: dict[str, Any]) -> str:
    nats = run.recipe.likelihood != "mse"
    unit = "nats per image" if nats else "squared error per image"
    lines = [("reconstruction", f"{f['recon']:.2f}", unit)]
    if run.recipe.model == "ad":
        lines.append(("½ ‖z‖²", f"{f['kl']:.2f}", f"per image, weighed by {run.recipe.beta:g} in the search for z"))
    if run.recipe.variational:
        lines += [
            ("KL", f"{f['kl']:.2f}", unit),
            ("total", f"{f['total']:.2f}", f"{unit}: the negative ELBO, z sampled from the posterior"),
        ]
    lines.append(("MSE", f"{f['mse']:.4f}", "per pixel, reconstructed from the mean of the posterior"))
    if f["excess_bce"] is not None:
        lines.append(
            ("excess BCE", f"{f['excess_bce']:.2f}", f"above the floor of {f['bce_floor']:.2f} that grey pixels set")
        )
    if f.get("bits_per_dim") is not None:
        rest = "the negative ELBO in bits per channel of a pixel; stored as it is, an image has 8"
        if not run.recipe.variational:
            rest = "the reconstruction alone in bits per channel of a pixel, without the code"
        lines.append(("bits per dim", f"{f['bits_per_dim']:.3f}", rest))
    if f["sigma"] is not None:
        lines.append(("σ", f"{f['sigma']:.3f}", "of the Gaussian likelihood, in grey levels from 0 to 1"))
    if run.recipe.variational:
        lines.append(("active units", str(f["active_units"]), f"of {run.recipe.latent_dim} latent dimensions"))
    if "log_likelihood" in f:
        error = f" ± {f['log_likelihood_error']:.2f}" if f["log_likelihood_error"] is not None else ""
        bits = run.recipe.bits_per_dim(-f["log_likelihood"])
        bits_text = "" if bits is None else f" ({bits:.3f} bits per dim)"
        lines.append(
            (
                "log p(x)",
                f"{f['log_likelihood']:.2f}",
                f"{error} nats per image{bits_text}, from {f['importance_samples']} importance samples".strip(),
            )
        )
    epoch = f" (weights of epoch {f['epoch']:g})" if f["epoch"] is not None else ""
    width = max(len(value) for _, value, _ in lines)
    return "\n".join(
        [
            f"'{run.name}' on {f['images']:,} test images{epoch}",
            *(f"  {name:14}  {value:>{width}}  {rest}" for name, value, rest in lines),
        ]
    )


GAN_ROWS = (
    ("Fréchet distance", "frechet", ".2f", "to the test images; lower is better"),
    ("modes", "modes", ".0f", "classes that are generated"),
    ("balance", "balance", ".3f", "of the classes; 1: an even share each"),
    ("sure", "sure", ".3f", "share of the images that the classifier is 90 % sure of"),
    ("sharpness", "sharpness", ".3f", "of real images is 1"),
    ("diversity", "diversity", ".3f", "of real images is 1"),
    ("MSE", "mse", ".4f", "per pixel, encoded and generated again"),
)


def _gan_table(run: runs.Run, f: dict[str, Any]) -> str:
    """The generator's figures beside those of the decoder it is compared with."""
    before = f.get("before")
    epoch = f" (weights of epoch {f['epoch']:g})" if f["epoch"] is not None else ""
    lines = [
        f"'{run.name}': {f['generated']:,} generated images beside {f['images']:,} test images{epoch}",
        f"  {'':16}  {'before':>8}  {'now':>8}" if before else f"  {'':16}  {'now':>8}",
    ]
    for title, name, form, rest in GAN_ROWS:
        if f[name] is None:
            continue
        figures = [v for part in ((before, f) if before else (f,)) if (v := part[name]) is not None]
        lines.append(f"  {title:16}  " + "  ".join(f"{value:>8{form}}" for value in figures) + f"  {rest}")
    return "\n".join([*lines, f"Fréchet distance in {f['yardstick']}."])


def show_runs(args: argparse.Namespace) -> None:
    """Every run, newest first; a damaged one says why."""
    found = runs.list_runs()
    if not found:
        print("There are no runs yet. Train a first one: python -m core train mlp-vae --digits")
        return
    table = [("RUN", "STATE", "EPOCHS", "BEST", "RECIPE"), *(_row(run) for run in found)]
    widths = [max(len(row[i]) for row in table if len(row) == 5) for i in range(4)]
    for row in table:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=False)) + "  " + row[-1]
            if len(row) == 5
            else "  ".join((row[0].ljust(widths[0]), row[1]))
        )
    if any(run.error is None and run.recipe.model == "gan" for run in found):
        print("BEST: lowest validation loss; F: a GAN's lowest Fréchet distance.")


def _row(run: runs.Run) -> tuple[str, ...]:
    if run.error:
        return run.name, run.error
    status = run.status
    epochs = f"{round(status['epoch'], 1):g}/{run.epochs}"
    best = "–" if status.get("best_total") is None else f"{status['best_total']:.2f}"
    if run.recipe.model == "gan" and best != "–":
        best += " F"
    return run.name, status["state"], epochs, best, run.recipe.summary()


def show_recipes(args: argparse.Namespace) -> None:
    """The recipes by name, or one of them in full, with the time it takes if that is asked for."""
    if (args.time or args.digits) and not args.recipe:
        raise CliError("Name the recipe that you mean, such as `recipes mlp-vae-fast --time`.")
    if args.recipe:
        recipe = presets.preset(args.recipe)
        device = common.device(args.device) if args.time else ""
        if args.digits:
            recipe = presets.for_digits(recipe)
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
    """How long the recipe trains on this machine, in a sentence; measuring its pace takes a second or two."""
    from core.recipes import duration
    from core.system import devices
    from core.training import speed_test

    try:
        recipe = gan_source.resolved(recipe)
    except runs.RunError:  # no decoder here to begin with: timed as if a VAE's were
        recipe = recipe.with_(source_model="vae")
    device = devices.choose(name)
    rate = speed_test.speed_of(recipe, device)
    epochs = f"{recipe.epochs:,} epoch" + ("s" if recipe.epochs > 1 else "")
    return (
        f"Training takes {duration.rough_duration(duration.seconds(recipe, rate))} on this machine "
        f"({devices.describe(device)}): "
        f"{epochs} at {rate:,.0f} images a second."
    )


def _evaluate_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--samples",
        type=number(int, 1, 10_000),
        metavar="K",
        help="also estimate log p(x) from K importance samples an image (50 is usual; takes K times as long)",
    )
    parser.add_argument(
        "--images",
        type=number(int, 1, 1_000_000),
        metavar="N",
        default=1_000,
        help="test images to score a run without an encoder on, each of them a search (default: "
        "1000); with an encoder all are scored",
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or mps (default: auto)")
    common.add_which(parser)


def _recipes_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", nargs="?", metavar="RECIPE", help="show this one in full")
    parser.add_argument("--digits", action="store_true", help="its small sister on scikit-learn's digits")
    parser.add_argument(
        "--time",
        action="store_true",
        help="also say how long it trains on this machine: a trial of a second or two, whose result is kept",
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
    Command("list", "Show all runs, newest first.", show_runs, lambda parser: None, ("list",)),
    Command(
        "recipes",
        "Show the recipes by name, or one in full.",
        show_recipes,
        _recipes_arguments,
        ("recipes", "recipes plane-vae", "recipes plane-vae-fast --time"),
    ),
)
