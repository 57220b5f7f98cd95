"""Presets of the textbook on grey images: autoencoders and VAEs, with an encoder."""

from __future__ import annotations

from core.recipes.preset import described

PRESETS = (
    # 784 → 200 → 20, mirrored: the smallest VAE worth looking at (Kingma & Welling 2013 with one hidden layer).
    described(
        "mlp-vae",
        "A small VAE: quick to train, good digits.",
        title="small VAE",
        hidden=(200,),
        latent_dim=20,
        epochs=10,
    ),
    described(
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
    described(
        "conv-vae",
        "The VAE with convolutions: the best digits, the longest wait of the VAEs.",
        title="VAE with convolutions",
        network="conv",
        channels=(32, 64, 128),
        hidden=(500,),
        latent_dim=20,
        epochs=30,
    ),
    # Convolutions on 7 × 7 patches instead of 28 × 28 pixels. The second dense layer serves the samples: a smaller
    # KL suffices, and more of the prior decodes to a digit.
    described(
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
    described(
        "cvae",
        "A VAE that is told the class: choose a digit, and draw it in any style.",
        title="VAE that is told the class",
        model="cvae",
        hidden=(500, 300),
        latent_dim=20,
        beta=2.0,
        epochs=30,
    ),
    described(
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
    described(
        "plane-vae",
        "A VAE with only two latent dimensions: its whole latent space fits on one plane.",
        title="VAE, 2 dimensions",
        hidden=(400, 200),
        latent_dim=2,
        epochs=50,
    ),
    # Large batches reduce the noise of the steps, and a second core computes them at no extra time.
    described(
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
    described(
        "deep-ae",
        "A plain autoencoder: sharp reconstructions, but a latent space full of holes.",
        title="autoencoder",
        dataset="fashion-mnist",
        model="ae",
        likelihood="mse",
        hidden=(256,),
        latent_dim=32,
        epochs=10,
    ),
    # With the cross-entropy even the squared error falls sooner: a sigmoid gives black for any very negative logit,
    # whereas with plain squared error the last layer must output exactly 0.
    described(
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
)
