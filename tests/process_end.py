"""Waiting for the end of a process that is no child of the test's own."""

import os

import pytest

needs_pidfd = pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="needs Linux, to wait for a stranger's end")


def gone(process_id: int) -> bool:
    """Whether the process ends within a minute, waiting for it without asking again and again."""
    try:
        handle = os.pidfd_open(process_id)
    except ProcessLookupError:
        return True
    import select

    try:
        return bool(select.select([handle], [], [], 60)[0])
    finally:
        os.close(handle)
