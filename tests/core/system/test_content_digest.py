"""Digests of arrays: right at every call, computed once for a read-only array, forgotten with it."""

import numpy as np
import pytest

from core.system import cache, content_digest
from core.system.content_digest import frozen


@pytest.fixture
def hashed(monkeypatch):
    """The arrays that were really hashed."""
    found, digest = [], cache.digest
    monkeypatch.setattr(cache, "digest", lambda *parts: found.append(parts) or digest(*parts))
    return found


def test_a_read_only_array_is_hashed_once_and_a_writable_one_at_every_call(hashed):
    array = frozen(np.arange(1000.0))
    first = content_digest.content_digest(array)
    assert [content_digest.content_digest(array) for _ in range(5)] == [first] * 5 and len(hashed) == 1
    writable = np.arange(1000.0)
    assert content_digest.content_digest(writable) == first
    writable[7] = -1
    assert content_digest.content_digest(writable) != first and len(hashed) == 3


def test_equal_contents_have_equal_digests_and_other_shapes_or_types_have_others(hashed):
    one, two = frozen(np.zeros((4, 6))), frozen(np.zeros((4, 6)))
    assert content_digest.content_digest(one) == content_digest.content_digest(two) and len(hashed) == 2
    for other in (np.zeros((6, 4)), np.zeros((4, 6), np.float32)):
        assert content_digest.content_digest(frozen(other)) != content_digest.content_digest(one)


def test_the_digest_of_an_array_that_is_gone_is_not_given_to_another():
    for value in range(50):  # the next array often takes the address of the last one
        array = frozen(np.full(10_000, value))
        assert content_digest.content_digest(array) == cache.digest(array)
        del array  # the last reference
    assert not any(reference() is None for reference, _ in content_digest._digests.values())
