"""Layers of networks as they run: kinds, shapes and values against the modules called one by one."""

import numpy as np
import pytest
import torch
from torch import nn

from core.images.shape import ImageShape
from core.models import layers, networks


@pytest.mark.parametrize("body", networks.BODIES)
@pytest.mark.parametrize("shape", [ImageShape(1, 28, 28), ImageShape(3, 20, 36)])
def test_every_layer_is_named_with_its_shape_and_its_output(body, shape):
    torch.manual_seed(0)
    widths = ((16,),) if body == "mlp" else ((4, 8), (16,))
    encoder, decoder = networks.BODIES[body][0](shape, *widths, 6), networks.BODIES[body][1](shape, *widths, 3)
    x, z = torch.rand(2, *shape.chw), torch.randn(2, 3)
    for network, given in ((encoder, x), (decoder, z)):
        found = layers.layers_of(network, given)
        weighty = [module for module in network if list(module.parameters())]
        assert [layer.parameters for layer in found] == [sum(p.numel() for p in m.parameters()) for m in weighty]
        assert all(layer.values.shape == (2, *layer.shape) for layer in found)
        np.testing.assert_array_equal(found[-1].values, network(given).detach().numpy())
        values = given
        for module in network[: list(network).index(weighty[1])]:
            values = module(values)
        np.testing.assert_allclose(found[0].values.ravel(), values.detach().numpy().ravel(), rtol=1e-5, atol=1e-6)
    assert layers.layers_of(decoder, z)[-1].shape == shape.chw


def test_what_a_layer_is_called():
    assert layers.describe(nn.Conv2d(1, 2, 4, stride=2)) == ("conv 4×4", "stride 2")
    assert layers.describe(nn.ConvTranspose2d(1, 2, (3, 4), stride=(1, 2))) == ("transposed conv 3×4", "stride 1×2")
    assert layers.describe(nn.Conv2d(1, 2, 1)) == ("conv 1×1", "")
    assert layers.describe(nn.Linear(2, 3)) == ("dense", "")
    assert layers.describe(nn.BatchNorm2d(3))[0] == "batch norm 2 d"
    network = networks.conv_encoder(ImageShape(1, 28, 28), (4, 8), (16,), 6)
    text = str(layers.layers_of(network, torch.rand(1, 1, 28, 28))[0])
    assert text == "conv 4×4, stride 2, ReLU · 4 × 14 × 14"
    decoder = networks.patch_decoder(ImageShape(1, 28, 28), (4,), (), 6)
    last = layers.layers_of(decoder, torch.zeros(1, 6))[-1]
    assert str(last) == "conv 1×1, → 4×4 pixels each · 1 × 28 × 28", "it is said how its values become an image"


def test_hooks_stay_on_the_copy_and_the_copy_shares_the_weights():
    network = networks.discriminator(ImageShape(1, 28, 28), (4, 8), spectral=True).eval()
    x = torch.rand(2, 1, 28, 28)
    own = layers.unshared(network)
    with layers.recorded(own) as found:
        network(x)
        assert not found, "the model that others use is not listened to"
        answer = own(x)
    assert len(found) == 3 and torch.equal(answer, network(x))
    assert {id(p) for p in own.parameters()} == {id(p) for p in network.parameters()}
    own(x)
    assert len(found) == 3, "nothing is recorded afterwards"
    with layers.recorded(None) as none:
        assert none == []


def test_the_strongest_channels_vary_most():
    values = np.random.default_rng(0).normal(size=(3, 5, 4, 4)).astype(np.float32)
    values *= np.array([1, 5, 0, 3, 2], np.float32)[None, :, None, None]
    layer = layers.Layer("conv", "", (1, 4, 4), (5, 4, 4), 1, values)
    assert layers.strongest_channels(layer, 3).tolist() == [1, 3, 4]
    assert len(layers.strongest_channels(layer, 9)) == 5
