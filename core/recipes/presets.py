"""The classic set-ups of the field, by name.

`PRESETS` are the recipes that papers and public tutorials train. `for_digits` turns any of them into its small
sister on scikit-learn's digits, which needs no download: those are the examples the lab ships and the first model a
student trains.
"""

from __future__ import annotations

from core.recipes.recipe import Recipe, RecipeError

PRESETS: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        # 784 → 200 → 20, mirrored: the smallest VAE worth looking at (Kingma & Welling 2013 with one hidden layer).
        Recipe(name="mlp-vae", hidden=(200,), latent_dim=20, epochs=10),
        Recipe(
            name="mlp-vae-fast",
            hidden=(320,),
            latent_dim=20,
            activation="silu",
            lr=8e-3,
            beta2=0.95,
            schedule="one-cycle",
            precision="mixed",
            epochs=2,
        ),
        Recipe(name="conv-vae", network="conv", channels=(32, 64, 128), hidden=(500,), latent_dim=20, epochs=30),
        # Its arithmetic in another place: where the classic convolves 28 × 28 pixels, this one reads 7 × 7 patches. The
        # second dense layer is for the samples: with it a smaller KL does, and more of the prior decodes to a digit.
        Recipe(
            name="conv-vae-fast",
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
        # A latent plane can be printed on paper: the manifold picture of Kingma & Welling's figure 4.
        Recipe(name="plane-vae", hidden=(400, 200), latent_dim=2, epochs=50),
        # Large batches take the noise out of the steps, and a second core pays for them.
        Recipe(
            name="plane-vae-fast",
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
        Recipe(
            name="deep-ae",
            dataset="fashion-mnist",
            model="ae",
            likelihood="mse",
            hidden=(256,),
            latent_dim=32,
            epochs=10,
        ),
        # By the cross-entropy even the squared error falls sooner: a sigmoid paints black with any very negative input,
        # where plain squared error has the last layer hit 0 exactly.
        Recipe(
            name="deep-ae-fast",
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
        # No encoder: a latent vector per training image (Bojanowski et al. 2018; Park et al. 2019). β pulls the table
        # together without being felt: its σ is 6 grey levels.
        Recipe(
            name="auto-decoder",
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
        Recipe(
            name="auto-decoder-fast",
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
        Recipe(
            name="variational-auto-decoder",
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
        # Most latent dimensions will say nothing and end at σ = 1, where a linear model has them to begin with. From
        # the classic's 0.14 it is a way of dozens of epochs, for a row that has one gradient in each.
        Recipe(
            name="variational-auto-decoder-fast",
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
        # A trained decoder learns to please a discriminator. R1 (Mescheder et al. 2018) keeps D from running away, the
        # average of G's weights takes the flicker out of its images.
        Recipe(name="decoder-gan", model="gan", batch_size=64, lr=2e-4, d_lr=2e-4, r1=1.0, ema=0.995, epochs=40),
        Recipe(name="decoder-gan-fast", model="gan", batch_size=64, lr=2e-3, d_lr=2e-3, r1=5.0, ema=0.99, epochs=12),
        # The other families on a plane, to lay beside `plane-vae`.
        Recipe(name="plane-ae", model="ae", likelihood="bernoulli", hidden=(400, 200), latent_dim=2, epochs=50),
        Recipe(
            name="plane-ad",
            model="ad",
            likelihood="bernoulli",
            hidden=(400, 200),
            latent_dim=2,
            beta=1.0,
            validation=250,
            epochs=50,
        ),
        Recipe(name="plane-vad", model="vad", hidden=(400, 200), latent_dim=2, validation=250, epochs=50),
    )
}

ABOUT = {
    "mlp-vae": "A small VAE: quick to train, good digits.",
    "mlp-vae-fast": "The small VAE with large steps that shrink. Start here.",
    "conv-vae": "The VAE with convolutions: the best digits, the longest wait of the VAEs.",
    "conv-vae-fast": "The VAE with convolutions on patches of the image, and large steps that shrink.",
    "plane-vae": "A VAE with only two latent dimensions: its whole latent space fits on one plane.",
    "plane-vae-fast": "The VAE with two latent dimensions: large batches, and large steps that shrink.",
    "deep-ae": "A plain autoencoder: sharp reconstructions, but a latent space full of holes.",
    "deep-ae-fast": "The plain autoencoder, trained by the cross-entropy, with large steps that shrink.",
    "auto-decoder": "No encoder: every training image owns a latent vector that is learned with the decoder.",
    "auto-decoder-fast": "The auto-decoder with a decoder of patches, the cross-entropy and large steps that shrink.",
    "variational-auto-decoder": "No encoder: every training image owns a Gaussian, kept close to the prior.",
    "variational-auto-decoder-fast": "The variational auto-decoder, begun at a linear model's table, on patches.",
    "decoder-gan": "A trained VAE's decoder as generator, against a small discriminator, with small steps.",
    "decoder-gan-fast": "The GAN from a trained decoder with ten times larger steps, held together by a stronger "
    "penalty.",
    "plane-ae": "The autoencoder with two latent dimensions, to lay beside the plane of the VAE.",
    "plane-ad": "The auto-decoder with two latent dimensions, to lay beside the plane of the VAE.",
    "plane-vad": "The variational auto-decoder with two latent dimensions, to lay beside the plane of the VAE.",
}
"""One line per preset, for lists and the form."""


FAST = "-fast"
"""How the name of a fast sister ends: the same family, latent size and data set, tuned to the same quality sooner."""

CLASSIC = tuple(name for name in PRESETS if not name.endswith(FAST))
"""The recipes without their fast sisters."""


AS_GOOD = ("mlp-vae", "conv-vae", "plane-vae", "deep-ae", "auto-decoder", "variational-auto-decoder", "decoder-gan")
"""Classic recipes whose fast sister was measured to reach their test figure, with samples of which the classifier is no
less sure (`benchmarks/time_to_quality.py`)."""

DECODER_TRIED = "mlp-vae-fast"
"""The recipe whose decoder `decoder-gan` and its fast sister were measured with."""


def classic_of(name: str) -> str:
    """The classic recipe of a pair, by the name of either; the recipe itself where it has no sister."""
    return name.removesuffix(FAST)


def fast_of(name: str) -> str | None:
    """The fast sister of a pair, by the name of either; None where there is none."""
    sister = classic_of(name) + FAST
    return sister if sister in PRESETS else None


def preset(name: str) -> Recipe:
    """The preset of that name.

    Raises:
        RecipeError: no such preset; lists those there are.
    """
    if name not in PRESETS:
        raise RecipeError(f"There is no recipe '{name}'. The recipes are {', '.join(PRESETS)}.")
    return PRESETS[name]


def for_digits(recipe: Recipe) -> Recipe:
    """The small sister of a recipe on scikit-learn's 1,797 digits.

    The set is 40 times smaller than MNIST, so the batches are smaller, the epochs more, and the layers narrower: wide
    ones would only learn it by heart. On them bfloat16 saves no time either.
    """
    if recipe.model == "gan":  # its network is its source's
        return recipe.with_(
            dataset="digits",
            batch_size=32,
            validation=180,
            round_images=0,
            d_channels=(16, 32),
            epochs=30 if recipe.name.endswith(FAST) else 100,
        )
    epochs = 40 if recipe.schedule == "one-cycle" else 80 if recipe.network == "conv" else 120
    if recipe.latent_init == "ppca":  # fewer steps lie between two gradients of a row, and on each Adam carries it on
        recipe = recipe.with_(latent_lr=3 * recipe.latent_lr)
    return recipe.with_(
        dataset="digits",
        batch_size=32,
        validation=180,
        epochs=epochs,
        precision="float32",
        hidden=tuple(max(32, width // (2 * len(recipe.hidden))) for width in recipe.hidden)
        if recipe.network == "mlp"
        else (128,),
        channels=(16, 16) if recipe.network == "patch" else (16, 32, 32),
    )


def first_model() -> Recipe:
    """What the button on Home trains: from nothing to generated digits in about fifteen seconds on a laptop.

    Twice the epochs of the fast recipe, for there is something to watch; and 1 nat better for it.
    """
    return for_digits(PRESETS["mlp-vae-fast"]).with_(epochs=80)
