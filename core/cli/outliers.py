"""`outliers`: does a run's score tell its test images from others? As text or JSON."""

from __future__ import annotations

import argparse
import json
import math
import sys
from contextlib import closing

from core import data
from core.cli import common
from core.cli.common import CliError, Command, number
from core.evaluation import outlier_images as bags
from core.recipes.images import load_images
from core.system.progress import Steps

SCORES = {
    "error": "reconstruction error (MSE per pixel, from the mean of the posterior)",
    "objective": "negative ELBO, z sampled",
    "baseline": "residual of PCA with 20 components",
}


def outliers(args: argparse.Namespace) -> None:
    """Score a mixed bag; print AUROC and what the threshold of the validation images flags, kind by kind."""
    run = common.find(args.name)
    common.no_gan(run, "scores none")
    if args.other == run.recipe.dataset:
        raise CliError(f"'{args.other}' is what '{run.name}' was trained on. Choose another set with --other.")
    there = bags.other_sets(run.recipe)
    name = args.other or (there[0] if there else "")
    images = load_images(run.recipe)
    other = data.load(name, shape=images.shape) if name else None
    bag = bags.build(images, run.recipe, other, args.n, args.seed)
    from core.evaluation import outliers as scores
    from core.runs import weights

    model = weights.load_model(run, args.which)
    with (
        common.bar(
            sys.stderr,
            total=1.0,
            disable=not sys.stderr.isatty(),
            leave=False,
            bar_format="{desc}{percentage:3.0f} % |{bar}| {elapsed}<{remaining}",
        ) as bar,
        closing(scores.scoring_steps(model, run.recipe, images, bag)) as work,
    ):
        steps = Steps(work)
        for part in steps:
            bar.n = part
            bar.refresh()
    found = steps.result
    told = {
        score: {
            v.kind: {"images": v.images, "flagged": v.flagged, "auroc": None if math.isnan(v.auroc) else v.auroc}
            for v in scores.results_by_kind(found.by(score), bag, args.quantile)
        }
        for score in SCORES
    }
    if args.json:
        print(json.dumps({"other": bag.other or None, "quantile": args.quantile, "scores": told}, indent=1))
        return
    titles = SCORES | ({} if run.recipe.variational else {"objective": "objective of training"})
    for score, kinds in told.items():
        print(f"{titles[score]}")
        for kind, verdict in kinds.items():
            auroc = f"   AUROC {verdict['auroc']:.3f}" if verdict["auroc"] is not None else ""
            print(
                f"  {bag.other if kind == 'other' else kind:14} {verdict['images']:6,} images   "
                f"{100 * verdict['flagged']:5.1f} % flagged{auroc}"
            )
    print(f"Flagged: above the {100 * args.quantile:g} % quantile of validation images. AUROC: against test images.")


def _arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--other",
        choices=[name for name in data.SOURCES if name != "folder"],
        help="data set whose images are outliers too (default: one that is on this machine)",
    )
    parser.add_argument(
        "--n", type=number(int, 1, 100_000), default=300, metavar="N", help="images of each kind (default: 300)"
    )
    parser.add_argument(
        "--quantile",
        type=number(float, 0.5, 1),
        default=0.95,
        metavar="Q",
        help="share of validation images below the threshold (default: 0.95)",
    )
    parser.add_argument("--seed", type=number(int, 0, 2**31 - 1), default=0, help="of the noise (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    common.add_which(parser)


COMMANDS = (
    Command(
        "outliers",
        "See whether a run's score tells its test images from others.",
        outliers,
        _arguments,
        ("outliers mlp-vae-digits-1", "outliers mlp-vae-mnist-1 --other fashion-mnist --n 2000"),
    ),
)
