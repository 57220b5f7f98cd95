"""Image data sets: registry, loading, splits, statistics and downloads."""

from core.data.image_set import DataError, ImageSet, spread
from core.data.loading import load, split, status, table_rows
from core.data.registry import SOURCES, Source

__all__ = ["SOURCES", "DataError", "ImageSet", "Source", "load", "split", "spread", "status", "table_rows"]
