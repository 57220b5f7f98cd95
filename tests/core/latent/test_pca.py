"""Fitted PCA against scikit-learn's, with more points than dimensions and with fewer."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from core.latent import pca


@pytest.mark.parametrize("shape", [(60, 12), (9, 40)])
def test_a_fitted_pca_projects_as_scikit_learns_does(shape):
    rng = np.random.default_rng(0)
    x = rng.standard_normal(shape) @ rng.standard_normal((shape[1], shape[1])) + 3.0
    other = rng.standard_normal((5, shape[1]))
    fitted, oracle = pca.fit(x, 4), PCA(4, svd_solver="full").fit(x)
    assert fitted.vectors.T @ fitted.vectors == pytest.approx(np.eye(4), abs=1e-9)
    assert fitted.reconstruct(other) == pytest.approx(oracle.inverse_transform(oracle.transform(other)), abs=1e-8)
    assert np.abs(fitted.transform(other)) == pytest.approx(np.abs(oracle.transform(other)), abs=1e-8)


@pytest.mark.parametrize("n", [3, 30])
def test_points_without_variance_reconstruct_as_themselves(n):
    x = np.full((n, 10), 7.0)
    fitted = pca.fit(x, 2)
    assert np.isfinite(fitted.vectors).all()
    assert fitted.reconstruct(x) == pytest.approx(x, abs=1e-9)
