"""What goes wrong between a generator and a discriminator, in plain words with a cure."""

from __future__ import annotations

COVERED_SHARE = 0.1
"""A class is covered when its share of the samples is at least this part of its share of the real images."""

COLLAPSED_DIVERSITY, DOMINANT_SHARE, SATURATED_ACCURACY = 0.25, 0.5, 0.97
"""Below this diversity images are nearly all alike; above this share one class rules; above this accuracy on both kinds
of images D learns, and teaches, nothing more."""


def diagnose(modes: float, classes: int, share: float, diversity: float, d_real: float, d_fake: float) -> str:
    """What is going wrong in a GAN, in a sentence with the cure; nothing if nothing is.

    Args:
        modes, diversity: as in `sample_quality.SampleMeasures`. classes: how many there are. share: of the most
        frequent class. d_real, d_fake: shares of real and of generated images that D takes for what they are.
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
            "beginning of mode collapse. An R1 penalty or a slower generator gives the discriminator time to "
            "notice."
        )
    if min(d_real, d_fake) > SATURATED_ACCURACY:
        return (
            "The discriminator is hardly ever wrong, so its gradient tells the generator little. Lower its "
            "learning rate, smooth the labels, or add an R1 penalty."
        )
    return ""
