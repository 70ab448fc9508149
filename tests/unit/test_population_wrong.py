"""What went wrong without a word in earlier versions: each equals `fit` now, or is refused."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers

from tests.unit.small import DATA, X, Y, network, quick
from tests.unit.test_population_equals_fit import assert_equals_fit, classifier, points
from utils.population import sweep


def test_a_layer_adapted_to_other_data_gets_its_own_program():
    def adapted(x):
        norm = layers.Normalization()
        norm.adapt(x)
        model = keras.Sequential([keras.Input((3,)), norm, layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
        return model

    for x in (X, 50 * X + 200):
        runs = quick(lambda x=x: adapted(x), (x, Y))
        np.testing.assert_allclose(runs.predict(x)[0], runs.model(0).predict(x, verbose=0), 1e-4)


def test_a_layer_adapted_to_what_depends_on_the_seed_is_refused():
    def build():
        norm = layers.Normalization()
        norm.adapt(X[np.random.randint(0, 60, 60)])
        model = keras.Sequential([keras.Input((3,)), norm, layers.Dense(1)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match="gives another model under seed 1 than under seed 0"):
        quick(build)


def test_a_rule_set_on_a_variable_itself_is_not_forgotten_on_reuse():
    def build(**rules):
        model = network()
        for name, rule in rules.items():
            setattr(model.layers[0].kernel, name, rule)
        return model

    plain = quick(build)
    decayed = quick(lambda: build(regularizer=keras.regularizers.L2(1.0)))
    bounded = quick(lambda: build(constraint=keras.constraints.MaxNorm(0.1)))
    assert np.abs(decayed.weights[0]).max() < 0.3 * np.abs(plain.weights[0]).max()
    assert np.linalg.norm(bounded.weights[0], axis=1).max() < 0.1 + 1e-6


@pytest.mark.parametrize("steps", [16, 5])
def test_outputs_per_step_with_a_short_last_batch_equal_fit(steps):
    def build():
        model = keras.Sequential([keras.Input((steps, 2)), layers.Dense(1)])
        model.compile(optimizers.SGD(0.1), "mse")
        return model

    x = np.random.default_rng(0).normal(size=(40, steps, 2)).astype("float32")
    assert_equals_fit(build, ((x, x.sum(axis=2, keepdims=True)), None), xla=[steps == 16])


class Noise(layers.Layer):
    def call(self, x):
        return x + keras.random.normal(keras.ops.shape(x))


class Shaking(layers.Layer):
    def call(self, x):
        return x + tf.random.normal(tf.shape(x))


class Fading(layers.Layer):
    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1],), initializer="ones")

    def call(self, x, training=False):
        if training:
            self.w.assign(self.w * 0.9)
        return x * self.w


class Own(layers.Layer):
    """Draws from a generator under a name of its own."""

    def __init__(self):
        super().__init__()
        self.chance = keras.random.SeedGenerator(7)

    def call(self, x, training=False):
        return keras.random.dropout(x, 0.5, seed=self.chance) if training else x


OUTSIDE = {
    "Keras's global generator": (Noise, "/noise' draws random numbers without a seed, from a"),
    "TensorFlow's own numbers": (Shaking, "draws TensorFlow's own random numbers, which no seed"),
    "a weight of its own": (Fading, "/fading' assigns to '"),
}


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("name", OUTSIDE)
def test_what_a_population_cannot_carry_is_refused_by_name(name, jit_compile):
    layer, message = OUTSIDE[name]
    with pytest.raises(NotImplementedError, match=re.escape(message)) as caught:
        quick(lambda: network(hidden=[layer(name=layer.__name__.lower())]), jit_compile=jit_compile)
    assert "\n" not in str(caught.value)


def test_a_generator_under_another_name_draws_the_same_numbers_as_fit():
    assert_equals_fit(classifier(Own))


@pytest.mark.slow
def test_a_recurrent_layer_that_draws_in_validation_too_equals_fit():
    def build():
        model = keras.Sequential([keras.Input((2, 2)), layers.GRU(3, dropout=0.3, unroll=True)])
        model.add(layers.Dense(1, activation="sigmoid"))
        model.compile(optimizers.SGD(0.1), "binary_crossentropy")
        return model

    assert_equals_fit(build, points(shape=(2, 2)))


def test_a_model_or_a_layer_that_build_does_not_make_is_refused():
    made = network()
    with pytest.raises(ValueError, match=r"was there before build\(\) was called, so that all"):
        quick(lambda: made)
    shared = layers.Dense(4)
    shared.build((None, 4))
    with pytest.raises(ValueError, match=r"create the layer inside build, freeze it"):
        quick(lambda: network(hidden=[shared]))
    optimizer = optimizers.SGD(0.1)
    with pytest.raises(ValueError, match="optimizer SGD was there before build"):
        quick(lambda: network(optimizer))


def test_the_best_rate_is_found_in_the_direction_of_its_metric():
    def line():
        model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
        model.compile("sgd", "mse", metrics=["mae"])
        return model

    found = sweep(line, DATA, [1e-6, 0.1], 2, 5, 10, jit_compile=False)
    assert found.best("val_mae") == found.best("val_loss") == 0.1
    assert found.best("val_mae", mode="max") == 1e-6
    assert found.at_edge("val_mae")
    with pytest.raises(ValueError, match="mode='up': expected 'auto', 'max' or 'min'"):
        found.best("val_mae", mode="up")
    with pytest.raises(KeyError, match=r"^No runs at the rate 0.5; those searched are 1e-06, 0.1"):
        found.runs[0.5]
    with pytest.raises(KeyError, match="Did you mean 'val_mae'"):
        found.best("val_mea")


FROM_FIT = "class_weight sample_weight validation_split validation_data callbacks verbose shuffle"


@pytest.mark.parametrize("name", FROM_FIT.split())
def test_arguments_of_fit_say_where_they_went(name):
    with pytest.raises(TypeError, match=rf"train takes no {name}=: \w+"):
        quick(**{name: None})
    with pytest.raises(TypeError, match=rf"train takes no {name}=: \w+"):
        sweep(network, DATA, [0.1], **{name: None})


def test_half_precision_is_refused_in_the_words_of_the_reader():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        with pytest.raises(NotImplementedError, match=r"computes in float16.*build it in float32"):
            quick()
    finally:
        keras.config.set_dtype_policy("float32")


def test_an_embedding_is_refused_in_one_sentence_under_xla_too():
    def build():
        model = keras.Sequential([keras.Input((3,)), layers.Embedding(9, 2), layers.Flatten()])
        model.add(layers.Dense(1))
        model.compile("adam", "mse")
        return model

    with pytest.raises(NotImplementedError, match="is sparse, which Adam") as caught:
        quick(build, (np.arange(60).reshape(20, 3) % 9, np.zeros(20)), jit_compile=None)
    assert "\n" not in str(caught.value)


def test_epochs_that_are_no_numbers_and_runs_without_members_say_so():
    runs = quick(snapshots=2)
    with pytest.raises(ValueError, match=r"No snapshot at epoch '2'; kept are: 0, 2, 4\."):
        runs.predict(X, epoch="2")
    nobody = runs.take([])
    with pytest.raises(ValueError, match="no member, so there is nothing to predict with"):
        nobody.predict(X)
    with pytest.raises(ValueError, match="no member, so there is nothing to evaluate"):
        nobody.evaluate(X, Y)


def test_early_stopping_finds_its_direction_on_a_program_that_is_reused():
    rule = keras.callbacks.EarlyStopping("val_accuracy", patience=1, restore_best_weights=True)
    first, second = (quick(early_stopping=rule) for _ in range(2))
    assert first.forward is second.forward
    np.testing.assert_array_equal(first.stopped_epoch, second.stopped_epoch)
