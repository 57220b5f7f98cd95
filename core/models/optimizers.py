"""Adam and stochastic gradient descent without torch's compiler.

torch's own optimisers import the compiler (`torch._dynamo`) when the first one is made, only to tell it to leave them
alone: 2 seconds of computing and 150 MB in every process that trains. The lab compiles nothing. Here the functions with
that decoration are called as they are; the arithmetic is torch's, bit for bit, and the compiler can still be imported.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

_ADAM_STEP, _SGD_STEP = (inspect.unwrap(kind.step) for kind in (torch.optim.Adam, torch.optim.SGD))

for _name in ("add_param_group", "zero_grad", "state_dict", "load_state_dict"):
    _plain = inspect.unwrap(getattr(torch.optim.Optimizer, _name))
    # Where `torch._disable_dynamo` keeps what it calls; a torch that keeps it elsewhere is as slow as it was.
    setattr(_plain, "__dynamo_disable", _plain)  # noqa: B010


class Adam(torch.optim.Adam):
    """`torch.optim.Adam`."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step, as torch takes it."""
        return _ADAM_STEP(self, closure)


class SGD(torch.optim.SGD):
    """`torch.optim.SGD`."""

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step, as torch takes it."""
        return _SGD_STEP(self, closure)
