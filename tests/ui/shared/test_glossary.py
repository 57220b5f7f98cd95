"""The glossary: every term is used, every use is a term, and a marked text stays the same text."""

import ast
import html
import re

import pytest

from core.system import paths
from ui.shared import glossary

MARKERS = {"mark", "caption", "markdown", "meanings"}


def used() -> set[str]:
    """Terms that the pages mark: strings after the text in calls of the glossary, and `terms` of a page's head."""
    found = set()
    for file in (paths.ROOT / "ui").rglob("*.py"):
        tree = ast.parse(file.read_bytes())
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            parts = [word.value for word in node.keywords if word.arg == "terms"] if called == "page_head" else []
            if called.startswith("glossary.") and called.split(".")[1] in MARKERS:
                parts = node.args[1:]
            found |= {n.value for part in parts for n in ast.walk(part) if isinstance(n, ast.Constant)}
    return found


def plain(marked: str) -> str:
    """The text that a marked text shows."""
    return re.sub(r"<[^>]+>", "", re.sub(r'<span class="meaning".*?</span>', "", marked))


def test_every_term_is_used_and_every_use_is_a_term():
    assert used() == set(glossary.TERMS)


@pytest.mark.parametrize("term", glossary.TERMS)
def test_a_sentence_is_one_sentence_that_markdown_leaves_alone(term):
    sentence = glossary.TERMS[term].sentence
    assert sentence[0].isupper() and sentence.endswith(".") and sentence.count(". ") == 0
    assert not re.search(r"[*_`$\\<>\[\]~]", sentence), "would be read as markup"
    assert not re.search(r":\w+:", sentence)


def test_the_first_place_of_a_term_is_marked_and_the_text_stays():
    text = "The KL pulls the posteriors to the prior; the KL of one latent dimension, β·KL and KLM."
    marked = glossary.mark(text, "KL", "prior", "latent", "β", "posterior", "ELBO")
    assert plain(marked) == text
    assert [marked.count(f"<b>{term}.</b>") for term in ("KL", "prior", "latent", "β", "posterior", "ELBO")] == [
        *[1] * 5,
        0,
    ]
    assert html.escape(glossary.TERMS["prior"].sentence) in marked
    assert marked.index('aria-describedby="') < marked.index('role="tooltip"') and marked.count('tabindex="0"') == 5
    assert glossary.mark("The latent vector", "latent").count(">latent vector<span") == 1, "the longest spelling"
    both = glossary.mark("The latent space has two latents", "latent", "latent space")
    assert ">latent space<span" in both and plain(both) == "The latent space has two latents"
    assert glossary.mark("weights $\\beta$ of a `prior`", "prior") == "weights $\\beta$ of a `prior`", "not within code"
    with pytest.raises(KeyError):
        glossary.mark("A text", "evidence")
