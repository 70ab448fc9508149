"""What `train` accepts and refuses, and what a population can do once it is trained."""

from __future__ import annotations

import importlib
import re
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, optimizers

from utils import population
from utils._initial import initial_weights, seeded, values
from utils.population import Runs, batches, sweep, train

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3)).astype("float32")
Y = (X.sum(axis=1) > 0).astype("int32")
DATA = (X[:40], Y[:40]), (X[40:], Y[40:])


def network(optimizer=None, loss="binary_crossentropy", width=1, hidden=(), **compiled):
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(4, activation="relu", name="hidden"),
            *hidden,
            layers.Dense(width, activation="sigmoid" if width == 1 else "softmax", name="output"),
        ]
    )
    compiled = {"metrics": ["accuracy"]} | compiled
    model.compile(optimizer=optimizer or optimizers.SGD(0.1), loss=loss, **compiled)
    return model


def quick(build=network, data=DATA, **options) -> Runs:
    options = {"seeds": 3, "epochs": 4, "batch_size": 10, "jit_compile": False} | options
    return train(build, data, **options)


@pytest.fixture(scope="module")
def runs() -> Runs:
    return quick(snapshots=3)


# What is refused ------------------------------------------------------------------------------


def spoiled(array: np.ndarray, value: float) -> np.ndarray:
    array = array.astype("float32")
    array[7] = value
    return array


def not_compiled():
    return keras.Sequential([keras.Input((3,)), layers.Dense(1)])


def two_inputs():
    a, b = keras.Input((3,)), keras.Input((3,))
    model = keras.Model([a, b], layers.Dense(1)(layers.Add()([a, b])))
    model.compile("sgd", "mse")
    return model


class OwnStep(keras.Sequential):
    def train_step(self, data):
        return {}


def own_step():
    model = OwnStep([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)


def subclassed():
    model = Subclassed()
    model.compile("sgd", "mse")
    return model


class Hoarder(layers.Layer):
    """Keeps state where Keras does not see it."""

    def build(self, shape):
        self.hoard = tf.Variable(0.0)

    def call(self, x):
        return x + self.hoard


def stateful():
    model = keras.Sequential(
        [keras.Input((5, 3), batch_size=10), layers.GRU(2, stateful=True), layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    return model


def already_used():
    model = network()
    model.optimizer.build(model.trainable_variables)
    return model


REFUSED = {
    "a model for build": ({"build": network()}, TypeError, "build is a Sequential; pass a func"),
    "no model": ({"build": lambda: 7}, TypeError, "returned a int; return a compiled keras.Model"),
    "nothing returned": ({"build": lambda: None}, TypeError, "returned a NoneType"),
    "not compiled": ({"build": not_compiled}, ValueError, "without optimizer and loss; call model"),
    "two inputs": ({"build": two_inputs}, NotImplementedError, "2 inputs and 1 outputs"),
    "own train_step": ({"build": own_step}, NotImplementedError, "OwnStep has a train_step"),
    "subclassed": ({"build": subclassed}, NotImplementedError, "Subclassed is a subclassed model"),
    "stateful": ({"build": stateful}, NotImplementedError, "is stateful"),
    "used optimizer": ({"build": already_used}, ValueError, "SGD has been used before; create it"),
    "hidden state": (
        {"build": lambda: network(hidden=[Hoarder(name="hoarder")])},
        NotImplementedError,
        "'hoarder' keeps its state in a tf.Variable (hoard)",
    ),
    "features": ({"data": (X[:, :2], Y)}, ValueError, "x has shape (60, 2), but the model takes"),
    "validation features": (
        {"data": (DATA[0], (X[:, :2], Y))},
        ValueError,
        "x_val has shape (60, 2), but the model takes (n, 3)",
    ),
    "outputs": ({"data": (X, X)}, ValueError, "y has shape (60, 3), but the model gives (n, 1)"),
    "lengths": ({"data": (X, Y[:9])}, ValueError, "x has shape (60, 3) and y (9,)"),
    "no examples": ({"data": (X[:0], Y[:0])}, ValueError, "of at least 1"),
    "weights": ({"data": (X, Y, Y)}, TypeError, "tuple of length 3; pass a Dataset"),
    "text": ({"data": (X, Y.astype(str))}, TypeError, "y holds <U"),
    "NaN in x": (
        {"data": (spoiled(X, np.nan), Y)},
        ValueError,
        "x holds NaN or infinite values in 1",
    ),
    "inf in y": ({"data": (X, spoiled(Y, np.inf))}, ValueError, "y holds NaN or infinite"),
    "NaN in x_val": (
        {"data": (DATA[0], (spoiled(X, np.nan), Y))},
        ValueError,
        "x_val holds NaN or infinite values in 1 of 60 examples (the first is example 7)",
    ),
    "binary labels": ({"data": (X, Y + 1)}, ValueError, "y holds the label 2, but binary_crossent"),
    "class labels": (
        {
            "build": lambda: network(width=2, loss="sparse_categorical_crossentropy"),
            "data": (X, Y + 1),
        },
        ValueError,
        "y holds the label 2, but the model's output has classes 0 to 1",
    ),
    "no seeds": ({"seeds": 0}, ValueError, "seeds=0: train at least 1 seed"),
    "empty seeds": ({"seeds": []}, ValueError, "seeds=[]: pass a count of at least 1"),
    "a fraction of a seed": ({"seeds": [0.5]}, ValueError, "integers from 0 to 4294967295"),
    "a negative seed": ({"seeds": [-1]}, ValueError, "integers from 0 to 4294967295"),
    "no epochs": ({"epochs": 0}, ValueError, "epochs=0: expected a whole number of at least 1"),
    "half an epoch": ({"epochs": 0.5}, ValueError, "epochs=0.5"),
    "no batch": ({"batch_size": 0}, ValueError, "batch_size=0"),
    "batch": ({"batch_size": 41}, ValueError, "batch_size=41 is more than the 40 training exam"),
    "rates": ({"learning_rate": [0.1, 0.2]}, ValueError, "one for each of the 3 members"),
    "a negative rate": ({"learning_rate": -1.0}, ValueError, "learning_rate=-1.0: expected one"),
    "rate and schedule": (
        {
            "build": lambda: network(optimizers.SGD(optimizers.schedules.CosineDecay(0.1, 9))),
            "learning_rate": 0.1,
        },
        ValueError,
        "compiled with a CosineDecay",
    ),
    "few masks": ({"masks": [None]}, ValueError, "masks has 1 entries; expected one (or None) for"),
    "a mask's shape": ({"masks": {"hidden/bias": [1]}}, ValueError, "expected (4,), or (3, 4)"),
    "a soft mask": ({"masks": {"hidden/bias": [0.5] * 4}}, ValueError, "values other than 0 and 1"),
    "a mask's name": ({"masks": {"hiden/bias": [1] * 4}}, ValueError, "Did you mean 'hidden/bias'"),
    "a stopping rule": ({"early_stopping": 3}, TypeError, "pass keras.callbacks.EarlyStopping"),
    "nothing to watch": (
        {"early_stopping": keras.callbacks.EarlyStopping(), "data": (X, Y)},
        ValueError,
        "watches 'val_loss', but there are no validation data",
    ),
    "an unknown monitor": (
        {"early_stopping": keras.callbacks.EarlyStopping("val_acc", mode="max")},
        ValueError,
        "watches 'val_acc'; known are: ",
    ),
    "stopping with averages": (
        {
            "build": lambda: network(optimizers.SGD(0.1, use_ema=True)),
            "early_stopping": keras.callbacks.EarlyStopping(),
        },
        NotImplementedError,
        "use_ema",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_gets_one_sentence_that_says_what_to_do(name):
    options, error, message = REFUSED[name]
    with pytest.raises(error, match=re.escape(message)) as caught:
        quick(**options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.Lamb(),
        optimizers.Adafactor,
        optimizers.Muon,
        lambda: optimizers.LossScaleOptimizer(optimizers.SGD()),
    ],
    ids=["Lamb", "Adafactor", "Muon", "LossScaleOptimizer"],
)
def test_an_optimizer_that_is_not_element_wise_is_refused_by_name(optimizer, request):
    name = request.node.callspec.id
    with pytest.raises(NotImplementedError, match=f"{name}.*use one of SGD.*fit in a loop"):
        quick(lambda: network(optimizer()))


def test_an_unknown_history_key_names_the_known_and_the_nearest(runs):
    with pytest.raises(ValueError, match=r"loss, accuracy, val_.*Did you mean 'val_accuracy'"):
        runs.history["val_acuracy"]
    with pytest.raises(ValueError, match="which has"):
        runs.final("f1")


def test_a_snapshot_that_was_not_kept_names_those_that_were(runs):
    with pytest.raises(ValueError, match=r"No snapshot at epoch 2; kept are: 0, 3, 4\."):
        runs.predict(X, epoch=2)
    with pytest.raises(ValueError, match=r"none \(pass snapshots=k to train\)"):
        quick().weights_at(0)


# What a population can do ---------------------------------------------------------------------


def line():
    """A linear model, which a rate above its stability limit blows up on every machine."""
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile(optimizers.SGD(0.1), loss="mse", metrics=["mae"])
    return model


def test_a_diverging_member_is_kept_and_counted_and_nan_from_there_on():
    runs = quick(line, learning_rate=[0.1, 1e9, 0.1])
    assert runs.diverged.tolist() == [False, True, False]
    assert "1 diverged" in repr(runs)
    for series in runs.history.values():
        first = int(np.isnan(series[1]).argmax())
        assert np.isnan(series[1][first:]).all()
        assert np.isfinite(series[[0, 2]]).all()
    assert np.isnan(runs.final("val_loss")[1])
    assert runs.final("val_loss", diverged=9.0)[1] == 9
    assert len(runs) == 3


def test_a_member_as_a_keras_model_predicts_what_the_population_predicts(runs):
    for epoch in (None, 3):
        together = runs.predict(X, epoch=epoch)
        assert together.shape == (3, 60, 1)
        for member in range(3):
            alone = runs.model(member, epoch=epoch)(X).numpy()
            np.testing.assert_allclose(together[member], alone, atol=1e-6)


def test_a_build_that_sees_the_loops_last_value_is_noticed():
    def build():
        return network(hidden=[layers.Activation(activation)])

    activation = "relu"
    runs = quick(build)
    assert runs.model(0).layers[1].activation is keras.activations.relu
    activation = "tanh"
    with pytest.raises(ValueError, match=r"another model now .* functools\.partial"):
        runs.model(0)


def test_a_member_as_a_keras_model_is_compiled_with_its_own_rate():
    runs = quick(learning_rate=[0.1, 0.2, 0.3])
    model = runs.model(2)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.3)
    ours = runs.evaluate(X[40:], Y[40:])
    theirs = model.evaluate(X[40:], Y[40:], verbose=0, return_dict=True)
    assert {key: value[2] for key, value in ours.items()} == pytest.approx(theirs, abs=1e-5)
    assert runs.final("val_loss") == pytest.approx(ours["loss"], abs=1e-5)


def test_snapshots_hold_the_weights_before_every_k_epochs_and_at_the_end(runs):
    assert runs.snapshot_epochs == [0, 3, 4]
    shorter = quick(epochs=3)
    for ours, theirs in zip(runs.weights_at(3), shorter.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    for ours, theirs in zip(runs.weights_at(4), runs.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_members_start_where_the_seeded_build_starts(runs):
    for member, seed in enumerate(runs.seeds):
        keras.utils.set_random_seed(seed)
        for ours, theirs in zip(runs.weights_at(0), network().trainable_variables, strict=True):
            np.testing.assert_array_equal(ours[member], theirs.numpy())


def test_a_sub_population_keeps_its_members_in_order(runs):
    part = runs.take([2, 0])
    assert part.seeds == (2, 0)
    np.testing.assert_array_equal(part.final("loss"), runs.final("loss")[[2, 0]])
    np.testing.assert_allclose(part.predict(X), runs.predict(X)[[2, 0]], atol=1e-6)
    assert len(runs.take(runs.final("loss") < np.inf)) == 3


def test_repeated_seeds_train_alike():
    runs = quick(seeds=[5, 5, 6])
    np.testing.assert_array_equal(runs.history["loss"][0], runs.history["loss"][1])
    assert (runs.history["loss"][0] != runs.history["loss"][2]).any()


def test_masks_can_be_named_by_the_variables_paths():
    runs = quick(masks={"hidden/kernel": np.zeros((3, 4))})
    assert not runs.weights[0].any()
    assert runs.weights[2].all()


def test_a_second_training_of_an_architecture_reuses_the_compiled_program(monkeypatch):
    monkeypatch.setattr(population, "engines", {})

    def build(rate, initializer, width=4):
        model = keras.Sequential(
            [
                keras.Input((3,)),
                layers.Dense(width, kernel_initializer=initializer),
                layers.Dense(1),
            ]
        )
        model.compile(optimizers.Adam(rate), "mse")
        return model

    first = quick(lambda: build(0.1, "he_normal"))
    quick(lambda: build(0.3, "zeros"))
    again = quick(lambda: build(0.1, "he_normal"))
    assert len(population.engines) == 1
    for ours, theirs in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    quick(lambda: build(0.1, "he_normal", width=5))
    assert len(population.engines) == 2


def test_functions_of_the_same_name_do_not_share_a_program():
    def build(power):
        def loss(y, p):
            return keras.ops.mean(keras.ops.abs(keras.ops.cast(y, p.dtype) - p[:, 0]) ** power)

        return network(loss=loss)

    one, two = (quick(lambda p=p: build(p)) for p in (1, 2))
    assert np.abs(one.final("loss") - two.final("loss")).min() > 1e-3


def test_a_sweep_trains_each_seed_at_each_rate_as_alone():
    found = sweep(network, DATA, [0.01, 0.5, 1e30], 2, 3, 10, jit_compile=False)
    assert found.learning_rates == (0.01, 0.5, 1e30)
    alone = quick(seeds=2, epochs=3, learning_rate=0.5)
    np.testing.assert_allclose(found.runs[0.5].final("loss"), alone.final("loss"), atol=1e-6)
    assert found.best("val_loss") == 0.5
    assert not found.at_edge("val_loss")


def test_a_bar_is_drawn_only_where_someone_watches(capfd, monkeypatch):
    quick(epochs=1)
    assert "epoch" not in capfd.readouterr().err
    quick(epochs=1, progress=True)
    assert "3 members" in capfd.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert population._someone_watches()


def test_training_prints_nothing(capfd, caplog):
    runs = quick(lambda: network(hidden=[layers.Dropout(0.3)]))  # TensorFlow remarks on dropout
    runs.predict(X)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_without_xla_training_goes_on_and_says_so(monkeypatch):
    def missing(*args):
        raise tf.errors.UnimplementedError(None, None, "no XLA devices")

    original = population.Engine.__init__

    def without(self, *args, **kind):
        original(self, *args, **kind)
        self._epoch = missing

    monkeypatch.setattr(population.Engine, "__init__", without)
    monkeypatch.setattr(population, "engines", {})
    with pytest.warns(UserWarning, match="training runs without it: no XLA devices"):
        fallen = quick(jit_compile=True)
    monkeypatch.undo()
    np.testing.assert_allclose(fallen.history["loss"], quick().history["loss"], atol=1e-6)


def test_another_backend_gets_one_sentence(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(
        ImportError, match=r"Keras runs on jax, and .* needs TensorFlow so far: set"
    ):
        importlib.reload(population)


# The order of examples and the initial weights ------------------------------------------------


@given(st.integers(0, 2**32 - 1), st.integers(0, 50), st.integers(1, 40), st.integers(1, 50))
def test_batches_cover_every_example_once_and_only_the_last_is_short(seed, epoch, samples, size):
    found = batches(seed, epoch, samples, size)
    assert sorted(np.concatenate(found)) == list(range(samples))
    assert all(len(b) == size for b in found[:-1])
    assert 1 <= len(found[-1]) <= size


def test_batches_differ_between_seeds_and_between_epochs():
    orders = {tuple(batches(s, e, 20, 20)[0]) for s in range(3) for e in range(3)}
    assert len(orders) == 9


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

    drawn = initial_weights(build, seeded(build, seeds[0], (3,)), seeds, (3,))
    for seed, ours in zip(seeds, drawn, strict=True):
        for mine, theirs in zip(ours, values(seeded(build, seed, (3,))), strict=True):
            np.testing.assert_array_equal(mine, theirs)


def test_initial_weights_that_no_initializer_explains_are_built_one_by_one():
    def build():
        model = keras.Sequential([keras.Input((3,)), layers.Dense(4)])
        model.layers[0].kernel.assign(np.random.normal(size=(3, 4)))
        return model

    seeds = [3, 1, 4, 1]
    drawn = initial_weights(build, seeded(build, 3, (3,)), seeds, (3,))
    for seed, ours in zip(seeds, drawn, strict=True):
        np.testing.assert_array_equal(ours[0], values(seeded(build, seed, (3,)))[0])
