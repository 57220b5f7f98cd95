"""`export`, `rename`, `delete`: what happens to a run's folder. `download`: fetching a data set."""

from __future__ import annotations

import argparse
import sys
import threading
from collections.abc import Callable

from core import data
from core.cli import common
from core.cli.common import CliError, Command
from core.runs import export
from core.system import paths


def export_run(args: argparse.Namespace) -> None:
    """The run as a zip file."""
    run = common.find(args.name)
    out = common.output_file(args.out, f"{run.name}.zip", args.force)
    content = export.to_zip(run, args.resume_state)
    common.write(out, content)
    print(f"'{run.name}' ({len(content) / 1e6:.1f} MB): {out}")


def rename(args: argparse.Namespace) -> None:
    """Another name for a run, damaged ones included."""
    new = common.find_any(args.name).rename(args.new)
    print(f"Now called '{new.name}'.")


def delete(args: argparse.Namespace) -> int:
    """Remove runs for good, damaged ones included."""
    found = [common.find_any(name) for name in args.names]
    if not args.yes:
        names = ", ".join(f"'{run.name}'" for run in found)
        print(f"Nothing was deleted. Add --yes to delete {names} for good.", file=sys.stderr)
        return 2
    for run in found:
        run.delete()
        print(f"Deleted '{run.name}'.")
    return 0


def download(args: argparse.Namespace) -> int:
    """Fetch a data set; goes on where it broke off."""
    from core.data import download as downloads

    name = args.dataset
    if name in data.SOURCES and data.SOURCES[name].layout and data.status()[name].ready:
        try:
            data.load(name)
            print(f"{data.SOURCES[name].title} is here already: {data.status()[name].where}")
            return 0
        except data.DataError as error:
            print(error, file=sys.stderr)  # damaged: fetched anew below
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
    """A line at every tenth."""
    told = 0

    def show(done: int, total: int) -> None:
        nonlocal told
        tenth = 10 * done // total if total else 0
        if tenth > told:
            told = tenth
            print(f"{name}: {10 * tenth} % of {total / 1e6:.1f} MB", flush=True)

    return show


def _export_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument(
        "--resume-state",
        action="store_true",
        help="with what is needed to train on elsewhere: about three times the size",
    )
    common.add_out(parser, "RUN.zip")


def _rename_arguments(parser: argparse.ArgumentParser) -> None:
    common.add_run(parser)
    parser.add_argument("new", metavar="NEW", help="its new name")


def _delete_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("names", nargs="+", metavar="RUN", help="a run's name, as `list` shows it")
    parser.add_argument("--yes", action="store_true", help="really: there is no way back")


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
        "Pack a run into a zip file that can be carried away.",
        export_run,
        _export_arguments,
        ("export mlp-vae-digits-1", "export mlp-vae-digits-1 --resume-state --out to-the-server.zip"),
    ),
    Command(
        "download", "Fetch a data set; goes on where it broke off.", download, _download_arguments, ("download mnist",)
    ),
    Command("rename", "Give a run another name.", rename, _rename_arguments, ("rename mlp-vae-digits-1 my-first",)),
    Command("delete", "Delete runs for good.", delete, _delete_arguments, ("delete my-first --yes",)),
)
