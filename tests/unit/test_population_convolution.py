"""A convolution as a product gives what Keras's own gives, and only where it pays."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from utils.population import convolution


def convolving(*stack, shape=(40, 1)):
    return keras.Sequential([keras.Input(shape), *stack])


@pytest.mark.parametrize(("strides", "dilation"), [(1, 1), (2, 1), (3, 1), (1, 2)])
@pytest.mark.parametrize("size", [7, 8])
@pytest.mark.parametrize(
    ("kind", "padding"),
    [(1, "valid"), (1, "same"), (1, "causal"), (2, "valid"), (2, "same")],
)
def test_a_convolution_as_a_product_equals_keras(
    kind, padding, size, strides, dilation, monkeypatch
):
    made = layers.Conv1D if kind == 1 else layers.Conv2D
    settings = {"strides": strides, "dilation_rate": dilation, "padding": padding}
    layer = made(4, 3, activation="tanh", bias_initializer="ones", **settings)
    model = convolving(layer, shape=(*[size] * kind, 2))
    x = np.random.default_rng(0).normal(size=(2, *[size] * kind, 2)).astype("float32")
    expected = model(x)

    def refuse(*args, **kwargs):
        raise RuntimeError("TensorFlow's own")

    monkeypatch.setattr(tf.nn, "convolution", refuse)
    with convolution.as_products(model):
        np.testing.assert_allclose(model(x), expected, atol=1e-5)
    with pytest.raises(RuntimeError, match="TensorFlow's own"):
        model(x)


@pytest.mark.parametrize(
    ("layer", "suits"),
    [
        (layers.Dense(3), True),
        (layers.Conv1D(16, 5, strides=2), True),
        (layers.Conv1D(4, 128, padding="same"), False),  # 40 places times 128 numbers
        (layers.Conv1D(4, 5, groups=2), False),
        (layers.SeparableConv1D(4, 5), False),
        (layers.Conv1DTranspose(4, 5), False),
    ],
    ids=["no convolution", "few numbers", "many numbers", "groups", "separable", "transposed"],
)
def test_xla_suits_models_whose_convolutions_are_best_as_products(layer, suits):
    model = convolving(layers.Dense(2), layers.Conv1D(2, 3), layer)
    assert convolution.suit_xla(model) is suits


def test_xla_does_not_suit_inputs_of_any_length():
    model = convolving(layers.Conv1D(2, 3), shape=(None, 1))
    assert not convolution.suit_xla(model)
