"""Abbreviations of families, spelled out."""

from __future__ import annotations

from collections.abc import Iterable

from core.recipes.family import Family


def spelled_out(families: Iterable[Family]) -> list[str]:
    """Each family's name with its abbreviation, as within a sentence: “auto-decoder (AD)”."""
    return [f"{family.name[0].lower()}{family.name[1:]} ({family.abbreviation})" for family in families]
