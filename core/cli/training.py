"""`train` and `resume`. One flag per field of a recipe, with help, bounds and choices from the dataclass."""

from __future__ import annotations

import argparse
import dataclasses
import os
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from core import runs
from core.cli import common, progress
from core.cli.common import CliError, Command, quoted
from core.data.registry import SOURCES
from core.recipes import adaptation, presets
from core.recipes.images import load_images, settled
from core.recipes.recipe import Recipe, RecipeError, check, fields, lacking
from core.recipes.recipe_fields import GROUPS
from core.runs import figures, gan_source
from core.runs import images as run_images
from core.runs.run import not_writable
from core.runs.shown_weights import shown_weights
from core.system import user_paths
from core.training.events import Control, Finished
from core.training.stopping import NO_MEMORY

SKIPPED_SHOWN = 5
"""Unusable files of a folder that are named one by one."""


def _train_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("recipe", metavar="RECIPE", help="one of " + ", ".join(presets.PRESETS))
    parser.add_argument("--name", help="name of the new run (default: recipe, data set and a number)")
    add_small(parser)
    _device_argument(parser)
    for group, title in GROUPS.items():
        box = parser.add_argument_group(title)
        for f in fields():
            if f.metadata["group"] == group and f.name != "name":
                box.add_argument(flag(f), dest=f"field_{f.name}", metavar=_metavar(f), help=_help(f))


def add_small(parser: argparse.ArgumentParser) -> None:
    """Add a flag for each set of every machine: the recipe's small variant on it."""
    for name in adaptation.SMALL:
        parser.add_argument(
            f"--{name}",
            dest="small",
            action="append_const",
            const=name,
            help=f"the recipe's small variant on {SOURCES[name].title}, which needs no download",
        )


def small_variant(recipe: Recipe, sets: list[str] | None, dataset: str | None = None) -> Recipe:
    """The recipe's small variant on the set that a flag of `add_small` names; the recipe itself without such a flag.

    Args:
        sets: names of the flags that were given. dataset: that of `--dataset`.
    Raises:
        RecipeError: flags that contradict each other.
    """
    if not sets:
        return recipe
    name = sets[0]
    other = next((one for one in [*sets, dataset or name] if one != name), None)
    if other is not None:
        raise RecipeError(f"dataset: '{other}' contradicts --{name}. Omit one of the two.")
    return adaptation.adapted(recipe, name)


def flag(f: dataclasses.Field[Any]) -> str:
    """`latent_dim` → `--latent-dim`."""
    return "--" + f.name.replace("_", "-")


def _metavar(f: dataclasses.Field[Any]) -> str:
    if f.metadata["choices"]:
        return "{" + ",".join(f.metadata["choices"]) + "}"
    if f.name == "without_classes":
        return "NAMES"
    return {"int": "N", "float": "X", "str": "PATH"}.get(str(f.type), "N,N")


def _help(f: dataclasses.Field[Any]) -> str:
    meta = f.metadata
    facts = []
    if meta["low"] is not None:
        facts.append(f"{meta['low']:g} to {meta['high']:,.10g} {meta['unit']}".strip())
    if meta["only"]:
        facts.append(f"only with --{meta['only'][0].replace('_', '-')} {' or '.join(meta['only'][1])}")
    text = meta["help"] + (f" ({'; '.join(facts)})" if facts else "")
    return str(text).replace("%", "%%")


def _device_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda or mps (default: auto)")


def read_recipe(args: argparse.Namespace) -> Recipe:
    """The recipe described by the arguments.

    Raises:
        RecipeError: unknown preset, or a value that is not allowed: names field, value and what is allowed.
    """
    changes: dict[str, Any] = {f.name: getattr(args, f"field_{f.name}") for f in fields() if f.name != "name"}
    changes = {name: value for name, value in changes.items() if value is not None}
    recipe = small_variant(presets.preset(args.recipe), args.small, changes.get("dataset"))
    if changes.get("folder"):
        # As an absolute path, so that the run can be resumed from any folder.
        changes = {"dataset": "folder"} | changes | {"folder": os.path.abspath(user_paths.path_of(changes["folder"]))}
    recipe = recipe.with_(**changes)
    for f in fields():
        if f.name in changes and (missing := lacking(f, recipe.to_dict())):
            name, values = missing
            print(
                f"Note: {flag(f)} has no effect without --{name.replace('_', '-')} {' or '.join(values)}.",
                file=sys.stderr,
            )
    return recipe


def train(args: argparse.Namespace) -> int:
    """Train a new run."""
    recipe = read_recipe(args)
    if args.name:
        runs.valid_name(args.name)
    # Everything is checked before the run's folder is created.
    recipe = _with_source(recipe, args)
    images, recipe = load_images(recipe), settled(recipe)
    device = common.device(args.device)
    for sentence in images.notes:
        print(f"Note: {sentence}", file=sys.stderr)
    for file, reason in images.skipped[:SKIPPED_SHOWN]:
        print(f"Note: {file} {reason} and is skipped.", file=sys.stderr)
    if len(images.skipped) > SKIPPED_SHOWN:
        print(f"Note: {len(images.skipped) - SKIPPED_SHOWN:,} more files are skipped.", file=sys.stderr)
    return _drive(runs.create(recipe, args.name), device)


def _with_source(recipe: Recipe, args: argparse.Namespace) -> Recipe:
    """The recipe completed from the run it starts from; prints a note for each flag that the source overrides."""
    whole = gan_source.resolved(recipe)
    for name in gan_source.INHERITED + gan_source.PIXEL_FIELDS:
        if getattr(args, f"field_{name}") is not None and getattr(whole, name) != getattr(recipe, name):
            print(
                f"Note: --{name.replace('_', '-')} has no effect: its value comes from '{whole.source}', whose decoder "
                "becomes the generator.",
                file=sys.stderr,
            )
    return whole


def resume(args: argparse.Namespace) -> int:
    """Continue the training of a run."""
    run = common.find(args.name)
    status, done = run.status, int(run.status["epoch"])
    epochs = check(next(f for f in fields() if f.name == "epochs"), args.epochs) if args.epochs else run.epochs
    if run.locked():
        raise runs.RunError(f"'{run.name}' is already in training.")
    if not run.resumable:
        raise runs.RunError(f"'{run.name}' has no saved state to resume from. Train a new run with its recipe.")
    if epochs < status["epoch"] or (epochs == done and status["state"] == "finished"):
        finished = "finished its" if status["state"] == "finished" else "trained for"
        raise runs.RunError(
            f"'{run.name}' has {finished} {round(status['epoch'], 1):g} epochs. Give a larger total, for example "
            f"--epochs {done + max(1, done // 2)}."
        )
    device = common.device(args.device)
    if run.has_weights and (note := run_images.images_to_resume(run).changed):
        print(f"Note: {note}", file=sys.stderr)
    if epochs != status.get("epochs", run.recipe.epochs):
        try:
            run.update_status(flush=True, epochs=epochs)
        except OSError as error:
            raise not_writable(run, error) from None
    return _drive(run, device)


def _drive(run: runs.Run, device: str) -> int:
    """Train until the end or until Ctrl+C; returns the exit code."""
    from core.training.loop import train as training

    control, shown = Control(), progress.for_terminal(run)
    end = None
    command = f"python -m core resume {quoted(run.name)}"

    def stop() -> None:
        control.stop = True

    with common.asked_to_stop(stop) as signals:
        try:
            with closing(training(run, device, control)) as events:
                for event in events:
                    shown.show(event)
                    if isinstance(event, Finished):
                        end = event
        except KeyboardInterrupt:
            shown.close()
            print(f"Interrupted. Continue from the last saved state with: {command}", file=sys.stderr)
            return 128 + (signals or [2])[0]
        finally:
            shown.close()
    return _report(run, end, command, signals)


def _report(run: runs.Run, end: Finished | None, command: str, signals: list[int]) -> int:
    """Print how the training ended and what to do next; returns the exit code.

    Args:
        command: continues the training.
    Raises:
        CliError: the training failed or diverged.
    """
    if end is None:
        raise CliError(f"The training of '{run.name}' ended unexpectedly.")
    if end.state == "stopped":
        print(f"Stopped and saved. Continue with: {command}", flush=True)
        return 128 + signals[0] if signals else 0
    if end.state != "finished":
        flags = " The flags are --batch-size, --hidden and --channels." if end.message.startswith(NO_MEMORY) else ""
        raise CliError(end.message + flags)
    status = run.status
    done = round(status["epoch"], 1)
    many = "epoch" if done == 1 else "epochs"
    print(f"Finished: {done:g} {many} in {status['seconds']:.1f} s. {end.message}".rstrip())
    for line in _results(run, status):
        print(line)
    print(f"Generate images: python -m core sample {quoted(run.name)}", flush=True)
    return 0


def _results(run: runs.Run, status: dict[str, Any]) -> Iterator[str]:
    """The best validation and the test scores, one line each."""
    if run.recipe.family.adversarial:
        best, tested = status.get("best_total"), run.evaluation()
        if best is not None:
            yield f"Best epoch: Fréchet distance {best:.2f}, in epoch {status['best_epoch']:g}."
        if tested:
            before = f", {tested['before']['frechet']:.2f} before" if tested.get("before") else ""
            where = ", last weights" if shown_weights(run) == "last" else ""
            yield f"Test set{where}: Fréchet distance {tested['frechet']:.2f}{before}."
        return
    if (lowest := figures.best(run)) is not None:
        yield f"Best validation: {lowest.value:.2f} {lowest.unit}, {lowest.name}, {lowest.about}."
    for figure in figures.of_test(run):
        if figure.key in ("total", "negative_elbo"):
            yield f"Test set: {figure.value:.2f} {figure.unit}, {figure.name}: {figure.about}."


def _resume_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument("--epochs", metavar="N", help="total number of epochs (default: that of the run)")
    _device_argument(parser)


COMMANDS = (
    Command(
        "train",
        "Train a new run from a recipe.",
        train,
        _train_arguments,
        (
            "train mlp-vae --digits",
            "train shapes-vae",
            "train mlp-vae --hidden 400 --epochs 20 --name wide",
            "train plane-vae --dataset fashion-mnist --beta 4 --beta-warmup 5",
            "train conv-vae --folder ~/Pictures/leaves --latent-dim 8",
        ),
        "train RECIPE [--field value …]",
    ),
    Command(
        "resume",
        "Continue the training of a run.",
        resume,
        _resume_arguments,
        ("resume mlp-vae-digits-1", "resume mlp-vae-digits-1 --epochs 300"),
    ),
)
