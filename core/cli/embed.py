"""`embed`: a map of many images, as a table and a picture."""

from __future__ import annotations

import argparse
import dataclasses
import sys
import time

from core.cli import common
from core.cli.common import CliError, Command, number
from core.embedding import inputs
from core.embedding import settings as embedding_settings
from core.embedding.settings import EmbeddingError, Settings
from core.images import convert
from core.recipes.images import load_images


def embed(args: argparse.Namespace) -> int:
    """t-SNE or PCA of a run's latents or of the raw pixels: CSV and PNG, and the measures on stdout."""
    run = common.find(args.name)
    if not args.pixels:
        common.no_gan(run, "places none")
    table = common.output_file(args.out, f"{run.name}-map.csv", args.force)
    picture = common.output_file(str(table.with_suffix(".png")), "map.png", args.force)
    found = load_images(run.recipe)
    by = embedding_settings.default_backend()
    try:
        settings = Settings(
            source="pixels" if args.pixels else "latents",
            method=args.method,
            n=args.n,
            perplexity=args.perplexity,
            iterations=args.iterations or embedding_settings.default_iterations(by),
            seed=args.seed,
            start=args.start,
            pca_first=args.pca,
        ).fitted_to(inputs.count_available(found, run.recipe))
    except EmbeddingError as error:
        raise CliError(str(error)) from None
    ids = inputs.choose_ids(found, settings.n, run.recipe)
    labels, pictures = inputs.labels(found, ids), inputs.pictures(found, ids)
    x = (
        inputs.pixels(pictures)
        if args.pixels
        else inputs.latents(run, pictures, inputs.table_rows(found, ids, run.recipe))
    )
    from core.embedding import export, tsne
    from core.embedding import measures as embedding_measures

    began, wanted = time.monotonic(), []
    # What a run is called and what was asked for: the picture must say by itself what it shows.
    title = f"{run.name} · {'raw pixels' if args.pixels else 'latents'} · " + (
        f"t-SNE, perplexity {settings.perplexity:g}" if args.method == "tsne" else "PCA"
    )
    with common.asked_to_stop(lambda: wanted.append(True)) as signals:
        show, close = _progress(settings)
        try:
            state = tsne.fit(x, settings, lambda state: bool(show(state) or wanted), backend=by)
        finally:
            close()
        if signals and not state.iteration:
            print("Stopped before there was a map. Nothing was written.", file=sys.stderr)
            return 128 + signals[0]
    seconds = time.monotonic() - began
    common.write(table, export.table(found, ids, state.y).encode())
    common.write(picture, convert.png(export.picture(state.y, labels, found.classes, title)))
    print(_report(settings, state, embedding_measures.measure(x, state.y, labels), seconds, by))
    print(f"{title}: {table}, {picture}")
    if signals:
        print(
            f"Stopped at iteration {state.iteration} of {settings.iterations}; the map is only half formed.",
            file=sys.stderr,
        )
        return 128 + signals[0]
    return 0


def _progress(settings: Settings):
    """What to call with each state, and at the end: a bar on a terminal, else a line about every 50 iterations."""
    if settings.method == "pca":
        return lambda state: None, lambda: None
    if sys.stdout.isatty():
        bar = common.bar(sys.stdout, total=settings.iterations, unit="it")

        def move(state) -> None:
            bar.update(state.iteration - bar.n)
            bar.set_postfix_str(f"KL {state.kl:.3f}")

        return move, bar.close
    told = [0]

    def line(state) -> None:
        if state.iteration // 50 > told[0]:
            told[0] = state.iteration // 50
            print(f"iteration {state.iteration} of {settings.iterations}  KL {state.kl:.3f} nats", flush=True)

    return line, lambda: None


def _report(settings: Settings, state, measures: dict[str, float], seconds: float, by: str) -> str:
    head = f"{settings.n:,} images"
    if settings.method == "tsne":
        head += f", {state.iteration} iterations in {seconds:.1f} s by {by}, KL {state.kl:.3f} nats"
    what = "in the pixels" if settings.source == "pixels" else "in z"
    rows = [
        ("trustworthiness", f"{measures['trustworthiness']:.3f}", "1: neighbours on the map are neighbours"),
        ("10-NN accuracy", f"{100 * measures['knn_map']:.1f} %", f"{100 * measures['knn_input']:.1f} % {what}"),
        ("silhouette", f"{measures['silhouette_map']:.3f}", f"{measures['silhouette_input']:.3f} {what}"),
    ]
    lines = [f"  {name:16} {value:>8}  {rest}" for name, value, rest in rows if "nan" not in value]
    return "\n".join([head, *lines, f"  measured on {int(measures['measured']):,} images"])


def _arguments(parser: argparse.ArgumentParser) -> None:
    bounds = {f.name: f for f in dataclasses.fields(Settings)}

    def limits(name: str) -> tuple:
        return bounds[name].metadata["low"], bounds[name].metadata["high"]

    common.add_run(parser)
    parser.add_argument(
        "--n", type=number(int, *limits("n")), default=1_000, help="how many images, test images first (default: 1000)"
    )
    parser.add_argument(
        "--perplexity",
        type=number(float, *limits("perplexity")),
        default=30.0,
        metavar="P",
        help="about how many neighbours each image attends to (default: 30)",
    )
    parser.add_argument(
        "--iterations",
        type=number(int, *limits("iterations")),
        help="steps of the optimisation (default: as many as are enough)",
    )
    parser.add_argument(
        "--seed", type=number(int, *limits("seed")), default=0, help="same seed and settings, same map (default: 0)"
    )
    parser.add_argument(
        "--start",
        choices=("pca", "random"),
        default="pca",
        help="begin with the PCA map or at random places (default: pca)",
    )
    parser.add_argument("--pixels", action="store_true", help="the raw images instead of the run's latents")
    parser.add_argument(
        "--pca", action="store_true", help=f"reduce to {embedding_settings.PCA_DIMENSIONS} dimensions by PCA first"
    )
    parser.add_argument(
        "--method",
        choices=("tsne", "pca"),
        default="tsne",
        help="pca: the straight projection, at once (default: tsne)",
    )
    common.add_out(parser, "RUN-map.csv")


COMMANDS = (
    Command(
        "embed",
        "A map of many images by t-SNE or PCA, as CSV and PNG.",
        embed,
        _arguments,
        ("embed mlp-vae-digits-1", "embed mlp-vae-digits-1 --n 500 --perplexity 10 --pixels --out pixels.csv"),
    ),
)
