"""Pictures of runs side by side."""

import numpy as np

from ui.run.pictures import Frame, _with_equal_images


def test_images_that_another_library_enlarged_stand_once_and_other_images_by_themselves():
    rng = np.random.default_rng(0)
    images = rng.integers(1, 255, (12, 8, 8), dtype=np.uint8)
    nearly = images + rng.integers(-1, 2, images.shape).astype(np.int8).view(np.uint8)
    other = rng.integers(0, 256, images.shape, dtype=np.uint8)
    coloured = np.repeat(images[..., None], 3, axis=-1)
    found = [(name, Frame(1, of, of, of)) for name, of in zip("abcd", (images, other, nearly, coloured), strict=True)]
    assert [[name for name, _ in group] for group in _with_equal_images(found)] == [["a", "c"], ["b"], ["d"]]
