"""Image shapes as texts."""

import pytest

from core.images.shape import ImageShape


@pytest.mark.parametrize("text, values", [("1-28-28", (1, 28, 28)), ("3-8-128", (3, 8, 128))])
def test_a_shape_and_its_text_are_the_same(text, values):
    assert ImageShape.from_text(text) == ImageShape(*values)
    assert ImageShape(*values).text == text


@pytest.mark.parametrize("text", ["", "3", "3-32", "3-32-32-1", "3x32x32", "-3-32-32", "3-32-٣٢", " 3-32-32"])
def test_another_text_is_no_shape_and_the_sentence_says_how_one_is_written(text):
    with pytest.raises(ValueError, match="channels, height and width, such as 3-32-32"):
        ImageShape.from_text(text)


@pytest.mark.parametrize(
    "text, said", [("2-32-32", "2 channels"), ("3-7-32", "height of 7"), ("3-32-999", "width of 999")]
)
def test_a_shape_that_is_not_allowed_is_refused_by_its_number(text, said):
    with pytest.raises(ValueError, match=said):
        ImageShape.from_text(text)
