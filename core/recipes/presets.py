"""Presets: the classic set-ups of the field, by name.

`PRESETS` are the recipes that papers and public tutorials train; a new one is one more `_preset(...)` with a line about
it. `adaptation.py` fits any of them to another set.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.data.registry import SOURCES
from core.recipes.family import OWN_FAMILIES
from core.recipes.recipe import Recipe, RecipeError
from core.system.atomic_files import read_json

ABOUT: dict[str, str] = {}
"""One line per preset, for lists and the form."""


def _preset(name: str, about: str, **values: Any) -> Recipe:
    ABOUT[name] = about
    return Recipe(name=name, **values)


def _own_presets() -> list[Recipe]:
    """Presets of the folder of own families: each `<name>.json` is a `recipe.json`.

    Raises:
        ValueError: a file is no recipe: names it.
    """
    presets = []
    for file in sorted(Path(OWN_FAMILIES).glob("*.json")) if OWN_FAMILIES else ():
        try:
            recipe = Recipe.from_dict(read_json(file)).with_(name=file.stem)
        except ValueError as error:
            raise ValueError(f"{file.name}: {error}") from None
        ABOUT[recipe.name] = recipe.family.sentence
        presets.append(recipe)
    return presets


_COLOUR_32 = SOURCES["cifar-10"].shape.chw

_BESIDE_PCA: dict[str, Any] = {
    "network": "patch",
    "channels": (64, 64),
    "hidden": (512,),
    "linear_path": "pca",
    "activation": "silu",
    "lr": 2e-3,
    "beta2": 0.99,
    "schedule": "one-cycle",
    "precision": "mixed",
    "batch_size": 256,
    "validation": 1000,
}
"""What the fast presets for photos have in common."""

_FAST_CODES: dict[str, Any] = {
    "network": "patch",
    "activation": "silu",
    "lr": 3e-3,
    "beta2": 0.99,
    "schedule": "one-cycle",
    "precision": "mixed",
    "batch_size": 128,
    "codebook_decay": 0.9,
    "validation": 1000,
}
"""What the fast presets of codes have in common. With large steps the encoder's outputs move fast, and a codebook that
averages them over a hundred steps stays behind: most of its codes are then used by none of them."""

PRESETS: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        # 784 → 200 → 20, mirrored: the smallest VAE worth looking at (Kingma & Welling 2013 with one hidden layer).
        _preset("mlp-vae", "A small VAE: quick to train, good digits.", hidden=(200,), latent_dim=20, epochs=10),
        _preset(
            "mlp-vae-fast",
            "The small VAE with a large learning rate that decays. A good first choice.",
            hidden=(320,),
            latent_dim=20,
            activation="silu",
            lr=8e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            epochs=2,
        ),
        _preset(
            "conv-vae",
            "The VAE with convolutions: the best digits, the longest wait of the VAEs.",
            network="conv",
            channels=(32, 64, 128),
            hidden=(500,),
            latent_dim=20,
            epochs=30,
        ),
        # Convolutions on 7 × 7 patches instead of 28 × 28 pixels. The second dense layer serves the samples: a smaller
        # KL suffices, and more of the prior decodes to a digit.
        _preset(
            "conv-vae-fast",
            "The VAE with convolutions on patches of the image and a large learning rate that decays.",
            network="patch",
            channels=(32, 16),
            hidden=(500, 500),
            latent_dim=20,
            activation="silu",
            lr=5e-3,
            beta2=0.99,
            schedule="one-cycle",
            precision="mixed",
            batch_size=256,
            validation=1000,
            epochs=17,
        ),
        # The class is told, so z holds the style alone (Sohn, Lee & Yan 2015). With β 2 no style is so rare in training
        # that the prior draws it and the decoder has not learned it: the asked digit can be recognised in 98 % of the
        # samples.
        _preset(
            "cvae",
            "A VAE that is told the class: choose a digit, and draw it in any style.",
            model="cvae",
            hidden=(500, 300),
            latent_dim=20,
            beta=2.0,
            epochs=30,
        ),
        _preset(
            "cvae-fast",
            "The conditional VAE with a large learning rate that decays.",
            model="cvae",
            hidden=(500, 300),
            latent_dim=20,
            beta=2.0,
            activation="silu",
            lr=5e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            epochs=8,
        ),
        # Two latent dimensions: the manifold of Kingma & Welling's figure 4.
        _preset(
            "plane-vae",
            "A VAE with only two latent dimensions: its whole latent space fits on one plane.",
            hidden=(400, 200),
            latent_dim=2,
            epochs=50,
        ),
        # Large batches reduce the noise of the steps, and a second core computes them at no extra time.
        _preset(
            "plane-vae-fast",
            "The VAE with two latent dimensions, large batches and a large learning rate that decays.",
            hidden=(300, 300, 300),
            latent_dim=2,
            activation="silu",
            lr=7e-3,
            beta2=0.99,
            schedule="one-cycle",
            precision="mixed",
            batch_size=512,
            epochs=20,
        ),
        _preset(
            "deep-ae",
            "A plain autoencoder: sharp reconstructions, but a latent space full of holes.",
            dataset="fashion-mnist",
            model="ae",
            likelihood="mse",
            hidden=(256,),
            latent_dim=32,
            epochs=10,
        ),
        # With the cross-entropy even the squared error falls sooner: a sigmoid gives black for any very negative logit,
        # whereas with plain squared error the last layer must output exactly 0.
        _preset(
            "deep-ae-fast",
            "The plain autoencoder, trained with the cross-entropy and a large learning rate that decays.",
            dataset="fashion-mnist",
            model="ae",
            likelihood="bernoulli",
            hidden=(300,),
            latent_dim=32,
            lr=8e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            epochs=2,
        ),
        # No encoder: a latent vector per training image (Bojanowski et al. 2018; Park et al. 2019). β keeps the table
        # together at hardly any cost in error: its implied σ is 6 grey levels.
        _preset(
            "auto-decoder",
            "No encoder: every training image has its own latent vector, learned together with the decoder.",
            dataset="fashion-mnist",
            model="ad",
            likelihood="mse",
            network="conv",
            channels=(32, 64, 128),
            hidden=(500,),
            latent_dim=128,
            beta=1e-3,
            latent_lr=1e-3,
            validation=250,
            epochs=30,
        ),
        _preset(
            "auto-decoder-fast",
            "The auto-decoder with a patch decoder, the cross-entropy and a large learning rate that decays.",
            dataset="fashion-mnist",
            model="ad",
            likelihood="bernoulli",
            network="patch",
            channels=(64, 64),
            hidden=(400,),
            latent_dim=128,
            beta=1e-3,
            activation="silu",
            lr=1e-2,
            latent_lr=5e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            batch_size=256,
            validation=125,
            epochs=12,
        ),
        _preset(
            "variational-auto-decoder",
            "No encoder: every training image has its own Gaussian, kept close to the prior.",
            dataset="fashion-mnist",
            model="vad",
            network="conv",
            channels=(32, 64, 128),
            hidden=(500,),
            latent_dim=128,
            beta=2.0,
            validation=250,
            epochs=100,
        ),
        # Most latent dimensions collapse to σ = 1, where the linear initialisation has them from the start. From the
        # classic's 0.14 that takes dozens of epochs, because a row has only one gradient in each.
        _preset(
            "variational-auto-decoder-fast",
            "The variational auto-decoder with a patch decoder; its latents start from a linear model.",
            dataset="fashion-mnist",
            model="vad",
            network="patch",
            channels=(32, 32),
            hidden=(400,),
            latent_dim=128,
            beta=2.0,
            lr=3e-3,
            latent_lr=1e-2,
            beta2=0.95,
            activation="silu",
            schedule="one-cycle",
            precision="mixed",
            latent_init="ppca",
            validation=250,
            epochs=18,
        ),
        # A trained decoder is trained further against a discriminator. R1 (Mescheder et al. 2018) keeps D's slope
        # small, and the average of G's weights removes the flicker from its images.
        _preset(
            "decoder-gan",
            "A trained VAE's decoder as generator, against a small discriminator, with a small learning rate.",
            model="gan",
            batch_size=64,
            lr=2e-4,
            d_lr=2e-4,
            r1=1.0,
            ema=0.995,
            epochs=40,
        ),
        _preset(
            "decoder-gan-fast",
            "The GAN from a trained decoder with ten times the learning rate and a fully connected discriminator: the "
            "Fréchet distance of the classic much sooner, with samples that are less sharp.",
            model="gan",
            batch_size=128,
            lr=2e-3,
            d_lr=2e-3,
            d_network="mlp",
            r1=1.0,
            r1_noise=0.1,
            ema=0.99,
            round_images=12_800,
            epochs=12,
        ),
        # Photos in colour, by the tutorials' networks: CIFAR-10, or any set of that shape.
        _preset(
            "conv-ae-32",
            "An autoencoder of colour photos, with convolutions: 3,072 values in 128 numbers.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="ae",
            likelihood="mse",
            network="conv",
            channels=(32, 64, 128),
            hidden=(500,),
            latent_dim=128,
            epochs=60,
        ),
        # A network as narrow as this takes dozens of epochs to PCA's error on photos. Beside linear layers that begin
        # as PCA it starts there. These learn at a tenth of the rate: at the full one Adam's first steps undo the start.
        _preset(
            "conv-ae-32-fast",
            "The autoencoder of photos, which begins as PCA: linear layers beside convolutions on patches.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="ae",
            likelihood="mse",
            latent_dim=128,
            **_BESIDE_PCA,
            epochs=12,
        ),
        _preset(
            "conv-vae-32",
            "A VAE of colour photos, scored by the probability of their 8-bit levels, in bits per dimension.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            likelihood="logistic",
            network="conv",
            channels=(32, 64, 128),
            hidden=(500,),
            latent_dim=128,
            epochs=60,
        ),
        _preset(
            "conv-vae-32-fast",
            "The VAE of photos, which begins as probabilistic PCA: linear layers beside convolutions on patches.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            likelihood="logistic",
            latent_dim=128,
            **_BESIDE_PCA,
            epochs=12,
        ),
        _preset(
            "auto-decoder-32-fast",
            "The auto-decoder of photos: every training image has its own latent vector, which begins as in PCA.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="ad",
            likelihood="mse",
            latent_dim=128,
            beta=1e-3,
            latent_init="ppca",
            latent_lr=1e-2,
            **_BESIDE_PCA | {"validation": 250},
            epochs=12,
        ),
        _preset(
            "variational-auto-decoder-32-fast",
            "The variational auto-decoder of photos: every training image has its own Gaussian.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="vad",
            likelihood="logistic",
            latent_dim=128,
            latent_init="ppca",
            latent_lr=1e-2,
            **_BESIDE_PCA | {"validation": 250},
            epochs=12,
        ),
        _preset(
            "faces-64-fast",
            "A VAE of 64 × 64 pixels in colour, for CelebA or your own folder or archive of faces, or of others alike.",
            dataset="celeba",
            image_shape=SOURCES["celeba"].shape.chw,
            likelihood="gaussian-learned",
            latent_dim=128,
            **_BESIDE_PCA,
            epochs=6,
        ),
        # The networks of van den Oord et al. 2017, of a width for a laptop: two halvings, two residual blocks.
        _preset(
            "vq-vae",
            "A VQ-VAE: each image becomes 7 × 7 codes, entries of a learned codebook of 128.",
            model="vq",
            network="conv",
            channels=(64, 128, 128, 128),
            epochs=30,
        ),
        _preset(
            "vq-vae-fast",
            "The VQ-VAE with convolutions on the grid of codes alone and a large learning rate that decays.",
            model="vq",
            **_FAST_CODES,
            channels=(64, 64, 64),
            epochs=4,
        ),
        _preset(
            "vq-vae-32",
            "A VQ-VAE of colour photos: each becomes 8 × 8 codes, entries of a learned codebook of 512.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="vq",
            likelihood="gaussian",
            sigma=0.1,
            network="conv",
            channels=(64, 128, 128, 128),
            codebook_size=512,
            epochs=50,
        ),
        _preset(
            "vq-vae-32-fast",
            "The VQ-VAE of photos with convolutions on the grid of codes alone and a large learning rate that decays.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="vq",
            likelihood="gaussian",
            sigma=0.1,
            **_FAST_CODES,
            channels=(64, 64, 64),
            codebook_size=512,
            epochs=17,
        ),
        _preset(
            "decoder-gan-32-fast",
            "The GAN of photos from a trained decoder, such as that of conv-vae-32-fast.",
            dataset="cifar-10",
            image_shape=_COLOUR_32,
            model="gan",
            batch_size=64,
            lr=1e-3,
            d_lr=1e-3,
            d_channels=(32, 64, 128),
            r1=5.0,
            ema=0.99,
            epochs=20,
        ),
        # The families with an encoder beside AE and VAE. Each pair has the network of `mlp-vae` or of `deep-ae`.
        _preset(
            "denoising-ae",
            "An autoencoder that sees images with holes and must reconstruct the whole ones.",
            model="dae",
            hidden=(256,),
            latent_dim=32,
            corruption="masking",
            corruption_strength=0.4,
            epochs=20,
        ),
        _preset(
            "denoising-ae-fast",
            "The denoising autoencoder with a large learning rate that decays.",
            model="dae",
            hidden=(300,),
            latent_dim=32,
            corruption="masking",
            corruption_strength=0.4,
            lr=8e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            epochs=5,
        ),
        # In few dimensions: in more of them, a batch says less about a distribution. In six the samples are better than
        # the VAE's, in eight, as in the paper, they are not (benchmarks/README.md).
        _preset(
            "wae",
            "A Wasserstein autoencoder: points without noise, and a prior to draw from.",
            model="wae",
            hidden=(400, 400),
            latent_dim=6,
            mmd_weight=500.0,
            batch_size=100,
            epochs=40,
        ),
        _preset(
            "wae-fast",
            "The Wasserstein autoencoder with large batches and a large learning rate that decays.",
            model="wae",
            hidden=(400, 400),
            latent_dim=6,
            mmd_weight=500.0,
            activation="silu",
            lr=4e-3,
            beta2=0.99,
            schedule="one-cycle",
            precision="mixed",
            batch_size=256,
            epochs=20,
        ),
        # The MMD-VAE of the paper's experiments: no KL. λ is far smaller than the WAE's: with more of it the posteriors
        # become the prior before the decoder can use them, which satisfies the MMD as well.
        _preset(
            "info-vae",
            "A VAE with the KL switched off and an MMD in its place.",
            model="infovae",
            hidden=(400, 400),
            latent_dim=8,
            beta=0.0,
            mmd_weight=20.0,
            batch_size=100,
            epochs=40,
        ),
        _preset(
            "info-vae-fast",
            "InfoVAE with large batches and a large learning rate that decays.",
            model="infovae",
            hidden=(400, 400),
            latent_dim=8,
            beta=0.0,
            mmd_weight=20.0,
            activation="silu",
            lr=4e-3,
            beta2=0.99,
            schedule="one-cycle",
            precision="mixed",
            batch_size=256,
            epochs=20,
        ),
        _preset(
            "tc-vae",
            "A VAE whose latent dimensions are to be independent: the total correlation alone is weighed.",
            model="tcvae",
            hidden=(400,),
            latent_dim=10,
            beta=6.0,
            epochs=20,
        ),
        _preset(
            "tc-vae-fast",
            "The β-TCVAE with large batches and a large learning rate that decays.",
            model="tcvae",
            hidden=(400,),
            latent_dim=10,
            beta=6.0,
            activation="silu",
            lr=5e-3,
            beta2=0.99,
            schedule="one-cycle",
            precision="mixed",
            batch_size=256,
            epochs=8,
        ),
        # Burda, Grosse & Salakhutdinov 2016: the small VAE, trained on a tighter bound.
        _preset(
            "iwae",
            "The small VAE trained on the importance-weighted bound, with five draws of z per image.",
            hidden=(200,),
            latent_dim=20,
            importance_samples=5,
            epochs=10,
        ),
        _preset(
            "iwae-fast",
            "The small VAE with five draws of z per image and a large learning rate that decays.",
            hidden=(320,),
            latent_dim=20,
            importance_samples=5,
            activation="silu",
            lr=8e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            epochs=2,
        ),
        # The other families with two latent dimensions, for comparison with `plane-vae`.
        _preset(
            "plane-ae",
            "The autoencoder with two latent dimensions, for comparison with the VAE's plane.",
            model="ae",
            likelihood="bernoulli",
            hidden=(400, 200),
            latent_dim=2,
            epochs=50,
        ),
        _preset(
            "plane-ad",
            "The auto-decoder with two latent dimensions, for comparison with the VAE's plane.",
            model="ad",
            likelihood="bernoulli",
            hidden=(400, 200),
            latent_dim=2,
            beta=1.0,
            validation=250,
            epochs=50,
        ),
        _preset(
            "plane-vad",
            "The variational auto-decoder with two latent dimensions, for comparison with the VAE's plane.",
            model="vad",
            hidden=(400, 200),
            latent_dim=2,
            validation=250,
            epochs=50,
        ),
        # In colour, on a set with known factors. A fully connected network reaches on it in a minute what convolutions
        # need several for. β is that of a β-VAE (Higgins et al. 2017), small enough that hue, place and size survive.
        _preset(
            "shapes-vae",
            "A β-VAE in colour, on shapes with known factors: does each factor get a latent dimension of its own?",
            dataset="shapes",
            image_shape=SOURCES["shapes"].shape.chw,
            hidden=(512, 256),
            latent_dim=10,
            beta=2.0,
            activation="silu",
            lr=3e-3,
            beta2=0.95,
            schedule="one-cycle",
            validation=500,
            epochs=30,
        ),
        _preset(
            "shapes-tc-vae",
            "The β-TCVAE in colour, with the network of shapes-vae: are its dimensions disentangled better?",
            dataset="shapes",
            image_shape=SOURCES["shapes"].shape.chw,
            model="tcvae",
            hidden=(512, 256),
            latent_dim=10,
            beta=6.0,
            activation="silu",
            lr=3e-3,
            beta2=0.95,
            schedule="one-cycle",
            validation=500,
            epochs=30,
        ),
        *_own_presets(),
    )
}

FAST = "-fast"
"""Suffix of a preset's fast sister: same family, latent size and data set, tuned to reach the same quality sooner."""

CLASSIC = tuple(name for name in PRESETS if not name.endswith(FAST) or name.removesuffix(FAST) not in PRESETS)
"""Presets without their fast sisters; of a preset that there is only fast, that one."""


TITLES = {
    "mlp-vae": "small VAE",
    "conv-vae": "VAE with convolutions",
    "cvae": "VAE that is told the class",
    "plane-vae": "VAE, 2 dimensions",
    "deep-ae": "autoencoder",
    "auto-decoder": "no encoder",
    "variational-auto-decoder": "VAD",
    "decoder-gan": "GAN",
    "shapes-vae": "β-VAE, colour",
    "conv-ae-32": "AE, colour photos",
    "conv-vae-32": "VAE, colour photos",
    "auto-decoder-32-fast": "no encoder, colour photos",
    "variational-auto-decoder-32-fast": "VAD, colour photos",
    "faces-64-fast": "VAE, faces at 64 × 64",
    "decoder-gan-32-fast": "GAN, colour photos",
    "vq-vae": "VQ-VAE, grid of codes",
    "vq-vae-32": "VQ-VAE, colour photos",
    "denoising-ae": "denoising AE",
    "wae": "Wasserstein AE",
    "info-vae": "InfoVAE",
    "tc-vae": "β-TCVAE",
    "iwae": "importance-weighted VAE",
    "shapes-tc-vae": "β-TCVAE, colour",
    "plane-ae": "AE, 2 dimensions",
    "plane-ad": "AD, 2 dimensions",
    "plane-vad": "VAD, 2 dimensions",
}
"""What a classic preset is, in a word or two, for the box of recipes; one of an own family has the family's name."""


def title(name: str) -> str:
    """The name of a preset of a pair with what it is: `mlp-vae · small VAE`."""
    classic = classic_of(name)
    return f"{classic} · {TITLES.get(classic) or PRESETS[name].family.abbreviation}"


AS_GOOD = (
    "mlp-vae",
    "conv-vae",
    "plane-vae",
    "deep-ae",
    "auto-decoder",
    "variational-auto-decoder",
    "decoder-gan",
    "denoising-ae",
    "iwae",
)
"""Classic presets whose fast sister was measured to reach the same test figure, with samples that the classifier
recognises no less confidently (`benchmarks/time_to_quality.py`)."""

NEARLY_AS_GOOD = ("cvae",)
"""Classic presets whose fast sister was measured too and is within 2 % of all their figures, but behind in one of them
(`benchmarks/README.md`)."""

LESS_SHARP = ("decoder-gan",)
"""Those of them whose fast sister's samples are less sharp than the classic's."""

DECODER_TRIED = "mlp-vae-fast"
"""Preset whose decoder `decoder-gan` and its fast sister were measured with."""


def classic_of(name: str) -> str:
    """Name of the classic preset of a pair, from the name of either; the name itself without a sister."""
    return name if name in CLASSIC else name.removesuffix(FAST)


def fast_of(name: str) -> str | None:
    """Name of the fast preset of a pair, from the name of either; None without a fast sister."""
    sister = classic_of(name) + FAST
    return sister if sister in PRESETS else None


def preset(name: str) -> Recipe:
    """Preset of that name.

    Raises:
        RecipeError: no such preset; lists all names.
    """
    if name not in PRESETS:
        raise RecipeError(f"There is no recipe '{name}'. The recipes are {', '.join(PRESETS)}.")
    return PRESETS[name]
