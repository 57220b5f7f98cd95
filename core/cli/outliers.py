"""`outliers`: how well a run's scores separate its test images from outliers, as text or JSON."""

from __future__ import annotations

import argparse
import json
import math
import sys
from contextlib import closing
from typing import Any

from core import data
from core.cli import common
from core.cli.common import CliError, Command, number
from core.evaluation import outlier_images
from core.system.progress import Steps

SCORES = {
    "error": "reconstruction error (MSE per pixel, from the posterior mean)",
    "objective": "negative ELBO, z sampled",
    "corrected": "negative ELBO minus the entropy of the image's pixels",
    "typicality": "distance of the negative ELBO from its mean over validation images",
    "complexity": "negative ELBO minus the size of the image as a PNG file, in nats",
    "baseline": "residual of PCA with 20 components",
}
"""Scores in the order of the output, with their titles."""

OF_POINTS = {
    "objective": "training objective",
    "corrected": "objective minus the entropy of the image's pixels",
    "typicality": "distance of the objective from its mean over validation images",
    "complexity": "objective minus the size of the image as a PNG file, in nats",
}
"""Other titles where an image is a point in the latent space."""


def outliers(args: argparse.Namespace) -> None:
    """Score an outlier set; print AUROC and the share above the threshold of the validation images, kind by kind."""
    run = common.find(args.name)
    common.refuse_adversarial(run, "scores none")
    if args.other == run.recipe.dataset:
        raise CliError(f"'{args.other}' is what '{run.name}' was trained on. Choose another set with --other.")
    available = outlier_images.other_sets(run.recipe)
    usual = [name for name in available if not outlier_images.by_choice(name, run.recipe)]
    name = args.other or (usual[0] if usual else "")
    images = common.images_of(run)
    other = data.load(name, shape=images.shape) if name else None
    outlier_set = outlier_images.build(images, run.recipe, other, args.n, args.seed)
    from core.evaluation import outliers as scores
    from core.runs import weights

    model = weights.load_model(run, common.which(args, run))
    with (
        common.bar(
            sys.stderr,
            total=1.0,
            disable=not sys.stderr.isatty(),
            leave=False,
            bar_format="{desc}{percentage:3.0f} % |{bar}| {elapsed}<{remaining}",
        ) as bar,
        closing(scores.scoring_steps(model, run.recipe, images, outlier_set)) as work,
    ):
        steps = Steps(work)
        for share in steps:
            bar.n = share
            bar.refresh()
        scored = steps.end()
    results: dict[str, dict[str, dict[str, Any]]] = {
        score: {
            v.kind: {
                "images": v.images,
                "flagged": v.flagged,
                "auroc": None if math.isnan(v.auroc) else v.auroc,
                "interval": None if math.isnan(v.auroc) else list(v.interval),
            }
            for v in scores.results_by_kind(scored.by(score), outlier_set, args.quantile)
        }
        for score in scores.scores_of(run.recipe)
    }
    if args.json:
        print(json.dumps({"other": outlier_set.other or None, "quantile": args.quantile, "scores": results}, indent=1))
        return
    titles = SCORES if run.recipe.variational else SCORES | OF_POINTS
    for score, kinds in results.items():
        print(f"{titles[score]}")
        for kind, result in kinds.items():
            low, high = result["interval"] or (0, 0)
            auroc = f"   AUROC {result['auroc']:.2f} ({low:.2f} to {high:.2f})" if result["auroc"] is not None else ""
            print(
                f"  {outlier_set.other if kind == 'other' else kind:14} {result['images']:6,} images   "
                f"{100 * result['flagged']:5.1f} % flagged{auroc}"
            )
            if result["auroc"] is not None and result["auroc"] < 0.5:
                why = scores.why_typical(score, kind, scored, outlier_set)
                print(f"    The model finds these images more typical than its test images{f': {why}' if why else ''}.")
    print(
        f"Flagged: above the {100 * args.quantile:g} % quantile of validation images. AUROC: against test images, with "
        "its 95 % interval."
    )


def _arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--other",
        choices=[name for name, source in data.SOURCES.items() if not source.pictures],
        help="data set whose images are outliers, too (default: one that is on this machine)",
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
    parser.add_argument("--seed", type=number(int, 0, 2**31 - 1), default=0, help="of the noise images (default: 0)")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    common.add_which(parser)


COMMANDS = (
    Command(
        "outliers",
        "Measure how well a run's scores separate its test images from outliers.",
        outliers,
        _arguments,
        ("outliers mlp-vae-digits-1", "outliers mlp-vae-mnist-1 --other fashion-mnist --n 2000"),
    ),
)
