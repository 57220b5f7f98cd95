"""Controls and progress of a training: pause, step, epoch, stop, single players of a GAN, learning rate and the weights
of the loss terms.

The same for all families, on each page that shows a training.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import streamlit as st

from core.jobs.training_job import Snapshot, TrainingJob
from core.recipes.family import SYMBOLS
from core.recipes.recipe import Recipe, RecipeError
from core.runs import RunError
from core.training.events import FREEZES
from ui.charts import losses
from ui.shared import address, foreign
from ui.shared.dial import dial, put
from ui.shared.formatting import after, duration, epoch, escape_markdown, format_sig
from ui.shared.jobs import train_again, training_bar, waits
from ui.shared.owner import label
from ui.shared.recipe_labels import in_words
from ui.shared.run_buttons import job_button
from ui.shared.run_dialogs import NAME

TICK = 1.0
"""Seconds between two updates of a running job."""

FILM_AND_CURVES = (9, 8)
"""Widths of the film and of the curves beside it: on a laptop ten images in a line, and curves of 500 pixels."""

ANSWER = 0.7
"""Seconds that a click waits for the worker process, which answers between two batches."""

STARTING = "Starting: the worker process loads PyTorch and the images. This takes about three seconds."
WAITING = {"queued": STARTING, "starting": STARTING, "stopping": "Stopping: saving the weights."}


def heading(job: TrainingJob) -> str:
    """The run's name and recipe, with the values of a weight such as β if it was changed during the training."""
    line = job.recipe.summary(job.snapshot().changes)
    return f"#### {escape_markdown(job.name)} · {escape_markdown(line)}"


def head(job: TrainingJob, below: Callable[[Snapshot], None] | None = None) -> None:
    """Heading, controls and progress, updated until the job ends; then the page is drawn again.

    Args:
        below: draws what follows from the same state, so that text and charts are of one moment.
    """
    was_active = job.active

    def parts() -> None:
        if was_active and not job.active:
            st.rerun()
        shot = job.snapshot()
        with st.container(
            key="train_head", horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"
        ):
            st.markdown(heading(job))  # inside the fragment, since β can change during the training
            st.markdown(newest_loss(job.recipe, shot.points), width="content")
        if foreign.asks(job):
            st.caption(
                f"This training belongs to {label(job.owner)}. You can watch it. Changes need your confirmation."
            )
        elif job.touched_by:
            st.caption(f"The last command came from {label(job.touched_by)}.")
        controls(job)
        progress(job, shot)
        if below is not None:
            below(shot)

    st.fragment(parts, run_every=TICK if was_active else None)()


def controls(job: TrainingJob) -> None:
    """Buttons of a job. Each acts within a batch; the click waits a moment for its effect."""
    can = job.state in ("running", "paused")
    step = job.snapshot().step
    with st.container(horizontal=True, gap="small", vertical_alignment="center", key="train_controls"):
        if job.state == "paused":
            job_button(
                "Resume",
                "train_toggle",
                job,
                icon=":material/play_arrow:",
                type="primary",
                on_click=_act,
                args=(job, job.resume, lambda j: j.state != "paused"),
                help="Continues exactly where it paused.",
            )
        else:
            job_button(
                "Pause",
                "train_toggle",
                job,
                icon=":material/pause:",
                type="primary",
                disabled=not can,
                on_click=_act,
                args=(job, job.pause, lambda j: j.state != "running"),
                help="Pauses after this batch. Nothing is lost.",
            )
        job_button(
            "Step",
            "train_step",
            job,
            icon=":material/skip_next:",
            disabled=not can,
            on_click=_act,
            args=(job, job.step, lambda j: j.state == "paused" and j.snapshot().step > step),
            help="Trains on one batch, then pauses.",
        )
        if job.recipe.family.adversarial:
            _players(job, can)
        job_button(
            "Epoch",
            "train_epoch",
            job,
            icon=":material/redo:",
            disabled=not can,
            on_click=_act,
            args=(job, job.epoch, lambda j: j.state != "paused"),
            help="Trains to the end of one epoch, then pauses.",
        )
        _stop_button(job)
        job_button(
            "Reset",
            "train_reset",
            job,
            icon=":material/replay:",
            disabled=not can,
            on_click=_reset,
            args=(job,),
            help="Stops this run, which is kept, and trains a new one with the same settings from the start.",
        )
        _tuning_popover(job, can)
        with st.popover("View", icon=":material/visibility:", key="train_view", help="How the curves are drawn."):
            view_options("live")


def _stop_button(job: TrainingJob) -> None:
    """Cancel a job that waits, or stop one that trains."""
    if job.state == "queued":
        job_button(
            "Cancel",
            "train_cancel",
            job,
            icon=":material/close:",
            on_click=_act,
            args=(job, job.cancel, lambda j: not j.active),
            help="Takes this job out of the queue.",
        )
    else:
        job_button(
            "Stop",
            "train_stop",
            job,
            icon=":material/stop:",
            disabled=job.state == "stopping",
            on_click=_act,
            args=(job, job.stop, lambda j: not j.active),
            help="Ends this run and keeps its weights. You can resume it later.",
        )


def _reset(job: TrainingJob) -> None:
    """Stop a job and train a new run with the same settings."""
    try:
        again = train_again(job.recipe)
    except (RunError, ValueError) as error:
        st.toast(escape_markdown(str(error)), icon=":material/error:", duration="long")
        return
    job.stop()
    job.wait(lambda j: not j.active, ANSWER)
    if address.get(NAME) == job.name:  # the page of the run
        address.put(NAME, again.name)


def _tuning_popover(job: TrainingJob, can: bool) -> None:
    """The popover with a new learning rate and new weights of the loss terms."""
    family = job.recipe.family
    parts = ["Learning rate", *dict.fromkeys(SYMBOLS.get(name, "weight") for name in family.weights)]
    with st.popover(
        "Rate, freeze" if family.adversarial else ", ".join(parts),
        icon=":material/tune:",
        disabled=not can,
        key="train_tune",
        help="Change settings during the training; each change is marked on the curves.",
    ):
        _tuning(job)


def _players(job: TrainingJob, can: bool) -> None:
    """Buttons for one step of one player while the other rests."""
    before = job.snapshot().single_step
    for player, act, other in (("D", job.d_step, "generator"), ("G", job.g_step, "discriminator")):
        job_button(
            f"{player} step",
            f"train_{player.lower()}_step",
            job,
            disabled=not can,
            on_click=_act,
            icon=":material/gavel:" if player == "D" else ":material/brush:",
            args=(job, act, lambda j: j.state == "paused" and j.snapshot().single_step is not before),
            help=f"Trains the {'discriminator' if player == 'D' else 'generator'} alone for one step, then pauses; the "
            f"{other} stays as it is.",
        )


def frozen_now(job: TrainingJob) -> tuple[str, ...]:
    """The players of a GAN that do not learn now."""
    return tuple(player for player in FREEZES if job.frozen(player))


def single_step_text(recipe: Recipe, single_step: dict[str, Any], frozen: Sequence[str] | None = None) -> str:
    """The result of the last step of a single player, in words.

    Args:
        frozen: players that do not learn (default: the recipe's).
    """
    frozen = (recipe.freeze,) if frozen is None else frozen
    row, n = single_step["row"], f"{recipe.batch_size:,}"
    if single_step["player"] == "d":
        end = "D is frozen: it did not learn." if "discriminator" in frozen else "Then D learned; G stayed as it was."
        return (
            f"**D step** · D judged {n} real and {n} generated images. It was right about "
            f"{_percent(row.get('d_real'))} of the real and {_percent(row.get('d_fake'))} of the generated ones; its "
            f"loss was {format_sig(row.get('d_loss'))}. {end}"
        )
    end = (
        "G is frozen: it did not learn."
        if "generator" in frozen
        else "Then G learned from D's gradient; D stayed as it was."
    )
    return f"**G step** · D judged {n} images of G, whose loss was {format_sig(row.get('g_loss'))}. {end}"


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{100 * share:.0f} %"


def _act(job: TrainingJob, action: Callable[[], None], done: Callable[[Any], bool]) -> None:
    """Send a command to the worker process and wait a moment until its effect can be shown."""
    action()
    job.wait(done, ANSWER)


def _tuning(job: TrainingJob) -> None:
    """A new learning rate and weights of the loss terms, and the button that gives them to the training."""
    if foreign.asks(job):
        job_button(
            "Change these settings",
            "train_tune",
            job,
            lambda: None,
            help="This training is not yours: you will be asked to confirm.",
        )
        return
    points, adversarial = job.snapshot().points, job.recipe.family.adversarial
    names = {"lr": "Learning rate" + (" of the generator" if adversarial else "")}
    names |= _weight_labels(job.recipe)
    for field, name in names.items():
        step = 1e-4 if field == "lr" else 0.1
        _follow(job, field)
        help = TUNED_RATE if field == "lr" else _tuned_weight(job.recipe, field)
        dial(field, name, tune_key(field, job), help=help, step=step, first=job.setting(field))
    if refused := st.session_state.get(tune_key("refused", job)):
        st.error(escape_markdown(refused), icon=":material/error:")
    job_button(
        "Apply",
        "train_apply",
        job,
        type="primary",
        icon=":material/check:",
        on_click=_apply,
        args=(job, tuple(names)),
        help="From the next batch on. The change is marked on the curves.",
    )
    now = [f"learning rate {format_sig(latest(points, 'lr', job.recipe.lr))}"]
    if adversarial:
        now.append(f"discriminator's, in proportion, {format_sig(latest(points, 'd_lr', job.recipe.d_lr))}")
    for field in job.recipe.family.weights:
        now.append(f"{SYMBOLS.get(field, 'weight')} {latest(points, field, job.recipe.value(field)):g}")
    st.caption(f"In use now: {', '.join(now)}.{_scaled(job.recipe)}")
    if adversarial:
        _freeze_switches(job)


TUNED_RATE = "Size of a training step. With a schedule: of its largest step."


def _weight_labels(recipe: Recipe) -> dict[str, str]:
    """The weights of a family's loss terms, by recipe field: what each weighs, in words."""
    found: dict[str, list[str]] = {}
    for term in recipe.family.terms:
        if term.weight:
            title = term.title if term.title.isupper() else term.title.lower()
            found.setdefault(term.weight, []).append(title)
    return {
        name: f"{SYMBOLS[name]}, weight of the {' and '.join(titles)}"
        if name in SYMBOLS
        else f"Weight of the {' and '.join(titles)}"
        for name, titles in found.items()
    }


def _tuned_weight(recipe: Recipe, field: str) -> str:
    """Help of the weight of a loss term."""
    parts = ["Weight of this term of the loss."]
    mine = [term for term in recipe.family.terms if term.weight == field]
    if any(term.warmup for term in mine):
        parts.append("With a warm-up: after it.")
    if any(term.cycles for term in mine):
        parts.append("With cycles: at the end of each rise.")
    return " ".join(parts)


def tune_key(field: str, job: TrainingJob) -> str:
    """Session-state key of the new value of a setting of that job."""
    return f"tune_{field}_{job.id}"


def _follow(job: TrainingJob, field: str) -> None:
    """Let the new value of a setting follow a change made elsewhere, unless the visitor has chosen one here."""
    key, now, seen = tune_key(field, job), job.setting(field), tune_key(f"{field}_seen", job)
    before = st.session_state.get(seen, now)
    if before != now and st.session_state.get(key) == before:
        put(key, now)
    st.session_state[seen] = now


def _scaled(recipe: Recipe) -> str:
    """Why a value in use is not the one that was chosen, as a further sentence; empty where none is scaled."""
    why = [f"the schedule {recipe.schedule} changes the rate"] if recipe.schedule != "constant" else []
    for term in recipe.family.terms:
        symbol = SYMBOLS.get(term.weight, "the weight")
        if term.warmup and recipe.value(term.warmup):
            why.append(f"the warm-up raises {symbol}")
        elif term.cycles and recipe.value(term.cycles):
            why.append(f"{symbol} rises and stays in each cycle")
    text = ", and ".join(why)
    return f" {text[0].upper()}{text[1:]}." if text else ""


def _apply(job: TrainingJob, fields: Sequence[str]) -> None:
    """Give the job the values that the visitor has chosen, those that differ from what they saw."""
    st.session_state.pop(tune_key("refused", job), None)
    chosen = {field: st.session_state.get(tune_key(field, job)) for field in fields}
    seen = {field: st.session_state.get(tune_key(f"{field}_seen", job)) for field in fields}
    new = {field: value for field, value in chosen.items() if value is not None and value != seen[field]}
    if not new:
        return
    try:
        foreign.note(job)
        job.set(**new)
    except RecipeError as error:
        st.session_state[tune_key("refused", job)] = in_words(str(error))


def _freeze_switches(job: TrainingJob) -> None:
    """A switch for each player of a GAN: while it is on, that player does not learn."""
    for player, letter, effect in (
        ("generator", "G", "D goes on learning from images that no longer change."),
        ("discriminator", "D", "G goes on learning to convince a D that no longer reacts."),
    ):
        switch = f"freeze_{letter}_{job.id}"
        st.session_state[switch] = job.frozen(player)  # a visitor elsewhere may have turned it
        st.toggle(
            f"Freeze {letter}",
            key=switch,
            on_change=_freeze,
            args=(job, player, switch),
            help=f"The {player} does not learn from the next batch on. {effect}",
        )


def _freeze(job: TrainingJob, player: str, switch: str) -> None:
    foreign.note(job)
    job.freeze(player, bool(st.session_state[switch]))


def view_options(scope: str) -> None:
    """Widgets for axis, scale and smoothing of the curves; `view(scope)` gives their values."""
    st.segmented_control(
        "Horizontal axis",
        list(losses.X_AXES),
        default="epoch",
        required=True,
        format_func=losses.X_AXES.__getitem__,
        key=f"{scope}_x",
        persist_state="session",
        help="Epochs and steps compare progress, seconds compare cost.",
    )
    st.toggle(
        "Logarithmic",
        key=f"{scope}_log",
        persist_state="session",
        help="Equal distances mean equal ratios, so that late progress becomes visible.",
    )
    st.slider(
        "Smoothing",
        0.0,
        0.95,
        0.0,
        0.05,
        key=f"{scope}_smooth",
        persist_state="session",
        help="Weight of a moving average over the training curves; the raw curve stays visible, faint.",
    )


def view(scope: str) -> dict[str, Any]:
    """The values of `view_options` as arguments of the charts."""
    state = st.session_state
    return {
        "x": state.get(f"{scope}_x") or "epoch",
        "log": bool(state.get(f"{scope}_log")),
        "smoothing": float(state.get(f"{scope}_smooth") or 0.0),
    }


def epoch_link(name: str) -> str:
    """The name under which film and curves of that run share their epoch; empty while the axis is not one of epochs."""
    return name if view("live")["x"] == "epoch" else ""


def progress(job: TrainingJob, shot: Snapshot) -> None:
    """The progress bar with the newest figures."""
    if job.state in WAITING:
        ahead = job.position if job.state == "queued" else 0
        text = f"Waiting in the queue: {waits(job)}." if ahead else WAITING[job.state]
        if job.recipe.family.adversarial and text == STARTING:
            text += " The first GAN on these images also trains the small classifier that evaluates its images."
        st.progress(0.0 if job.state != "stopping" else min(1.0, shot.epoch / shot.epochs), text=text)
        return
    paused = job.state == "paused"
    # While it is paused, the number of steps shows that one was taken: on a large set a hundredth of an epoch or less.
    parts = [
        f"Epoch {epoch(shot.epoch)} of {shot.epochs}" + (f", step {shot.step:,}" if paused else ""),
        single_step_text(job.recipe, shot.single_step, frozen_now(job))
        if paused and shot.single_step
        else _figures(job.recipe, shot.points, shot.changes, ended=not job.active),
    ]
    # Random weights carry no information: the count waits for the first epoch's validation.
    if (
        job.recipe.family.variational
        and latest_at(shot.points, "val_total")[1] > 0
        and (used := losses.in_use(shot.kl_per_dim))
    ):
        parts.append(used)
    if job.state == "running" and shot.images_per_second:
        parts.append(f"{format_sig(shot.images_per_second)} images/s")
    if job.state == "running" and shot.seconds_left is not None:
        parts.append(f"{duration(shot.seconds_left)} left")
    if shot.device and not (paused and shot.single_step):  # the line is full
        parts.append(f"on {escape_markdown(shot.device)}")
    lead = "**Paused** · " if paused else ""
    share, text = training_bar(job, " · ".join(parts))
    st.progress(share, text=lead + text)


def newest_loss(recipe: Recipe, points: dict[str, np.ndarray]) -> str:
    """The figure that a training is watched by, with what it is: the newest validation loss or Fréchet distance. In the
    first epoch, whose validation loss is of random weights, the training loss."""
    if recipe.family.adversarial:
        value, at = latest_at(points, "val_frechet")
        return f"**{format_sig(value)}** Fréchet distance{f' {after(at)}' if np.isfinite(value) else ''}"
    value, at = latest_at(points, "val_total")
    what = f"validation loss {after(at)}"
    if not at > 0:
        value, what = latest(points, "train_total"), "training loss"
    return f"**{format_sig(value)}** {losses.unit(recipe.likelihood)} · {what}"


def _figures(recipe: Recipe, points: dict[str, np.ndarray], changes: Sequence[Mapping[str, Any]], ended: bool) -> str:
    """The newest losses on the training images; at the end those of the last epoch, or of the part of
    it that was trained, beside the validation after it. Where a weight of the loss was changed in that epoch, only what
    came after: a mean of two objectives is none of either.

    Args:
        changes: as in `Snapshot.changes`.
    """
    if recipe.family.adversarial:
        return f"loss of D {format_sig(latest(points, 'd_loss'))}, of G {format_sig(latest(points, 'g_loss'))}"
    if not np.isfinite(latest(points, "train_total")):
        return "the first losses come in a moment"
    unit = losses.unit(recipe.likelihood)
    measured, at = latest_at(points, "val_total")
    if ended and at > 0:
        epochs, totals = (np.asarray(points[name], float) for name in ("epoch", "train_total"))
        begun = math.ceil(at) - 1  # losses of the epoch before would tell of a poorer model
        inside = (epochs > begun) & (epochs <= at) & np.isfinite(totals)
        place = f"in epoch {at:g}" if at == begun + 1 else f"in the part of epoch {begun + 1} that was trained"
        weights = {term.weight for term in recipe.family.terms}
        new = [change for change in changes if change["field"] in weights and begun < change["epoch"] < at]
        if new:
            inside &= epochs > new[-1]["epoch"]
            place = f"in epoch {begun + 1} after {losses.change_text(new[-1])}"
        if not inside.any():
            return f"validation loss {format_sig(measured)} {unit}"
        mean = float(np.mean(totals[inside]))
        return f"{place}: training loss {format_sig(mean)}, validation loss {format_sig(measured)} {unit}"
    return f"training loss {format_sig(latest(points, 'train_total'))} {unit}"


def latest(points: dict[str, np.ndarray], column: str, otherwise: float = float("nan")) -> float:
    """The newest finite number of a column; `otherwise` if there is none."""
    values = np.asarray(points.get(column, ()), float)
    values = values[np.isfinite(values)]
    return float(values[-1]) if len(values) else otherwise


def latest_at(points: dict[str, np.ndarray], column: str) -> tuple[float, float]:
    """The newest finite number of a column and the epoch it is of; NaN for both if there is none."""
    values, epochs = (np.asarray(points.get(name, ()), float) for name in (column, "epoch"))
    measured = np.flatnonzero(np.isfinite(values))
    return (float(values[measured[-1]]), float(epochs[measured[-1]])) if len(measured) else (float("nan"),) * 2
