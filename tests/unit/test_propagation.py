"""Signals through random networks: against Keras's own layers and closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from utils.propagation import propagate


def normal(stddev):
    return {"class_name": "RandomNormal", "config": {"stddev": stddev}}


def by_keras(activation, start, depth, width, seed):
    """The outputs of Keras's own layers after that seed, and the gradients that a tape finds."""
    keras.utils.set_random_seed(seed)
    dense = [
        keras.layers.Dense(width, use_bias=False, kernel_initializer=start) for _ in range(depth)
    ]
    keras.Sequential([keras.Input((width,)), *dense])
    kernels = [tf.cast(layer.kernel.value, "float64") for layer in dense]
    rng = np.random.default_rng([seed, 0])
    sent = tf.constant(rng.standard_normal((64, width)))
    direction = rng.standard_normal(sent.shape)
    with tf.GradientTape() as tape:
        tape.watch(kernels)
        outputs = []
        for kernel in kernels:
            sent = keras.activations.get(activation)(sent @ kernel)
            outputs.append(sent)
        loss = tf.reduce_sum(sent * direction) / len(direction)
    return outputs, tape.gradient(loss, outputs)


@pytest.mark.parametrize("activation", ["relu", "tanh", "sigmoid", "selu"])
def test_what_passes_equals_keras_layer_by_layer(activation):
    found = propagate(activation, "he_normal", depth=4, width=12, seeds=[3])
    outputs, gradients = by_keras(activation, "he_normal", 4, 12, 3)
    squares = [np.mean(np.square(o)) for o in outputs]
    np.testing.assert_allclose(found.forward[0, 1:], squares, rtol=1e-9)
    np.testing.assert_allclose(found.spread[0, 1:], [np.var(o) for o in outputs], rtol=1e-9)
    np.testing.assert_allclose(found.backward[0], [np.linalg.norm(g) for g in gradients], rtol=1e-9)


def test_weight_gradients_are_those_of_the_loss():
    """The derivative along the first layer's gradient, by differences, is its squared norm."""
    x = np.random.default_rng(1).standard_normal((8, 6))
    found = propagate("tanh", "glorot_uniform", depth=1, width=6, seeds=[0], x=x)
    keras.utils.set_random_seed(0)
    weights = keras.initializers.GlorotUniform()((6, 6)).numpy().astype("float64")
    rng = np.random.default_rng([0, 0])
    direction = rng.standard_normal((8, 6))
    slope = x.T @ (direction * (1 - np.tanh(x @ weights) ** 2)) / 8
    assert found.weight_gradient[0, 0] == pytest.approx(np.linalg.norm(slope), rel=1e-6)


def test_orthogonal_weights_pass_signal_and_gradient_unchanged():
    found = propagate("linear", "orthogonal", depth=30, width=20, seeds=4)
    np.testing.assert_allclose(found.forward_ratio, 1, rtol=1e-5)
    np.testing.assert_allclose(found.backward_ratio, 1, rtol=1e-5)
    np.testing.assert_array_equal(found.slope, 1)


def test_equal_seeds_give_equal_weights_under_every_activation_and_scale():
    small, large = (propagate("linear", normal(s), depth=5, width=20, seeds=3) for s in (0.1, 0.2))
    np.testing.assert_allclose(large.backward_ratio, 2**4 * small.backward_ratio, rtol=1e-5)
    again = propagate("linear", normal(0.1), depth=5, width=20, seeds=[2])
    np.testing.assert_array_equal(again.backward[0], small.backward[2])


def test_layers_do_not_share_their_draw_even_when_given_an_instance():
    shared = propagate("linear", keras.initializers.RandomNormal(stddev=0.1), 2, 50, 1)
    named = propagate("linear", normal(0.1), 2, 50, 1)
    np.testing.assert_allclose(shared.backward, named.backward)


def test_tiny_gradients_are_measured_and_not_rounded_to_zero():
    found = propagate("sigmoid", normal(0.001), depth=30, width=20, seeds=2)
    assert (found.backward_ratio > 0).all()
    assert (found.backward_ratio < 1e-60).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"depth": 0}, "depth is 0 and width 100"),
        ({"seeds": []}, "at least one"),
        ({"x": np.ones((4, 7))}, r"x has shape \(4, 7\); expected \(n, 100\)"),
    ],
)
def test_impossible_networks_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        propagate("relu", "he_normal", **given)
