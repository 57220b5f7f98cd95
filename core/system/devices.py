"""Where the arithmetic runs: CUDA, then Apple's MPS, then the CPU, unless you choose."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # torch takes two seconds, and who only counts the cores needs none
    import torch

WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000", "KMP_BLOCKTIME": "1"}
"""How the threads of a training wait for each other, as variables of their process's environment: awake for a moment,
about as long as one thread works alone between two layers, then asleep. Asleep at once, a second thread has to be woken
for every layer; awake for long, as torch comes, it holds a core that a page needs (benchmarks/README.md). The moment is
3,000 turns in GNU's OpenMP (Linux; a tenth of a millisecond where it was measured) and a millisecond, the shortest that
all versions know, in LLVM's and Intel's (macOS, Windows).
"""


class DeviceError(ValueError):
    """A device this machine does not have."""


def available() -> list[str]:
    """The devices of this machine, best first."""
    import torch

    found = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def choose(name: str = "auto") -> torch.device:
    """The device of that name, or the best one for `auto`.

    Raises:
        DeviceError: not on this machine; lists those there are.
    """
    import torch

    found = available()
    if name == "auto":
        return torch.device(found[0])
    if name not in found:
        raise DeviceError(f"device: '{name}' is not on this machine. Choose one of auto, {', '.join(found)}.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """The device in words, for a status line."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def openmp_environment() -> dict[str, str]:
    """`WAITING`, for the environment of a process that trains, before torch is imported; empty where the user's own
    says one of them."""
    return {} if WAITING.keys() & os.environ.keys() else dict(WAITING)


def keep_memory() -> None:
    """Have this process keep the memory that one step frees for the next one.

    Given back to the system, every 4 KB of it is a page fault when it is wanted again: a tenth of a step with large
    batches (`benchmarks/allocator.py`). The C library of most Linux systems learns from the largest block that was ever
    freed, up to 32 MiB, how much to keep; elsewhere nothing changes.
    """
    import torch

    torch.empty(31 << 20, dtype=torch.uint8)  # freed at once


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device multiplies in bfloat16 by itself. Where it is only imitated, it is slower than float32. On ARM
    processors and Apple's MPS, where nobody has measured whether it pays, no."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # Ampere, 2020
    able = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def cores() -> int:
    """The CPU cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
