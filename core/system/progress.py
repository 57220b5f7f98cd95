"""Long computations as generators: each step yields its progress, the last one returns the result."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Generic, TypeVar

Step = TypeVar("Step")
Result = TypeVar("Result")


class Steps(Iterator[Step], Generic[Step, Result]):
    """Iterator over the steps of a generator that keeps the value which the generator returns.

        for share in (steps := Steps(scoring(…))):
            …
        scores = steps.result

    A loop that was left can be continued. A generator that nobody refers to any more is closed.

    Attributes:
        result: the value that the generator returned; None until the generator has ended.
    """

    def __init__(self, work: Generator[Step, Any, Result]):
        self._work = work
        self.result: Result | None = None

    def __next__(self) -> Step:
        try:
            return next(self._work)
        except StopIteration as end:
            if end.value is not None:  # an exhausted generator returns None when it is advanced once more
                self.result = end.value
            raise

    def end(self) -> Result:
        """Run all remaining steps and return the result."""
        for _ in self:
            pass
        return self.result  # type: ignore[return-value]  # the generator has ended
