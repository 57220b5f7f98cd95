"""Encoding, decoding and interpolation of images in colour and of images that are not square."""

import numpy as np
import pytest

from core import data
from core.images.shape import ImageShape
from core.latent import codec, interpolation, mixture
from core.models import build
from tests.tiny_runs import tiny


@pytest.mark.parametrize("shape", [(3, 32, 32), (1, 20, 36)], ids=str)
@pytest.mark.parametrize("preset", ["mlp-vae", "deep-ae"])
def test_pictures_keep_their_shape_on_the_way_through_the_latent_space(preset, shape):
    images = data.load("digits", shape=ImageShape(*shape))
    model = build(tiny(preset, image_shape=shape)).eval()
    assert codec.decode(model, np.zeros((0, model.latent_dim))).shape == (0, *images.shape.picture)
    z = codec.encode(model, images.test_images[:5])
    assert z.shape == (5, model.latent_dim) and codec.decode(model, z).shape == (5, *images.shape.picture)
    ends = [interpolation.encode_endpoint(model, image) for image in images.test_images[:2]]
    paths = interpolation.paths(model, *ends, frames=4)
    assert paths.keys() == {"lerp", "slerp", "blend"} | ({"lab"} if images.shape.colour else set())
    for path in paths.values():
        assert path.images.shape == (4, *images.shape.picture) and path.z.shape == (4, model.latent_dim)
    for name in paths.keys() - {"lerp", "slerp"}:
        assert np.array_equal(paths[name].images[[0, -1]], np.stack([end.image for end in ends]))
        assert np.allclose(paths[name].z, codec.encode(model, paths[name].images), atol=1e-5)
    assert mixture.default_sampler(model) == ("prior" if model.has_prior else "gaussian")
