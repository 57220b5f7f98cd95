"""You are the discriminator: twenty pictures to judge, and D's score on the same twenty."""

from __future__ import annotations

import streamlit as st

from core.gan import quiz as game
from core.runs import Run, RunError
from ui.components.gan.gan_quiz import gan_quiz
from ui.shared import theme
from ui.shared.formatting import escape_markdown
from ui.shared.model_cache import load
from ui.shared.page import images_of

RESULTS = "gan_quiz_results"
"""In session state: one dictionary for each finished round, the oldest first: run, seed, kinds, truth, answers, and
`core.gan.quiz.Score`'s numbers."""

MOST = 100
SEEDS = "gan_quiz_seeds"  # in session state: run → the round it is at


def quiz(run: Run | None) -> None:
    """The section for one GAN run: a round in the browser, the next one with a click, the scores so far."""
    st.subheader("You are the discriminator", anchor=False)
    if run is None or run.recipe.model != "gan" or not run.has_weights:
        st.info(
            "There is no trained GAN to play with yet. Once one has finished a round of training, you judge its "
            "pictures here."
        )
        return
    st.fragment(_section)(run)


def results() -> list[dict]:
    """The rounds that this visitor has finished, the oldest first."""
    return st.session_state.setdefault(RESULTS, [])


def _section(run: Run) -> None:
    images = images_of(run, "gan_quiz_data", "Without real images there is nothing to tell apart.")
    if images is None:
        return
    try:
        held = load(run)
    except RunError as error:
        st.error(escape_markdown(str(error)))
        return
    seeds = st.session_state.setdefault(SEEDS, {})
    seed = seeds.setdefault(run.name, 0)
    dealt = game.make_round(held.model, images, seed, run.recipe.adversarial)
    source = run.recipe.source_model.upper()
    names = {"real": "Real", "before": source, "after": "GAN"}
    nouns = {"real": "a real image", "before": f"the {source}'s", "after": "the GAN's"}
    roles = {"real": "real", "before": "latent", "after": "generated"}
    st.markdown(_what(dealt, source))
    place = {kind: k for k, kind in enumerate(dealt.kinds)}
    gan_quiz(
        key="gan_quiz_game",
        round=f"{held.name} {seed}",
        pictures=dealt.pictures,
        kinds=[(names[k], names[k][0], nouns[k], theme.colour(roles[k])) for k in dealt.kinds],
        truth=[place[t] for t in dealt.truth],
        believed=dealt.taken_as_real.tolist(),
        advice=_advice(place, source),
        colours={"right": theme.colour("real"), "wrong": theme.colour("kl")},
        on_done=lambda answers: _keep(run, dealt, answers),
        on_again=lambda: seeds.update({run.name: seed + 1}),
    )
    _so_far(run)


def _what(dealt: game.Round, source: str) -> str:
    made = f"the {source} whose decoder G began as, or the GAN" if "before" in dealt.kinds else "the GAN"
    return (
        f"{len(dealt.truth)} pictures, about as many of each kind. Is each one real, or was it made by {made}? "
        "Answer by eye, as fast as you like. The discriminator D judges the same pictures; it only says real or "
        "made."
    )


def _advice(place: dict[str, int], source: str) -> dict[str, str]:
    """What to look for after each kind of mistake."""
    blur = f"Look at the edges: the {source} averages over what could be, so its strokes are soft and fade out in grey."
    crisp = "Look at the strokes: a GAN's edges are crisp, but strokes break off, double, or end in specks."
    real = "Look for a hand: in a real image a stroke keeps its width and ends cleanly."
    said = {"before>real": blur, "after>real": crisp, "after>before": crisp, "before>after": blur}
    said |= {"real>before": real, "real>after": real}
    found = {
        f"{place[a]}>{place[b]}": text
        for pair, text in said.items()
        for a, b in [pair.split(">")]
        if a in place and b in place
    }
    whole = f"{blur} {crisp}" if "before" in place else crisp
    return found | {"": f"Not one mistake. {whole}"}


def _keep(run: Run, dealt: game.Round, answers: object) -> None:
    """Remember a finished round; what a browser sends is looked at first."""
    if not isinstance(answers, list):
        return
    try:
        score = game.score(dealt, answers)
    except ValueError:
        return
    known = results()
    if any(r["run"] == run.name and r["seed"] == dealt.seed for r in known):
        return
    known.append(
        {
            "run": run.name,
            "seed": dealt.seed,
            "kinds": dealt.kinds,
            "truth": dealt.truth,
            "answers": tuple(answers),
            "exact": score.exact,
            "real_or_made": score.real_or_made,
            "discriminator": score.discriminator,
            "of": score.of,
        }
    )
    del known[:-MOST]


def _so_far(run: Run) -> None:
    mine = [r for r in results() if r["run"] == run.name]
    if len(mine) > 1:
        of = sum(r["of"] for r in mine)
        you, d = (sum(r[who] for r in mine) for who in ("real_or_made", "discriminator"))
        st.caption(
            f"So far, in {len(mine)} rounds: real or made, you are right on {100 * you / of:.0f} % of "
            f"{of} pictures, D on {100 * d / of:.0f} %."
        )
