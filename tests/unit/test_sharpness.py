import dataclasses
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from utils.population import train
from utils.population.forward import Forward
from utils.probes.curvature import sharpness, sharpness_runs
from utils.probes.lanczos import largest

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3)).astype("float32")
CLASSES = RNG.integers(0, 2, 30)
TARGETS = {
    "mse": np.sin(X[:, :2]),
    "sparse_categorical_crossentropy": CLASSES,
    "categorical_crossentropy": np.eye(2)[CLASSES],
    "binary_crossentropy": np.eye(2)[CLASSES],
}


def network(*hidden, loss="mse", output=None, **options) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), *hidden, layers.Dense(2, output, **options)])
    model.compile(optimizer=keras.optimizers.SGD(0.5), loss=loss)
    return model


def tanh_network() -> keras.Model:
    return network(layers.Dense(4, "tanh"))


def outright(model: keras.Model, x, y, training=False) -> np.ndarray:
    """All eigenvalues of the Hessian, row by row of it."""
    weights = [v.value for v in model.trainable_variables]
    with tf.GradientTape(persistent=True) as outer:
        with tf.GradientTape() as inner:
            loss = model.compute_loss(x, y, model(x, training=training), training=training)
        gradient = tf.concat([tf.reshape(g, [-1]) for g in inner.gradient(loss, weights)], 0)
        entries = tf.unstack(gradient)
    rows = [outer.gradient(entry, weights, unconnected_gradients="zero") for entry in entries]
    hessian = np.array(
        [np.concatenate([np.ravel(part) for part in row]) for row in rows], "float64"
    )
    np.testing.assert_allclose(hessian, hessian.T, atol=1e-5 * np.abs(hessian).max())
    return np.linalg.eigvalsh((hessian + hessian.T) / 2)


def symmetric(spectrum: np.ndarray) -> np.ndarray:
    basis = np.linalg.qr(RNG.normal(size=(len(spectrum),) * 2))[0]
    return basis * spectrum @ basis.T


@pytest.fixture(scope="module")
def runs():
    data = X, TARGETS["mse"]
    options = {"epochs": 2, "batch_size": 30, "snapshots": 2, "jit_compile": False}
    return train(tanh_network, data, seeds=3, **options)


# --- the method, on matrices whose eigenvalues are known --------------------------------------


def test_the_largest_eigenvalue_is_the_algebraic_one_whatever_the_signs():
    spectra = np.array(
        [
            np.r_[np.linspace(-1, 1, 39), 3.0],
            np.r_[-50.0, np.linspace(-1, 1, 38), 2.0],
            np.linspace(-8, -2, 40),
            np.r_[np.zeros(39), 1e-3],
        ]
    )
    matrices = np.stack([symmetric(spectrum) for spectrum in spectra])
    starts = RNG.normal(size=(4, 40))
    found = largest(lambda v: np.einsum("mij,mj->mi", matrices, v), starts, 1e-6, 40)
    np.testing.assert_allclose(found.values, spectra.max(axis=1), rtol=1e-6)
    bent = np.einsum("mij,mj->mi", matrices, found.vectors)
    np.testing.assert_allclose(bent, found.values[:, None] * found.vectors, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(found.vectors, axis=1), 1)


def test_a_direction_that_another_has_overtaken_is_left():
    spectrum = np.r_[3.0, 2.7, np.geomspace(1, 1e-3, 498)]
    noise = RNG.normal(size=500)
    start = np.eye(500)[1] + noise / np.linalg.norm(noise)
    found = largest(lambda v: v * spectrum, start[None], 1e-3, 50)
    assert found.values[0] == pytest.approx(3.0, rel=1e-3)


def test_what_the_steps_do_not_suffice_for_is_told_and_others_are_found():
    spectra = np.stack([np.linspace(0.9, 1, 400), np.r_[np.zeros(399), 1.0]])
    found = largest(lambda v: v * spectra, np.ones((2, 400)), 1e-6, 12)
    np.testing.assert_array_equal(found.unsettled, [True, False])
    np.testing.assert_allclose(found.values, [np.nan, 1.0])
    assert found.steps[0] == 12 > found.steps[1]


def test_a_matrix_of_zeros_has_largest_eigenvalue_zero():
    assert largest(lambda v: 0 * v, np.ones((1, 20)), 1e-4, 30).values == 0


# --- one model --------------------------------------------------------------------------------


def test_linear_regression_has_the_sharpness_of_its_normal_equations():
    model = network()
    design = np.c_[X, np.ones(len(X))].astype("float64")
    expected = np.linalg.eigvalsh(design.T @ design / len(X)).max()  # mse: a mean over 2 outputs
    assert sharpness(model, X, TARGETS["mse"]) == pytest.approx(expected, rel=1e-5)


def test_a_quadratic_whose_most_negative_eigenvalue_is_the_larger_has_the_positive_one():
    bends = np.r_[-30.0, np.linspace(-3, 2, 18), 4.0].astype("float32")
    model = keras.Sequential([keras.Input((20,)), layers.Dense(1, use_bias=False)])
    model.compile(loss=lambda y, outputs: y * outputs**2 / 2)
    x = np.eye(20, dtype="float32") * 20**0.5
    assert sharpness(model, x, bends[:, None]) == pytest.approx(4.0, rel=1e-5)
    assert sharpness(model, x, -bends[:, None]) == pytest.approx(30.0, rel=1e-5)


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize(
    ("loss", "output"),
    [
        ("mse", None),
        ("sparse_categorical_crossentropy", "softmax"),
        ("categorical_crossentropy", "softmax"),
        ("binary_crossentropy", "sigmoid"),
    ],
)
def test_a_network_agrees_with_its_hessian_formed_outright(activation, loss, output):
    keras.utils.set_random_seed(1)
    hidden = [layers.Dense(4, activation, bias_initializer="normal") for _ in range(2)]
    model = network(*hidden, loss=loss, output=output)
    found = sharpness(model, X, TARGETS[loss])
    assert found == pytest.approx(outright(model, X, TARGETS[loss])[-1], rel=1e-4)


def test_penalties_count_and_weights_that_are_frozen_do_not():
    hidden = layers.Dense(4, "tanh", kernel_regularizer=keras.regularizers.L2(0.4))
    model = network(layers.Dense(3, "tanh", trainable=False), hidden, activity_regularizer="l2")
    expected = outright(model, X, TARGETS["mse"])
    assert len(expected) == 16 + 10
    assert sharpness(model, X, TARGETS["mse"]) == pytest.approx(expected[-1], rel=1e-4)


@pytest.mark.parametrize("training", [False, True])
def test_batch_normalization_is_measured_in_the_mode_that_is_asked_for(training):
    normalization = layers.BatchNormalization()
    model = network(layers.Dense(3, "tanh"), normalization)
    normalization.moving_variance.assign([0.1, 0.2, 0.3])
    found = sharpness(model, X, TARGETS["mse"], training=training)
    np.testing.assert_array_equal(normalization.moving_variance, np.float32([0.1, 0.2, 0.3]))
    expected = outright(model, X, TARGETS["mse"], training=training)[-1]
    assert found == pytest.approx(expected, rel=1e-4)


def test_dropout_is_off_and_refused_where_it_would_be_on():
    keras.utils.set_random_seed(2)
    dense = layers.Dense(4, "tanh")
    dropped = network(dense, layers.Dropout(0.5))
    plain = network(dense)
    plain.layers[-1].set_weights(dropped.layers[-1].get_weights())
    y = TARGETS["mse"]
    assert sharpness(dropped, X, y) == pytest.approx(sharpness(plain, X, y), rel=1e-5)
    with pytest.raises(ValueError, match=r"draws random numbers in training .* training=False"):
        sharpness(dropped, X, y, training=True)


def test_a_convolution_agrees_with_its_hessian_formed_outright():
    model = keras.Sequential(
        [keras.Input((3, 1)), layers.Conv1D(2, 2, activation="tanh"), layers.Flatten()]
    )
    model.add(layers.Dense(2))
    model.compile(loss="mse")
    x = X[..., None]
    expected = outright(model, x, TARGETS["mse"])[-1]
    assert sharpness(model, x, TARGETS["mse"]) == pytest.approx(expected, rel=1e-4)


def test_too_few_steps_give_nan_and_a_warning_that_says_so():
    with pytest.warns(UserWarning, match=r"1 of 1 .* within 3 steps and are NaN.* most_steps="):
        assert np.isnan(sharpness(tanh_network(), X, TARGETS["mse"], most_steps=3))


@pytest.mark.parametrize("activation", ["tanh", "relu"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_weights_that_are_not_finite_give_nan_without_a_warning(activation, bad):
    model = network(layers.Dense(4, activation))
    model.layers[0].bias.assign([0.0, bad, 0.0, 0.0])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(sharpness(model, X, TARGETS["mse"]))


# --- populations ------------------------------------------------------------------------------


def test_a_population_has_at_every_snapshot_what_its_models_have_one_by_one(runs):
    found = sharpness_runs(runs, X, TARGETS["mse"])
    assert found.shape == (3, 2)
    alone = [
        [sharpness(runs.model(member, epoch), X, TARGETS["mse"]) for epoch in (0, 2)]
        for member in range(3)
    ]
    np.testing.assert_allclose(found, alone, rtol=1e-4)
    assert len(np.unique(found.round(4))) == 6


def test_a_snapshot_has_what_a_model_with_its_weights_set_by_hand_has(runs):
    model = tanh_network()
    model.set_weights([stacked[1] for stacked in runs.weights_at(2)])
    found = sharpness_runs(runs, X, TARGETS["mse"])[1, 1]
    assert found == pytest.approx(outright(model, X, TARGETS["mse"])[-1], rel=1e-4)


def test_members_that_memory_does_not_hold_at_once_are_measured_the_same(runs, monkeypatch):
    together = sharpness_runs(runs, X, TARGETS["mse"])
    monkeypatch.setattr(Forward, "most", 2 * len(X))
    np.testing.assert_allclose(sharpness_runs(runs, X, TARGETS["mse"]), together, rtol=1e-4)


def test_a_member_that_diverged_is_nan_from_there_on_and_the_others_are_as_before(runs):
    trainable, other = runs.snapshots[2]
    lost = [stacked.copy() for stacked in trainable]
    lost[0][1] = np.nan
    broken = dataclasses.replace(runs, snapshots=runs.snapshots | {2: (lost, other)})
    expected = sharpness_runs(runs, X, TARGETS["mse"])
    expected[1, 1] = np.nan
    np.testing.assert_allclose(sharpness_runs(broken, X, TARGETS["mse"]), expected, rtol=1e-4)


def test_of_a_population_it_is_told_how_many_did_not_settle(runs):
    with pytest.warns(UserWarning, match="6 of 6 sharpnesses did not settle within 3 steps"):
        assert np.isnan(sharpness_runs(runs, X, TARGETS["mse"], most_steps=3)).all()


def test_a_model_and_a_population_are_told_apart_with_the_way_out(runs):
    with pytest.raises(TypeError, match=r"model is a Runs; .* sharpness_runs\(runs, x, y\)"):
        sharpness(runs, X, TARGETS["mse"])
    with pytest.raises(TypeError, match=r"use sharpness\(model, x, y\)"):
        sharpness_runs(tanh_network(), X, TARGETS["mse"])
