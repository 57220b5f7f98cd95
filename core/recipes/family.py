"""Family records: everything the lab says and asks about a kind of model, in one place.

Each file of `core/models/` that holds a kind of model assigns one literal record to `FAMILY`:

    FAMILY = Family(key="vae", abbreviation="VAE", ..., terms=(RECONSTRUCTION, KL), model="VAE")

`FAMILIES` holds the records of all files by key. They are read from the source text without importing it: those files
import torch, which takes two seconds that the first page and the command line need not wait. So a record may only use
literals and the names of this module. Nothing here imports torch.
"""

from __future__ import annotations

import ast
import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

MODELS = Path(__file__).resolve().parents[1] / "models"

LatentKind = Literal["point", "gaussian"]


@dataclass(frozen=True)
class Term:
    """One term of a family's loss.

    Attributes:
        name: its name in the history's columns, `train_<name>` and `val_<name>`.
        title: heading and legend; symbol: short form inside a sentence or formula.
        role: its colour, a role of `ui.shared.theme`.
        weight: the recipe field that weighs it, empty for 1. A weighted term also has the columns
            `train_weighted_<name>` and `val_weighted_<name>`.
        meaning: one sentence for a caption.
    """

    name: str
    title: str
    symbol: str
    role: str
    weight: str = ""
    meaning: str = ""


RECONSTRUCTION = Term(
    "recon", "Reconstruction", "−log p(x | z)", "reconstruction", meaning="How badly the decoder explains the image."
)
KL = Term(
    "kl", "KL", "KL", "kl", weight="beta", meaning="How far the image's posterior q(z | x) is from the prior N(0, I)."
)
HALF_SQUARED_NORM = Term(
    "kl", "½‖z‖²", "½‖z‖²", "kl", weight="beta", meaning="The pull of each latent vector towards the origin."
)


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        key: its name in `recipe.json` and on the command line. order: its place in lists.
        name: in words, sentence case. abbreviation: as in the literature. sentence: what it is, in one sentence.
        model, trainer: class names: of the model in the family's file, of the trainer as `module:class` in `core`.
        latent: what an image becomes: a point or a diagonal Gaussian. encoder: whether one pass finds it.
            latent_table: whether each training image owns a row that is learned. prior: whether training pulls the
            latents towards N(0, I), so that it can be sampled from.
        terms: of the loss, in the order in which they are added; empty where two players have losses of their own.
        fields: recipe fields that only some families have, of those this one uses.
        objective_name: what the sum of the terms is called. objective: it as LaTeX. explanation: it in words, Markdown.
        code: methods of the model class to show as "the loss of one batch".
        generator_source: whether its trained decoder can become a GAN's generator; lower numbers are offered first, 0
            means that it cannot.
        adversarial: whether a discriminator is trained beside it.
        samples: what its samples are drawn from, for a heading. caption: under its loss curves.
    """

    key: str
    order: int
    name: str
    abbreviation: str
    sentence: str
    model: str
    trainer: str = "training.autoencoder_trainer:AutoencoderTrainer"
    latent: LatentKind = "point"
    encoder: bool = True
    latent_table: bool = False
    prior: bool = False
    terms: tuple[Term, ...] = ()
    fields: tuple[str, ...] = ()
    objective_name: str = "Objective"
    objective: str = ""
    explanation: str = ""
    code: tuple[str, ...] = ("loss", "losses_at", "prior_term")
    generator_source: int = 0
    adversarial: bool = False
    samples: str = "Samples from the prior"
    caption: str = ""
    module: str = field(default="", compare=False)

    @property
    def variational(self) -> bool:
        """Whether an image becomes a Gaussian in the latent space rather than a point."""
        return self.latent == "gaussian"

    def uses(self, name: str) -> bool:
        """Whether the recipe field of that name, one that only some families have, is one of this family's."""
        return name in self.fields

    def model_class(self) -> Any:
        """The model class. Imports torch."""
        return getattr(importlib.import_module(self.module), self.model)

    def trainer_class(self) -> Any:
        """The trainer class. Imports torch."""
        module, _, name = self.trainer.partition(":")
        return getattr(importlib.import_module(f"core.{module}"), name)


def read(folder: Path = MODELS, package: str = "core.models") -> dict[str, Family]:
    """The records of all files in a folder, by key, in their order.

    Raises:
        ValueError: a record is no literal `Family(...)` call, or two share a key: names the file and the line.
    """
    found: dict[str, Family] = {}
    for file in sorted(folder.glob("*.py")):
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if not isinstance(node, ast.Assign) or not any(
                isinstance(t, ast.Name) and t.id == "FAMILY" for t in node.targets
            ):
                continue
            where = f"{file.name}, line {node.lineno}"
            try:
                record = eval(compile(ast.Expression(node.value), file.name, "eval"), {"__builtins__": {}}, _names())
            except Exception as error:
                raise ValueError(
                    f"{where}: FAMILY must be Family(...) of literals and names of family.py ({error})."
                ) from None
            if record.key in found:
                raise ValueError(f"{where}: there is a family '{record.key}' already.")
            object.__setattr__(record, "module", f"{package}.{file.stem}")
            found[record.key] = record
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def _names() -> dict[str, Any]:
    return {name: value for name, value in globals().items() if name in ("Family", "Term") or isinstance(value, Term)}


FAMILIES = read()
"""All families by key."""


def families_using(name: str) -> tuple[str, ...]:
    """Keys of the families that have the recipe field of that name."""
    return tuple(key for key, family in FAMILIES.items() if family.uses(name))
