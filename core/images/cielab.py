"""Conversion between sRGB and CIELAB (CIE 1976), in which equal distances look about equally large.

sRGB as in IEC 61966-2-1, with its gamma; white is D65, 2° observer.
"""

from __future__ import annotations

import numpy as np

from core.images.convert import to_uint8

_TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
_WHITE = _TO_XYZ.sum(1)
_KNEE = 6 / 29


def to_lab(pictures: np.ndarray) -> np.ndarray:
    """L* (0 to 100), a* and b* of colour pictures `uint8` [.., H, W, 3]: float64 of the same shape."""
    levels = np.asarray(pictures, np.float64) / 255.0
    linear = np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)
    ratio = linear @ _TO_XYZ.T / _WHITE
    x, y, z = np.moveaxis(np.where(ratio > _KNEE**3, np.cbrt(ratio), ratio / (3 * _KNEE**2) + 4 / 29), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def from_lab(lab: np.ndarray) -> np.ndarray:
    """Colour pictures `uint8` of L*, a* and b* [.., H, W, 3]. Colours that sRGB does not have are clipped."""
    light, a, b = np.moveaxis(np.asarray(lab, np.float64), -1, 0)
    y = (light + 16) / 116
    root = np.stack([y + a / 500, y, y - b / 200], -1)
    ratio = np.where(root > _KNEE, root**3, 3 * _KNEE**2 * (root - 4 / 29))
    linear = np.clip((ratio * _WHITE) @ np.linalg.inv(_TO_XYZ).T, 0.0, 1.0)
    return to_uint8(np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055))


def blend(a: np.ndarray, b: np.ndarray, t: np.ndarray) -> np.ndarray:
    """Cross-fade of two colour pictures [H, W, 3] in CIELAB for each t in [0, 1]: `uint8` [len(t), H, W, 3]."""
    t = np.asarray(t, np.float64).reshape(-1, 1, 1, 1)
    return from_lab((1 - t) * to_lab(a) + t * to_lab(b))
