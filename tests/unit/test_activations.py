"""Networks with the start that is customary for their activation."""

import keras
import numpy as np
import pytest
from scipy.special import erf, expit

from utils.activations import network

WIDE = [400, 400, 10]


def he(n):
    return np.sqrt(2 / n)


@pytest.mark.parametrize(
    ("name", "spread", "by_hand"),
    [
        ("relu", he, lambda z: np.maximum(z, 0)),
        ("leaky_relu", he, lambda z: np.maximum(z, 0.01 * z)),
        ("prelu", he, lambda z: np.maximum(z, 0.25 * z)),
        ("elu", he, lambda z: np.where(z > 0, z, np.expm1(z))),
        ("gelu", he, lambda z: z * (1 + erf(z / np.sqrt(2))) / 2),
        ("silu", he, lambda z: z * expit(z)),
        ("selu", lambda n: 1 / np.sqrt(n), None),
        ("tanh", lambda n: np.sqrt(2 / (n + n)), np.tanh),
        ("sigmoid", lambda n: 3.6 / np.sqrt(n), expit),
        ("centered", lambda n: 3.6 / np.sqrt(n), lambda z: expit(z) - 0.5),
    ],
)
def test_a_network_has_its_activation_and_the_start_customary_for_it(name, spread, by_hand):
    keras.utils.set_random_seed(0)
    model = network(WIDE, name, bias=0.2)
    kernel, bias, *_, last, last_bias = model.get_weights()
    assert kernel.std() == pytest.approx(spread(400), rel=0.02)
    np.testing.assert_allclose(bias, 0.2)
    np.testing.assert_array_equal(last_bias, 0)
    if by_hand:
        x = np.random.default_rng(0).normal(size=(20, 400)).astype("float32")
        expected = by_hand(x @ kernel + bias) @ last
        np.testing.assert_allclose(model(x), expected, rtol=1e-4, atol=1e-4)


def test_another_start_takes_the_customary_ones_place():
    kernel = network(WIDE, "tanh", start="ones").get_weights()[0]
    np.testing.assert_array_equal(kernel, 1)
