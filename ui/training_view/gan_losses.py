"""What D and G play for, in formulas, words and code: shared by the depth of a training and that of VAE → GAN."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from textwrap import dedent

from core.recipes.recipe import Recipe


@dataclass(frozen=True)
class Loss:
    """An adversarial loss: D's two terms, on real and on generated images, and G's, as LaTeX; words in Markdown.

    Attributes:
        minus: whether both of D's terms begin with a minus sign, which then belongs to their numbers.
    """

    on_real: str
    on_fake: str
    g: str
    words: str
    minus: tuple[bool, bool] = (False, False)


LOSSES = {
    "non-saturating": Loss(
        r"\mathbb{E}_x \log \sigma(D(x))",
        r"\mathbb{E}_z \log\left(1 - \sigma(D(G(z)))\right)",
        r"-\,\mathbb{E}_z \log \sigma(D(G(z)))",
        "A cross-entropy: D(x) is a logit, σ of it the probability that D gives to real. G does not minimise "
        "log(1 − σ(D(G(z)))), whose gradient vanishes where D is sure, but maximises log σ(D(G(z))), which is still "
        "steep there (Goodfellow et al. 2014).",
        (True, True),
    ),
    "hinge": Loss(
        r"\mathbb{E}_x \max(0,\, 1 - D(x))",
        r"\mathbb{E}_z \max(0,\, 1 + D(G(z)))",
        r"-\,\mathbb{E}_z\, D(G(z))",
        "D wants its verdict on real images above 1 and on generated ones below −1; what lies beyond costs nothing. G "
        "wants D's verdict as high as it can be (Lim & Ye 2017).",
    ),
    "least-squares": Loss(
        r"\tfrac12\, \mathbb{E}_x (D(x) - 1)^2",
        r"\tfrac12\, \mathbb{E}_z D(G(z))^2",
        r"\tfrac12\, \mathbb{E}_z (D(G(z)) - 1)^2",
        "D aims at 1 on real and at 0 on generated images, G at 1 on its own. A verdict far beyond is wrong too: also "
        "an image that fools D is pulled on towards the real ones (Mao et al. 2017).",
    ),
    "wgan-gp": Loss(
        r"\mathbb{E}_x\, D(x)",
        r"\mathbb{E}_z\, D(G(z))",
        r"-\,\mathbb{E}_z\, D(G(z))",
        "D is a critic: the difference of its mean verdicts estimates how far generated images lie from real ones, as "
        "long as its slope stays near 1, which the penalty sees to (Gulrajani et al. 2017).",
        (True, False),
    ),
}


def formulas(kind: str, terms: tuple[str, str, str] | None = None, g: str = "") -> tuple[str, str]:
    """L_D and L_G as LaTeX. D's terms and their sum stand on lines of their own, so that they fit on a phone.

    Args:
        terms: numbers below D's two terms and behind the sum. g: the number behind G's loss.
    """
    loss, parts = LOSSES[kind], []
    for k, (text, minus) in enumerate(zip((loss.on_real, loss.on_fake), loss.minus, strict=True)):
        signed = rf"-\,{text}" if minus else text
        plus = "{}+" if k and not minus else ""
        parts.append(plus + (rf"\underbrace{{{signed}}}_{{{terms[k]}}}" if terms else signed))
    total = rf" \\ ={{}}& {terms[2]}" if terms else ""
    return (
        rf"\begin{{aligned}} L_D ={{}}& {parts[0]} \\ & {parts[1]}{total} \end{{aligned}}",
        f"L_G = {loss.g}" + (f" = {g}" if g else ""),
    )


def penalties(recipe: Recipe) -> list[str]:
    """What else this recipe asks of the two, a sentence each."""
    found = []
    if recipe.adversarial == "wgan-gp":
        found.append(
            f"To D's loss comes λ · E(‖∇D‖ − 1)² with λ = {recipe.gradient_penalty:g}, taken between real and "
            "generated images."
        )
    if recipe.r1:
        found.append(
            f"To D's loss comes the R1 penalty ½γ · E‖∇D(x)‖² with γ = {recipe.r1:g}: D is to be flat where "
            "the real images are."
        )
    if recipe.label_smoothing:
        found.append(f"Real images count as {1 - recipe.label_smoothing:g} instead of 1, so that D is never sure.")
    if recipe.d_norm == "spectral":
        found.append("Each layer of D is divided by its largest singular value (spectral normalisation).")
    if recipe.d_steps > 1:
        found.append(f"D takes {recipe.d_steps} steps for each of G's.")
    if recipe.ema:
        found.append(f"What you see is a running average of G's weights (decay {recipe.ema:g}).")
    if recipe.freeze != "nothing":
        found.append(f"The {recipe.freeze} is frozen: it does not learn.")
    return found


@cache
def loss_code() -> str:
    """The source of both losses."""
    from core.models import adversarial_losses

    return "\n\n".join(
        inspect.getsource(part)
        for part in (adversarial_losses.d_terms, adversarial_losses.d_loss, adversarial_losses.g_loss)
    )


@cache
def step_code() -> str:
    """The source of both steps."""
    from core.training.gan_trainer import GanTrainer

    return "\n".join(dedent(inspect.getsource(part)) for part in (GanTrainer.d_step, GanTrainer.g_step))
