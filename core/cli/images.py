"""`sample`, `reconstruct` and `interpolate`: what a run can do, as PNG files."""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from core import data
from core.cli import common
from core.cli.common import CliError, Command, number
from core.images import convert
from core.latent import codec, mixture, walks
from core.recipes.images import load_images
from core.runs import Run

if TYPE_CHECKING:
    from core.models import LatentModel

WIDTH = 900
"""Pixels that a sheet is enlarged to, about: 28 × 28 is too small to be seen."""

MOST_SCALE, COLUMNS, GAP, GROUND = 8, 12, 1, 64

STRIPES = np.where(np.add.outer(np.arange(convert.SIDE), np.arange(convert.SIDE)) % 4 < 2, 208, 48).astype(np.uint8)
"""Over hidden pixels: diagonal stripes, which no picture has."""


def _png(sheet: np.ndarray) -> bytes:
    """Every pixel becomes a square: nothing is smoothed."""
    return convert.png(sheet, max(1, min(MOST_SCALE, round(WIDTH / sheet.shape[1]))))


def _model(run: Run, which: str) -> LatentModel:
    from core.runs import weights  # imports torch

    return weights.load_model(run, which)


def _save(path, sheet: np.ndarray, what: str) -> None:
    common.write(path, _png(sheet))
    print(f"{what}: {path}")


def sample(args: argparse.Namespace) -> None:
    """New images: latents drawn from the prior, or from what was fitted to the training latents, decoded."""
    run = common.find(args.name)
    out = common.output_file(args.out, f"{run.name}-samples.png", args.force)
    model = _model(run, args.which)
    source = args.source or mixture.default_sampler(model)
    fitted = mixture.for_run(run, model, which=args.which) if source == "mixture" else None
    z = mixture.draw(model, source, args.n, args.seed, args.temperature, fitted)
    pictures = codec.decode(model, z)
    columns = args.columns or math.ceil(math.sqrt(args.n))
    _save(
        out, convert.tile(pictures, columns, GAP, GROUND), f"{args.n:,} new images from the {mixture.SAMPLERS[source]}"
    )


def reconstruct(args: argparse.Namespace) -> None:
    """Originals above what the model makes of them, decoded from the mean of the posterior; between the two, if part
    of them is hidden, what is visible."""
    from core.evaluation import inpainting
    from core.images import mask_spec, masks

    run = common.find(args.name)
    out = common.output_file(args.out, f"{run.name}-reconstructions.png", args.force)
    try:
        visible = mask_spec.mask_of(mask_spec.normal(args.hide))
    except masks.MaskError as error:
        raise CliError(str(error)) from None
    originals = _own(args.image) if args.image else _of_the_test_set(run, args.n)
    if args.invert:
        originals = 255 - originals
    model = _model(run, args.which)
    with _threads(run):
        copies, seconds, steps = _placed(model, originals, visible, args.steps)
    rows = [originals, copies] if visible.all() else [originals, np.where(visible, originals, STRIPES), copies]
    columns = min(COLUMNS, len(originals))
    blank = np.full((-len(originals) % columns, convert.SIDE, convert.SIDE), GROUND, np.uint8)
    rows = [np.concatenate([part, blank]) for part in rows]
    lines = [part[k : k + columns] for k in range(0, len(rows[0]), columns) for part in rows]
    said = f"squared error {inpainting.pixel_mse(copies, originals).mean():.3g} per pixel"
    if not visible.all():
        said += f", {inpainting.hidden_mse(copies, originals, visible).mean():.3g} on the hidden ones"
    how = f"{steps} steps of search" if steps else "by the encoder in one pass"
    _save(
        out,
        convert.tile(np.concatenate(lines), columns, GAP, GROUND),
        f"{len(originals):,} originals above their reconstructions, {said}, {1000 * seconds:,.0f} ms ({how})",
    )


@contextmanager
def _threads(run: Run) -> Iterator[None]:
    """As many threads as suit the network, for as long as it lasts."""
    import torch

    from core.training import base_trainer

    before = torch.get_num_threads()
    torch.set_num_threads(base_trainer.threads_for(run.recipe, torch.device("cpu")))
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _placed(
    model: LatentModel, originals: np.ndarray, visible: np.ndarray, steps: int | None
) -> tuple[np.ndarray, float, int]:
    """(reconstructions `uint8` [N, 28, 28], seconds to find their places, steps: 0 for an encoder's answer). With an
    encoder a search is made only where steps are asked for, and begins at its answer; a hole is black to it."""
    from core.evaluation import inpainting
    from core.latent import encoding, search

    seen = codec.image_tensor(inpainting.fill_holes(originals, visible, np.zeros_like(originals)), model)
    began = time.perf_counter()
    if model.encoder is not None and steps is None:
        posterior, taken = encoding.encode(model, seen), 0
    else:
        mask = None if visible.all() else inpainting.mask_tensor(visible, len(originals), model)
        found = encoding.optimise_latents(model, seen, visible=mask, steps=search.STEPS if steps is None else steps)
        posterior, taken = found.posterior, int(found.steps.max())
    seconds = time.perf_counter() - began
    return codec.decode(model, posterior.mean.cpu().numpy()), seconds, taken


def interpolate(args: argparse.Namespace) -> None:
    """The way from one test image to another through the latent space; the originals stand at both ends."""
    run = common.find(args.name)
    out = common.output_file(args.out, f"{run.name}-path.png", args.force)
    test = _test_set(run).test_images
    if max(args.a, args.b) >= len(test):
        raise CliError(f"There are {len(test):,} test images: choose A and B from 0 to {len(test) - 1:,}.")
    model = _model(run, args.which)
    ends = test[[args.a, args.b]]
    a, b = codec.encode(model, ends)
    walk = {"slerp": walks.slerp, "lerp": walks.lerp}[args.path]
    between = codec.decode(model, walk(a, b, np.linspace(0.0, 1.0, args.steps)))
    strip = np.concatenate([ends[:1], between, ends[1:]])
    _save(out, convert.tile(strip, len(strip), GAP, GROUND), f"From test image {args.a} to {args.b} ({args.path})")


def _own(files: list[str]) -> np.ndarray:
    found = []
    for file in files:
        try:
            found.append(convert.from_file(file))
        except convert.ImageError as error:
            raise CliError(f"{file} {error}.") from None
    return np.stack(found)


def _test_set(run: Run) -> data.ImageSet:
    return load_images(run.recipe)


def _of_the_test_set(run: Run, n: int) -> np.ndarray:
    """n test images that hold every class in proportion; training images of a set too small to have any."""
    found = _test_set(run)
    if not len(found.test_images):
        return found.train_images[:n]
    return found.test_images[data.spread(found.test_labels, min(n, len(found.test_images)))]


def _sample_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument("--n", type=number(int, 1, 10_000), default=64, help="how many images (default: 64)")
    parser.add_argument("--seed", type=number(int, 0, 2**31 - 1), default=0, help="same seed, same images (default: 0)")
    parser.add_argument(
        "--temperature",
        type=number(float, 0, 10),
        default=1.0,
        metavar="T",
        help="below 1 safer pictures with less variety, 1 as it is (default: 1)",
    )
    parser.add_argument(
        "--from",
        choices=tuple(mixture.SAMPLERS),
        dest="source",
        help="draw latents from the prior N(0, I), from the Gaussian fitted to the training latents, "
        "or from a mixture of Gaussians fitted to them (default: prior for a VAE and a "
        "variational auto-decoder, gaussian for the others)",
    )
    parser.add_argument("--columns", type=number(int, 1, 1_000), help="images in a row (default: as many as rows)")
    common.add_which(parser)
    common.add_out(parser, "RUN-samples.png")


def _reconstruct_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--n", type=number(int, 1, 1_000), default=COLUMNS, help=f"how many test images (default: {COLUMNS})"
    )
    parser.add_argument(
        "--image", action="append", metavar="FILE", help="a picture of your own instead; give it again for more"
    )
    parser.add_argument(
        "--invert",
        action="store_true",
        help="swap black and white first: for ink on paper, where the model learned light on dark",
    )
    parser.add_argument(
        "--hide",
        metavar="WHAT",
        default="",
        help="hide part of them: half (half-left, -right, -top, -bottom), box, or a share at random "
        "such as 50%%; a search goes by what is visible, an encoder sees the hole black",
    )
    parser.add_argument(
        "--steps",
        type=number(int, 1, 10_000),
        help="search for so many steps at most (default: 60 without an encoder; with one, none)",
    )
    common.add_which(parser)
    common.add_out(parser, "RUN-reconstructions.png")


def _interpolate_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    for end in ("a", "b"):
        parser.add_argument(end, type=number(int, 0, 10**6), metavar=end.upper(), help="number of a test image, from 0")
    parser.add_argument("--steps", type=number(int, 2, 100), default=10, help="images on the way (default: 10)")
    parser.add_argument(
        "--path", choices=("slerp", "lerp"), default="slerp", help="an arc, or the straight line (default: slerp)"
    )
    common.add_which(parser)
    common.add_out(parser, "RUN-path.png")


COMMANDS = (
    Command(
        "sample",
        "Draw new images from a run, as a PNG.",
        sample,
        _sample_arguments,
        (
            "sample mlp-vae-digits-1",
            "sample mlp-vae-digits-1 --n 100 --seed 7 --temperature 0.7 --out new.png",
            "sample auto-decoder-fashion-mnist-1 --from mixture",
        ),
    ),
    Command(
        "reconstruct",
        "Originals above their reconstructions, as a PNG.",
        reconstruct,
        _reconstruct_arguments,
        (
            "reconstruct mlp-vae-digits-1",
            "reconstruct mlp-vae-digits-1 --hide half-bottom --steps 60",
            "reconstruct mlp-vae-digits-1 --image photo.jpg --image scan.png --invert",
        ),
    ),
    Command(
        "interpolate",
        "Walk from one test image to another, as a PNG.",
        interpolate,
        _interpolate_arguments,
        ("interpolate mlp-vae-digits-1 3 8", "interpolate mlp-vae-digits-1 3 8 --steps 20 --path lerp --out walk.png"),
    ),
)
