"""Examples: the runs that come with the lab, their recipes, and the lesson that each carries.

`models_ckpt/make_examples.py` trains them. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.recipes.adaptation import for_digits, for_shapes
from core.recipes.presets import PRESETS
from core.recipes.recipe import Recipe

EXAMPLE = "example-"
"""How the names of the runs begin that come with the lab."""


@dataclass(frozen=True)
class Example:
    """An example.

    Attributes:
        recipe: that it is trained with. lesson: what it shows, one plain sentence.
        d_alone_after: of a GAN: the epoch after which G is frozen, 0 for never. Its pictures stay as good as they are,
            and D, which G no longer follows, learns to tell them apart.
    """

    recipe: Recipe
    lesson: str
    d_alone_after: int = 0


def _digits(preset: str, **changes: Any) -> Recipe:
    return for_digits(PRESETS[preset]).with_(**changes)


_SMALL: dict[str, Any] = {"network": "conv", "channels": (8, 16, 4), "hidden": (32,)}
"""Network of the smallest examples: with their frames and curves 70 kB each, since every clone contains them."""

FIRST = EXAMPLE + "mnist-vae"
"""The example on Home, with which pages begin."""

GAN_SOURCE = EXAMPLE + "mlp-vae"
"""The example whose decoder the GAN began with."""

WITHOUT_8 = EXAMPLE + "vae-without-8"
"""The example with which Outliers begins: an 8 is an outlier to it, and not an easy one."""

EXAMPLES: dict[str, Example] = {
    FIRST: Example(
        PRESETS["conv-vae-fast"].with_(hidden=(160, 160), latent_dim=10, precision="float32", epochs=20),
        "A VAE of all of MNIST: most points of its latent space decode to a digit.",
    ),
    EXAMPLE + "mlp-vae": Example(
        _digits("mlp-vae"), "A small VAE: the digits can be recognised, and their edges are soft."
    ),
    EXAMPLE + "conv-vae": Example(
        _digits("conv-vae-fast"), "The same latent size with convolutions: a lower loss than the small VAE."
    ),
    # Few channels and a narrow layer, as of the shapes below: small, and better on so few images than wide layers.
    EXAMPLE + "cvae": Example(
        _digits("cvae-fast", network="conv", channels=(8, 16, 8), hidden=(48,), latent_dim=8),
        "A VAE that is told the class: any digit in any style; z hardly says which digit it is.",
    ),
    EXAMPLE + "decoder-gan": Example(
        _digits("decoder-gan", epochs=70, r1=0.0, d_lr=4e-4, d_channels=(32, 64)),
        "The small VAE’s decoder, trained further as a generator; the discriminator learned on after it.",
        d_alone_after=54,
    ),
    EXAMPLE + "deep-ae": Example(
        _digits("deep-ae"),
        "No KL term: sharp reconstructions, but nearly half of the draws from N(0, I) are no clear digit.",
    ),
    EXAMPLE + "plane-ae": Example(
        # Without a prior, chance decides what lies where N(0, I) is drawn from (over some seeds 79 to 95 % of the draws
        # are clear digits, of 3 to 5 classes), and how well two numbers describe an image (squared error 0.0276 to
        # 0.0294 on test images; of the VAE 0.0276 to 0.0279). This seed reconstructs as well as the VAE.
        _digits("plane-ae", seed=2),
        "No penalty on z: a fifth of the draws from N(0, I) are no clear digit, and the others show only 4 classes.",
    ),
    EXAMPLE + "plane-vae-beta0": Example(
        _digits("plane-vae", beta=0.0),
        "The KL term switched off: the latents spread out as an autoencoder’s do, far beyond N(0, I).",
    ),
    EXAMPLE + "plane-vae": Example(
        _digits("plane-vae"), "Two latent dimensions, β = 1: the KL term gathers all images around the origin."
    ),
    EXAMPLE + "plane-vae-beta4": Example(
        _digits("plane-vae", beta=4.0),
        "A strong KL term, β = 4: the latents match N(0, I), and the reconstructions are blurred.",
    ),
    EXAMPLE + "vae-20d": Example(
        _digits("plane-vae", latent_dim=20),
        "The network of the two-dimensional VAE with 20 dimensions: less than half its error, and half are in use.",
    ),
    EXAMPLE + "vae-128d": Example(
        _digits("plane-vae", latent_dim=128),
        "The same network with 128 dimensions: hardly less error than with 20, and most stay unused.",
    ),
    EXAMPLE + "plane-ad": Example(
        _digits("plane-ad"), "No encoder: each training image has its own point on the plane, which is learned."
    ),
    EXAMPLE + "plane-vad": Example(
        _digits("plane-vad"), "No encoder: each training image has its own Gaussian, kept close to the prior."
    ),
    EXAMPLE + "auto-decoder": Example(
        _digits("auto-decoder-fast", latent_dim=32),
        "No encoder: a new image is found by a search, also where half of it is hidden.",
    ),
    EXAMPLE + "variational-auto-decoder": Example(
        _digits("variational-auto-decoder-fast", latent_dim=32),
        "Searches like the auto-decoder, and has a prior to draw from: it can also generate.",
    ),
    EXAMPLE + "fashion-vae": Example(
        PRESETS["mlp-vae-fast"].with_(
            dataset="fashion-mnist",
            hidden=(128,),
            lr=4e-3,
            batch_size=64,
            precision="float32",
            train_images=6_000,
            validation=500,
            epochs=60,
        ),
        "A VAE of 6,000 clothes: in Outliers it finds MNIST’s digits more likely than clothes.",
    ),
    # Few channels and a narrow layer, since every clone contains the weights; 60 epochs, since hue comes last.
    EXAMPLE + "shapes-vae": Example(
        for_shapes(PRESETS["conv-vae"]).with_(
            hidden=(48,),
            channels=(8, 16, 8),
            activation="silu",
            latent_dim=10,
            lr=4e-3,
            beta2=0.95,
            schedule="one-cycle",
            batch_size=64,
            validation=500,
            epochs=60,
        ),
        "A VAE in colour: shapes whose kind, hue, size, angle and place are known.",
    ),
    EXAMPLE + "vq-vae": Example(
        _digits("vq-vae-fast", codebook_size=64),
        "Images become 7 × 7 codes: random codes are no digits, most of those from its learned prior are.",
    ),
    EXAMPLE + "denoising-ae": Example(
        _digits("denoising-ae-fast", **_SMALL, latent_dim=16),
        "Trained to undo holes: with 40 % of the pixels hidden its error is a third of the other autoencoder’s.",
    ),
    EXAMPLE + "wae": Example(
        _digits("wae-fast", **_SMALL, latent_dim=8, batch_size=64, epochs=60),
        "Points without noise, and a prior to draw from: N(0, I) gives all ten digits, most of them clear.",
    ),
    EXAMPLE + "iwae": Example(
        _digits("iwae-fast", **_SMALL, latent_dim=10),
        "Trained with five draws of z an image: its bound on log p(x) gains more with samples than a VAE’s.",
    ),
    EXAMPLE + "tc-vae": Example(
        for_shapes(PRESETS["conv-vae"]).with_(
            name="shapes-tc-vae",
            model="tcvae",
            beta=6.0,
            **_SMALL,
            activation="silu",
            latent_dim=10,
            lr=4e-3,
            beta2=0.95,
            schedule="one-cycle",
            validation=500,
            epochs=40,
        ),
        "Independent dimensions: twice the MIG of the VAE of shapes, with fewer dimensions in use and more error.",
    ),
    WITHOUT_8: Example(
        _digits("mlp-vae-fast", hidden=(100,), without_classes="8"),
        "A VAE that has never seen an 8: Outliers shows how well it notices one.",
    ),
}
"""Examples by the name of their run, in the order in which they are trained: a GAN after its source."""


def lesson(name: str) -> str:
    """The lesson of an example by the name of its run; empty for any other run."""
    return EXAMPLES[name].lesson if name in EXAMPLES else ""
