"""Mixed precision: products in bfloat16, weights, latents and losses in float32."""

import numpy as np
import pytest
import torch

from core import runs
from core.cli.progress import Lines
from core.system import devices
from core.training.autoencoder_trainer import AutoencoderTrainer
from core.training.events import Started
from tests.tiny_runs import drive, tiny, trained

CPU = torch.device("cpu")

FAMILIES = {
    "vae": {},
    "ae": {"model": "ae"},
    "vae, learned σ": {"likelihood": "gaussian-learned"},
    "ae, mse": {"model": "ae", "likelihood": "mse"},
    "ad": {"model": "ad", "likelihood": "mse"},
    "vad": {"model": "vad"},
}


@pytest.fixture
def bfloat16(monkeypatch):
    monkeypatch.setattr(devices, "has_bfloat16", lambda device: True)  # torch imitates it where there is none


def both(**changes) -> tuple[AutoencoderTrainer, AutoencoderTrainer]:
    return tuple(AutoencoderTrainer(tiny(precision=how, **changes), CPU) for how in ("float32", "mixed"))


def stepped(trainer: AutoencoderTrainer) -> torch.Tensor:
    """The gradient of all weights in the first step."""
    trainer.optimizer.zero_grad = lambda **kw: None
    trainer.step()
    return torch.cat([p.grad.flatten() for p in trainer.model.parameters()])


@pytest.mark.parametrize("network", ["mlp", "conv", "patch"])
def test_layers_multiply_in_bfloat16_and_weights_and_losses_stay_in_float32(network, bfloat16):
    exact, mixed = both(network=network)
    layers = []
    for module in mixed.model.modules():
        if isinstance(module, torch.nn.Linear | torch.nn.Conv2d | torch.nn.ConvTranspose2d):
            module.register_forward_hook(lambda module, x, out: layers.append(out.dtype))
    grads, rough = stepped(exact), stepped(mixed)
    assert set(layers) == {torch.bfloat16} and len(layers) >= 4
    assert {p.dtype for p in mixed.model.parameters()} == {rough.dtype} == {mixed.loss_sums.dtype} == {torch.float32}
    torch.testing.assert_close(
        mixed.loss_sums[0], exact.loss_sums[0], rtol=5e-3, atol=0
    )  # bfloat16 errs by 1/256 at most
    assert torch.cosine_similarity(rough, grads, dim=0) > 0.999
    assert not torch.equal(rough, grads)


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_takes_nearly_the_step_that_it_takes_in_float32(family, bfloat16):
    exact, mixed = both(**FAMILIES[family])
    assert torch.cosine_similarity(stepped(mixed), stepped(exact), dim=0) > 0.999
    torch.testing.assert_close(mixed.loss_sums[0], exact.loss_sums[0], rtol=5e-3, atol=1e-3)


@pytest.mark.parametrize("family", ["ad", "vad"])
def test_the_latents_of_a_table_stay_in_float32_and_move_as_they_do_there(family, bfloat16):
    exact, mixed = both(**FAMILIES[family])
    start = exact.latents.materialize()
    exact.step()
    mixed.step()
    one, other = exact.latents, mixed.latents
    assert {x.dtype for name, x in other.state_dict().items() if name != "last"} == {torch.float32}
    assert torch.cosine_similarity(other.m.flatten(), one.m.flatten(), dim=0) > 0.999  # a tenth of the gradient
    assert not torch.equal(one.materialize(), start) and not torch.equal(other.materialize(), start)


def test_it_is_float32_where_bfloat16_is_not_built_in(monkeypatch):
    monkeypatch.setattr(devices, "has_bfloat16", lambda device: False)
    exact, mixed = (trained(tiny(epochs=1, precision=how)) for how in ("float32", "mixed"))
    for column in ("train_recon", "train_kl", "val_recon", "val_kl"):
        np.testing.assert_array_equal(mixed.history()[column], exact.history()[column])
    assert mixed.status["device"] == exact.status["device"] == "CPU"


def test_a_run_says_whether_bfloat16_was_used(bfloat16):
    said = {how: trained(tiny(epochs=1, precision=how)).status["device"] for how in ("float32", "mixed")}
    assert said == {"float32": "CPU", "mixed": "CPU with bfloat16"}


@pytest.mark.parametrize("how, where", [("float32", "on CPU (1 thread)"), ("mixed", "on CPU with bfloat16 (1 thread)")])
def test_the_command_line_names_the_processors_threads_either_way(how, where, bfloat16, capsys):
    run = runs.create(tiny(epochs=1, precision=how))
    started = next(event for event in drive(run) if isinstance(event, Started))
    Lines(run).show(started)
    assert where in capsys.readouterr().out


@pytest.mark.parametrize("family", FAMILIES)
def test_what_is_measured_is_measured_in_float32(family, bfloat16):
    exact, mixed = both(**FAMILIES[family])
    assert mixed.validate().row == exact.validate().row
