"""What the machine is asked about itself."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from core.recipes.presets import preset
from core.system import devices, paths
from core.training import base_trainer

FLAGS = Path("/proc/cpuinfo")


def test_bfloat16_is_built_in_where_the_processor_says_so():
    flags = (
        next((line.split() for line in FLAGS.read_text().splitlines() if line.startswith("flags")), None)
        if FLAGS.is_file()
        else None
    )
    if flags is None:
        pytest.skip("This system does not list its processor's abilities in /proc/cpuinfo.")
    assert devices.has_bfloat16(torch.device("cpu")) == bool({"avx512_bf16", "amx_bf16"} & set(flags))


@pytest.mark.parametrize("type_", ["mps", "meta"])
def test_a_device_that_nobody_measured_has_no_bfloat16(type_):
    assert devices.has_bfloat16(torch.device(type_)) is False


def test_an_arm_processor_whatever_it_can_do_has_no_bfloat16_here(monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"architecture": "aarch64", "bf16": True})
    assert devices.has_bfloat16(torch.device("cpu")) is False


def test_of_two_graphics_cards_the_one_that_trains_is_asked(monkeypatch):
    able = {torch.device("cuda:0"): (8, 0), torch.device("cuda:1"): (7, 5)}  # an A100 and a T4
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device=None: able[device])
    assert [devices.has_bfloat16(device) for device in able] == [True, False]


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Only glibc, on Linux, gives memory back at once.")
def test_memory_that_a_step_freed_is_there_for_the_next_one():
    code = """if True:
        import resource
        import torch
        from core.system import devices
        devices.keep_memory()
        faults = []
        for _ in range(60):
            before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
            layers = [torch.ones(8 << 20, dtype=torch.uint8) for _ in range(6)]
            del layers
            faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
        print(sum(faults[10:]))"""
    done = subprocess.run([sys.executable, "-c", code], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    once = 6 * (8 << 20) // 4096
    assert int(done.stdout) < once, "after the first few steps hardly any; without it as many in each of the 50 others"


@pytest.mark.parametrize(
    "name, batch, all_cores",
    [
        ("mlp-vae", 128, False),
        ("mlp-vae", 511, False),
        ("mlp-vae", 512, True),
        ("conv-vae", 1, True),
        ("decoder-gan", 64, True),
    ],
)
def test_a_second_core_is_used_where_it_was_measured_to_pay(name, batch, all_cores, monkeypatch):
    monkeypatch.setattr(devices, "cores", lambda: 6)
    recipe = preset(name).with_(batch_size=batch)
    assert base_trainer.threads_for(recipe, torch.device("cpu")) == (6 if all_cores else 1)
    assert base_trainer.threads_for(recipe, torch.device("cuda")) == 1


@pytest.mark.slow
def test_the_threads_of_a_training_sleep_after_a_moment_and_openmp_has_understood_it():
    policy, spins = _understood(_unsaid() | devices.WAITING, "-c", "import torch")
    assert policy == {"PASSIVE"}, "else waiting threads would hold their cores for milliseconds"
    assert spins == {devices.WAITING["GOMP_SPINCOUNT"]}, "else they would sleep between any two layers"


def test_who_has_said_how_threads_wait_is_not_contradicted(monkeypatch):
    for name in devices.WAITING:
        monkeypatch.delenv(name, raising=False)
    assert devices.openmp_environment() == devices.WAITING
    for name in devices.WAITING:
        with monkeypatch.context() as patch:
            patch.setenv(name, "1000")
            assert devices.openmp_environment() == {}


@pytest.mark.slow
def test_the_shell_has_said_it_before_torch_is_there(tmp_path):
    shutil.copytree(paths.ROOT / "models_ckpt" / "example-mlp-vae", tmp_path / "example")
    policy, spins = _understood(_unsaid() | {"LATENT_LAB_RUNS": str(tmp_path)}, "-m", "core", "evaluate", "example")
    assert (policy, spins) == ({"PASSIVE"}, {devices.WAITING["GOMP_SPINCOUNT"]})


def _unsaid() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name not in devices.WAITING}


def _understood(environment: dict[str, str], *arguments: str) -> tuple[set[str], set[str]]:
    """What GNU's OpenMP itself, every copy of it that is loaded, says of how threads wait: policies and spins."""
    told = environment | {"OMP_DISPLAY_ENV": "VERBOSE"}
    done = subprocess.run([sys.executable, *arguments], cwd=paths.ROOT, env=told, capture_output=True, text=True)
    spins = set(re.findall(r"GOMP_SPINCOUNT = '(\w+)'", done.stderr))
    if done.returncode == 0 and not spins:
        pytest.skip("This torch does not come with GNU's OpenMP.")
    return set(re.findall(r"OMP_WAIT_POLICY = '(\w+)'", done.stderr)), spins
