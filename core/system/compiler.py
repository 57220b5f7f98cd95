"""Optimisers without torch's compiler, which the lab does not use.

Each optimiser of torch imports `torch._dynamo`, and with it SymPy and Triton: two seconds of a core, nearly as much as
torch itself. All that an optimiser asks of it are two functions that do nothing where nothing is compiled.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class NotCompiling(ModuleType):
    """Stands in for a compiler's package until anything but `disable` and `graph_break` is asked of it, which imports
    the real one."""

    def __init__(self, name: str, folder: Path):
        super().__init__(name)
        self.__path__ = [str(folder)]  # its modules are found by their own names

    @staticmethod
    def disable(function: Function, *args: object, **options: object) -> Function:
        """The function itself: outside compiled code there is nothing to disable."""
        return function

    @staticmethod
    def graph_break(*args: object, **options: object) -> None:
        """Nothing: outside compiled code there is no graph to break."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # whoever lists all modules asks for their files
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


def leave_out() -> None:
    """Spare this process the import of torch's compiler, unless it is there already. Call before an optimiser is
    made."""
    import torch

    name = "torch._dynamo"
    if name not in sys.modules:
        sys.modules[name] = NotCompiling(name, Path(torch.__file__).parent / "_dynamo")
