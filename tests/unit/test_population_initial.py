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


UNUSUAL = {
    "assigned": assigned,
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
def test_initial_weights_that_initializers_alone_do_not_explain_are_built_one_by_one(name):
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
        return keras.Sequential([keras.Input((3,)), *hidden, layers.Dense(1)])

    count = 0
    drawn = initial_weights(built(build, 0, (3,)), build, range(9), (3,))
    assert count == 1
    for mine, theirs in zip(drawn[8], values(seeded(build, 8, (3,))), strict=True):
        np.testing.assert_array_equal(mine, theirs)
