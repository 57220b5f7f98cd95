"""The fields of a recipe that do not belong to one family alone: type, default, help, bounds, choices and conditions.

`core.recipes.recipe` adds the checks, the fields of the families and what follows from the values. Needs only the
standard library, as that does.
"""

from __future__ import annotations

from dataclasses import dataclass

from core.data.registry import CELEBA_ATTRIBUTES, SOURCES
from core.images.pixel_choices import AUTO, FITS, GROUNDS, POLARITIES
from core.images.shape import GREY_28
from core.recipes.family import FAMILIES, families_of_vectors, families_using, generator_sources
from core.recipes.likelihoods import IN_PIXELS, LIKELIHOODS
from core.system.typed_fields import field

DATASETS = tuple(SOURCES)
"""Names that `data.load` accepts. `folder` is a user's own folder of images."""

GROUPS = {
    "data": "Data",
    "model": "Model",
    "loss": "Loss",
    "adversarial": "Generator and discriminator",
    "training": "Training",
    "stop": "When to stop",
}


def only_of(name: str) -> tuple[str, tuple[str, ...]]:
    """Condition of a field that only some families have: the model is one of those."""
    return "model", families_using(name)


@dataclass(frozen=True)
class RecipeFields:
    """What to train, on which images, with which loss, how and for how long; nothing is checked yet."""

    name: str = field("mlp-vae", "A tested set of settings: it fills in all the fields below.", group="data")

    dataset: str = field("mnist", "The images to learn from.", group="data", choices=DATASETS)
    folder: str = field(
        "",
        "Path of your own folder (its sub-folders become classes), zip archive, or npz, npy or IDX file of images.",
        group="data",
        only=("dataset", ("folder",)),
    )
    attribute: str = field(
        "Smiling",
        "Attribute of CelebA’s photos that gives the two classes; all 40 are known of each photo.",
        group="data",
        choices=CELEBA_ATTRIBUTES,
        only=("dataset", ("celeba",)),
    )
    image_shape: tuple[int, ...] = field(
        GREY_28.chw,
        "Channels (1 grey, 3 colour), height and width of the images, in pixels. A data set whose images have one "
        "shape fills it in; digits and your own pictures are made at the shape you choose.",
        group="data",
        low=1,
        high=128,
        only=("dataset", tuple(name for name, source in SOURCES.items() if source.any_shape)),
    )
    levels: str = field(
        AUTO,
        "Which values become black and white in files of more than 8 bits a pixel. auto: one range for all of them, "
        "measured over the whole set, which the run keeps. each: the range that each file states. Or two numbers, such "
        "as 0 to 4095 for 12 bits.",
        group="data",
        only=("dataset", ("folder",)),
    )
    ground: str = field(
        AUTO,
        "What lies behind transparent pixels. auto: white behind dark content and black behind light, one ground for "
        "the whole set; each: the one on which each picture is seen.",
        group="data",
        choices=GROUNDS,
        only=("dataset", ("folder",)),
    )
    polarity: str = field(
        POLARITIES[0],
        "Which pictures are inverted: none, those that are dark on light (so that all are light on dark, as MNIST is), "
        "those that are light on dark, or all.",
        group="data",
        choices=POLARITIES,
        only=("dataset", ("folder",)),
    )
    fit: str = field(
        FITS[0],
        "How pictures of other proportions become the image shape. pad: the whole picture, with strips in the colour "
        "of its border. crop: the middle of the picture, which fills the shape. stretch: the whole picture, distorted.",
        group="data",
        choices=FITS,
        only=("dataset", ("folder",)),
    )
    train_images: int = field(
        0, "How many training images to use; 0 means all of them.", group="data", low=0, high=1_000_000, unit="images"
    )
    without_classes: str = field(
        "",
        "Classes to leave out of training, validation and test, by name, separated by commas, such as 8. The model "
        "never sees them, so that Outliers can show whether its scores separate them.",
        group="data",
    )
    validation: int = field(
        1_000,
        "Images held out of training to watch for overfitting and to choose the best "
        "weights; never more than a fifth of the set is taken.",
        group="data",
        low=1,
        high=20_000,
        unit="images",
    )

    model: str = field(
        "vae",
        "Kind of model. " + " ".join(f"{key}: {family.sentence}" for key, family in FAMILIES.items()),
        group="model",
        choices=tuple(FAMILIES),
    )
    classes: int = field(
        0,
        "Number of classes of the images; filled in from them.",
        group="data",
        low=0,
        high=10_000,
        only=only_of("classes"),
    )

    network: str = field(
        "mlp",
        "mlp: fully connected layers. conv: convolutions, slower and sharper. patch: the image "
        "in at most 8 × 8 patches and convolutions among them, nearly as quick as mlp and as sharp as conv.",
        group="model",
        choices=("mlp", "conv", "patch"),
    )
    hidden: tuple[int, ...] = field(
        (200,),
        "Widths of the fully connected layers between image (or convolutions) and latent; the decoder mirrors them.",
        group="model",
        low=1,
        high=4096,
        only=("model", families_of_vectors()),
    )
    channels: tuple[int, ...] = field(
        (32, 64, 128),
        "Channels of the convolutions. conv: the first ones halve each side until it has at most 8 pixels, "
        "further ones keep that size; if there are too few numbers, the last one repeats. patch: the first turns "
        "patches into vectors, further ones mix neighbours. Where images become codes, they end at the "
        "grid of codes, and further numbers are residual blocks there.",
        group="model",
        low=1,
        high=512,
        only=("network", ("conv", "patch")),
    )
    activation: str = field(
        "relu",
        "The activation function between two layers. relu: max(x, 0). silu: x · sigmoid(x), "
        "the same but smooth, which often learns in fewer steps.",
        group="model",
        choices=("relu", "silu"),
    )
    linear_path: str = field(
        "none",
        "A linear layer beside the encoder and one beside the decoder, whose outputs are added to theirs. pca: they "
        "begin as the main directions of the images and the networks' last layers at 0, so that training begins at "
        "the error of PCA and the networks learn what a linear model cannot. none: there are no such layers.",
        group="model",
        choices=("none", "pca"),
        only=("likelihood", IN_PIXELS),
    )
    latent_dim: int = field(
        20,
        "Size of the latent vector z. 2 gives a plane you can look at; more keeps more detail.",
        group="model",
        low=1,
        high=512,
        unit="dimensions",
        only=("model", families_of_vectors()),
    )

    likelihood: str = field(
        "bernoulli",
        "How a reconstruction is scored, in each channel of each pixel. bernoulli: cross-entropy. "
        "gaussian: squared error at a fixed σ. gaussian-learned: σ is learned too. "
        "logistic: probability of the 8-bit level under a logistic distribution of learned width, in nats that convert "
        "to bits per dimension. mse: plain squared error.",
        group="loss",
        choices=LIKELIHOODS,
    )
    sigma: float = field(
        0.3,
        "Standard deviation σ of the Gaussian likelihood, in grey levels from 0 to 1.",
        group="loss",
        low=0.01,
        high=2.0,
        only=("likelihood", ("gaussian",)),
    )
    beta: float = field(
        1.0,
        "Weight β of the KL term (auto-decoder: of ½‖z‖², the pull to the origin; β-TCVAE: of the total "
        "correlation). 1 is the ELBO; 0 switches the prior off; large values make the posterior collapse.",
        group="loss",
        low=0.0,
        high=100.0,
        only=only_of("beta"),
    )
    beta_warmup: float = field(
        0.0,
        "Epochs over which β rises from 0 to its value.",
        group="loss",
        low=0.0,
        high=1000.0,
        unit="epochs",
        only=only_of("beta_warmup"),
    )
    beta_cycles: int = field(
        0,
        "How many times β rises from 0 to its value in the course of the training: over the first half of each cycle, "
        "then it stays. Each new rise lets the encoder tell more. 0: no cycles.",
        group="loss",
        low=0,
        high=1000,
        unit="cycles",
        only=only_of("beta_cycles"),
    )
    free_bits: float = field(
        0.0,
        "Nats of KL that each latent dimension has for free, as a mean over the batch: below it nothing pushes the "
        "posterior towards the prior, which keeps a dimension from collapsing. 0: none.",
        group="loss",
        low=0.0,
        high=10.0,
        unit="nats",
        only=only_of("free_bits"),
    )
    importance_samples: int = field(
        1,
        "Draws of z per image and step. 1: the ELBO. More: the importance-weighted bound (IWAE), which is tighter; a "
        "step takes as many decodings.",
        group="loss",
        low=1,
        high=100,
        unit="samples",
        only=only_of("importance_samples"),
    )

    source: str = field(
        "",
        "The trained run whose decoder becomes the generator. Empty: the newest one that fits the "
        "images, or none at all where the generator starts from scratch.",
        group="adversarial",
        only=only_of("source"),
    )
    source_model: str = field(
        "none",
        "The kind of model that the source is; filled in from the source.",
        group="adversarial",
        choices=("none", *generator_sources()),
        only=only_of("source_model"),
    )
    generator: str = field(
        "decoder",
        "decoder: the generator starts as a copy of the trained decoder. scratch: as "
        "the same network with random weights. map: the decoder stays as it is, and a small network in front of it "
        "learns which z it gets.",
        group="adversarial",
        choices=("decoder", "scratch", "map"),
        only=only_of("generator"),
    )
    adversarial: str = field(
        "non-saturating",
        "The losses of D and G. non-saturating: cross-entropy, G maximises "
        "log D. hinge: D's outputs must differ by a margin. least-squares: squared distance to the labels. wgan-gp: "
        "a critic whose slope is held near 1.",
        group="adversarial",
        choices=("non-saturating", "hinge", "least-squares", "wgan-gp"),
        only=only_of("adversarial"),
    )
    d_network: str = field(
        "conv",
        "conv: convolutions. mlp: fully connected layers, several times quicker on small images; the generated images "
        "are then less sharp.",
        group="adversarial",
        choices=("conv", "mlp"),
        only=only_of("d_network"),
    )
    d_hidden: tuple[int, ...] = field(
        (512,),
        "Widths of the discriminator's fully connected layers between image and output.",
        group="adversarial",
        low=1,
        high=4096,
        only=("d_network", ("mlp",)),
    )
    d_channels: tuple[int, ...] = field(
        (32, 64),
        "Channels of the discriminator's convolutions: the first ones halve each side until it has at most 8 pixels, "
        "further ones keep that size.",
        group="adversarial",
        low=1,
        high=512,
        only=("d_network", ("conv",)),
    )
    d_norm: str = field(
        "none",
        "spectral: each layer of D is divided by its largest singular value, so that D "
        "cannot become arbitrarily steep.",
        group="adversarial",
        choices=("none", "spectral"),
        only=only_of("d_norm"),
    )
    d_lr: float = field(
        2e-4,
        "Learning rate of the discriminator; the generator's stands under training.",
        group="adversarial",
        low=1e-7,
        high=10.0,
        only=only_of("d_lr"),
    )
    d_steps: int = field(
        1,
        "Steps of the discriminator for each step of the generator.",
        group="adversarial",
        low=1,
        high=20,
        unit="steps",
        only=only_of("d_steps"),
    )
    g_steps: int = field(
        1,
        "Steps of the generator for each step of the discriminator.",
        group="adversarial",
        low=1,
        high=50,
        unit="steps",
        only=only_of("g_steps"),
    )
    label_smoothing: float = field(
        0.0,
        "Real images count as 1 minus this, so that D is never fully confident (for non-saturating and least-squares).",
        group="adversarial",
        low=0.0,
        high=0.5,
        only=only_of("label_smoothing"),
    )
    r1: float = field(
        0.0,
        "Weight γ of the R1 penalty, ½γ‖∇D(x)‖² on real images: keeps D flat where the data are.",
        group="adversarial",
        low=0.0,
        high=1000.0,
        only=only_of("r1"),
    )
    r1_noise: float = field(
        0.0,
        "How the slope ∇D(x) in the R1 penalty is found. 0: exactly, by differentiating D. Above 0: estimated from how "
        "much D's output changes when Gaussian noise of this standard deviation, in grey levels from 0 to 1, is added "
        "to the image, which takes much less computing.",
        group="adversarial",
        low=0.0,
        high=1.0,
        only=only_of("r1_noise"),
    )
    gradient_penalty: float = field(
        10.0,
        "Weight λ of WGAN-GP's penalty, (‖∇D‖ − 1)² between real and generated.",
        group="adversarial",
        low=0.0,
        high=1000.0,
        only=("adversarial", ("wgan-gp",)),
    )
    ema: float = field(
        0.0,
        "Decay of a running average of G's weights, which then is what you see; 0 shows G as it is.",
        group="adversarial",
        low=0.0,
        high=0.9999,
        only=only_of("ema"),
    )
    freeze: str = field(
        "nothing",
        "The network that does not learn.",
        group="adversarial",
        choices=("nothing", "generator", "discriminator"),
        only=only_of("freeze"),
    )
    round_images: int = field(
        6_000,
        "Real images in one epoch; after each epoch a GAN is measured and its samples are kept. "
        "many, a part of the set; 0 means all.",
        group="adversarial",
        low=0,
        high=1_000_000,
        unit="images",
        only=only_of("round_images"),
    )

    optimizer: str = field(
        "adam",
        "adam: a separate step size for each weight. sgd: plain gradient descent with momentum 0.9.",
        group="training",
        choices=("adam", "sgd"),
        only=only_of("optimizer"),
    )
    beta2: float = field(
        0.999,
        "How long Adam averages the squared gradients: 0.999 is about a thousand steps, 0.99 over a "
        "hundred, which suits short trainings.",
        group="training",
        low=0.5,
        high=0.99999,
        only=("optimizer", ("adam",)),
    )
    lr: float = field(
        1e-3,
        "Learning rate: the size of a step; with the schedule one-cycle, of the largest one.",
        group="training",
        low=1e-7,
        high=10.0,
    )
    schedule: str = field(
        "constant",
        "constant: the same learning rate throughout. one-cycle: it rises to its value over the first "
        "part of the epochs, then falls along a cosine, so that the training begins with large steps "
        "and ends with small ones.",
        group="training",
        choices=("constant", "one-cycle"),
        only=only_of("schedule"),
    )
    latent_lr: float = field(
        1e-2,
        "Learning rate of the latent table. A row is in one batch an epoch only, so it may "
        "take larger steps than the decoder. The table is always optimised by Adam.",
        group="training",
        low=1e-7,
        high=10.0,
        only=only_of("latent_lr"),
    )
    latent_init: str = field(
        "pca",
        "Initial values of the latents. pca: along the main directions of the images, which they "
        "fill to a σ of 1 at most. ppca: where the linear decoder that fits best would have them, "
        "with its σ for each (probabilistic PCA). small: at random, N(0, 0.01²).",
        group="training",
        choices=("pca", "ppca", "small"),
        only=only_of("latent_init"),
    )
    precision: str = field(
        "float32",
        "Precision of the computation in the layers during training. float32: 24 binary digits. "
        "mixed: 8 digits (bfloat16) in the layers, 24 in weights and losses. That is "
        "faster on a processor that supports bfloat16; on others float32 is used.",
        group="training",
        choices=("float32", "mixed"),
        only=only_of("precision"),
    )
    batch_size: int = field(128, "Images per step.", group="training", low=1, high=10_000, unit="images")
    seed: int = field(
        0,
        "Seed of all random numbers: the same seed and settings give the same losses on the same machine.",
        group="training",
        low=0,
        high=2**31 - 1,
    )

    epochs: int = field(10, "Passes over the training images.", group="stop", low=1, high=10_000, unit="epochs")
    max_minutes: float = field(
        0.0, "Stop after this many minutes; 0 means no limit.", group="stop", low=0.0, high=10_000.0, unit="minutes"
    )
    patience: int = field(
        0,
        "Stop at a plateau: after this many epochs without a better validation loss; 0 means never.",
        group="stop",
        low=0,
        high=10_000,
        unit="epochs",
    )
