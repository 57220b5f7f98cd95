"""Devices that torch can compute on, the CPU cores of this process, and how OpenMP threads wait."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # importing torch takes two seconds, and counting cores does not need it
    import torch

WAITING = {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "3000", "KMP_BLOCKTIME": "1"}
"""OpenMP wait policy of a training, as environment variables: spin about 0.1 ms, then sleep.

Threads that sleep at once must be woken for every layer; with torch's default they spin for long and hold a core that
the page needs (benchmarks/README.md). GOMP_SPINCOUNT is for GNU's OpenMP (Linux): 3,000 turns took 0.1 ms where it was
measured. KMP_BLOCKTIME is for LLVM's and Intel's (macOS, Windows), in milliseconds; 1 is the shortest time that all
versions accept.
"""


class DeviceError(ValueError):
    """A device that this machine does not have."""


def available() -> list[str]:
    """Names of this machine's devices, fastest first: CUDA, then Apple's MPS, then the CPU."""
    import torch

    found = [f"cuda:{i}" if i else "cuda" for i in range(torch.cuda.device_count())]
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def choose(name: str = "auto") -> torch.device:
    """The device of that name; the fastest one for `auto`.

    Raises:
        DeviceError: the device is not on this machine; the message lists those that are.
    """
    import torch

    found = available()
    if name == "auto":
        return torch.device(found[0])
    if name not in found:
        raise DeviceError(f"device: '{name}' is not on this machine. Choose one of auto, {', '.join(found)}.")
    return torch.device(name)


def describe(device: torch.device) -> str:
    """Name of the device for a status line, such as the model of a graphics card."""
    import torch

    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def openmp_environment() -> dict[str, str]:
    """`WAITING` for the environment of a training process, set before torch is imported; empty where the user has set
    one of these variables."""
    return {} if WAITING.keys() & os.environ.keys() else dict(WAITING)


def keep_memory() -> None:
    """Make the C library keep memory that one training step frees, for the next step.

    Memory that is returned to the system costs a page fault per 4 KB when it is allocated again: a tenth of a step
    with large batches (`benchmarks/allocator.py`). glibc keeps as much as the largest block ever freed, up to 32 MiB;
    with other C libraries nothing changes.
    """
    import torch

    torch.empty(31 << 20, dtype=torch.uint8)  # freed at once


def has_bfloat16(device: torch.device) -> bool:
    """Whether the device has bfloat16 arithmetic in hardware. Where it is emulated, it is slower than float32. False on
    ARM processors and Apple's MPS, where its speed has not been measured."""
    import torch

    if device.type == "cuda":
        return torch.cuda.get_device_capability(device) >= (8, 0)  # Ampere, 2020
    able = torch.cpu.get_capabilities() if device.type == "cpu" else {}
    return any(able.get(name, False) for name in ("avx512_bf16", "amx_bf16"))


def cores() -> int:
    """Number of CPU cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
