"""Work in steps: a generator that tells on its way how far it is, and whose result is wanted at its end."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any, Generic, TypeVar

Step, Result = TypeVar("Step"), TypeVar("Result")


class Steps(Iterator[Step], Generic[Step, Result]):
    """A generator to loop over that keeps what it returns; a loop that was left goes on where it was.

        for part in (steps := Steps(scoring(…))):
            …
        scored = steps.result

    Attributes:
        result: what the generator returned; None until it has ended.
    """

    def __init__(self, work: Generator[Step, Any, Result]):
        self._work, self.result = work, None

    def __next__(self) -> Step:
        try:
            return next(self._work)
        except StopIteration as end:
            if end.value is not None:  # asked once more after its end, a generator returns nothing
                self.result = end.value
            raise

    def end(self) -> Result:
        """Go all the way, unwatched."""
        for _ in self:
            pass
        return self.result
