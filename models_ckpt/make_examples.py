"""Train the example runs of the repository: `python models_ckpt/make_examples.py [NAME …]` (half an hour on a laptop).

What they are is in `core/recipes/examples.py`; a name may be given with or without `example-`. Two need the files of
MNIST and of FashionMNIST. Each example keeps only the files that pages read: the best weights in half precision, which
makes no visible difference, the tables with three or five digits a number and as many rows as a curve shows, the
figures on the test set and four frames in 8 grey levels or 24 colours. With `--smaller` nothing is trained: tables and
frames of the examples that are there are reduced again, which leaves those that are reduced as they are. With
`--priors` nothing but the priors of examples is learned anew (`PRIORS`).
"""

import csv
import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import runs
from core.evaluation import test_set
from core.images import convert
from core.priors import store
from core.priors.events import LEARNING
from core.priors.kinds import FLOW, TRANSFORMER, PriorKind
from core.priors.learning import learn
from core.priors.settings import CodeTransformerSettings, FlowSettings, PriorSettings
from core.recipes.examples import EXAMPLE, EXAMPLES, GAN_SOURCE  # noqa: E402
from core.runs import figures, frames, weights
from core.runs.images import images_of
from core.system import paths
from core.system.atomic_files import write_json  # noqa: E402
from core.system.progress import Steps
from core.training.events import Control, EpochEnd, Finished  # noqa: E402
from core.training.loop import train  # noqa: E402

GREYS, COLOURS = 8, 24

FRAMES = (0.0, 1 / 16, 1 / 4, 1.0)
"""Places of the frames that are kept, along all of a training: more at its beginning, where a model changes fastest."""

LEVELS = 15
"""The largest level of a PNG of four bits a pixel."""

ROWS, WHOLE_EPOCHS, KL_ROWS = 120, 2, 24
"""Rows of a history, about; epochs at the beginning that keep all rows, since a model changes fastest in them; rows of
the table of KL per dimension."""

LIMIT = 8_000_000
"""Maximum size of all examples together, in bytes: every clone of the repository contains them."""

DIGITS = {"history.csv": 5, "kl.csv": 3, "classes.csv": 5}
"""Significant digits of the numbers of each table."""

STATES = ("step", "epoch", "seconds", "lr", "d_lr", "beta")
"""Columns of a history that state something at the end of a row's steps; the others of training are means over them."""

PRIORS: dict[str, tuple[PriorKind, PriorSettings]] = {
    EXAMPLE + "plane-ae": (FLOW, FlowSettings(width=48, blocks=2, steps=4_000, lr=5e-3)),
    EXAMPLE + "vq-vae": (TRANSFORMER, CodeTransformerSettings(width=32, layers=2, steps=1_600, batch=32, lr=4e-3)),
}
"""Examples with a learned prior: a flow, by which VAE → diffusion begins, for which a narrow network suffices in two
dimensions; and a transformer over codes."""

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
            control.changes["freeze_g"] = 1.0
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
    shrink(run)
    if run.name in PRIORS:
        learn_prior(run)


def learn_prior(run: runs.Run) -> None:
    """Learn the prior of an example for the weights that it keeps, and keep it in half precision too."""
    kind, settings = PRIORS[run.name]
    for event in learn(run, kind, settings, "cpu"):
        if event.phase == LEARNING and event.done % 500 == 0:
            print(f"{run.name}: step {event.done} of {event.total}, loss {event.losses[-1, 1]:.4f}", flush=True)
    file = store.file_of(run, kind)
    tensors, facts = weights.load(file)
    weights.save(file, {name: t.half() for name, t in tensors.items()}, facts)


def shrink(run: runs.Run) -> None:
    """Reduce the frames and the tables of an example; one that is reduced already stays as it is."""
    for epoch in run.frames():
        (run.path / "frames" / frames.file_name(epoch)).write_bytes(_small_png(convert.from_png(run.frame(epoch))))
    _merge(run.path / "history.csv")
    _pick(run.path / "kl.csv")
    for table in DIGITS:
        _shorten(run.path / table)


def _keep_last(run: runs.Run) -> None:
    """Make the newest weights the best ones: since G was frozen its distance is the same, and D has learned on."""
    tensors, facts = weights.load(run.path / "last.safetensors")
    total = float(run.history()["val_frechet"][-1])
    weights.save(run.path / "best.safetensors", tensors, facts | {"epoch": run.epochs, "val_total": total})
    run.update_status(best_epoch=float(run.epochs), best_total=total)


def _thin(run: runs.Run) -> None:
    """Keep the frames of `FRAMES`."""
    epochs = [epoch for epoch in run.frames() if epoch == int(epoch)]
    kept = {epochs[round(place * (len(epochs) - 1))] for place in FRAMES}
    for epoch in run.frames():
        if epoch not in kept:
            (run.path / "frames" / frames.file_name(epoch)).unlink()


def _early(length: int, count: int) -> list[int]:
    """At most `count` places along a list, the first and the last among them, more of them at its beginning."""
    return sorted({round((i / (count - 1)) ** 2 * (length - 1)) for i in range(count)})


def _small_png(sheet: np.ndarray) -> bytes:
    """PNG file of a frame: a grey one in `GREYS` levels with four bits a pixel, a coloured one in `COLOURS` colours."""
    if sheet.ndim == 3:
        buffer = io.BytesIO()
        few = len(np.unique(sheet.reshape(-1, 3), axis=0)) <= COLOURS
        Image.fromarray(sheet).quantize(COLOURS, dither=Image.Dither.NONE, kmeans=0 if few else 3).save(
            buffer, "PNG", optimize=True
        )
        return buffer.getvalue()
    # By hand, since Pillow reads grey levels of four bits and does not write them.
    levels = np.linspace(0, LEVELS, GREYS).round().astype(int)[(sheet.astype(int) * (GREYS - 1) + 127) // 255]
    height, width = levels.shape
    pairs = np.pad(levels, ((0, 0), (0, width % 2))).reshape(height, -1, 2)
    rows = np.pad(pairs[..., 0] << 4 | pairs[..., 1], ((0, 0), (1, 0))).astype(np.uint8)  # 0: an unfiltered row
    parts = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 4, 0, 0, 0, 0),
        b"IDAT": zlib.compress(rows.tobytes(), 9),
        b"IEND": b"",
    }
    chunks = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts.items()
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _read(table: Path) -> tuple[list[str], list[list[str]]]:
    with table.open(newline="") as file:
        header, *rows = csv.reader(file)
    return header, rows


def _write(table: Path, header: list[str], rows: list[list[str]]) -> None:
    with table.open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])


def _pick(table: Path) -> None:
    """Keep `KL_ROWS` rows of a table that has a row for each epoch."""
    if not table.is_file():
        return
    header, rows = _read(table)
    if len(rows) > KL_ROWS:
        _write(table, header, [rows[i] for i in _early(len(rows), KL_ROWS)])


def _merge(table: Path) -> None:
    """Merge rows of a history to as many as a curve shows: their means, weighted by steps, as a rarer log has them.

    Rows of validation stay, and so do the rows of the first epochs.
    """
    header, rows = _read(table)
    step, epoch = header.index("step"), header.index("epoch")
    validation = [i for i, name in enumerate(header) if name.startswith("val_")]
    means = [i for i, name in enumerate(header) if i not in validation and name not in STATES]
    spacing = max(1.0, int(rows[-1][step]) / ROWS)
    merged, stretch, start = [], [], 0
    for row in rows:
        stretch.append(row)
        if not any(row[i] for i in validation) and row is not rows[-1]:
            continue
        parts = round((int(row[step]) - start) / spacing)
        count = len(stretch) if float(row[epoch]) <= WHOLE_EPOCHS else min(len(stretch), max(1, parts))
        for group in np.array_split(np.arange(len(stretch)), count):
            merged.append(_mean([stretch[i] for i in group], start, step, means))
            start = int(merged[-1][step])
        stretch = []
    _write(table, header, merged)


def _mean(group: list[list[str]], start: int, step: int, means: list[int]) -> list[str]:
    """The last row of a group, with the means of some columns; `start` is the step before the group."""
    last = list(group[-1])
    if len(group) == 1:
        return last
    lengths = np.diff([start, *(int(row[step]) for row in group)])
    for i in means:
        if all(row[i] for row in group):
            last[i] = repr(float(np.average([float(row[i]) for row in group], weights=lengths)))
    return last


def _shorten(table: Path) -> None:
    """Write the numbers of a table with its `DIGITS`, whole numbers in full: a third of the bytes."""
    if not table.is_file():
        return
    header, rows = _read(table)
    short = [
        [cell if cell.lstrip("-").isdigit() or not cell else f"{float(cell):.{DIGITS[table.name]}g}" for cell in row]
        for row in rows
    ]
    _write(table, header, short)


def _halve(run: runs.Run) -> None:
    """Convert the best weights to half precision, and evaluate the converted weights on the test set."""
    file = run.path / "best.safetensors"
    tensors, facts = weights.load(file)
    weights.save(file, {k: t.half() if t.is_floating_point() else t for k, t in tensors.items()}, facts)
    model, found = weights.load_model(run), images_of(run)
    used = figures.weights_at(run, facts["epoch"])
    measured = Steps(test_set.evaluation_steps(model, found, len(found.test_images), used)).end()
    write_json(run.path / "evaluation.json", measured | {"epoch": facts["epoch"]})


def _size(name: str) -> int:
    return sum(file.stat().st_size for file in (paths.runs_folder() / name).rglob("*") if file.is_file())


if __name__ == "__main__":
    words = [word for word in sys.argv[1:] if word not in ("--smaller", "--priors")]
    asked = {EXAMPLE + name.removeprefix(EXAMPLE) for name in words} or EXAMPLES.keys()
    if unknown := asked - EXAMPLES.keys():
        raise SystemExit(f"There is no example {min(unknown)}. The examples are {', '.join(EXAMPLES)}.")
    for name in EXAMPLES:
        if name in asked and "--smaller" in sys.argv:
            shrink(runs.open_run(name))
        elif name in asked and "--priors" in sys.argv:
            if name in PRIORS:
                learn_prior(runs.open_run(name))
        elif name in asked:
            make(name)
    for name in EXAMPLES:
        print(f"{name}: {_size(name) / 1e6:.2f} MB")
    if (whole := sum(map(_size, EXAMPLES))) > LIMIT:
        raise SystemExit(f"Together they take {whole / 1e6:.1f} MB; {LIMIT / 1e6:g} MB are allowed.")
