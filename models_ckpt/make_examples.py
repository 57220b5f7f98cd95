"""Train the example runs of the repository: `python models_ckpt/make_examples.py` (a few minutes on a laptop).

One small run per preset, on scikit-learn's digits. Each keeps only the files that pages read: the best weights in half
precision, which makes no visible difference, the tables, the figures on the test set and six frames in 32 grey levels.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data, runs
from core.evaluation import test_set
from core.images import convert
from core.recipes.presets import CLASSIC, PRESETS, for_digits  # noqa: E402
from core.runs import weights  # noqa: E402
from core.system import paths
from core.system.atomic_files import write_json  # noqa: E402
from core.system.progress import Steps
from core.training.events import EpochEnd, Finished  # noqa: E402
from core.training.loop import train  # noqa: E402

FRAMES, GREYS = 6, 32
LIMIT = 8_000_000
"""Maximum size of all examples together, in bytes: every clone of the repository contains them."""


def make(recipe_name: str) -> int:
    """Train one example, replacing an existing one, and return its size in bytes."""
    name = f"example-{recipe_name}"
    old = runs.Run(paths.runs_folder() / name)
    if old.path.is_dir():
        old.delete()
    recipe = for_digits(PRESETS[recipe_name])
    run = runs.create(recipe.with_(source="example-mlp-vae") if recipe.model == "gan" else recipe, name)
    for event in train(run, "cpu"):
        if isinstance(event, EpochEnd) and event.epoch % 20 == 0:
            found = event.row.get("val_total", event.row.get("val_frechet"))
            print(f"{name}: epoch {event.epoch} of {run.epochs}, validation {found:.2f}", flush=True)
        if isinstance(event, Finished) and event.state != "finished":
            raise SystemExit(f"{name}: {event.message}")
    if recipe.model == "gan":  # dated before its source: pages open with the newest run
        source = runs.Run(paths.runs_folder() / "example-mlp-vae")
        run.update_status(created=source.status["created"] - 1)
    for file in ("last.safetensors", "resume.safetensors", ".lock"):
        (run.path / file).unlink(missing_ok=True)
    _halve(run)
    _thin(run)
    return sum(file.stat().st_size for file in run.path.rglob("*") if file.is_file())


def _thin(run: runs.Run) -> None:
    """Keep `FRAMES` frames, reduced to `GREYS` grey levels: a PNG with all 256 levels takes twice the bytes."""
    epochs = run.frames()
    # More frames from the early epochs, in which a model changes fastest.
    kept = {epochs[round((i / (FRAMES - 1)) ** 2 * (len(epochs) - 1))] for i in range(FRAMES)}
    for epoch in epochs:
        if epoch not in kept:
            (run.path / "frames" / f"{epoch:04d}.png").unlink()
    levels = np.linspace(0, 255, GREYS).round().astype(np.uint8)
    for epoch in run.frames():
        sheet = convert.from_png(run.frame(epoch))
        coarse = levels[(sheet.astype(int) * (GREYS - 1) + 127) // 255]
        Image.fromarray(coarse).save(run.path / "frames" / f"{epoch:04d}.png", optimize=True)


def _halve(run: runs.Run) -> None:
    """Convert the best weights to half precision, and evaluate the converted weights on the test set."""
    file = run.path / "best.safetensors"
    tensors, facts = weights.load(file)
    weights.save(file, {k: t.half() if t.is_floating_point() else t for k, t in tensors.items()}, facts)
    model, found = weights.load_model(run), data.load(run.recipe.dataset)
    figures = Steps(test_set.evaluation_steps(model, found, len(found.test_images))).end()
    write_json(run.path / "evaluation.json", figures | {"epoch": facts["epoch"]})


if __name__ == "__main__":
    # The first preset comes last of the classic ones, since pages open with the newest run; the GAN, whose source is
    # that run, follows.
    order = sorted(sys.argv[1:] or reversed(CLASSIC), key=lambda name: PRESETS[name].model == "gan")
    sizes = {name: make(name) for name in order}
    for name, size in sizes.items():
        print(f"example-{name}: {size / 1e6:.2f} MB")
    if sum(sizes.values()) > LIMIT:
        raise SystemExit(f"Together they take {sum(sizes.values()) / 1e6:.1f} MB; {LIMIT / 1e6:g} MB are allowed.")
