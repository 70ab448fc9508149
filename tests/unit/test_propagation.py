"""Signals through random networks: against Keras's own layers and closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from utils.probes.propagation import propagate


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


def test_seeds_may_come_in_an_array():
    listed = propagate("tanh", "he_normal", depth=2, width=8, seeds=[5, 1000])
    given = propagate("tanh", "he_normal", depth=2, width=8, seeds=np.array([5, 1000]))
    np.testing.assert_array_equal(given.backward, listed.backward)


def own_start(shape, dtype=None):
    """He's normal weights, not truncated, drawn by hand."""
    return keras.random.normal(shape, stddev=(2 / shape[0]) ** 0.5, dtype=dtype)


def test_a_function_may_draw_the_weights_and_each_layer_gets_its_own():
    found = propagate("relu", own_start, depth=3, width=12, seeds=[3])
    _, gradients = by_keras("relu", own_start, 3, 12, 3)
    np.testing.assert_allclose(found.backward[0], [np.linalg.norm(g) for g in gradients], rtol=1e-9)
    assert len(np.unique(found.weight_gradient)) == 3


@pytest.mark.parametrize(
    ("layer", "function"),
    [
        (keras.layers.LeakyReLU(0.1), lambda z: tf.where(z > 0, z, 0.1 * z)),
        (keras.layers.ReLU(max_value=1.0), lambda z: tf.clip_by_value(z, 0.0, 1.0)),
        (keras.layers.Activation("tanh"), tf.tanh),
    ],
)
def test_an_activation_may_be_a_layer_and_is_measured_in_float64(layer, function):
    found = propagate(layer, "he_normal", depth=4, width=12, seeds=2)
    expected = propagate(function, "he_normal", depth=4, width=12, seeds=2)
    np.testing.assert_allclose(found.backward, expected.backward, rtol=1e-6)
    np.testing.assert_allclose(found.slope, expected.slope, rtol=1e-6)
    assert layer.compute_dtype == "float32"


def test_a_function_may_look_at_all_examples_of_one_unit():
    def centered(z):
        return z - tf.reduce_mean(z, axis=-2, keepdims=True)

    found = propagate(centered, "orthogonal", depth=3, width=10, seeds=2)
    assert (found.backward_ratio <= 1).all()


@pytest.mark.parametrize(
    "mixing",
    ["softmax", keras.layers.Softmax(), keras.layers.UnitNormalization(), tf.nn.log_softmax],
)
def test_an_activation_that_mixes_units_is_refused(mixing):
    with pytest.raises(ValueError, match=r"mixes the units of a layer.*such as 'relu'.*probe"):
        propagate(mixing, "he_normal", depth=2, width=8, seeds=1)


@pytest.mark.parametrize(
    "layer", [keras.layers.PReLU(), keras.layers.Dense(8), keras.layers.BatchNormalization()]
)
def test_an_activation_with_weights_is_refused(layer):
    with pytest.raises(ValueError, match=r"a layer with weights .*expected one without, such as"):
        propagate(layer, "he_normal", depth=2, width=8, seeds=1)


@pytest.mark.parametrize("function", [np.tanh, tf.round, keras.ops.argsort, "glu"])
def test_an_activation_without_slopes_is_refused(function):
    with pytest.raises(ValueError, match=r"expected a differentiable function of float64"):
        propagate(function, "he_normal", depth=2, width=8, seeds=1)


@pytest.mark.parametrize("start", [None, lambda shape: np.eye(*shape)])
def test_a_start_that_keras_could_not_call_is_refused(start):
    with pytest.raises(TypeError, match=r"expected an initializer's name.*shape, dtype=None"):
        propagate("relu", start, depth=2, width=8, seeds=1)


def test_tiny_gradients_are_measured_and_not_rounded_to_zero():
    found = propagate("sigmoid", normal(0.001), depth=30, width=20, seeds=2)
    assert (found.backward_ratio > 0).all()
    assert (found.backward_ratio < 1e-60).all()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"depth": 0}, "depth is 0 and width 100"),
        ({"seeds": []}, "at least 1"),
        ({"seeds": [0.5]}, "a list of integers"),
        ({"seeds": np.ones((2, 2), int)}, "a list of integers"),
        ({"start": lambda shape, dtype=None: np.ones(3)}, r"shape \(3,\); expected \(100, 100\)"),
        ({"x": np.ones((4, 7))}, r"x has shape \(4, 7\); expected \(n, 100\)"),
    ],
)
def test_impossible_networks_are_refused(given, said):
    with pytest.raises(ValueError, match=said):
        propagate("relu", **{"start": "he_normal", **given})
