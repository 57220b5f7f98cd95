"""Registry of pages: title, icon, sentence, group and script of every page, in the order of the navigation.

`app.py` builds the navigation from it, Home its lists, and links their targets. Standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LabPage:
    """A page of the lab.

    Attributes:
        key: name of its file in `pages/` and its path in the address.
        title: in the navigation and on its card.
        icon: a Material symbol, as Streamlit writes it.
        sentence: what can be done there, for its card on Home.
        group: what a visitor wants who goes there, one of `GROUPS`; empty for Home.
    """

    key: str
    title: str
    icon: str
    sentence: str
    group: str = ""

    @property
    def script(self) -> str:
        """Path of its script from the root of the project, as `st.Page` and `st.switch_page` take it."""
        return f"pages/{self.key}.py"


HOME = LabPage("home", "Home", ":material/home:", "Train a first model, or open one that is already trained.")

MAKE, DRAW, UNDERSTAND, COMPARE = "Make a model", "Draw with it", "Understand it", "Compare models"
GROUPS = (MAKE, DRAW, UNDERSTAND, COMPARE)
"""What a visitor may want, in the order of a course. The pages of a group stand together, in this order."""

PAGES: tuple[LabPage, ...] = (
    HOME,
    LabPage(
        "data", "Data", ":material/photo_library:", "Look at the images a model learns from, or bring your own.", MAKE
    ),
    LabPage("train", "Train", ":material/show_chart:", "Train a model, watch it learn, pause or change it.", MAKE),
    LabPage("run", "Runs", ":material/table_rows:", "Open any trained model, or compare several.", MAKE),
    LabPage("generate", "Generate", ":material/tune:", "Move the latent sliders and watch the picture.", DRAW),
    LabPage(
        "reconstruct",
        "Reconstruct",
        ":material/healing:",
        "Encode an image with several models, or fill in a hidden part.",
        DRAW,
    ),
    LabPage("interpolate", "Interpolate", ":material/route:", "Move from one image to another, step by step.", DRAW),
    LabPage(
        "map",
        "Map",
        ":material/scatter_plot:",
        "See thousands of images at once, similar ones side by side.",
        UNDERSTAND,
    ),
    LabPage(
        "outliers",
        "Outliers",
        ":material/troubleshoot:",
        "Test whether a model notices unusual images.",
        UNDERSTAND,
    ),
    LabPage(
        "compare",
        "Compare",
        ":material/leaderboard:",
        "Lay several models side by side, by one evaluation.",
        COMPARE,
    ),
    LabPage("planes", "Planes", ":material/adjust:", "Compare latent spaces of two dimensions.", COMPARE),
    LabPage("gan", "VAE → GAN", ":material/swords:", "Train a decoder against a discriminator.", COMPARE),
    LabPage(
        "diffusion",
        "VAE → diffusion",
        ":material/blur_on:",
        "Turn noise into latents, and these into images.",
        COMPARE,
    ),
)
"""All pages; Home is the first."""

_BY_KEY = {page.key: page for page in PAGES}


def script(key: str) -> str:
    """Path of the script of the page with that key.

    Raises:
        KeyError: there is no such page.
    """
    return _BY_KEY[key].script
