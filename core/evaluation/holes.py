"""Holes of a latent space of two dimensions: where hardly any training latent lies, so that the decoder never learned
what to draw there. And how many of the training latents a sampler reaches: a narrow one avoids all holes.

The density of the training latents is a histogram, smoothed by a Gaussian. A point lies in a hole where this density is
lower than at 99 of 100 training latents. Nothing here imports torch.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CELLS = 192
"""Cells along a side of the density's window."""

MARGIN = 0.1
"""Part of the latents' range that the window has on either side beyond them."""

LEAST_SHARE = 0.01
"""Share of the training latents whose density counts as that of a hole."""


@dataclass(frozen=True, eq=False)
class LatentDensity:
    """Density of training latents in the plane.

    Attributes:
        low, high: corners of the window, [2]. values: density of each cell, [CELLS, CELLS], rows upwards, 1 at most.
        threshold: density below which a point lies in a hole.
    """

    low: np.ndarray
    high: np.ndarray
    values: np.ndarray
    threshold: float

    def at(self, points: np.ndarray) -> np.ndarray:
        """Density at points [N, 2], [N]; 0 outside the window."""
        places = (np.asarray(points, np.float64) - self.low) / (self.high - self.low) * CELLS
        inside = ((places >= 0) & (places < CELLS)).all(1)
        cells = places[inside].astype(int)
        found = np.zeros(len(points))
        found[inside] = self.values[cells[:, 1], cells[:, 0]]
        return found

    def share_in_holes(self, points: np.ndarray) -> float:
        """Share of points [N, 2] that lie in holes."""
        return float((self.at(points) < self.threshold).mean())


def share_reached(points: np.ndarray, latents: np.ndarray) -> float:
    """Share of training latents [N, 2] that lie where a sampler with points [M, 2] draws: outside the holes of its own
    density. NaN with fewer than two points."""
    return 1.0 - density_of(points).share_in_holes(latents) if len(points) > 1 else float("nan")


def density_of(latents: np.ndarray) -> LatentDensity:
    """Density of training latents [N, 2], N ≥ 2. The width of the Gaussian follows Scott's rule (1992)."""
    from scipy.ndimage import gaussian_filter

    z = np.asarray(latents, np.float64)
    low, high = z.min(0), z.max(0)
    margin = np.maximum(MARGIN * (high - low), 1e-6)
    low, high = low - margin, high + margin
    counts, _, _ = np.histogram2d(z[:, 1], z[:, 0], CELLS, [[low[1], high[1]], [low[0], high[0]]])
    width = len(z) ** (-1 / 6) * z.std(0) / (high - low) * CELLS
    # Half of Scott's width: its rule is for one Gaussian, and heaps of classes are narrower than all of them together.
    values = gaussian_filter(counts, 0.5 * np.maximum(width[::-1], 1e-3), mode="constant")
    values /= max(values.max(), 1e-300)
    found = LatentDensity(low, high, values, 0.0)
    return LatentDensity(low, high, values, float(np.quantile(found.at(z), LEAST_SHARE)))
