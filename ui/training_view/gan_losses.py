"""Adversarial losses of D and G: formulas, explanations and code, for the pages Train and VAE → GAN."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.recipes.recipe import Recipe


@dataclass(frozen=True)
class Loss:
    """An adversarial loss.

    Attributes:
        on_real, on_fake: D's terms for real and for generated images, as LaTeX. g: G's loss, as LaTeX.
        words: explanation, as Markdown.
        minus: for each term of D, whether a minus sign precedes it; its number then includes the sign.
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
        "A cross-entropy: D(x) is a logit, and σ(D(x)) the probability that D assigns to “real”. G does not minimise "
        "log(1 − σ(D(G(z)))), whose gradient vanishes where D is confident, but maximises log σ(D(G(z))), which is "
        "still steep there (Goodfellow et al. 2014). So G's loss is not D's with the sign changed: the game is not "
        "zero-sum, and both losses can rise, or fall, together.",
        (True, True),
    ),
    "hinge": Loss(
        r"\mathbb{E}_x \max(0,\, 1 - D(x))",
        r"\mathbb{E}_z \max(0,\, 1 + D(G(z)))",
        r"-\,\mathbb{E}_z\, D(G(z))",
        "D is trained to output more than 1 for real images and less than −1 for generated ones; values beyond cost "
        "nothing. G is trained to make D's output as high as possible (Lim & Ye 2017).",
    ),
    "least-squares": Loss(
        r"\tfrac12\, \mathbb{E}_x (D(x) - 1)^2",
        r"\tfrac12\, \mathbb{E}_z D(G(z))^2",
        r"\tfrac12\, \mathbb{E}_z (D(G(z)) - 1)^2",
        "D's target is 1 for real and 0 for generated images, G's target is 1. An output far beyond its target is "
        "penalised too, so that even an image that fools D is pulled towards the real ones (Mao et al. 2017).",
    ),
    "wgan-gp": Loss(
        r"\mathbb{E}_x\, D(x)",
        r"\mathbb{E}_z\, D(G(z))",
        r"-\,\mathbb{E}_z\, D(G(z))",
        "D is a critic: the difference of its mean outputs estimates the Wasserstein distance between generated and "
        "real images, as long as its slope stays near 1, which the gradient penalty enforces (Gulrajani et al. 2017).",
        (True, False),
    ),
}


def formulas(kind: str, terms: tuple[str, str, str] | None = None, g: str = "") -> tuple[str, str]:
    """L_D and L_G as LaTeX. D's terms and their sum have lines of their own, so that they fit on a phone.

    Args:
        terms: numbers for D's two terms and their sum. g: number for G's loss.
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
    """Penalties and other changes of the two losses that a recipe asks for, a sentence each."""
    found = []
    if recipe.adversarial == "wgan-gp":
        found.append(
            f"Gradient penalty: λ · E(‖∇D‖ − 1)² with λ = {recipe.gradient_penalty:g} is added to D's loss, at points "
            "between real and generated images."
        )
    if recipe.r1:
        found.append(
            f"R1 penalty: ½γ · E‖∇D(x)‖² with γ = {recipe.r1:g} is added to D's loss, which keeps D flat at the real "
            "images."
            + (
                f" The slope is estimated from how much D's output changes when noise with σ = {recipe.r1_noise:g} is "
                "added to the images."
                if recipe.r1_estimated
                else ""
            )
        )
    if recipe.label_smoothing:
        found.append(
            f"Label smoothing: the target of real images is {1 - recipe.label_smoothing:g} instead of 1, so that D is "
            "never fully confident."
        )
    if recipe.d_norm == "spectral":
        found.append("Spectral normalisation: each layer of D is divided by its largest singular value.")
    if recipe.d_steps > 1:
        found.append(f"D takes {recipe.d_steps} steps for each step of G.")
    if recipe.g_steps > 1:
        found.append(f"G takes {recipe.g_steps} steps for each step of D.")
    if recipe.generator == "map":
        found.append(
            "G is a small network z → z′ that learns, followed by the trained decoder, which does not: every image is "
            "one that the decoder makes."
        )
    if recipe.ema:
        found.append(f"The images shown come from an exponential moving average of G's weights (decay {recipe.ema:g}).")
    if recipe.freeze != "nothing":
        found.append(f"The {recipe.freeze} is frozen: it does not learn.")
    return found


def loss_code() -> list[Any]:
    """The functions of both losses. Imports torch."""
    from core.models import adversarial_losses

    return [adversarial_losses.d_terms, adversarial_losses.d_loss, adversarial_losses.g_loss]


def step_code() -> list[Any]:
    """The methods of both steps. Imports torch."""
    from core.training.gan_trainer import GanTrainer

    return [GanTrainer.d_step, GanTrainer.g_step]
