"""A recipe says all there is to say about a run.

One frozen dataclass drives the form on the Train page, the flags of the command line, the `recipe.json` beside the
weights, and the checks. Each field carries its own help text and bounds in its metadata, so that there is one place
to read them and one place to change them. This file needs nothing but the standard library: the first page of the
lab reads recipes without waiting for torch.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any

DATASETS = ("digits", "mnist", "fashion-mnist", "kmnist", "folder")
"""Names that `data.load` knows. `folder` is a user's own folder of images."""

DECODER_ONLY = ("ad", "vad")
"""Families without an encoder: each training image owns a row of a latent table."""


class RecipeError(ValueError):
    """A recipe that cannot be trained: says which field, which value, and what is allowed."""

def _field(default: Any, help: str, *, group: str, low=None, high=None, choices=None, unit: str = "", only=None):
    """A dataclass field whose metadata feeds form, flags and checks.

    `only` = (field, values): the field matters only while that other field has one of these values.
    """
    meta = {"help": help, "group": group, "low": low, "high": high, "choices": choices, "unit": unit, "only": only}
    return dataclasses.field(default=default, metadata=meta)


GROUPS = {"data": "Data", "model": "Model", "loss": "Loss", "training": "Training", "stop": "When to stop"}


@dataclass(frozen=True)
class Recipe:
    """What to train. Frozen: a run never changes its recipe, it records changes beside it.

    Raises:
        RecipeError: a value of the wrong type or outside its bounds, or two fields that contradict each other.
    """

    name: str = _field("mlp-vae", "The preset this recipe started from.", group="data")

    dataset: str = _field("mnist", "The images to learn from.", group="data", choices=DATASETS)
    folder: str = _field("", "Path of your own folder of images (sub-folders become classes).", group="data",
                         only=("dataset", ("folder",)))
    train_images: int = _field(0, "How many training images to use; 0 means all of them.", group="data",
                               low=0, high=1_000_000, unit="images")
    validation: int = _field(1_000, "Images held out of training to watch for overfitting and to choose the best "
                             "weights; never more than a fifth of the set is taken.", group="data",
                             low=1, high=20_000, unit="images")

    model: str = _field("vae", "ae: autoencoder, one point per image. vae: variational autoencoder, a Gaussian "
                        "per image, kept close to the prior N(0, I). ad: auto-decoder, no encoder, each training image "
                        "owns a point that is learned with the decoder. vad: variational auto-decoder, each owns a "
                        "Gaussian.", group="model", choices=("ae", "vae", "ad", "vad"))
    network: str = _field("mlp", "mlp: fully connected layers. conv: convolutions, slower and sharper.",
                          group="model", choices=("mlp", "conv"))
    hidden: tuple[int, ...] = _field((200,), "Widths of the fully connected layers between image (or convolutions) "
                                     "and latent; the decoder mirrors them.", group="model", low=1, high=4096)
    channels: tuple[int, ...] = _field((32, 64, 128), "Channels of the convolutions: the first two halve the image, "
                                       "28 → 14 → 7, further ones keep 7 × 7.", group="model", low=1, high=512,
                                       only=("network", ("conv",)))
    latent_dim: int = _field(20, "Size of the latent vector z. 2 gives a plane you can look at; more keeps more "
                             "detail.", group="model", low=1, high=512, unit="dimensions")

    likelihood: str = _field("bernoulli", "How a reconstruction is scored. bernoulli: cross-entropy of each pixel. "
                             "gaussian: squared error at a fixed σ. gaussian-learned: σ is learned too. "
                             "mse: plain squared error.", group="loss",
                             choices=("bernoulli", "gaussian", "gaussian-learned", "mse"))
    sigma: float = _field(0.3, "Standard deviation σ of the Gaussian likelihood, in grey levels from 0 to 1.",
                          group="loss", low=0.01, high=2.0, only=("likelihood", ("gaussian",)))
    beta: float = _field(1.0, "Weight β of the KL term (auto-decoder: of ½‖z‖², the pull to the origin). 1 is the "
                         "ELBO; 0 switches the prior off; large values let the posterior collapse.", group="loss",
                         low=0.0, high=100.0, only=("model", ("vae", "ad", "vad")))
    beta_warmup: float = _field(0.0, "Epochs over which β rises from 0 to its value.", group="loss",
                                low=0.0, high=1000.0, unit="epochs", only=("model", ("vae", "vad")))

    optimizer: str = _field("adam", "adam: a step size of its own for each weight. sgd: plain gradient descent with "
                            "momentum 0.9.", group="training", choices=("adam", "sgd"))
    lr: float = _field(1e-3, "Learning rate: the size of a step.", group="training", low=1e-7, high=10.0)
    latent_lr: float = _field(1e-2, "Learning rate of the latent table. A row is in one batch an epoch only, so it may "
                              "take larger steps than the decoder. The rows always learn by Adam.", group="training",
                              low=1e-7, high=10.0, only=("model", DECODER_ONLY))
    latent_init: str = _field("pca", "Where the latents begin. pca: along the main directions of the images, 1 σ wide "
                              "at most. small: at random, N(0, 0.01²).", group="training", choices=("pca", "small"),
                              only=("model", DECODER_ONLY))
    batch_size: int = _field(128, "Images per step.", group="training", low=1, high=10_000, unit="images")
    seed: int = _field(0, "Start of every random number: same seed and settings, same losses.", group="training",
                       low=0, high=2**31 - 1)

    epochs: int = _field(10, "Passes over the training images.", group="stop", low=1, high=10_000, unit="epochs")
    max_minutes: float = _field(0.0, "Stop after this many minutes; 0 means no limit.", group="stop",
                                low=0.0, high=10_000.0, unit="minutes")
    patience: int = _field(0, "Stop at a plateau: after this many epochs without a better validation loss; 0 means "
                           "never.", group="stop", low=0, high=10_000, unit="epochs")

    def __post_init__(self) -> None:
        for f in dataclasses.fields(self):
            object.__setattr__(self, f.name, check(f, getattr(self, f.name)))
        if self.variational and self.likelihood == "mse":
            raise RecipeError("likelihood: 'mse' has no place in an ELBO, its scale against the KL term would be "
                              f"arbitrary. Choose 'gaussian' and a σ for a {self.model.upper()}.")
        if self.network == "conv" and len(self.channels) < 2:
            raise RecipeError(f"channels: {_show(self.channels)} is too short. Two convolutions at least are needed "
                              "to halve 28 × 28 twice.")
        if self.dataset == "folder" and not self.folder.strip():
            raise RecipeError("folder: is empty. The data set 'folder' needs the path of your folder of images.")

    @property
    def variational(self) -> bool:
        """Whether an image has a Gaussian in the latent space, and the loss a KL; or a point."""
        return self.model in ("vae", "vad")

    @property
    def decoder_only(self) -> bool:
        """Whether there is no encoder, but a latent table."""
        return self.model in DECODER_ONLY

    @property
    def implied_sigma(self) -> float | None:
        """The σ at which a Gaussian likelihood and β = 1 would weigh errors against the prior as this recipe does; None
        where there is no such σ: no prior, no squared error, or a σ that is learned."""
        if self.model == "ae" or not self.beta:
            return None
        # β·KL + SSE / 2σ² is KL + SSE / 2(βσ²); a plain squared error has 2σ² = 1.
        return {"gaussian": self.sigma * math.sqrt(self.beta), "mse": math.sqrt(self.beta / 2)}.get(self.likelihood)

    def with_(self, **changes: Any) -> Recipe:
        """A copy with some fields changed and everything checked again; an unknown field is refused by name."""
        _known(changes)
        return dataclasses.replace(self, **changes)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, in the order of the fields."""
        return {k: list(v) if isinstance(v, tuple) else v for k, v in dataclasses.asdict(self).items()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Recipe:
        """The recipe that `to_dict` wrote.

        Raises:
            RecipeError: not a dictionary, an unknown field, or a bad value.
        """
        if not isinstance(values, dict):
            raise RecipeError(f"A recipe is a set of named fields, not {type(values).__name__}.")
        _known(values)
        return cls(**values)

    def summary(self) -> str:
        """One line for lists: what distinguishes this run at a glance."""
        body = "-".join(map(str, self.hidden)) if self.network == "mlp" else "conv " + "-".join(map(str, self.channels))
        beta = f" · β {self.beta:g}" if self.model != "ae" else ""
        return f"{self.model.upper()} · {self.dataset} · {body} · {self.latent_dim}-d{beta}"


def fields() -> tuple[dataclasses.Field, ...]:
    """The fields of a recipe in the order of the form."""
    return dataclasses.fields(Recipe)


def applies(f: dataclasses.Field, values: dict[str, Any]) -> bool:
    """Whether a field matters beside these values of the others (σ does not, without a Gaussian)."""
    only = f.metadata["only"]
    return only is None or values.get(only[0]) in only[1]


def check(f: dataclasses.Field, value: Any) -> Any:
    """The value in the field's own type.

    Raises:
        RecipeError: names the field, the value and what is allowed.
    """
    kind, meta = str(f.type), f.metadata
    try:
        if kind == "str":
            if not isinstance(value, str):
                raise TypeError
            good = value
        elif kind == "int":
            if isinstance(value, bool) or float(value) != int(float(value)):
                raise TypeError
            good = int(float(value))
        elif kind == "float":
            if isinstance(value, bool):
                raise TypeError
            good = float(value)
        else:
            parts = value.replace("-", " ").replace(",", " ").split() if isinstance(value, str) else value
            good = tuple(int(p) for p in ([parts] if isinstance(parts, int) else parts))
            if not good or any(float(p) != int(p) for p in ([parts] if isinstance(parts, int) else parts)):
                raise TypeError
    except (TypeError, ValueError, OverflowError):
        raise RecipeError(f"{f.name}: {_show(value)} is not {_KINDS[kind]}. {_allowed(f)}") from None
    low, high = meta["low"], meta["high"]
    numbers = good if isinstance(good, tuple) else (good,) if isinstance(good, (int, float)) else ()
    bad = [n for n in numbers if not math.isfinite(n) or (low is not None and not low <= n <= high)]
    if bad or (meta["choices"] and good not in meta["choices"]) or len(numbers) > 8:
        raise RecipeError(f"{f.name}: {_show(value)} is not allowed. {_allowed(f)}")
    return good


_KINDS = {"str": "a word", "int": "a whole number", "float": "a number", "tuple[int, ...]": "a list of whole numbers"}


def _allowed(f: dataclasses.Field) -> str:
    meta = f.metadata
    if meta["choices"]:
        return "Choose one of " + ", ".join(meta["choices"]) + "."
    if meta["low"] is not None:
        each = "one to eight numbers, each " if str(f.type).startswith("tuple") else ""
        return f"Allowed: {each}from {meta['low']:g} to {meta['high']:g}."
    return f"Expected {_KINDS[str(f.type)]}."


def _known(values: dict[str, Any]) -> None:
    names = [f.name for f in fields()]
    for key in values:
        if key not in names:
            raise RecipeError(f"{key}: there is no such field in a recipe. The fields are {', '.join(names)}.")


def _show(value: Any) -> str:
    text = repr(list(value) if isinstance(value, tuple) else value)
    return text if len(text) <= 60 else text[:57] + "…"
