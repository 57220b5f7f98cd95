"""Abbreviations of families, spelled out."""

from __future__ import annotations

from collections.abc import Iterable

from core.recipes.family import Family


def spelled_out(families: Iterable[Family]) -> list[str]:
    """Each family's name, and its abbreviation where it differs, as within a sentence: “auto-decoder (AD)”."""
    return [_spelled_out(family) for family in families]


def _spelled_out(family: Family) -> str:
    name = family.name_in_sentence
    return name if name == family.abbreviation else f"{name} ({family.abbreviation})"
