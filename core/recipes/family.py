"""Family records: one record per kind of model holds all facts that the lab needs about it.

Each file of `core/models/` that defines a kind of model assigns one literal record to `FAMILY`:

    FAMILY = Family(key="vae", abbreviation="VAE", ..., terms=(RECONSTRUCTION, KL), model="VAE")

`FAMILIES` holds the records of all files by key. Records are read from the source text without importing the files,
which would import torch and delay the first page and the command line by two seconds. So a record may contain only
literals and names of this module. Nothing here imports torch.

Families of a folder of your own are read as well: set `LATENT_LAB_FAMILIES` to its path. Its `*.py` files are families,
its `*.json` files presets (`recipes/presets.py`).
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from core.system import user_paths

MODELS = Path(__file__).resolve().parents[1] / "models"

_given = os.environ.get("LATENT_LAB_FAMILIES", "")

OWN_FAMILIES = str(user_paths.path_of(_given)) if _given.strip() else ""
"""Folder of further families and presets; empty for none."""

LatentKind = Literal["point", "gaussian", "codes"]


@dataclass(frozen=True)
class Term:
    """One term of a family's loss.

    Attributes:
        name: used in the columns of the history, `train_<name>` and `val_<name>`.
        title: for headings and legends. symbol: short form for sentences and formulas.
        role: colour, a role of `ui.shared.theme`.
        weight: recipe field of the term's weight; empty for a weight of 1. A weighted term also has the columns
            `train_weighted_<name>` and `val_weighted_<name>`.
        warmup: recipe field of the epochs over which the weight rises from 0 to its value; empty for none.
        cycles: recipe field of the number of times that it does so in the course of a training; empty for none.
        batch: whether the term is a statistic of the whole batch, [], rather than one number per image, [B] (MMD, total
            correlation). A search for the latent of one image leaves such a term out.
        bare: whether it is a pure number, in no unit of the loss; its weight gives it one.
        meaning: one sentence for a caption.
    """

    name: str
    title: str
    symbol: str
    role: str
    weight: str = ""
    warmup: str = ""
    cycles: str = ""
    batch: bool = False
    bare: bool = False
    meaning: str = ""


RECONSTRUCTION = Term(
    "recon", "Reconstruction", "−log p(x | z)", "reconstruction", meaning="How badly the decoder explains the image."
)
KL = Term(
    "kl",
    "KL",
    "KL",
    "kl",
    weight="beta",
    warmup="beta_warmup",
    cycles="beta_cycles",
    meaning="How far the image's posterior q(z | x) is from the prior N(0, I).",
)
HALF_SQUARED_NORM = Term(
    "kl", "½‖z‖²", "½‖z‖²", "kl", weight="beta", meaning="The pull of each latent vector towards the origin."
)

MMD = Term(
    "mmd",
    "MMD²",
    "MMD²",
    "generated",
    weight="mmd_weight",
    batch=True,
    bare=True,
    meaning="How far the latents of a batch, taken together, are from draws of the prior N(0, I); 0 on average where "
    "they are distributed alike, so an estimate can be negative.",
)


NEGATIVE_ELBO = (
    r"\begin{aligned}\mathcal{L} ={}& \underbrace{-\,\mathbb{E}_{q(z \mid x)} \log p(x \mid z)}"
    r"_{\text{reconstruction}} \\ &+ \beta\,\underbrace{\mathrm{KL}\left(q(z \mid x)\,\|\,"
    r"\mathcal{N}(0, I)\right)}_{\text{KL}}\end{aligned}"
)
"""Objective of families with a Gaussian posterior, as LaTeX in two lines: one would not fit on a phone."""

ELBO_CAPTION = (
    "Solid: training, dashed: validation. Total = reconstruction + β·KL; all should fall or level out. "
    "Validation rising alone is overfitting."
)
"""Caption of the loss curves of families with a Gaussian posterior."""


@dataclass(frozen=True)
class Measure:
    """A figure of each training step beside the loss terms; a column of the history, drawn below the losses.

    Attributes:
        name: of the column, and of the figure that the model's `after_step` returns. title: for headings and legends.
        role: colour, a role of `ui.shared.theme`. unit: for the heading.
        meaning: one sentence for a caption.
    """

    name: str
    title: str
    role: str
    unit: str = ""
    meaning: str = ""


@dataclass(frozen=True)
class Field:
    """A recipe field that one family declares for itself; it appears in the form, the flags and `recipe.json`.

    The type is that of `default`: text, whole number, number, or a tuple of whole numbers. Numbers need bounds, `low`
    and `high`; a text may have `choices`. `group` is a group of `recipes.recipe_fields.GROUPS`. `symbol`: of a weight,
    in formulas and names of curves, where it has one. `label`: in the form, by default the name. Two families
    that declare the same field share it.
    """

    name: str
    default: str | int | float | tuple[int, ...]
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] | None = None
    unit: str = ""
    group: str = "model"
    symbol: str = ""
    label: str = ""


MMD_WEIGHT = Field(
    "mmd_weight",
    500.0,
    "Weight λ of the squared MMD between the latents of a batch and as many draws of the prior.",
    low=0.0,
    high=100_000.0,
    group="loss",
    symbol="λ",
    label="λ, weight of the MMD²",
)


@dataclass(frozen=True)
class Family:
    """A kind of model.

    Attributes:
        key: name in `recipe.json` and on the command line. order: position in lists.
        name: in words, sentence case. abbreviation: as in the literature. sentence: what it is, in one sentence.
        proper_name: whether the name begins with that of a person, which keeps its capital within a sentence.
        model: class name in the family's file. trainer: class, as `module:class` below `core`.
        latent: what an image becomes: a point, a diagonal Gaussian, or a grid of entries of a codebook; the size of the
            latent vector then follows from the grid. encoder: whether one pass of an encoder finds it.
            latent_table: whether each training image owns a row of a table that is learned. prior: whether training
            pulls the latents towards N(0, I), so that the prior can be sampled from.
        conditional: whether encoder and decoder are told the class of an image, so that the class can be chosen; its
            images must all have one.
        terms: loss terms in the order in which they are added; empty where two players have losses of their own.
        measures: figures of each training step beside the terms.
        columns: history columns that do not follow from the terms or measures.
        fields: shared recipe fields that only some families have: those of this family.
        own_fields: recipe fields that this record declares itself.
        objective_name: name of the sum of the terms. objective: that sum as LaTeX. explanation: in words, Markdown.
        code: methods of the model class to show as "the loss of one batch".
        generator_source: whether its trained decoder can become a GAN's generator; lower numbers are offered first, 0
            means no. not_generator: then why not, the end of a sentence.
        adversarial: whether a discriminator is trained beside it.
        elbo: names of the terms whose sum at weight 1 is the negative ELBO, of a family with Gaussian posteriors.
        samples: heading of its samples: where they are drawn from. caption: text below its loss curves.
        originals, reconstructions: headings of the images in the film of a training, and of what becomes of them.
        file: the family's file. module: the name under which the file is imported.
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
    conditional: bool = False
    terms: tuple[Term, ...] = ()
    measures: tuple[Measure, ...] = ()
    columns: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    own_fields: tuple[Field, ...] = ()
    objective_name: str = "Objective"
    objective: str = ""
    explanation: str = ""
    code: tuple[str, ...] = ("loss", "losses_at", "regularizers")
    proper_name: bool = False
    generator_source: int = 0
    not_generator: str = ""
    adversarial: bool = False
    elbo: tuple[str, ...] = ("recon", "kl")
    samples: str = "Samples from the prior"
    caption: str = ""
    originals: str = "Original"
    reconstructions: str = "Reconstruction"
    file: Path = field(default=MODELS, compare=False)
    module: str = field(default="", compare=False)

    @property
    def name_in_sentence(self) -> str:
        """The name as it stands within a sentence: “auto-decoder”, “Wasserstein autoencoder”, “InfoVAE”."""
        acronym = any(letter.isupper() for letter in self.name.split()[0][1:])
        return self.name if self.proper_name or acronym else f"{self.name[0].lower()}{self.name[1:]}"

    @property
    def variational(self) -> bool:
        """Whether an image becomes a Gaussian in the latent space rather than a point."""
        return self.latent == "gaussian"

    @property
    def codes(self) -> bool:
        """Whether an image becomes a grid of entries of a codebook rather than a vector of free numbers."""
        return self.latent == "codes"

    @property
    def evidence(self) -> str:
        """What the ELBO bounds from below: of a model that is told the class it is no log p(x)."""
        return "log p(x | y)" if self.conditional else "log p(x)"

    @property
    def weights(self) -> tuple[str, ...]:
        """Recipe fields that weigh the loss terms, each once."""
        return tuple(dict.fromkeys(term.weight for term in self.terms if term.weight))

    @property
    def loss_names(self) -> tuple[str, ...]:
        """Loss columns without `train_` or `val_`: each term, `weighted_` where it has a weight, and `total`."""
        names = (n for t in self.terms for n in ((t.name, f"weighted_{t.name}") if t.weight else (t.name,)))
        return (*names, "total") if self.terms else ()

    def prior_weight(self, weights: Mapping[str, float]) -> float:
        """Weight of the prior's term of one image, `models.base.Losses.kl`: that of the term `kl`; 1 where the KL is
        divided among other terms; 0 for points without such a term.

        Args:
            weights: of the loss terms by recipe field.
        """
        for term in self.terms:
            if term.name == "kl":
                return weights[term.weight] if term.weight else 1.0
        return 1.0 if self.variational else 0.0

    def uses(self, name: str) -> bool:
        """Whether the recipe field of that name, one that only some families have, is one of this family's."""
        return name in self.fields or any(own.name == name for own in self.own_fields)

    def model_class(self) -> Any:
        """The model class. Imports torch."""
        return getattr(self._imported(), self.model)

    def trainer_class(self) -> Any:
        """The trainer class. Imports torch."""
        module, _, name = self.trainer.partition(":")
        return getattr(importlib.import_module(f"core.{module}"), name)

    def _imported(self) -> ModuleType:
        if self.file.parent == MODELS:
            return importlib.import_module(self.module)
        if self.module not in sys.modules:
            spec = importlib.util.spec_from_file_location(self.module, self.file)
            if spec is None or spec.loader is None:
                raise ImportError(f"{self.file.name} cannot be imported.")
            module = importlib.util.module_from_spec(spec)
            sys.modules[self.module] = module
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[self.module]
                raise
        return sys.modules[self.module]


def read(folder: Path = MODELS, package: str = "core.models") -> dict[str, Family]:
    """The records of all files in a folder, by key, in their order.

    Raises:
        ValueError: a record is not a literal `Family(...)` call, or two share a key: names the file and the line.
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
            object.__setattr__(record, "file", file)
            object.__setattr__(record, "module", f"{package}.{file.stem}")
            found[record.key] = record
    return dict(sorted(found.items(), key=lambda item: item[1].order))


def _names() -> dict[str, Any]:
    names = ("Family", "Term", "Field", "Measure", "NEGATIVE_ELBO", "ELBO_CAPTION")
    return {name: value for name, value in globals().items() if name in names or isinstance(value, (Term, Field))}


def _all() -> dict[str, Family]:
    """The lab's own families, then those of `OWN_FAMILIES`.

    Raises:
        ValueError: a record of that folder has the key of one of the lab's.
    """
    own = read(Path(OWN_FAMILIES), "latent_lab_families") if OWN_FAMILIES else {}
    lab = read()
    if both := lab.keys() & own.keys():
        raise ValueError(f"{OWN_FAMILIES}: there is a family '{sorted(both)[0]}' already. Choose another key.")
    return lab | own


FAMILIES = _all()
"""All families by key."""


SYMBOLS = {"beta": "β"} | {own.name: own.symbol for f in FAMILIES.values() for own in f.own_fields if own.symbol}
"""Symbols of the recipe fields that weigh loss terms; other fields go by their names."""


def unlike_bound(family: Family, others: Iterable[Family]) -> str:
    """Why a family's ELBO is not ranked among those of others, in one sentence; empty where it can be.

    A bound on log p(x | y) leaves out what it costs to say the class y. Among themselves such models can be ranked.
    """
    if not family.conditional or all(other.conditional for other in others):
        return ""
    return (
        f"A {family.abbreviation} is told the class y: its ELBO bounds {family.evidence}, not log p(x), and is not "
        "ranked with models that have to explain the class as well."
    )


def families_using(name: str) -> tuple[str, ...]:
    """Keys of the families that have the recipe field of that name."""
    return tuple(key for key, family in FAMILIES.items() if family.uses(name))


def families_of_vectors() -> tuple[str, ...]:
    """Keys of the families whose latent vector has the size that the recipe chooses: all but those of codes."""
    return tuple(key for key, family in FAMILIES.items() if not family.codes)


def generator_sources() -> tuple[str, ...]:
    """Keys of the families whose trained decoder can become a GAN's generator, in their order."""
    return tuple(key for key, family in FAMILIES.items() if family.generator_source)
