"""Frames of every image shape: composed and split again, old ones, and sheets of another shape."""

import io

import numpy as np
import pytest
from PIL import Image

from core.images import convert
from core.images.shape import ImageShape
from core.runs import frames

SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 36), ImageShape(3, 128, 8)]


def made_up(shape: ImageShape) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return tuple(rng.integers(0, 256, (n, *shape.picture), dtype=np.uint8) for n in (12, 12, 48))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_frame_gives_back_the_pictures_it_was_made_of(shape):
    parts = made_up(shape)
    frame = frames.compose(*parts)
    for found, part in zip(frames.split(frame, shape), parts, strict=True):
        assert np.array_equal(found, part)
    with Image.open(io.BytesIO(frame)) as picture:
        assert picture.size == (12 * shape.width, 6 * shape.height)
        assert picture.mode == ("RGB" if shape.colour else "L")
        samples = np.asarray(picture)[2 * shape.height :]
    assert np.array_equal(samples[: shape.height, shape.width : 2 * shape.width], parts[2][1])


def test_a_frame_made_before_there_were_other_shapes_opens():
    sheet = np.random.default_rng(1).integers(0, 256, (6 * 28, 12 * 28), dtype=np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(sheet).save(buffer, "PNG")
    originals, _, samples = frames.split(buffer.getvalue())
    assert np.array_equal(originals[11], sheet[:28, 11 * 28 :]) and np.array_equal(
        samples[47], sheet[5 * 28 :, 11 * 28 :]
    )


@pytest.mark.parametrize(
    ("sheet", "why"),
    [
        (np.zeros((6 * 28, 12 * 28), np.uint8), "measures 336 × 168 pixels, not 384 × 192"),
        (np.zeros((6 * 32, 12 * 32), np.uint8), "cannot be cut into images of 32 × 32, colour"),
    ],
)
def test_a_frame_of_another_shape_is_refused_in_a_sentence(sheet, why):
    with pytest.raises(ValueError, match=why):
        frames.split(convert.png(sheet), ImageShape(3, 32, 32))


def test_what_is_no_picture_is_refused():
    with pytest.raises(ValueError, match="not a readable picture"):
        frames.split(b"no picture")


@pytest.mark.parametrize("epoch", [0, 0.125, 0.25, 0.5, 1, 7, 10_000, 123_456])
def test_a_frame_is_found_again_by_its_file_name(epoch):
    name = frames.file_name(epoch)
    assert frames.epoch_of(name) == epoch and isinstance(frames.epoch_of(name), int if epoch == int(epoch) else float)
    assert frames.is_kept(epoch) or epoch > frames.ALL_KEPT
    for other in (f"x{name}", name.removesuffix(".png"), "0000.130.png", "1.png", "00a1.png"):
        assert frames.epoch_of(other) is None


def test_a_long_run_keeps_ever_fewer_frames_and_always_the_first_ones():
    assert all(frames.is_kept(epoch) for epoch in range(201))
    for low, every in ((200, 2), (400, 4), (800, 8), (1_600, 16)):
        assert [e for e in range(low + 1, 2 * low + 1) if frames.is_kept(e)] == list(
            range(low + every, 2 * low + 1, every)
        )
    assert sum(map(frames.is_kept, range(1, 10_001))) < 800


@pytest.mark.parametrize("count", [1, 2, 5, 11, 12])
def test_originals_that_begin_again_are_counted_once(count):
    originals = np.random.default_rng(2).integers(0, 256, (count, 8, 10), dtype=np.uint8)
    assert frames.different(originals[np.arange(12) % count]) == count
