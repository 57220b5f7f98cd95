"""What is known of one run for the comparison of runs, put together from its parts.

A run is measured in three parts, each kept by itself: facts of its latents and reconstructions (`comparison_facts`),
the importance-weighted bound with a number of samples to choose (`comparison_bound`), and samples from one of its
samplers (`comparison_samples`).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.data import ImageSet
from core.evaluation import comparison, comparison_bound, comparison_facts, comparison_samples
from core.evaluation.comparison import Entry
from core.evaluation.comparison_bound import ImageBounds
from core.evaluation.comparison_facts import Facts
from core.evaluation.comparison_samples import Samples
from core.runs import Run

if TYPE_CHECKING:
    from core.models import LatentModel


@dataclass(frozen=True)
class Part:
    """A part of what is measured of a run.

    Attributes:
        name: in sentences. steps: measures it. load, save: read and write its file. share: of the whole work, at its
            end.
    """

    name: str
    steps: Callable[[], Generator[float, None, Any]]
    load: Callable[[], Any]
    save: Callable[[Any], bool]
    share: float


def parts(run: Run, model: LatentModel, images: ImageSet, source: str, samples: int) -> list[Part]:
    """The parts of a run in the order in which they are measured; no bound where there is none.

    Args:
        source: the sampler (`comparison_samples.samplers`). samples: of z per image for the bound.
    Raises:
        RunError: the run has no weights.
    """
    found = [_part("The measures", comparison_facts, comparison_facts.file_of(run, images), 0.5, run, model, images)]
    if comparison_bound.applies(run, images):
        file = comparison_bound.file_of(run, images, samples)
        found.append(_part("The bound", comparison_bound, file, 0.7, run, model, images, samples))
    file = comparison_samples.file_of(run, images, source)
    return [*found, _part("The samples", comparison_samples, file, 1.0, run, model, images, source)]


def _part(name: str, module: Any, file: Path, share: float, *arguments: Any) -> Part:
    return Part(name, partial(module.steps, *arguments), partial(module.load, file), partial(module.save, file), share)


def entry(
    run: Run,
    facts: Facts | None,
    samples: Samples | None,
    reasons: dict[str, str],
    pending: bool,
    bound: ImageBounds | None = None,
    complete: bool = True,
) -> Entry:
    """What is known of a run, from its own files and from what was measured so far.

    Args:
        reasons: why a measure has no value, besides what was found in measuring. pending, complete: as of
            `Entry`.
    """
    values, each, digest = comparison.known(run), {}, ""
    if facts is not None:
        values, reasons = values | facts.values, facts.reasons | reasons
        each, digest = dict(facts.each), facts.images
    if bound is not None and facts is not None and (elbo := values.get("negative_elbo")) is not None:
        values["bound"], each["bound"] = bound.value(elbo), bound.bound
    if samples is not None:
        values, reasons = values | samples.values, samples.reasons | reasons
    return Entry(run.name, run.recipe, values, reasons, each, digest, pending, complete)
