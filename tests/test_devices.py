"""What the machine is asked about itself."""

from pathlib import Path

import pytest
import torch

from core import devices

FLAGS = Path("/proc/cpuinfo")


def test_bfloat16_is_built_in_where_the_processor_says_so():
    flags = next((line.split() for line in FLAGS.read_text().splitlines() if line.startswith("flags")), None) \
        if FLAGS.is_file() else None
    if flags is None:
        pytest.skip("This system does not list its processor's abilities in /proc/cpuinfo.")
    assert devices.has_bfloat16(torch.device("cpu")) == bool({"avx512_bf16", "amx_tile"} & set(flags))


@pytest.mark.parametrize("type_", ["mps", "meta"])
def test_a_device_that_torch_does_not_answer_for_has_no_bfloat16(type_):
    assert devices.has_bfloat16(torch.device(type_)) is False


def test_a_torch_that_no_longer_has_the_question_is_taken_for_a_no(monkeypatch):
    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        monkeypatch.delattr(torch.cpu, name)
    assert devices.has_bfloat16(torch.device("cpu")) is False
