"""Train the example runs of the repository: `python models_ckpt/make_examples.py [NAME …]` (half an hour on a laptop).

What they are is in `core/recipes/examples.py`; a name may be given with or without `example-`. Two need the files of
MNIST and of FashionMNIST. Each example keeps only the files that pages read: the best weights in half precision, which
makes no visible difference, the tables with five digits a number, the figures on the test set and five frames in 32
grey levels.
"""

import csv
import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import runs
from core.evaluation import test_set
from core.images import convert
from core.recipes.examples import EXAMPLE, EXAMPLES, GAN_SOURCE  # noqa: E402
from core.runs import frames, weights
from core.runs.images import images_of
from core.system import paths
from core.system.atomic_files import write_json  # noqa: E402
from core.system.progress import Steps
from core.training.events import Control, EpochEnd, Finished  # noqa: E402
from core.training.loop import train  # noqa: E402

FRAMES, GREYS, DIGITS = 5, 32, 5
LIMIT = 8_000_000
"""Maximum size of all examples together, in bytes: every clone of the repository contains them."""

TABLES = ("history.csv", "kl.csv", "classes.csv")

UNNEEDED = ("last.safetensors", "resume.safetensors", "images.safetensors", "classifier.safetensors", ".lock")
"""Files that only a run needs that is trained on, or whose images may change."""


def make(name: str) -> None:
    """Train one example, replacing an existing one."""
    old = runs.Run(paths.runs_folder() / name)
    if old.path.is_dir():
        old.delete()
    example, control = EXAMPLES[name], Control()
    recipe = example.recipe
    run = runs.create(recipe.with_(source=GAN_SOURCE) if recipe.family.adversarial else recipe, name)
    for event in train(run, "cpu", control):
        if isinstance(event, EpochEnd) and event.epoch == example.d_alone_after > 0:
            control.freeze_g = 1.0
        if isinstance(event, EpochEnd) and event.epoch % 20 == 0:
            found = event.row.get("val_total", event.row.get("val_frechet"))
            print(f"{name}: epoch {event.epoch} of {run.epochs}, validation {found:.2f}", flush=True)
        if isinstance(event, Finished) and event.state != "finished":
            raise SystemExit(f"{name}: {event.message}")
    reduce(run)


def reduce(run: runs.Run) -> None:
    """Keep of a finished run what an example needs."""
    if EXAMPLES[run.name].d_alone_after:
        _keep_last(run)
    for file in UNNEEDED:
        (run.path / file).unlink(missing_ok=True)
    _halve(run)
    _thin(run)
    for table in TABLES:
        _shorten(run.path / table)


def _keep_last(run: runs.Run) -> None:
    """Make the newest weights the best ones: since G was frozen its distance is the same, and D has learned on."""
    tensors, facts = weights.load(run.path / "last.safetensors")
    total = float(run.history()["val_frechet"][-1])
    weights.save(run.path / "best.safetensors", tensors, facts | {"epoch": run.epochs, "val_total": total})
    run.update_status(best_epoch=float(run.epochs), best_total=total)


def _thin(run: runs.Run) -> None:
    """Keep `FRAMES` frames, reduced to `GREYS` grey levels: a PNG with all 256 levels takes twice the bytes."""
    epochs = [epoch for epoch in run.frames() if epoch == int(epoch)]
    # More frames from the early epochs, in which a model changes fastest.
    kept = {epochs[round((i / (FRAMES - 1)) ** 2 * (len(epochs) - 1))] for i in range(FRAMES)}
    for epoch in run.frames():
        if epoch not in kept:
            (run.path / "frames" / frames.file_name(epoch)).unlink()
    levels = np.linspace(0, 255, GREYS).round().astype(np.uint8)
    for epoch in run.frames():
        sheet = convert.from_png(run.frame(epoch))
        coarse = levels[(sheet.astype(int) * (GREYS - 1) + 127) // 255]
        Image.fromarray(coarse).save(run.path / "frames" / frames.file_name(epoch), optimize=True)


def _shorten(table: Path) -> None:
    """Write the numbers of a table with `DIGITS` significant digits, whole numbers in full: a third of the bytes."""
    if not table.is_file():
        return
    with table.open(newline="") as file:
        header, *rows = csv.reader(file)
    short = [
        [cell if cell.lstrip("-").isdigit() or not cell else f"{float(cell):.{DIGITS}g}" for cell in row]
        for row in rows
    ]
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *short])


def _halve(run: runs.Run) -> None:
    """Convert the best weights to half precision, and evaluate the converted weights on the test set."""
    file = run.path / "best.safetensors"
    tensors, facts = weights.load(file)
    weights.save(file, {k: t.half() if t.is_floating_point() else t for k, t in tensors.items()}, facts)
    model, found = weights.load_model(run), images_of(run)
    figures = Steps(test_set.evaluation_steps(model, found, len(found.test_images))).end()
    write_json(run.path / "evaluation.json", figures | {"epoch": facts["epoch"]})


def _size(name: str) -> int:
    return sum(file.stat().st_size for file in (paths.runs_folder() / name).rglob("*") if file.is_file())


if __name__ == "__main__":
    asked = {EXAMPLE + name.removeprefix(EXAMPLE) for name in sys.argv[1:]} or EXAMPLES.keys()
    if unknown := asked - EXAMPLES.keys():
        raise SystemExit(f"There is no example {min(unknown)}. The examples are {', '.join(EXAMPLES)}.")
    for name in EXAMPLES:
        if name in asked:
            make(name)
    for name in EXAMPLES:
        print(f"{name}: {_size(name) / 1e6:.2f} MB")
    if (whole := sum(map(_size, EXAMPLES))) > LIMIT:
        raise SystemExit(f"Together they take {whole / 1e6:.1f} MB; {LIMIT / 1e6:g} MB are allowed.")
