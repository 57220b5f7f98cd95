"""The lab's examples by the evaluation of the page Compare, as Markdown; and what generated data bring a classifier.

`python benchmarks/compare_examples.py [RUN …] [--augment RUN …]` (about twenty seconds a run, minutes with --augment)

Without names all examples are measured, one table for each set of images that is on this machine. Results are kept in
the lab's cache, so that the page opens with them.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from core import data, runs
from core.evaluation import (  # noqa: E402
    augmentation,
    comparison,
    comparison_export,
    comparison_run,
    comparison_samples,
)
from core.evaluation.comparison_measures import SAMPLES  # noqa: E402
from core.runs import Run, weights  # noqa: E402
from core.runs.images import images_of  # noqa: E402
from core.runs.shown_weights import shown_weights  # noqa: E402
from core.system.progress import Steps  # noqa: E402


def measured(run: Run) -> comparison.Entry:
    """All that the page shows of a run, from the cache where it is there."""
    images, source = images_of(run), comparison_samples.sampler_of(run)
    model, found = weights.load_model(run, shown_weights(run)), {}
    for part in comparison_run.parts(run, model, images, source, SAMPLES):
        if (result := part.load()) is None:
            part.save(result := Steps(part.steps()).end())
        found[part.name] = result
    facts, samples = found["The measures"], found["The samples"]
    return comparison_run.entry(run, facts, samples, {}, False, found.get("The bound"))


def augmented(run: Run) -> None:
    """Print the curve of a run: accuracy of the classifier with and without its images."""
    images, source = images_of(run), comparison_samples.sampler_of(run)
    path = augmentation.file_of(run, images, source)
    model, found = weights.load_model(run, shown_weights(run)), augmentation.load(path)
    for _, step in augmentation.augmentation_steps(run, model, images, source, found):
        if step is not None:
            augmentation.save(path, found := step)
    if found is None:
        return
    print(f"\n{run.name}: {augmentation.finding(found)}")
    for point in found.points:
        real, both = (100 * (1 - sum(part) / len(part)) for part in (point.real, point.both))
        gain = f"{100 * point.gain:+.2f} ± {100 * point.error:.2f}"
        print(f"  {point.n:5,} per class: {real:.2f} % wrong, with generated {both:.2f} % (gain {gain})")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="RUN", help="runs to compare (default: all examples)")
    parser.add_argument("--augment", nargs="+", default=[], metavar="RUN", help="runs whose images a classifier gets")
    args = parser.parse_args()
    torch.set_num_threads(1)
    for name in args.augment:
        augmented(runs.open_run(name))
    if args.augment and not args.names:
        return 0
    wanted = [run for run in runs.list_runs() if not run.error and run.has_weights]
    wanted = [run for run in wanted if (run.name in args.names if args.names else run.example)]
    sets: dict[tuple, list[comparison.Entry]] = {}
    for run in wanted:
        try:
            entry = measured(run)
            sets.setdefault(run.recipe.source_of_images, []).append(entry)
        except data.DataError as error:
            print(f"{run.name} is left out: {error}", file=sys.stderr)
    for entries in sets.values():
        table = comparison.sort(comparison.rows(entries), "name")
        print(f"\n{entries[0].recipe.dataset}, {len(entries)} runs\n\n{comparison_export.to_markdown(table)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
