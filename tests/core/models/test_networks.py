"""Networks for images of any shape: exact sizes, no pixel forgotten, and at 28 × 28 the layers of the first version."""

import pytest
import torch
from torch import nn

from core.images.shape import GREY_28, ImageShape
from core.models import networks

SHAPES = [
    GREY_28,
    ImageShape(3, 32, 32),
    ImageShape(1, 20, 36),
    ImageShape(3, 8, 8),
    ImageShape(1, 8, 9),
    ImageShape(3, 17, 61),
    ImageShape(1, 127, 31),
    ImageShape(3, 8, 128),
    ImageShape(3, 128, 128),
]


def same_weights(one: nn.Module, other: nn.Module) -> None:
    ours, theirs = one.state_dict(), other.state_dict()
    assert list(ours) == list(theirs)
    for key, value in theirs.items():
        assert torch.equal(ours[key], value), key


def built(make):
    torch.manual_seed(5)
    return make()


def test_at_28_by_28_the_layers_and_their_first_weights_are_those_of_the_first_version():
    """The first version's networks, written out, from the same seed."""
    relu = nn.ReLU
    written = {
        ("mlp", 0): lambda: [nn.Flatten(), nn.Linear(784, 50), relu(), nn.Linear(50, 30), relu(), nn.Linear(30, 6)],
        ("mlp", 1): lambda: [
            *[nn.Linear(6, 30), relu(), nn.Linear(30, 50), relu(), nn.Linear(50, 784), nn.Unflatten(1, (1, 28, 28))]
        ],
        ("conv", 0): lambda: [
            *[nn.Conv2d(1, 4, 4, 2, 1), relu(), nn.Conv2d(4, 8, 4, 2, 1), relu(), nn.Conv2d(8, 16, 3, 1, 1), relu()],
            *[nn.Flatten(), nn.Linear(16 * 49, 50), relu(), nn.Linear(50, 30), relu(), nn.Linear(30, 6)],
        ],
        ("conv", 1): lambda: [
            *[nn.Linear(6, 30), relu(), nn.Linear(30, 50), relu(), nn.Linear(50, 16 * 49), relu()],
            *[nn.Unflatten(1, (16, 7, 7)), nn.ConvTranspose2d(16, 8, 3, 1, 1), relu()],
            *[nn.ConvTranspose2d(8, 4, 4, 2, 1), relu(), nn.ConvTranspose2d(4, 1, 4, 2, 1)],
        ],
        ("patch", 0): lambda: [
            *[nn.Conv2d(1, 4, 8, 4, 2), relu(), nn.Conv2d(4, 8, 3, 1, 1), relu(), nn.Conv2d(8, 16, 3, 1, 1), relu()],
            *[nn.Flatten(), nn.Linear(16 * 49, 50), relu(), nn.Linear(50, 30), relu(), nn.Linear(30, 6)],
        ],
        ("patch", 1): lambda: [
            *[nn.Linear(6, 30), relu(), nn.Linear(30, 50), relu(), nn.Linear(50, 16 * 49), relu()],
            *[nn.Unflatten(1, (16, 7, 7)), nn.Conv2d(16, 8, 3, 1, 1), relu(), nn.Conv2d(8, 4, 3, 1, 1), relu()],
            *[nn.Conv2d(4, 16, 1), nn.PixelShuffle(4)],
        ],
    }
    for (name, side), layers in written.items():
        body = networks.BODIES[name][side]
        sizes = ((50, 30),) if name == "mlp" else ((4, 8, 16), (50, 30))
        one, other = built(lambda: body(GREY_28, *sizes, 6)), built(lambda: nn.Sequential(*layers()))  # noqa: B023
        same_weights(one, other)
        x = torch.rand(3, 1, 28, 28) if side == 0 else torch.randn(3, 6)
        assert torch.equal(one(x), other(x)), name


def test_at_28_by_28_the_discriminator_is_that_of_the_first_version_with_any_number_of_convolutions():
    leaky = lambda: nn.LeakyReLU(0.2)  # noqa: E731
    written = {
        (8,): lambda: [nn.Conv2d(1, 8, 4, 2, 1), leaky(), nn.Flatten(), nn.Linear(8 * 196, 1), nn.Flatten(0)],
        (8, 4): lambda: [
            *[nn.Conv2d(1, 8, 4, 2, 1), leaky(), nn.Conv2d(8, 4, 4, 2, 1), leaky()],
            *[nn.Flatten(), nn.Linear(4 * 49, 1), nn.Flatten(0)],
        ],
        (8, 4, 2): lambda: [
            *[nn.Conv2d(1, 8, 4, 2, 1), leaky(), nn.Conv2d(8, 4, 4, 2, 1), leaky(), nn.Conv2d(4, 2, 3, 1, 1), leaky()],
            *[nn.Flatten(), nn.Linear(2 * 49, 1), nn.Flatten(0)],
        ],
    }
    x = torch.rand(3, 1, 28, 28)
    for channels, layers in written.items():
        one = built(lambda: networks.discriminator(GREY_28, channels))  # noqa: B023
        other = built(lambda: nn.Sequential(*layers()))  # noqa: B023
        same_weights(one, other)
        assert torch.equal(one(x), other(x))


@pytest.mark.parametrize(
    ("shape", "sizes"),
    [
        (GREY_28, [(28, 28), (14, 14), (7, 7)]),
        (ImageShape(3, 32, 32), [(32, 32), (16, 16), (8, 8)]),
        (ImageShape(1, 20, 36), [(20, 36), (10, 18), (5, 9), (5, 4)]),
        (ImageShape(1, 8, 8), [(8, 8)]),
        (ImageShape(1, 8, 128), [(8, 128), (8, 64), (8, 32), (8, 16), (8, 8)]),
        (ImageShape(3, 17, 61), [(17, 61), (8, 30), (8, 15), (8, 7)]),
    ],
    ids=str,
)
def test_sides_are_halved_until_they_have_at_most_eight_pixels(shape, sizes):
    assert networks.halvings(shape) == sizes


def test_the_last_channel_count_repeats_until_the_image_is_halved():
    shape = ImageShape(3, 128, 64)
    assert networks.channel_counts((16, 32), shape) == [16, 32, 32, 32]
    assert networks.channel_counts((1, 2, 3, 4, 5, 6), shape) == [1, 2, 3, 4, 5, 6]
    assert networks.channel_counts((7,), ImageShape(1, 8, 8)) == [7]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", ["mlp", "conv", "patch"])
@pytest.mark.parametrize("channels", [(4,), (2, 3, 4)], ids=str)
def test_the_encoder_sees_every_value_and_the_decoder_draws_each_of_them(shape, name, channels):
    sizes = ((9,),) if name == "mlp" else (channels, (9,))
    encoder, decoder = (built(lambda b=b: b(shape, *sizes, 4, "silu")).double() for b in networks.BODIES[name])
    x = torch.rand(2, *shape.chw, dtype=torch.float64, requires_grad=True)
    z = encoder(x)
    assert z.shape == (2, 4)
    z.sum().backward()
    assert (x.grad != 0).all(), "each channel of each pixel has a gradient"
    drawn = decoder(z.detach())
    assert drawn.shape == (2, *shape.chw)
    assert (drawn[0] != drawn[1]).all(), "each output depends on z"


@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("channels", [(4,), (2, 3, 4, 5, 6)], ids=str)
@pytest.mark.parametrize("spectral", [False, True])
def test_the_discriminator_scores_images_of_every_shape_by_all_their_values(shape, channels, spectral):
    network = built(lambda: networks.discriminator(shape, channels, spectral)).double()
    x = torch.rand(3, *shape.chw, dtype=torch.float64, requires_grad=True)
    scores = network(x)
    assert scores.shape == (3,)
    scores.sum().backward()
    assert (x.grad != 0).all()
    assert sum(isinstance(layer, nn.Conv2d) for layer in network) == len(channels)


@pytest.mark.parametrize("hidden", [(5,), (6, 4)], ids=str)
@pytest.mark.parametrize("spectral", [False, True])
def test_a_fully_connected_discriminator_scores_images_by_all_their_values(hidden, spectral):
    shape = ImageShape(3, 8, 9)
    network = built(lambda: networks.DISCRIMINATORS["mlp"](shape, hidden, spectral)).double().eval()
    x = torch.rand(3, *shape.chw, dtype=torch.float64, requires_grad=True)
    network(x).sum().backward()
    assert network(x).shape == (3,) and (x.grad != 0).all()
    layers = [layer for layer in network if isinstance(layer, nn.Linear)]
    assert [layer.out_features for layer in layers] == [*hidden, 1]
    h = x.flatten(1)
    for k, layer in enumerate(layers):
        h = h @ layer.weight.T + layer.bias
        h = h if k == len(layers) - 1 else torch.where(h > 0, h, 0.2 * h)
    torch.testing.assert_close(network(x), h[:, 0])
    assert not spectral or layers[-1].weight.norm().item() == pytest.approx(1.0)


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_patches_cover_the_image_and_are_at_most_eight_along_a_side(shape):
    pixels, (rows, columns) = networks.patches(shape)
    assert max(rows, columns) <= 8 and max(shape.height, shape.width) <= 8 * pixels
    assert 0 <= rows * pixels - shape.height < pixels and 0 <= columns * pixels - shape.width < pixels
    assert networks.patches(GREY_28) == (4, (7, 7))


@pytest.mark.parametrize("shape", [ImageShape(1, 30, 29), ImageShape(3, 17, 61)], ids=str)
def test_a_patch_is_drawn_where_the_encoder_saw_it_though_patches_reach_beyond_the_image(shape):
    """The centre of the pixels that place (0, 1) sees is that of the pixels it draws."""
    encoder, decoder = (built(lambda b=b: b(shape, (3,), (16,), 2)).double() for b in networks.BODIES["patch"])
    _, (rows, columns) = networks.patches(shape)
    x = torch.zeros(1, *shape.chw, dtype=torch.float64, requires_grad=True)
    places = encoder[1](encoder[0](x))
    assert places.shape == (1, 3, rows, columns)
    places[0, :, 1, 2].sum().backward()
    seen = x.grad[0].abs().sum(0).nonzero().double()
    drawing, blank = decoder[-3:], torch.zeros(1, 3, rows, columns, dtype=torch.float64)
    lit = blank.clone()
    lit[0, :, 1, 2] = 1.0
    drawn = (drawing(lit) - drawing(blank))[0].abs().sum(0).nonzero().double()
    assert torch.equal(seen.mean(0), drawn.mean(0))


@pytest.mark.parametrize("name", networks.GRID_BODIES)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_a_grid_has_a_vector_for_each_cell_and_is_decoded_to_the_exact_shape(name, shape):
    rows, columns = networks.grid_of(shape, 4)
    assert (rows, columns) == (-(-shape.height // 4), -(-shape.width // 4))
    encoder, decoder = (built(lambda b=b: b(shape, (3, 5, 5), 4, 2, "silu")) for b in networks.GRID_BODIES[name])
    with torch.no_grad():
        z = encoder(torch.rand(2, *shape.chw))
        assert z.shape == (2, rows * columns * 2)
        assert decoder(z).shape == (2, *shape.chw)


@pytest.mark.parametrize("name", networks.GRID_BODIES)
def test_a_cell_lies_where_its_pixels_do(name):
    """Without blocks among the cells, the pixels of a cell change its own vector and those of its neighbours, and its
    vector their pixels."""
    encoder, decoder = (built(lambda b=b: b(GREY_28, (4,), 4, 2, "silu")) for b in networks.GRID_BODIES[name])
    image = torch.zeros(1, 1, 28, 28)
    image[..., 20:24, 4:8] = 1.0  # row 5, column 1 of 7 × 7
    with torch.no_grad():
        changed = (encoder(image) - encoder(torch.zeros_like(image))).view(7, 7, 2).abs().sum(-1)
        assert float(changed[5, 1]) > 1e-3
        changed[4:7, 0:3] = 0.0
        assert float(changed.max()) < 1e-6
        z = torch.zeros(1, 49 * 2)
        z.view(7, 7, 2)[5, 1] = 3.0
        pixels = (decoder(z) - decoder(torch.zeros_like(z)))[0, 0].abs()
    assert float(pixels[20:24, 4:8].min()) > 0
    pixels[12:28, 0:16] = 0.0
    assert float(pixels.max()) < 1e-6


@pytest.mark.parametrize("name", networks.GRID_BODIES)
def test_every_pixel_and_every_number_of_the_grid_has_an_effect(name):
    shape = ImageShape(1, 10, 13)
    encoder, decoder = (built(lambda b=b: b(shape, (3, 3), 4, 2, "silu")).double() for b in networks.GRID_BODIES[name])
    x = torch.rand(1, *shape.chw, dtype=torch.double, requires_grad=True)
    z = encoder(x)
    (gradient,) = torch.autograd.grad(z.square().sum(), x)
    assert bool((gradient != 0).all())
    z = torch.rand(z.shape, dtype=torch.double, requires_grad=True)
    (gradient,) = torch.autograd.grad(decoder(z).square().sum(), z)
    assert bool((gradient != 0).all())
