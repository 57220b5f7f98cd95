"""Time and memory of reading a set of one's own pictures: the first time, and again from the cache.

`python benchmarks/picture_import.py PATH [--shape 3-32-32]`

Each in a process of its own, with a cache of its own. Memory is the most that the process took beyond what it takes for
a set of a few images, as a multiple of the images. `processor` counts the seconds of all cores.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from core import data
from core.images.shape import ImageShape


def once(path: str, shape: ImageShape) -> dict[str, float]:
    """Seconds, processor seconds, images, their MB, and the memory beyond the start as a multiple of them."""
    import resource  # not on Windows

    data.load("digits")
    before, began, worked = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter(), time.process_time()
    images = data.load("folder", path, shape)
    seconds, worked = time.perf_counter() - began, time.process_time() - worked
    peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * (1 if sys.platform == "darwin" else 1024)
    size = images.train_images.nbytes + images.test_images.nbytes
    count = len(images.train_images) + len(images.test_images)
    return {"seconds": seconds, "processor": worked, "images": count, "MB": size / 1e6, "memory": peak / size}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", help="a folder or a zip archive of pictures")
    parser.add_argument("--shape", default="3-32-32", help="channels, height and width (default: 3-32-32)")
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    shape = ImageShape.of([int(part) for part in args.shape.split("-")])
    if args.once:
        print(json.dumps(once(args.path, shape)))
        return
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, __file__, args.path, "--shape", args.shape, "--once"]
        for when in ("first", "again"):
            out = subprocess.run(
                command, env=os.environ | {"LATENT_LAB_CACHE": folder}, capture_output=True, check=True
            )
            found = json.loads(out.stdout)
            print(
                f"{when}: {found['images']:,.0f} images, {found['MB']:,.0f} MB, in {found['seconds']:.2f} s "
                f"({found['processor']:.1f} s of the processor), memory {found['memory']:.2f} × the images"
            )


if __name__ == "__main__":
    main()
