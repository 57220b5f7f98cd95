"""A lock on the lab's folder: one process at a time may build or serve it.

The operating system drops the lock when its holder ends, however it ends, so a crash leaves no stale one:
that is why this is a lock on an open file and not a file with a process number in it.
"""

import os
from pathlib import Path


class Lock:
    """A lock on `path`, held until `release` or the end of the process."""

    def __init__(self, path: Path):
        self.path = path
        self._file = None

    def acquire(self) -> bool:
        """True if the lock is ours now; False if another process holds it."""
        file = open(self.path, "a+b")  # noqa: SIM115 - stays open: closing it would drop the lock
        try:
            if os.name == "nt":
                import msvcrt

                file.seek(0)
                msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                import fcntl

                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            file.close()
            return False
        except OSError:
            # Some network drives know no locks. A lab that never starts would be worse than a rare clash.
            pass
        self._file = file
        return True

    def release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None
