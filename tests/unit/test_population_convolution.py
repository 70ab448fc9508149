"""A convolution written as a product gives what Keras's own gives."""

from __future__ import annotations

import numpy as np
import pytest
from keras import layers

from utils.population import convolution


@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize(
    ("kind", "padding"),
    [(1, "valid"), (1, "same"), (1, "causal"), (2, "valid"), (2, "same")],
)
def test_a_convolution_as_a_product_equals_keras(kind, padding, size, strides, dilation):
    made = layers.Conv1D if kind == 1 else layers.Conv2D
    layer = made(4, 3, strides=strides, dilation_rate=dilation, padding=padding)
    x = np.random.default_rng(0).normal(size=(2, *[size] * kind, 2)).astype("float32")
    expected = layer(x)
    convolution.rewrite(layer)
    np.testing.assert_allclose(layer(x), expected, atol=1e-5)
