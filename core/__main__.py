"""Entry point of `python -m core`, the command line in `core/cli/`."""

import os
import sys

try:
    from core.system import devices

    os.environ.update(devices.openmp_environment())  # before torch is imported
    from core.cli import main

    code = main()
except ModuleNotFoundError as error:
    if (error.name or "core").split(".")[0] == "core":
        raise
    print(
        f"'{error.name}' is not installed for this Python ({sys.executable}). Build the lab first, then use the "
        "Python in its folder .venv.",
        file=sys.stderr,
    )
    code = 1
sys.exit(code)
