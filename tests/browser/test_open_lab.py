"""The tests beside a lab that somebody has open from the same folder."""

import pytest

pytestmark = pytest.mark.browser


def test_a_lab_that_is_open_already_is_left_alone(lab, tmp_path):
    other = type(lab)(tmp_path / "runs", tmp_path)
    try:
        assert other.url != lab.url and other.healthy() and lab.healthy()
        assert "already open" not in other.log_text()
    finally:
        other.close()
