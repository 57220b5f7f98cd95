"""Diagnosis of a GAN's training: mode collapse or a saturated discriminator, with a remedy."""

from __future__ import annotations

COVERED_SHARE = 0.1
"""A class is covered when its share of the samples is at least this part of its share of the real images."""

COLLAPSED_DIVERSITY, DOMINANT_SHARE, SATURATED_ACCURACY = 0.25, 0.5, 0.97
"""Diversity below which images count as nearly all alike; share of one class above which it dominates; accuracy on real
and generated images above which the discriminator's gradient teaches the generator little."""


def diagnose(modes: float, classes: int, share: float, diversity: float, d_real: float, d_fake: float) -> str:
    """One sentence on what is going wrong in a GAN's training and what to change; empty if nothing is.

    Args:
        modes, diversity: as in `sample_quality.SampleMeasures`. classes: number of classes. share: of the most frequent
            class. d_real, d_fake: shares of real and of generated images that D classifies correctly.
    """
    if diversity < COLLAPSED_DIVERSITY or (classes > 2 and share > DOMINANT_SHARE):
        return (
            "The generator has collapsed: its images are nearly all alike. Lower the generator's learning rate, "
            "give the discriminator more steps, or add an R1 penalty."
        )
    if modes < classes:
        missing = int(classes - modes)
        return (
            f"{missing} of {classes} classes {'is' if missing == 1 else 'are'} hardly generated any more: the "
            "beginning of mode collapse. An R1 penalty or a slower generator gives the discriminator time to notice."
        )
    if min(d_real, d_fake) > SATURATED_ACCURACY:
        return (
            "The discriminator is hardly ever wrong, so its gradient hardly helps the generator. Lower its "
            "learning rate, smooth the labels, or add an R1 penalty."
        )
    return ""
