"""The number of threads that torch computes with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread of torch within the block.

    Several add in an order of their own, so that what is computed would depend on their number. And on a busy machine
    each layer of a single image would wait until the scheduler lets the second thread end, a hundred times as long as
    the layer takes.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
