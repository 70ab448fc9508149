"""What the course needs of private parts of Keras and TensorFlow; a failure names what moved."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from utils import keras_internals


def nested():
    inner = keras.Sequential([layers.Dense(3, "relu"), layers.BatchNormalization()], name="inner")
    wrapped = layers.TimeDistributed(layers.Dense(2))
    model = keras.Sequential([keras.Input((4, 5)), inner, wrapped, layers.Flatten()])
    model.compile(loss="mse")
    return model, inner, wrapped


def test_layers_in_gives_the_layers_of_models_and_of_wrappers_in_order():
    model, inner, wrapped = nested()
    found = keras_internals.layers_in(model)
    assert [layer for layer in found if not isinstance(layer, layers.InputLayer)] == model.layers
    assert keras_internals.layers_in(wrapped) == [wrapped.layer]
    assert inner in found


def test_through_graph_gives_a_models_outputs_by_calls_of_its_operations():
    model, inner, _ = nested()
    called = []

    def call(operation, *args, **kwargs):
        called.append(operation)
        return operation(*args, **kwargs)

    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    np.testing.assert_allclose(keras_internals.through_graph(model, [x], call), model(x), rtol=1e-6)
    assert called == model.layers
    symbolic = keras.Input((4, 5))
    outputs = keras_internals.through_graph(inner, [layers.ReLU()(symbolic)], call)
    copy = keras.Model(symbolic, outputs)
    np.testing.assert_allclose(copy(x), inner(np.maximum(x, 0)), rtol=1e-6)


@pytest.mark.parametrize("loss", ["mse", keras.losses.MeanSquaredError()])
def test_loss_of_is_the_compiled_loss_and_leaves_the_models_own_untouched(loss):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile(loss=loss)
    y, outputs = np.ones((3, 1), "float32"), np.zeros((3, 1), "float32")
    assert float(keras_internals.loss_of(model)(y, outputs)) == 1.0
    model.fit(np.ones((3, 2)), y, verbose=0)  # the first call of its own loss
    without = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    without.compile(optimizer="sgd")
    with pytest.raises(ValueError, match=r"without a loss; call compile\(loss=...\)"):
        keras_internals.loss_of(without)


def test_tensorflow_generator_kept_makes_what_is_drawn_inside_leave_no_trace():
    tf.random.set_seed(4)
    first = tf.random.uniform((2,)).numpy(), tf.random.uniform((2,)).numpy()
    tf.random.set_seed(4)
    again = tf.random.uniform((2,)).numpy()
    with keras_internals.tensorflow_generator_kept():
        tf.random.uniform((5,))
    np.testing.assert_array_equal(again, first[0])
    np.testing.assert_array_equal(tf.random.uniform((2,)).numpy(), first[1])
