"""`embed`: t-SNE or PCA map of a run's latents or of raw pixels, as CSV and PNG."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from core.cli import common
from core.cli.common import CliError, Command, number
from core.embedding import inputs
from core.embedding import settings as embedding_settings
from core.embedding.settings import EmbeddingError, Settings
from core.images import convert

if TYPE_CHECKING:
    from core.embedding.tsne import State


def embed(args: argparse.Namespace) -> int:
    """Compute a map, write it as CSV and PNG, and print its quality measures."""
    run = common.find(args.name)
    if not args.pixels:
        common.refuse_adversarial(run, "encodes none")
    table = common.output_file(args.out, f"{run.name}-map.csv", args.force)
    picture = common.output_file(str(table.with_suffix(".png")), "map.png", args.force)
    images = common.images_of(run)
    backend = embedding_settings.default_backend()
    try:
        settings = Settings(
            source="pixels" if args.pixels else "latents",
            method=args.method,
            n=args.n,
            perplexity=args.perplexity,
            iterations=args.iterations or embedding_settings.default_iterations(backend, args.n),
            seed=args.seed,
            start=args.start,
            pca_first=args.pca,
        ).fitted_to(inputs.count_available(images, run.recipe))
    except EmbeddingError as error:
        raise CliError(str(error)) from None
    chosen = inputs.subset(images, settings.n, run.recipe)
    ids, labels, pictures = chosen.ids, chosen.labels, chosen.pictures
    x = (
        inputs.pixels(pictures)
        if args.pixels
        else inputs.latents(run, pictures, inputs.table_rows(images, ids, run.recipe), labels)
    )
    from core.embedding import export, tsne
    from core.embedding import measures as embedding_measures

    began, stop = time.monotonic(), []
    # Title of the picture: the run and the settings.
    title = f"{run.name} · {'raw pixels' if args.pixels else 'latents'} · " + (
        f"t-SNE, perplexity {settings.perplexity:g}" if args.method == "tsne" else args.method.upper()
    )
    with common.asked_to_stop(lambda: stop.append(True)) as signals:
        show, close = _progress(settings)

        def callback(state: State) -> bool:
            show(state)
            return bool(stop)

        try:
            state = tsne.fit(x, settings, callback, backend=backend)
        finally:
            close()
        if signals and not state.iteration:
            print("Stopped before the first iteration. Nothing was written.", file=sys.stderr)
            return 128 + signals[0]
    seconds = time.monotonic() - began
    common.write(table, export.table(images, ids, state.y).encode())
    common.write(picture, convert.png(export.picture(state.y, labels, images.classes, title)))
    print(_report(settings, state, embedding_measures.measure(x, state.y, labels), seconds, backend))
    print(f"{title}: {table}, {picture}")
    if signals:
        print(
            f"Stopped at iteration {state.iteration} of {settings.iterations}; the map is unfinished.",
            file=sys.stderr,
        )
        return 128 + signals[0]
    return 0


def _progress(settings: Settings) -> tuple[Callable[[State], None], Callable[[], None]]:
    """Functions to call with each state and at the end: a bar on a terminal, else a line every 50 iterations or so."""
    if settings.method != "tsne":
        return lambda state: None, lambda: None
    if sys.stdout.isatty():
        bar = common.bar(sys.stdout, total=settings.iterations, unit="it")

        def move(state: State) -> None:
            bar.update(state.iteration - bar.n)
            if state.kl is not None:
                bar.set_postfix_str(f"KL {state.kl:.3f}")

        return move, bar.close
    printed = [0]

    def line(state: State) -> None:
        if state.kl is not None and state.iteration // 50 > printed[0]:
            printed[0] = state.iteration // 50
            print(f"iteration {state.iteration} of {settings.iterations}  KL {state.kl:.3f} nats", flush=True)

    return line, lambda: None


def _report(settings: Settings, state: State, measures: dict[str, float], seconds: float, backend: str) -> str:
    head = f"{settings.n:,} images"
    if settings.method == "tsne":
        head += f", {state.iteration} iterations in {seconds:.1f} s by {backend}"
        head += f", KL {state.kl:.3f} nats" if state.kl is not None else ""
    what = "in the pixels" if settings.source == "pixels" else "in z"
    rows = [
        ("trustworthiness", f"{measures['trustworthiness']:.3f}", "1: neighbours on the map are neighbours"),
        ("10-NN accuracy", f"{100 * measures['knn_map']:.1f} %", f"{100 * measures['knn_input']:.1f} % {what}"),
        ("silhouette", f"{measures['silhouette_map']:.3f}", f"{measures['silhouette_input']:.3f} {what}"),
        ("linear probe", f"{100 * measures['linear_input']:.1f} %", f"of a linear classifier {what}"),
    ]
    lines = [f"  {name:16} {value:>8}  {rest}" for name, value, rest in rows if "nan" not in value]
    return "\n".join([head, *lines, f"  measured on {int(measures['measured']):,} images"])


def _arguments(parser: argparse.ArgumentParser) -> None:
    bounds = {f.name: f for f in dataclasses.fields(Settings)}

    def limits(name: str) -> tuple[float, float]:
        return bounds[name].metadata["low"], bounds[name].metadata["high"]

    common.add_run(parser)
    parser.add_argument(
        "--n", type=number(int, *limits("n")), default=1_000, help="number of images, test images first (default: 1000)"
    )
    parser.add_argument(
        "--perplexity",
        type=number(float, *limits("perplexity")),
        default=30.0,
        metavar="P",
        help="roughly the number of neighbours that each image attends to (default: 30)",
    )
    parser.add_argument(
        "--iterations",
        type=number(int, *limits("iterations")),
        help="iterations of the optimisation (default: enough for the map to settle)",
    )
    parser.add_argument(
        "--seed",
        type=number(int, *limits("seed")),
        default=0,
        help="same seed and settings, same map (default: 0)",
    )
    parser.add_argument(
        "--start",
        choices=("pca", "random"),
        default="pca",
        help="start from the PCA map or from random positions (default: pca)",
    )
    parser.add_argument("--pixels", action="store_true", help="embed the raw images instead of the run's latents")
    parser.add_argument(
        "--pca", action="store_true", help=f"reduce to {embedding_settings.PCA_DIMENSIONS} dimensions by PCA first"
    )
    parser.add_argument(
        "--method",
        choices=("tsne", "pca", "umap"),
        default="tsne",
        help="pca: linear projection, available at once; umap: needs the optional package umap-learn (default: tsne)",
    )
    common.add_out(parser, "RUN-map.csv")


COMMANDS = (
    Command(
        "embed",
        "Compute a t-SNE or PCA map of many images, as CSV and PNG.",
        embed,
        _arguments,
        ("embed mlp-vae-digits-1", "embed mlp-vae-digits-1 --n 500 --perplexity 10 --pixels --out pixels.csv"),
    ),
)
