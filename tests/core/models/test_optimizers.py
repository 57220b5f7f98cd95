"""The lab's optimisers: torch's arithmetic without torch's compiler, which stays as it is for whoever wants it."""

import subprocess
import sys

import pytest
import torch

from core.models import optimizers
from core.system import paths

APART = """
import sys
import torch
from core.models import optimizers
weights = torch.ones(3, requires_grad=True)
for kind in (optimizers.Adam, optimizers.SGD):
    optimizer = kind([weights], lr=0.1, fused=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=3)
    for _ in range(2):
        optimizer.zero_grad()
        (weights ** 2).sum().backward()
        optimizer.step()
        schedule.step()
    optimizer.load_state_dict(optimizer.state_dict())
assert "torch._dynamo" not in sys.modules, "imported after all"
import torchvision
assert torch.compile(lambda x: 2 * x, backend="eager")(torch.ones(2)).tolist() == [2, 2]
other = torch.optim.Adam([weights])
(weights ** 2).sum().backward()
other.step()
assert "torch._dynamo" in sys.modules
"""


@pytest.mark.parametrize(
    ("own", "torchs", "settings"),
    [
        (optimizers.Adam, torch.optim.Adam, {"betas": (0.9, 0.99)}),
        (optimizers.Adam, torch.optim.Adam, {"fused": True}),
        (optimizers.SGD, torch.optim.SGD, {"momentum": 0.9}),
    ],
)
def test_steps_are_those_of_torch_bit_for_bit(own, torchs, settings):
    found = []
    for kind in (own, torchs):
        weights = torch.linspace(-1, 1, 7).requires_grad_()
        optimizer = kind([weights], lr=0.1, **settings)
        for k in range(5):
            optimizer.zero_grad()
            (weights**4 + k * weights).sum().backward()
            optimizer.step()
        found.append((weights.detach(), optimizer.state_dict()["state"][0]))
    assert torch.equal(found[0][0], found[1][0])
    assert all(torch.equal(value, found[1][1][name]) for name, value in found[0][1].items())
    assert not found[0][0].requires_grad


@pytest.mark.slow
def test_training_imports_no_compiler_which_can_be_used_afterwards():
    done = subprocess.run([sys.executable, "-c", APART], cwd=paths.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-800:]
