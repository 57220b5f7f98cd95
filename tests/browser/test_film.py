"""The film's script by itself, on an empty page."""

import base64

import pytest

from ui.components import base
from ui.components.playback import film

pytestmark = pytest.mark.browser

SKELETON = """<figure><div class="sheet"><canvas></canvas><canvas></canvas><canvas></canvas></div>
<div><button class="play"></button><input type="range"><button class="newest"></button></div>
<figcaption></figcaption></figure>"""

PLAY = """async ([source, calls]) => {
    const script = await import(source);
    for (const [epochs, sent] of calls) {
        const frames = sent.map((epoch) => ({epoch, src: "data:,"}));
        const layout = {shape: [3, 8, 10], columns: 12, lines: [1, 1, 4], originals: 2, titles: []};
        const data = {run: "r", epochs, frames, chunk: 12, ...layout};
        script.default({data, parentElement: document.body, setTriggerValue: () => {}});
    }
    const widths = [...document.querySelectorAll("canvas")].map((canvas) => canvas.width);
    return [[...window.latentLab.films.get("r").keys()], widths];
}"""


def test_the_browser_drops_the_frames_that_a_growing_film_gave_up_and_shows_two_originals_once(chromium):
    page = chromium.new_page()
    page.set_content(SKELETON)
    source = base.script(film.__file__, "film").encode()
    # Ten frames at most; each call brings every frame it shows.
    calls = [(shown, shown) for n in range(1, 101) for shown in [film.thin(list(range(n)), 10)]]
    kept, widths = page.evaluate(PLAY, ["data:text/javascript;base64," + base64.b64encode(source).decode(), calls])
    assert sorted(kept) == film.thin(list(range(100)), 10)
    assert widths[:2] == [20, 20] and widths[2] >= 60
    page.close()
