"""`export`, `images`, `rename`, `delete` of runs, and `download` of data sets."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable

from core import data
from core.cli import common
from core.cli.common import CliError, Command
from core.runs import export
from core.runs import images as run_images
from core.system import paths, user_paths


def export_run(args: argparse.Namespace) -> None:
    """Write a run as a zip file."""
    run = common.find(args.name)
    out = common.output_file(args.out, f"{run.name}.zip", args.force)
    content = export.to_zip(run, args.resume_state)
    common.write(out, content)
    print(f"'{run.name}' ({len(content) / 1e6:.1f} MB): {out}")


def rename(args: argparse.Namespace) -> None:
    """Rename a run, including damaged ones."""
    new = common.find_any(args.name).rename(args.new)
    print(f"Renamed to '{new.name}'.")


def delete(args: argparse.Namespace) -> int:
    """Delete runs for good, including damaged ones."""
    selected = [common.find_any(name) for name in args.names]
    if not args.yes:
        names = ", ".join(f"'{run.name}'" for run in selected)
        print(f"Nothing was deleted. Add --yes to delete {names} for good.", file=sys.stderr)
        return 2
    for run in selected:
        run.delete()
        print(f"Deleted '{run.name}'.")
    return 0


def download(args: argparse.Namespace) -> int:
    """Download a data set; an interrupted download is resumed."""
    from core.data import download as downloads

    name = args.dataset
    if name in data.SOURCES and data.SOURCES[name].layout and data.status()[name].ready:
        try:
            data.load(name)
            print(f"{data.SOURCES[name].title} is here already: {data.status()[name].where}")
            return 0
        except data.DataError as error:
            print(error, file=sys.stderr)  # damaged: downloaded again below
    stop = threading.Event()
    show, close = _bar(name) if sys.stdout.isatty() else (_lines(name), lambda: None)
    with common.asked_to_stop(stop.set) as signals:
        try:
            downloads.download(name, show, stop)
        except downloads.Stopped as stopped:
            close()
            print(stopped, file=sys.stderr)
            return 128 + signals[0]
        except downloads.DownloadError as error:
            close()
            raise CliError(str(error)) from None
        finally:
            close()
    print(f"{data.SOURCES[name].title} is ready: {data.status()[name].where}")
    return 0


def _bar(name: str) -> tuple[Callable[[int, int], None], Callable[[], None]]:
    bar = common.bar(sys.stdout, desc=name, unit="B", unit_scale=True)

    def show(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return show, bar.close


def _lines(name: str) -> Callable[[int, int], None]:
    """Print a line at every 10 %."""
    printed = 0

    def show(done: int, total: int) -> None:
        nonlocal printed
        tenth = 10 * done // total if total else 0
        if tenth > printed:
            printed = tenth
            print(f"{name}: {10 * tenth} % of {total / 1e6:.1f} MB", flush=True)

    return show


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--resume-state",
        action="store_true",
        help="include the state needed to resume the training elsewhere: about three times the size",
    )
    common.add_out(parser, "RUN.zip")


def images_of_run(args: argparse.Namespace) -> None:
    """Say which of a run's images are still there, or note where their folder is now."""
    run = common.find(args.name)
    if args.folder:
        folder = str(user_paths.path_of(args.folder))
        run_images.move(run, folder)
        print(f"The images of '{run.name}' are in {folder} now.")
    images = run_images.images_of(run)
    if images.changed:
        print(images.changed)
        return
    train, test = len(images.train_images), len(images.test_images)
    print(f"All {train:,} training and {test:,} test images of '{run.name}' are there.")


def _images_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument("--folder", metavar="PATH", help="where the folder of its images is now, if it was moved")


def _rename_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument("new", metavar="NEW", help="new name")


def _delete_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="RUN", help="name of a run, as shown by `list`")
    parser.add_argument("--yes", action="store_true", help="confirm: this cannot be undone")


def _download_arguments(parser: argparse.ArgumentParser) -> None:
    sets = [name for name, source in data.SOURCES.items() if source.layout]
    parser.add_argument(
        "dataset",
        metavar="NAME",
        help=f"one of {', '.join(sets)} (into {paths.data_folder().name}/, or where LATENT_LAB_DATA says)".replace(
            "%", "%%"
        ),
    )


COMMANDS = (
    Command(
        "export",
        "Pack a run into a zip file.",
        export_run,
        _export_arguments,
        ("export mlp-vae-digits-1", "export mlp-vae-digits-1 --resume-state --out to-the-server.zip"),
    ),
    Command(
        "download",
        "Download a data set; an interrupted download is resumed.",
        download,
        _download_arguments,
        ("download mnist",),
    ),
    Command(
        "images",
        "Say which images of a run are still there, or where their folder is now.",
        images_of_run,
        _images_arguments,
        ("images mlp-vae-folder-1", "images mlp-vae-folder-1 --folder ~/Pictures/leaves"),
    ),
    Command("rename", "Rename a run.", rename, _rename_arguments, ("rename mlp-vae-digits-1 my-first",)),
    Command("delete", "Delete runs for good.", delete, _delete_arguments, ("delete my-first --yes",)),
)
