"""Every member starts with the weights that its own seeded build would draw."""

from __future__ import annotations

import random

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers

from utils.population.initial import built, initial_weights, seeded, values

pytestmark = pytest.mark.slow


@settings(max_examples=8, deadline=None)
@given(
    initializer=st.sampled_from(["he_normal", "orthogonal", "lecun_uniform", "truncated_normal"]),
    bias=st.sampled_from(["zeros", "random_normal"]),
    fixed=st.booleans(),
    seeds=st.lists(st.integers(0, 2**32 - 1), min_size=3, max_size=5, unique=True),
)
def test_replayed_initial_weights_equal_those_of_a_build(initializer, bias, fixed, seeds):
    def build():
        first = keras.initializers.GlorotUniform(seed=4) if fixed else initializer
        return keras.Sequential(
            [
                keras.Input((3,)),
                layers.Dense(4, kernel_initializer=first, bias_initializer=bias),
                layers.Dropout(0.5),
                layers.Dense(2, kernel_initializer=initializer),
            ]
        )

    drawn = initial_weights(built(build, seeds[0], (3,)), build, seeds, (3,))
    for seed, ours in zip(seeds, drawn, strict=True):
        for mine, theirs in zip(ours, values(seeded(build, seed, (3,))), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def one_layer(**initializers) -> keras.Model:
    return keras.Sequential([keras.Input((3,)), layers.Dense(2, **initializers)])


def assigned():
    model = one_layer()
    model.layers[0].kernel.assign(np.random.normal(size=(3, 2)))
    return model


def assigned_in_private():
    model = one_layer()
    model.layers[0].kernel._value.assign(np.full((3, 2), 0.5))
    return model


def clipped():
    """Changes what was drawn under few seeds."""
    model = one_layer(kernel_initializer="random_normal")
    model.layers[0].kernel.assign(keras.ops.clip(model.layers[0].kernel, -0.1, 0.1))
    return model


def rejected():
    """Draws again under few seeds."""
    model = one_layer(kernel_initializer="random_normal")
    while abs(model.get_weights()[0]).max() > 0.1:
        model = one_layer(kernel_initializer="random_normal")
    return model


class Coin(keras.initializers.RandomNormal):
    """One of Keras's initializers with a setting that hangs on the seed too."""

    def __init__(self, seed=None):
        super().__init__(seed=seed)
        self.stddev = 1.0 if self.seed % 4 else 2.0


def bias(draw) -> keras.Model:
    return one_layer(bias_initializer=keras.initializers.Constant(float(draw() < 0.25)))


def drawn_alike(own, other) -> keras.Model:
    """One initializer for two weights, of which only one shows it as its own."""
    shared = keras.initializers.RandomNormal(stddev=0.1)
    pair = {"kernel_initializer": own(shared), "bias_initializer": other(shared)}
    return one_layer(**pair)


def tied() -> keras.Model:
    """The second weight is the first, turned over."""
    shared = keras.initializers.HeNormal()
    turned = keras.initializers.Constant(tf.transpose(shared((3, 2))))
    first = layers.Dense(2, kernel_initializer=shared)
    return keras.Sequential([keras.Input((3,)), first, layers.Dense(3, kernel_initializer=turned)])


def halved() -> keras.Model:
    """A setting that changes in place."""
    deviation = np.array(0.1)
    initializer = keras.initializers.RandomNormal(stddev=deviation)
    model = one_layer(kernel_initializer=initializer)
    deviation *= 0.5
    return model


def in_an_lstm() -> keras.Model:
    """Keras wraps the bias's initializer here."""
    shared = keras.initializers.RandomNormal(stddev=0.1)
    layer = layers.LSTM(3, recurrent_initializer=shared, bias_initializer=shared)
    return keras.Sequential([keras.Input((3, 1)), layer])


def seeded_again() -> keras.Model:
    keras.utils.set_random_seed(0)
    return one_layer()


class Traced(keras.Layer):
    """Its layers are built when Keras traces its call."""

    def __init__(self):
        super().__init__()
        self.inner = keras.Sequential([layers.Dense(3), layers.Dense(3)])

    def call(self, x):
        return x + self.inner(x)


class Small(keras.Layer):
    """A weight without dimensions, in half precision."""

    def build(self, shape):
        self.scale = self.add_weight(shape=(), initializer="ones")

    def call(self, x):
        return x * self.scale

    def compute_output_shape(self, shape):
        return shape


def refused() -> keras.Model:
    """Falls back where an initializer refuses a shape."""
    layer = layers.Dense(2, bias_initializer="orthogonal")
    try:
        layer.build((None, 3))
    except ValueError:
        layer = layers.Dense(2)
    return keras.Sequential([keras.Input((3,)), layer])


def with_hidden_settings() -> keras.Model:
    initializer = keras.initializers.HeNormal()
    initializer.scale = 8.0  # which its configuration does not tell
    return one_layer(kernel_initializer=initializer)


UNUSUAL = {
    "one initializer for two": lambda: drawn_alike(lambda i: i, lambda i: i),
    "one initializer and a function of it": lambda: drawn_alike(
        lambda i: i, lambda i: lambda shape, dtype=None: -i(shape, dtype)
    ),
    "one initializer in an LSTM": in_an_lstm,
    "tied weights": tied,
    "a setting that changes": halved,
    "seeded again": seeded_again,
    "layers that a call builds": lambda: keras.Sequential([keras.Input((3,)), Traced()]),
    "a scalar in half precision": lambda: keras.Sequential(
        [keras.Input((3,)), layers.Dense(2), Small(dtype="bfloat16")]
    ),
    "an initializer that refuses": refused,
    "hidden settings": with_hidden_settings,
    "settings that are no numbers of Python": lambda: one_layer(
        kernel_initializer=keras.initializers.RandomNormal(stddev=np.float32(0.1))
    ),
    "assigned": assigned,
    "assigned in private": assigned_in_private,
    "clipped": clipped,
    "rejected": rejected,
    "an initializer of our own": lambda: one_layer(kernel_initializer=Coin()),
    "a coin of Python": lambda: bias(random.random),
    "a coin of NumPy": lambda: bias(np.random.rand),
    "a coin of TensorFlow": lambda: bias(lambda: float(tf.random.uniform(()))),
    "a coin of Keras": lambda: bias(lambda: float(keras.random.uniform(()))),
}


SEEDS = [0, 1, 3, 8, 9, 12, 20, 22]  # in each case some take the rare turn, and most do not


@pytest.mark.parametrize("name", UNUSUAL)
def test_initial_weights_of_an_unusual_build_are_its_own_all_the_same(name):
    build = UNUSUAL[name]
    truth = {seed: values(seeded(build, seed, (3,))) for seed in SEEDS}
    for first in (0, 3, 22):  # the seed whose build is watched
        order = [first] + [s for s in SEEDS if s != first]
        drawn = initial_weights(built(build, first, (3,)), build, order, (3,))
        for seed, ours in zip(order, drawn, strict=True):
            for mine, theirs in zip(ours, truth[seed], strict=True):
                np.testing.assert_array_equal(mine, theirs)


def test_ordinary_initial_weights_are_replayed_and_not_built():
    def build():
        nonlocal count
        count += 1
        hidden = [layers.Dense(4), layers.BatchNormalization(), layers.Dropout(0.5)]
        recurrent = [layers.Reshape((2, 2)), layers.LSTM(3)]
        return keras.Sequential([keras.Input((3,)), *hidden, *recurrent, layers.Dense(1)])

    count = 0
    drawn = initial_weights(built(build, 0, (3,)), build, range(9), (3,))
    assert count == 1
    for mine, theirs in zip(drawn[8], values(seeded(build, 8, (3,))), strict=True):
        np.testing.assert_array_equal(mine, theirs)
