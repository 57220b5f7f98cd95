"""Addresses that name no page of the lab: which page is meant, such as Runs, which is at /run, by /runs."""

from __future__ import annotations

import difflib
import re

_NAME = re.compile(r"[a-z][a-z-]*", re.IGNORECASE)


def page_meant(name: str) -> str | None:
    """The path of the page whose path or title is nearly that name; None where the name is a page's path itself, or
    nearly that of none: then Streamlit says that there is no such page."""
    from ui.registry import PAGES

    keys = [page.key for page in PAGES]
    if not _NAME.fullmatch(name) or name in keys:
        return None
    by_name = {key: key for key in keys} | {page.title.lower(): page.key for page in PAGES}
    near = difflib.get_close_matches(name.lower(), by_name, 1, cutoff=0.75)
    return by_name[near[0]] if near else None
