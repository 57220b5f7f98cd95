"""Paths of the start-up, each named once, and `SetupError`."""

import errno
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

# The operating system's numbers for a full disk and for a used-up share of it.
FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))


class SetupError(Exception):
    """The start cannot go on. The message is one sentence for the user: what is wrong and what to do."""


@dataclass(frozen=True)
class LabPaths:
    """The folder that holds the lab, and where things lie in it."""

    root: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """The environment's own Python."""
        return self.venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    @property
    def uv(self) -> Path:
        return self.python.parent / ("uv.exe" if os.name == "nt" else "uv")

    @property
    def stamp(self) -> Path:
        """Says what was installed. Written last, so that its absence means an unfinished build."""
        return self.venv / "latent-lab.json"

    @property
    def requirements(self) -> Path:
        return self.root / "requirements.txt"

    @property
    def dev_requirements(self) -> Path:
        return self.root / "requirements-dev.txt"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def build_log(self) -> Path:
        return self.logs / "build.log"

    @property
    def lock(self) -> Path:
        # Outside .venv: it must be held while a damaged .venv is deleted.
        return self.logs / "lab.lock"

    @property
    def running(self) -> Path:
        """Where the lab of this folder is being served, for a second start to find."""
        return self.logs / "running.json"

    def server_log(self, port: int) -> Path:
        return self.logs / f"server-{port}.log"

    def check(self) -> None:
        """Raise SetupError where this folder cannot become a lab, before anything is made in it."""
        for needed in ("app.py", "requirements.txt"):
            if not (self.root / needed).is_file():
                raise SetupError(
                    f"{needed} is missing from {self.root}: unpack or clone the whole of Latent Lab, then start again."
                )
        if os.pathsep in str(self.root):
            raise SetupError(
                f"The folder's path holds a “{os.pathsep}” ({self.root}), which Python cannot work in: rename"
                " or move the folder."
            )
        try:
            self.logs.mkdir(exist_ok=True)
            # A file of its own: another window may be asking the same question in this moment.
            with tempfile.TemporaryFile(dir=self.logs) as file:
                file.write(b"x")
        except OSError as error:
            if error.errno in FULL:
                raise
            raise SetupError(
                f"Nothing can be written in {self.logs} ({error.strerror}): move Latent Lab to a folder of"
                " your own, then start again."
            ) from error
