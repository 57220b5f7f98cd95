"""The scores of the Outliers page as a table to download."""

from __future__ import annotations

import csv
import io

from core.data import ImageSet
from core.evaluation import outliers
from core.evaluation.outlier_images import KINDS
from ui.outliers.inputs import Choice, score_name, scores_of
from ui.outliers.scores import Result
from ui.outliers.views import unit


def scores_csv(result: Result, choice: Choice, images: ImageSet) -> str:
    """CSV text with a row for each image: its kind, its number in its data set, its class or nothing, every score, and
    whether the chosen score is above the threshold."""
    outlier_set, kinds = result.outlier_set, list(KINDS)
    recipe = result.run.recipe
    scores = {unit(result, score): result.scores.by(score) for score in scores_of(recipe)}
    scores[f"PCA-{outliers.PCA_COMPONENTS}: squared error per pixel"] = result.scores.baseline
    chosen = result.scores.by(choice.score)
    threshold = outliers.decision_threshold(chosen[outlier_set.of("validation")], choice.quantile)
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    flagged = f"{score_name(choice.score, recipe)} above {threshold:.6g}"
    rows.writerow(["kind", "number", "class", *scores, flagged])
    for k, (kind, number, label) in enumerate(
        zip(outlier_set.kind, outlier_set.number, outlier_set.label, strict=True)
    ):
        name = images.classes[label] if 0 <= label < len(images.classes) else ""
        values = (f"{column[k]:.6g}" for column in scores.values())
        rows.writerow([kinds[kind], number, name, *values, int(chosen[k] > threshold)])
    return text.getvalue()
