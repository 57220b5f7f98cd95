"""Pictures pass unchanged between arrays, tensors, files and messages; unusable files are refused with a reason."""

import base64

import numpy as np
import pytest

from core.images import convert
from core.images.shape import ImageShape
from tests.core.images.picture_tools import made_up

SHAPES = [ImageShape(1, 28, 28), ImageShape(3, 32, 32), ImageShape(1, 20, 36), ImageShape(3, 8, 11)]


def test_grey_levels_survive_the_way_to_a_png_and_back_bit_by_bit(noise):
    assert np.array_equal(convert.from_png(convert.png(noise[0])), noise[0])


def test_a_data_url_holds_the_same_png(noise):
    head, _, body = convert.data_url(noise[0], scale=2).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(body) == convert.png(noise[0], scale=2)


def test_enlarging_repeats_pixels_and_invents_none(noise):
    large = convert.from_png(convert.png(noise[0], scale=3))
    assert large.shape == (84, 84)
    assert np.array_equal(large[1::3, 1::3], noise[0]) and set(np.unique(large)) <= set(np.unique(noise[0]))


@pytest.mark.parametrize("gap", [0, 1, 5])
def test_every_tile_of_a_sheet_is_where_it_should_be(noise, gap):
    sheet = convert.tile(noise, 3, gap=gap, ground=77)
    step = 28 + gap
    assert sheet.shape == (2 * step - gap, 3 * step - gap)
    for i, image in enumerate(noise):
        top, left = i // 3 * step, i % 3 * step
        assert np.array_equal(sheet[top : top + 28, left : left + 28], image)
    assert (sheet[step:, 2 * step :] == 77).all(), "the cell without an image shows the ground"


def test_a_sheet_of_nothing_is_one_empty_tile():
    assert convert.tile(np.empty((0, 28, 28), np.uint8), 4, ground=9).tolist() == [[9] * 28] * 28
    assert convert.tile(np.empty((0, 20, 36, 3), np.uint8), 4, ground=9).tolist() == [[[9] * 3] * 36] * 20


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_tensors_hold_channels_first_in_zero_to_one_and_pictures_come_back_unchanged(shape):
    torch = pytest.importorskip("torch")
    pictures = made_up(shape, 4)
    tensor = convert.to_tensor(pictures)
    assert tensor.shape == (4, *shape.chw) and tensor.dtype == torch.float32 and tensor.is_contiguous()
    for n, c, y, x in [(0, 0, 0, 0), (3, shape.channels - 1, 5, 7), (1, 0, shape.height - 1, shape.width - 1)]:
        level = pictures[n, y, x, c] if shape.colour else pictures[n, y, x]
        assert float(tensor[n, c, y, x]) == np.float32(level) / np.float32(255)
    assert np.array_equal(convert.to_pictures(tensor), pictures)
    assert np.array_equal(convert.to_pictures(tensor[0]), pictures[0]), "one picture as well as many"
    assert torch.equal(convert.scale_bytes(convert.to_byte_tensor(pictures)), tensor)
    assert convert.to_pictures(tensor[:0]).shape == (0, *shape.picture)
    assert convert.shape_of(pictures) == convert.shape_of(pictures[0]) == shape


def test_a_tensor_is_a_copy_of_a_read_only_array():
    pictures = made_up(SHAPES[1], 2)
    before = pictures.copy()
    pictures.flags.writeable = False
    convert.to_byte_tensor(pictures).fill_(7)
    assert np.array_equal(pictures, before)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_pictures_of_every_shape_survive_png_sheets_and_messages(shape):
    pictures = made_up(shape, 6)
    assert np.array_equal(convert.from_png(convert.png(pictures[0])), pictures[0])
    sheet = convert.tile(pictures, 3)
    assert sheet.shape[:2] == (2 * shape.height, 3 * shape.width)
    last = sheet[shape.height : 2 * shape.height, 2 * shape.width :]
    assert np.array_equal(last, pictures[5])
    assert np.array_equal(convert.untile(sheet, shape), pictures)
    message = base64.b64decode(convert.pack(pictures))
    assert len(message) == 6 * shape.values and message == b"".join(p.tobytes() for p in pictures)


def test_a_sheet_of_another_shape_is_refused_with_both_sizes():
    sheet = convert.tile(made_up(ImageShape(1, 20, 36), 4), 2)
    with pytest.raises(ValueError, match="40 × 72 pixels cannot be cut into images of 28 × 28"):
        convert.untile(sheet, ImageShape(1, 28, 28))
    with pytest.raises(ValueError, match="cannot be cut into images of 20 × 36, colour"):
        convert.untile(sheet, ImageShape(3, 20, 36))


def test_the_numbers_of_a_tensor_are_kept_unrounded_when_only_the_layout_changes():
    torch = pytest.importorskip("torch")
    images = torch.rand(2, 3, 8, 9, dtype=torch.float64)
    assert np.array_equal(convert.channels_last(images), images.numpy().transpose(0, 2, 3, 1))
    assert np.array_equal(convert.channels_first(convert.channels_last(images)), images.numpy())
    half = images[:, :1].to(torch.bfloat16)
    assert np.array_equal(convert.channels_last(half), half.float().numpy()[:, 0])


def test_floats_are_rounded_clipped_and_never_wrap_round():
    values = np.array([-1.0, 0.0, 0.5, 1.0, 2.0, np.nan, np.inf, -np.inf])
    assert convert.to_uint8(values).tolist() == [0, 0, 128, 255, 255, 0, 255, 0]


def test_a_tensor_with_a_gradient_and_half_precision_becomes_an_array():
    torch = pytest.importorskip("torch")
    tensor = torch.tensor([[0.0, 1.0]], dtype=torch.bfloat16, requires_grad=True)
    assert convert.to_uint8(tensor).tolist() == [[0, 255]]
