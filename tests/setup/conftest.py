"""The start-up stands in the root of the repository, where a plain `pytest` does not look for imports."""

import sys
from pathlib import Path

for place in (Path(__file__).parent, Path(__file__).parents[2]):
    if str(place) not in sys.path:
        sys.path.insert(0, str(place))
