"""Pictures of the compared runs: reconstructions of the same test images, and samples from the same noise."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from core.evaluation import comparison_samples
from ui.compare.status import Status
from ui.components.gallery.class_sheet import Row, class_sheet
from ui.shared.formatting import format_sig
from ui.shared.pointer import touch_or


def reconstructions(statuses: Sequence[Status]) -> None:
    """The same test images, reconstructed by each run, one row each."""
    found = [status for status in statuses if status.facts is not None and len(status.facts.reconstructions)]
    if not found:
        return
    first = found[0].facts
    assert first is not None
    rows = [Row("Test images", "", first.originals)]
    for status in found:
        facts = status.facts
        if facts is not None and facts.originals.shape == first.originals.shape:
            rows.append(Row(status.run.name, _note(status, "mse", "MSE"), facts.reconstructions))
    st.subheader("The same images, reconstructed", anchor=False)
    class_sheet(rows, key="compare_reconstructions", every=True)
    st.caption(f"From the posterior mean. {touch_or('Tap', 'Point at')} an image to enlarge it.")


def samples(statuses: Sequence[Status], asked: str, words: str) -> None:
    """Samples of each run from the same noise, one row each.

    Args:
        asked: the sampler, empty for each run's usual one. words: how they were drawn.
    """
    rows = []
    for status in statuses:
        if status.samples is None or status.unlike:
            continue
        source = comparison_samples.sampler_of(status.run, asked)
        offered = comparison_samples.samplers(status.run)
        about = f"{status.run.name}, {offered[source]}" if source else status.run.name
        pictures = status.samples.pictures
        note = _note(status, "frechet", "Fréchet")
        rows.append(Row(status.run.name, note, pictures, (about,) * len(pictures)))
    if not rows:
        return
    st.subheader("Samples from the same seeds", anchor=False)
    class_sheet(rows, key="compare_samples", every=True)
    st.caption(words)


def _note(status: Status, key: str, name: str) -> str:
    """A value of a run beside its pictures."""
    value = status.entry().values.get(key)
    return "" if value is None else f"{name} {format_sig(value.value)}"
