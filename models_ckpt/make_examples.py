"""Train the examples that the lab ships: `python models_ckpt/make_examples.py` (a few minutes on a laptop).

One small run per recipe, on scikit-learn's digits. Only what a page shows is kept: the best weights in half precision,
which no picture shows, the tables, the figures on the test set and six frames of the film in 32 grey levels.
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
"""Bytes that all examples together may take: they travel with every clone."""


def make(recipe_name: str) -> int:
    """Train one example anew and return its size in bytes."""
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
    if recipe.model == "gan":  # older than its source: pages open with the newest run
        source = runs.Run(paths.runs_folder() / "example-mlp-vae")
        run.update_status(created=source.status["created"] - 1)
    for file in ("last.safetensors", "resume.safetensors", ".lock"):
        (run.path / file).unlink(missing_ok=True)
    _halve(run)
    _thin(run)
    return sum(file.stat().st_size for file in run.path.rglob("*") if file.is_file())


def _thin(run: runs.Run) -> None:
    """Few frames, each in fewer grey levels: a PNG of the whole range takes twice the bytes."""
    epochs = run.frames()
    # More frames from the beginning, where a model changes fastest.
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
    """The best weights in half the bytes, and the figures on the test set of what was kept."""
    file = run.path / "best.safetensors"
    tensors, facts = weights.load(file)
    weights.save(file, {k: t.half() if t.is_floating_point() else t for k, t in tensors.items()}, facts)
    model, found = weights.load_model(run), data.load(run.recipe.dataset)
    figures = Steps(test_set.evaluation_steps(model, found, len(found.test_images))).end()
    write_json(run.path / "evaluation.json", figures | {"epoch": facts["epoch"]})


if __name__ == "__main__":
    # The first preset last: the newest run is the one a page opens with. The GAN needs it.
    order = sorted(sys.argv[1:] or reversed(CLASSIC), key=lambda name: PRESETS[name].model == "gan")
    sizes = {name: make(name) for name in order}
    for name, size in sizes.items():
        print(f"example-{name}: {size / 1e6:.2f} MB")
    if sum(sizes.values()) > LIMIT:
        raise SystemExit(f"Together they take {sum(sizes.values()) / 1e6:.1f} MB; {LIMIT / 1e6:g} MB are allowed.")
