"""What `train` accepts, and what a population can do once it is trained."""

from __future__ import annotations

import importlib
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from keras import layers, optimizers

import utils.population
from tests.unit.small import DATA, X, Y, network, quick
from utils.population import Runs, batches, loop, program, sweep

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs() -> Runs:
    return quick(snapshots=3)


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


def test_a_model_whose_parts_keras_names_by_counting_comes_back_and_shares_its_program():
    def build():
        hidden = [layers.Reshape((2, 2)), layers.SimpleRNN(2, unroll=True)]
        return network(
            hidden=hidden, metrics=[keras.metrics.Precision(), keras.metrics.Precision()]
        )

    first, second = quick(build), quick(build)
    assert list(first.history) == list(second.history)
    assert first.forward is second.forward
    np.testing.assert_allclose(first.model(1)(X).numpy(), first.predict(X)[1], atol=1e-6)


def test_a_model_with_operations_that_are_no_layers_comes_back_too():
    def build():
        x = keras.Input((3,))
        model = keras.Model(x, layers.Dense(1)(x - 2 * keras.ops.mean(x, axis=1, keepdims=True)))
        model.compile("sgd", "mse")
        return model

    runs = quick(build)
    np.testing.assert_allclose(runs.model(1)(X).numpy(), runs.predict(X)[1], atol=1e-6)


def test_a_member_counts_from_the_end_where_negative(runs):
    np.testing.assert_array_equal(runs.model(-1).get_weights()[0], runs.weights[0][2])


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


def test_the_last_snapshot_holds_the_final_weights_where_they_are_averaged():
    runs = quick(lambda: network(optimizers.SGD(0.5, use_ema=True)), epochs=2, snapshots=1)
    for ours, theirs in zip(runs.weights_at(2), runs.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert (runs.weights_at(1)[0] != runs.weights[0]).any()


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


def test_a_seed_may_be_repeated_with_another_rate_or_another_mask():
    runs = quick(seeds=[5, 5, 6], learning_rate=[0.1, 0.2, 0.1], snapshots=4)
    start, end = runs.weights_at(0)[0], runs.weights[0]
    np.testing.assert_array_equal(start[0], start[1])
    assert (start[0] != start[2]).any()
    assert (end[0] != end[1]).any()
    kernels = np.stack([np.ones((3, 4)), np.eye(3, 4)])
    masked = quick(seeds=[5, 5], masks={"hidden/kernel": kernels})
    np.testing.assert_array_equal(masked.weights[0][0], end[0])
    assert (masked.weights[0][1] == 0).sum() == 9


def test_masks_can_be_named_by_the_variables_paths():
    runs = quick(masks={"hidden/kernel": np.zeros((3, 4))})
    assert not runs.weights[0].any()
    assert runs.weights[2].all()


def test_a_second_training_of_an_architecture_reuses_the_compiled_program(monkeypatch):
    monkeypatch.setattr(program, "programs", {})

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
    quick(lambda: build(0.3, keras.initializers.Constant(0.5)))
    again = quick(lambda: build(0.1, "he_normal"))
    assert len(program.programs) == 1
    for ours, theirs in zip(first.weights, again.weights, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    quick(lambda: build(0.1, "he_normal", width=5))
    assert len(program.programs) == 2


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
    assert loop.someone_watches()


def test_training_prints_nothing(capfd, caplog):
    runs = quick(lambda: network(hidden=[layers.Dropout(0.3)]))  # TensorFlow remarks on dropout
    runs.predict(X)
    assert capfd.readouterr() == ("", "")
    assert not caplog.records


def test_without_xla_training_goes_on_and_says_so_and_the_next_call_tries_again(monkeypatch):
    def missing(*args):
        raise tf.errors.UnimplementedError(None, None, "no XLA devices")

    original = program.Program.__init__

    def without(self, model, kind):
        original(self, model, kind)
        if kind.xla:
            self._periods = missing

    monkeypatch.setattr(program.Program, "__init__", without)
    monkeypatch.setattr(program, "programs", {})
    for _ in range(2):
        with pytest.warns(UserWarning, match="training runs without it: no XLA devices"):
            fallen = quick(jit_compile=True)
    monkeypatch.undo()
    np.testing.assert_allclose(fallen.history["loss"], quick().history["loss"], atol=1e-6)


def test_an_invalid_argument_that_is_no_refusal_of_xla_is_raised(monkeypatch):
    def broken(*args):
        raise tf.errors.InvalidArgumentError(None, None, "Incompatible shapes: [2] vs. [3]")

    original = program.Program.__init__

    def breaking(self, model, kind):
        original(self, model, kind)
        self._periods = broken

    monkeypatch.setattr(program.Program, "__init__", breaking)
    monkeypatch.setattr(program, "programs", {})
    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"):
        quick(jit_compile=True)


def test_another_backend_gets_one_sentence(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(
        ImportError, match=r"Keras runs on jax, and .* needs TensorFlow so far: set"
    ):
        importlib.reload(utils.population)


@given(st.integers(0, 2**32 - 1), st.integers(0, 50), st.integers(1, 40), st.integers(1, 50))
def test_batches_cover_every_example_once_and_only_the_last_is_short(seed, epoch, samples, size):
    found = batches(seed, epoch, samples, size)
    assert sorted(np.concatenate(found)) == list(range(samples))
    assert all(len(b) == size for b in found[:-1])
    assert 1 <= len(found[-1]) <= size


def test_batches_differ_between_seeds_and_between_epochs():
    orders = {tuple(batches(s, e, 20, 20)[0]) for s in range(3) for e in range(3)}
    assert len(orders) == 9
