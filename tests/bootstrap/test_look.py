"""The settings of the pages: known to Streamlit, private, and legible in both themes."""

import re
import subprocess
import sys
import tomllib

import pytest

from tests.bootstrap.fakes import ROOT
from ui.shared.theme import ROLES, RUN_COLOURS

CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))
THEMES = {name: CONFIG["theme"][name] for name in ("light", "dark")}
READABLE = 4.5  # WCAG 2 AA for text
VISIBLE = 3.0  # the same for lines and other graphics
CAPTION_OPACITY = 0.6  # Streamlit's captions and help are the text colour, this much of it


def rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))


def luminance(colour: tuple[float, ...]) -> float:
    """Relative luminance of an sRGB colour (WCAG 2)."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_contrast_is_computed_as_defined():
    assert contrast(rgb("#000000"), rgb("#ffffff")) == pytest.approx(21)
    assert contrast(rgb("#767676"), rgb("#ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor", "codeBackgroundColor"])
@pytest.mark.parametrize("ink", ["textColor", "primaryColor", "linkColor", "codeTextColor"])
def test_text_and_accent_are_readable(theme, ground, ink):
    colours = THEMES[theme]
    assert contrast(rgb(colours[ink]), rgb(colours[ground])) >= READABLE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
def test_captions_are_readable(theme, ground):
    text, under = rgb(THEMES[theme]["textColor"]), rgb(THEMES[theme][ground])
    seen = tuple(CAPTION_OPACITY * t + (1 - CAPTION_OPACITY) * u for t, u in zip(text, under, strict=True))
    assert contrast(seen, under) >= READABLE


@pytest.mark.parametrize("theme", THEMES)
def test_labels_on_the_accent_are_readable(theme):
    """Streamlit would write white on both accents; contrast.css gives each theme its own colour."""
    css = (ROOT / ".streamlit" / "contrast.css").read_text(encoding="utf-8")
    light, dark = re.search(r"light-dark\((#\w{6}), (#\w{6})\)", css).groups()
    label = {"light": light, "dark": dark}[theme]
    assert contrast(rgb(label), rgb(THEMES[theme]["primaryColor"])) >= READABLE


@pytest.mark.parametrize("theme", THEMES)
def test_code_is_readable(theme):
    css = (ROOT / ".streamlit" / "contrast.css").read_text(encoding="utf-8")
    inks = re.findall(r"\.token.*light-dark\((#\w{6}), (#\w{6})\)", css)
    assert len(inks) == 4, "marks, strings, words of the language, numbers"
    ground = rgb(THEMES[theme]["codeBackgroundColor"])
    assert all(contrast(rgb(pair[theme == "dark"]), ground) >= READABLE for pair in inks)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
def test_words_beside_the_axes_of_charts_are_readable(theme, ground):
    css = (ROOT / ".streamlit" / "contrast.css").read_text(encoding="utf-8")
    (inks,) = re.findall(r"fill: light-dark\((#\w{6}), (#\w{6})\)", css)
    assert contrast(rgb(inks[theme == "dark"]), rgb(THEMES[theme][ground])) >= READABLE


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("ground", ["backgroundColor", "secondaryBackgroundColor"])
@pytest.mark.parametrize("role", ROLES)
def test_words_in_the_colour_of_a_role_are_readable(theme, ground, role):
    """Labels of diagrams and axes, badges and formulas are written in these colours."""
    assert contrast(rgb(ROLES[role][theme == "dark"]), rgb(THEMES[theme][ground])) >= READABLE


def test_every_sort_of_primary_button_gets_the_label_of_its_theme():
    """Streamlit marks all of them by `kind`; each has a test id of its own, of which one was once left out."""
    css = (ROOT / ".streamlit" / "contrast.css").read_text(encoding="utf-8")
    assert re.search(r':is\(button, a\)\[kind\^="primary"\]:not\(:disabled\)', css)


@pytest.mark.parametrize("theme", THEMES)
def test_lines_of_charts_are_visible(theme):
    ground = rgb(THEMES[theme]["backgroundColor"])
    colours = THEMES[theme]["chartCategoricalColors"]
    assert len(set(colours)) == len(colours) >= 6
    assert all(contrast(rgb(colour), ground) >= VISIBLE for colour in colours)
    assert tuple(colours) == RUN_COLOURS[theme], "Plotly's charts and the lab's own use the same colours"


def test_private_and_quiet():
    assert CONFIG["server"]["address"] == "localhost"
    assert CONFIG["server"]["showEmailPrompt"] is False
    assert CONFIG["server"]["fileWatcherType"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert CONFIG["client"]["toolbarMode"] == "viewer"


def test_no_other_host_is_asked():
    text = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert not re.search(r"https?:|\burl\s*=", text)


@pytest.mark.slow
def test_streamlit_knows_every_option():
    show = subprocess.run(
        [sys.executable, "-m", "streamlit", "config", "show"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert show.returncode == 0
    assert "not a valid config option" not in show.stdout + show.stderr
    for theme, colours in THEMES.items():
        section = show.stdout.split(f"\n[theme.{theme}]\n")[1]
        assert f'primaryColor = "{colours["primaryColor"]}"' in section


@pytest.mark.slow
def test_a_browser_is_never_referred_to_a_message_it_may_have_dropped():
    """Streamlit's own judgement of a message of 40 MB, under the lab's settings."""
    judge = (
        "from streamlit.proto.ForwardMsg_pb2 import ForwardMsg\n"
        "from streamlit.runtime.forward_msg_cache import populate_hash_if_needed\n"
        "message = ForwardMsg()\n"
        "message.delta.new_element.markdown.body = 40_000_000 * 'x'\n"
        "populate_hash_if_needed(message)\n"
        "print(bool(message.hash), message.metadata.cacheable)"
    )
    judged = subprocess.run([sys.executable, "-c", judge], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert judged.stdout.split() == ["True", "False"], judged.stderr
