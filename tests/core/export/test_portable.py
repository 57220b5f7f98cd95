"""A decoder in plain JavaScript against torch: every body, activation and family, in grey and colour."""

import itertools
import json
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from core import models
from core.export import portable
from core.images.shape import ImageShape
from core.latent import axes, codec
from core.models import likelihood, networks
from core.runs import Run
from core.runs.shown_weights import shown_weights
from core.runs.weights import load_model
from tests.battery.members import ALL
from tests.js.test_js import HERE, NODE, node_version

pytestmark = pytest.mark.skipif(node_version() < 20, reason="Node.js 20 or newer is not on this machine.")
EXAMPLES = Path(__file__).parents[3] / "models_ckpt"
POINTS = 1_000
SHAPES = {"grey": (1, 28, 28), "colour": (3, 20, 17)}


def sized(model) -> tuple[np.ndarray, np.ndarray]:
    """Centre and scale that leave points as they are."""
    return np.zeros(model.latent_dim, np.float32), np.ones(model.latent_dim, np.float32)


def run(file: bytes, inputs: np.ndarray, folder) -> np.ndarray:
    """Outputs of the JavaScript for rows of inputs."""
    (folder / "network").write_bytes(file)
    (folder / "inputs").write_bytes(np.ascontiguousarray(inputs, "<f4").tobytes())
    words = [NODE, HERE / "run_network.mjs", folder / "network", folder / "inputs", folder / "outputs"]
    result = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return np.frombuffer((folder / "outputs").read_bytes(), "<f4").reshape(len(inputs), -1)


def levels(outputs: np.ndarray, shape: ImageShape) -> np.ndarray:
    """Grey levels of outputs [N, C · H · W] as pictures have them, int [N, H, W] or [N, H, W, 3]."""
    pictures = np.rint(255 * outputs.reshape(-1, *shape.chw)).astype(int).transpose(0, 2, 3, 1)
    return pictures if shape.channels == 3 else pictures[..., 0]


def spread(module: nn.Module, inputs: torch.Tensor) -> None:
    """Scale the last layer so that its outputs vary as the logits of a trained decoder do."""
    last = [m for m in module.modules() if isinstance(m, (nn.Linear, nn.Conv2d, nn.ConvTranspose2d))][-1]
    with torch.no_grad():
        last.weight.mul_(3.0 / module(inputs).std(0).mean())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("body", "activation"), [*itertools.product(networks.BODIES, networks.ACTIVATIONS)])
def test_every_body_and_activation_decodes_to_the_same_picture(body, activation, shape, tmp_path):
    torch.manual_seed(0)
    images = ImageShape.of(SHAPES[shape])
    widths = ((32, 24),) if body == "mlp" else ((6, 8), (24,))
    decoder = networks.BODIES[body][1](images, *widths, 7, activation)
    model = nn.Module()
    model.decoder, model.likelihood, model.latent_dim, model.shape = decoder, likelihood.Bernoulli(), 7, images
    z = np.random.default_rng(1).normal(size=(POINTS, 7)).astype(np.float32)
    spread(decoder, torch.from_numpy(z))
    centre, scale = np.linspace(-0.3, 0.4, 7, dtype=np.float32), np.linspace(0.8, 1.3, 7, dtype=np.float32)
    with torch.inference_mode():
        wanted = torch.sigmoid(decoder(torch.from_numpy(centre + scale * z))).flatten(1).numpy()
    found = levels(run(portable.decoder_file(model, centre, scale), z, tmp_path), images)
    assert np.abs(found - levels(wanted, images)).max() <= 1
    assert found.std() > 40, "the pictures differ from each other"


@pytest.mark.parametrize("member", ALL, ids=lambda member: member.key)
def test_every_family_decodes_to_the_same_picture(member, tmp_path):
    torch.manual_seed(0)
    recipe = member.recipe()
    model = models.build(recipe).eval()
    z = np.random.default_rng(2).normal(size=(POINTS, model.latent_dim)).astype(np.float32)
    with torch.inference_mode():
        spread(model.decoder, torch.from_numpy(z))
    place = axes.axes(model)
    found = levels(run(portable.decoder_file(model, place.centre, place.scale), z, tmp_path), recipe.shape)
    assert np.abs(found - codec.decode(model, place.to_z(z)).astype(int)).max() <= 1


@pytest.mark.parametrize(
    "output", [likelihood.Gaussian(), likelihood.SquaredError(), likelihood.DiscretizedLogistic(0.1)]
)
def test_every_likelihood_has_its_mean(output, tmp_path):
    values = np.linspace(-1, 2, 640, dtype=np.float32).reshape(-1, 64)
    model = nn.Module()
    model.decoder, model.likelihood, model.latent_dim, model.shape = nn.Identity(), output, 64, ImageShape.of((1, 8, 8))
    with torch.inference_mode():
        wanted = output.mean(torch.from_numpy(values)).numpy()
    found = run(portable.decoder_file(model, *sized(model)), values, tmp_path)
    assert found == pytest.approx(wanted, abs=1e-6)


@pytest.mark.parametrize("name", ["example-mnist-vae", "example-shapes-vae", "example-cvae", "example-vq-vae"])
def test_a_shipped_example_decodes_to_the_same_picture(name, tmp_path):
    run_of = Run(EXAMPLES / name)
    model = load_model(run_of, shown_weights(run_of))
    place = axes.axes(model)
    units = np.random.default_rng(3).normal(size=(200, model.latent_dim)).astype(np.float32)
    found = levels(run(portable.decoder_file(model, place.centre, place.scale), units, tmp_path), run_of.recipe.shape)
    assert np.abs(found - codec.decode(model, place.to_z(units)).astype(int)).max() <= 1


@pytest.mark.parametrize(
    "member", [m for m in ALL if m.key in ("ae", "vae", "vq", "wae")], ids=lambda member: member.key
)
def test_an_encoder_gives_the_same_code(member, tmp_path):
    torch.manual_seed(0)
    recipe = member.recipe()
    model = models.build(recipe).eval()
    images = np.random.default_rng(4).random((50, recipe.shape.values)).astype(np.float32)
    with torch.inference_mode():
        wanted = model.encoder(torch.from_numpy(images).view(-1, *recipe.shape.chw)).numpy()
    found = run(portable.encoder_file(model), images, tmp_path)
    assert np.abs(found - wanted).max() <= 2e-3 * np.abs(wanted).max()


def test_a_header_says_what_the_file_holds_and_numbers_are_small():
    model = models.build(ALL[1].recipe()).eval()
    file = portable.decoder_file(model, *sized(model))
    assert file[:4] == portable.MAGIC
    length = struct.unpack("<I", file[4:8])[0]
    header = json.loads(file[8 : 8 + length])
    weights = sum(parameter.numel() for parameter in model.decoder.parameters())
    assert header["inputs"] == model.latent_dim and header["outputs"] == [1, 28, 28]
    assert len(file) < 8 + length + 2.1 * weights + 4_000


def test_a_part_without_a_layer_is_named():
    model = models.build(ALL[1].recipe())
    model.decoder = nn.Sequential(nn.GELU())
    with pytest.raises(portable.NotPortable, match="GELU"):
        portable.decoder_file(model, *sized(model))
    model.encoder = None
    with pytest.raises(portable.NotPortable, match="no encoder"):
        portable.encoder_file(model)
