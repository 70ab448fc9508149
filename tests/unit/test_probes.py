import dataclasses
import random
from itertools import pairwise

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.initializers import Constant
from scipy.special import expit

from utils.data import two_moons
from utils.population import train
from utils.probes import Probe, Report, probe, probe_runs, update_ratios
from utils.signals import InstrumentedModel, values_of

pytestmark = pytest.mark.slow

MOONS = two_moons(train=64, val=50, test=10)
X, Y = MOONS.x_val, MOONS.y_val
MEASURES = [field.name for field in dataclasses.fields(Report)][2:]


def dense(*activations, units=6, loss="binary_crossentropy", **options) -> keras.Model:
    hidden = [layers.Dense(units, activation=a, **options) for a in activations]
    model = keras.Sequential([keras.Input((2,)), *hidden, layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=loss)
    return model


def convolution(dropout=0.5) -> keras.Model:
    signal = keras.Input((2, 1))
    x = layers.Conv1D(4, 2, padding="same")(signal)
    x = layers.BatchNormalization()(x)
    x = layers.Activation("relu")(x)
    x = layers.Dropout(dropout)(x)
    x = layers.Conv1D(3, 2, padding="same", activation="tanh")(x)
    x = layers.Flatten()(x)
    model = keras.Model(signal, layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss="binary_crossentropy")
    return model


def assert_same(one: Report, other: Report, rtol: float = 1e-9) -> None:
    assert one.layers == other.layers
    for key in MEASURES:
        np.testing.assert_allclose(getattr(one, key), getattr(other, key), rtol, 1e-12, key)


@pytest.fixture(scope="module")
def runs():
    def build():
        model = keras.Sequential(
            [
                keras.Input((2,)),
                layers.Dense(5),
                layers.BatchNormalization(),
                layers.ReLU(),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        model.compile(optimizer=keras.optimizers.SGD(0.3), loss="binary_crossentropy")
        return model

    options = {"epochs": 3, "batch_size": 32, "snapshots": 1, "jit_compile": False}
    return train(build, MOONS, seeds=2, **options)


def test_a_dense_network_agrees_with_backpropagation_by_hand():
    model = dense("tanh", "relu")
    report = probe(model, X, Y)

    w1, b1, w2, b2, w3, b3 = (w.astype("float64") for w in model.get_weights())
    a1 = np.tanh(X @ w1 + b1)
    a2 = np.maximum(a1 @ w2 + b2, 0)
    a3 = expit(a2 @ w3 + b3)
    y = Y[:, None]
    g3 = (a3 - y) / (a3 * (1 - a3)) / len(X)
    d3 = g3 * a3 * (1 - a3)
    g2 = d3 @ w3.T
    d2 = g2 * (a2 > 0)
    g1 = d2 @ w2.T
    d1 = g1 * (1 - a1**2)

    outputs, kernels = [a1, a2, a3], [w1, w2, w3]
    np.testing.assert_allclose(report.activation_mean, [a.mean() for a in outputs], 1e-6)
    np.testing.assert_allclose(report.activation_std, [a.std() for a in outputs], 1e-6)
    np.testing.assert_allclose(report.weight_norm, [np.linalg.norm(w) for w in kernels], 1e-9)
    gradients = [X.T @ d1, a1.T @ d2, a2.T @ d3]
    np.testing.assert_allclose(report.gradient_norm, list(map(np.linalg.norm, gradients)), 1e-5)
    per_example = [np.sqrt(np.mean(np.sum((g * len(X)) ** 2, axis=1))) for g in (g1, g2, g3)]
    np.testing.assert_allclose(report.activation_gradient_norm, per_example, 1e-5)


@pytest.mark.parametrize("make", [convolution, lambda: dense("elu", "selu", loss="mse")])
def test_weight_gradients_agree_with_a_gradient_tape(make):
    model = make()
    x = X[..., None] if len(model.input_shape) == 3 else X
    with tf.GradientTape() as tape:
        loss = model.compute_loss(x, Y, model(x, training=False), training=False)
    kernels = [layer.kernel.value for layer in model.layers if hasattr(layer, "kernel")]
    expected = [np.linalg.norm(g) for g in tape.gradient(loss, kernels)]
    np.testing.assert_allclose(probe(model, x, Y).gradient_norm, expected, rtol=1e-4)


def test_a_layer_takes_in_the_normalization_and_activation_that_follow_it():
    model = convolution()
    x = X[..., None]
    model.layers[2].moving_mean.assign([0.3, -0.2, 0.1, 0.0])
    report = probe(model, x, Y)
    ends = [model.layers[3], model.layers[5], model.layers[7]]
    outputs = keras.Model(model.inputs, [layer.output for layer in ends]).predict(x, verbose=0)
    np.testing.assert_allclose(report.activation_mean, [o.mean() for o in outputs], rtol=1e-4)
    assert report.layers == ("conv1d 1", "conv1d 2", "dense 3")
    assert report.dead[0] == (outputs[0] == 0).all(axis=(0, 1)).mean()
    assert np.isnan(report.dead[1:]).all()


def test_normalization_after_the_activation_is_not_part_of_the_layer():
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(4, "relu"), layers.BatchNormalization(), layers.Dense(1)]
    )
    model.compile(loss="mse")
    hidden = model.layers[0](X).numpy()
    assert probe(model, X, Y).activation_mean[0] == pytest.approx(hidden.mean(), rel=1e-5)


def test_training_mode_normalizes_by_the_batch_and_inference_mode_does_not():
    model = convolution()
    model.layers[2].moving_mean.assign([5.0] * 4)
    x = X[..., None]
    assert probe(model, x, Y).activation_mean[0] == 0
    assert probe(model, x, Y, training=True).activation_mean[0] > 0.1


def test_by_batch_only_batch_normalization_is_as_in_training():
    model, undropped = convolution(), convolution(dropout=0.0)
    model.layers[2].moving_mean.assign([5.0] * 4)
    undropped.set_weights(model.get_weights())
    x = X[..., None]
    training = InstrumentedModel(undropped, x, Y, True).measure(values_of(undropped))
    by_batch = InstrumentedModel(model, x, Y, False, by_batch=True).measure(values_of(model))
    for key, value in training.items():
        np.testing.assert_allclose(by_batch[key], value, 1e-9, 1e-12, key)


@pytest.mark.parametrize("how", ["adapted", "given", "given as numbers"])
def test_a_normalization_of_the_input_is_part_of_what_is_measured(how):
    x = 300 + 50 * X
    mean, variance = x.mean(axis=0), x.var(axis=0)
    if how == "adapted":
        scale = layers.Normalization()
        scale.adapt(x)
    elif how == "given":
        scale = layers.Normalization(mean=mean, variance=variance)
    else:
        scale = layers.Normalization(axis=None, mean=mean.mean(), variance=variance.mean())
        mean, variance = mean.mean(), variance.mean()
    bare = dense("tanh", "relu")
    model = keras.Sequential([keras.Input((2,)), scale, *bare.layers])
    model.compile(loss="binary_crossentropy")
    scaled = ((x - mean) / np.sqrt(variance)).astype("float32")
    ours, theirs = probe(model, x, Y), probe(bare, scaled, Y)
    for key in MEASURES:
        np.testing.assert_allclose(getattr(ours, key), getattr(theirs, key), 1e-3, err_msg=key)


def test_functions_between_layers_are_measured_through():
    inputs = keras.Input((2,))
    hidden = layers.Dense(6)(inputs)
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(keras.ops.tanh(hidden)))
    model.compile(loss="binary_crossentropy")
    known = dense("tanh")
    known.set_weights(model.get_weights())
    before = [len(o._inbound_nodes) for o in model.operations]
    np.testing.assert_allclose(
        probe(model, X, Y).gradient_norm, probe(known, X, Y).gradient_norm, rtol=1e-6
    )
    assert [len(o._inbound_nodes) for o in model.operations] == before


@pytest.mark.parametrize("pack", [lambda x: [x], lambda x: (x,), lambda x: {"signal": x}])
def test_one_input_may_come_in_a_dict_or_list(pack):
    inputs = keras.Input((2,), name="signal")
    outputs = layers.Dense(1, "sigmoid")(layers.Dense(6, "tanh")(inputs))
    model = keras.Model(pack(inputs), outputs)
    model.compile(loss="binary_crossentropy")
    assert_same(probe(model, pack(X), Y), probe(model, X, Y))


def test_gradients_far_below_the_range_of_float32_are_measured():
    model = keras.Sequential([keras.Input((1,))])
    for _ in range(40):
        model.add(layers.Dense(1, activation="sigmoid", kernel_initializer=Constant(0.01)))
    model.compile(loss="mse")
    report = probe(model, np.array([[1.0]]), np.array([0.0]))

    output, slopes = 1.0, []
    for _ in range(40):
        output = expit(np.float64(np.float32(0.01)) * output)
        slopes.append(np.float64(np.float32(0.01)) * output * (1 - output))
    expected = 2 * output * np.prod(slopes[1:])
    assert expected < 1e-90
    assert report.activation_gradient_norm[0] / expected == pytest.approx(1, rel=1e-4)


@pytest.mark.parametrize(
    ("activation", "biases", "share"),
    [
        ("tanh", [2.0, 2.2, -2.2, 0.0], 0.5),
        ("sigmoid", [4.0, 4.4, -4.4, 0.0], 0.5),
        ("relu", [9.0, 9.0, 9.0, 9.0], np.nan),
    ],
)
def test_saturated_is_the_share_beyond_097_of_the_bound(activation, biases, share):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(4, activation), layers.Dense(1)])
    model.compile(loss="mse")
    model.layers[0].set_weights([np.zeros((2, 4)), np.array(biases)])
    np.testing.assert_equal(probe(model, X, Y).saturated, [share, np.nan])


@pytest.mark.parametrize(
    "rectifier", [[layers.Dense(4, "relu")], [layers.Dense(4), layers.ReLU()]], ids=["one", "two"]
)
def test_dead_is_the_share_of_units_that_are_zero_for_every_example(rectifier):
    model = keras.Sequential([keras.Input((2,)), *rectifier, layers.Dense(1)])
    model.compile(loss="mse")
    model.layers[0].set_weights([np.eye(2, 4), np.array([0.0, 0.0, -1.0, 1.0])])
    np.testing.assert_equal(probe(model, X, Y).dead, [0.25, np.nan])


def test_leaky_units_are_never_counted_as_dead():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(4), layers.LeakyReLU()])
    model.compile(loss="mse")
    assert np.isnan(probe(model, X, np.zeros((len(X), 4))).dead).all()


def test_penalties_are_part_of_the_loss():
    keras.utils.set_random_seed(1)
    model = dense("tanh", kernel_regularizer=keras.regularizers.L2(0.5))
    bare = dense("tanh")
    bare.set_weights(model.get_weights())
    with tf.GradientTape() as tape:
        loss = bare.compute_loss(X, Y, bare(X))
    kernel = bare.layers[0].kernel
    expected = tape.gradient(loss, kernel.value) + 2 * 0.5 * kernel
    assert probe(model, X, Y).gradient_norm[0] == pytest.approx(np.linalg.norm(expected), rel=1e-4)


def test_the_report_does_not_depend_on_how_often_the_examples_are_repeated():
    model = dense("relu", "tanh")
    assert_same(probe(model, X, Y), probe(model, np.tile(X, (3, 1)), np.tile(Y, 3)), rtol=1e-5)


def test_a_frozen_layer_is_measured_like_any_other():
    model = dense("tanh", "tanh")
    free = probe(model, X, Y)
    model.layers[0].trainable = False
    assert_same(probe(model, X, Y), free)


def test_probing_changes_nothing_in_the_model():
    model = convolution()
    before = [v.numpy() for v in model.variables]
    probe(model, X[..., None], Y, training=True)
    for old, variable in zip(before, model.variables, strict=True):
        np.testing.assert_array_equal(old, variable.numpy())


def test_probing_draws_nothing_from_the_global_random_generators():
    model = convolution()
    random.seed(1)
    np.random.seed(1)
    probe(model, X[..., None], Y, training=True)
    after = random.random(), np.random.uniform()
    assert after == (random.Random(1).random(), np.random.RandomState(1).uniform())


def test_functions_of_ones_own_are_measured_too():
    def initial(shape, dtype=None):
        return keras.random.normal(shape, seed=1, dtype=dtype)

    ours = dense(lambda z: keras.ops.tanh(z), kernel_initializer=initial)
    known = dense("tanh")
    known.set_weights(ours.get_weights())
    mine, theirs = probe(ours, X, Y), probe(known, X, Y)
    np.testing.assert_allclose(mine.gradient_norm, theirs.gradient_norm)
    assert np.isnan(mine.saturated[0])


def test_layers_keep_the_names_that_someone_gave_them():
    model = keras.Sequential(
        [keras.Input((2,)), layers.Dense(2, name="first"), layers.Dense(2), layers.Dense(1)]
    )
    model.compile(loss="mse")
    assert probe(model, X, Y).layers == ("first", "dense 2", "dense 3")


def with_a_frozen_base(optimizer="sgd") -> keras.Model:
    """Two layers that do not train, as one named model, and a head of two that do."""
    base = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(6, "tanh"),
            layers.Dense(4),
            layers.BatchNormalization(),
            layers.ReLU(),
        ],
        name="base",
    )
    base.trainable = False
    inputs = keras.Input((2,))
    hidden = layers.Dense(5, "sigmoid", name="head")(base(inputs))
    model = keras.Model(inputs, layers.Dense(1, "sigmoid")(hidden))
    model.compile(optimizer=optimizer, loss="binary_crossentropy")
    return model


@pytest.mark.parametrize("training", [False, True])
def test_a_frozen_base_is_measured_layer_by_layer_as_a_tape_over_plain_keras_does(training):
    keras.utils.set_random_seed(2)
    model = with_a_frozen_base()
    base = model.get_layer("base")
    base.layers[2].moving_mean.assign([0.3, -0.2, 0.1, 0.0])
    report = probe(model, X, Y, training=training)
    assert report.layers == ("base/dense 1", "base/dense 2", "head", "dense 4")

    row = [*base.layers, model.get_layer("head"), model.layers[-1]]
    ends = row[0], row[3], row[4], row[5]
    kernels = [layer.kernel.value for layer in row if hasattr(layer, "kernel")]
    with tf.GradientTape() as tape:
        tape.watch(kernels)
        sent, outputs = tf.constant(X), []
        for layer in row:
            # Frozen: batch normalization uses its moving statistics in training too. A copy, as the
            # loss would else take the logits that Keras remembers beside a sigmoid's output.
            sent = tf.identity(layer(sent))
            outputs += [sent] if layer in ends else []
        loss = model.compute_loss(X, Y, sent)
    back, weights = tape.gradient(loss, [outputs, kernels])
    per_example = [np.linalg.norm(gradient) * len(X) ** 0.5 for gradient in back]
    np.testing.assert_allclose(report.activation_mean, list(map(np.mean, outputs)), rtol=1e-4)
    np.testing.assert_allclose(report.activation_gradient_norm, per_example, rtol=1e-4)
    np.testing.assert_allclose(report.gradient_norm, list(map(np.linalg.norm, weights)), rtol=1e-4)
    assert report.dead[1] == (np.asarray(outputs[1]) == 0).all(axis=0).mean()


def test_a_model_is_measured_the_same_whether_its_layers_stand_in_models_or_in_a_row():
    inner = keras.Sequential([layers.Dense(5, "tanh"), layers.Dense(4)], name="inner")
    outer = keras.Sequential([inner, layers.ReLU()], name="outer")
    nested = keras.Sequential([keras.Input((2,)), outer, layers.Dense(1, "sigmoid")])
    nested.compile(loss="binary_crossentropy")
    flat = keras.Sequential([keras.Input((2,)), *inner.layers, layers.ReLU(), nested.layers[-1]])
    flat.compile(loss="binary_crossentropy")
    ours, theirs = probe(nested, X, Y), probe(flat, X, Y)
    assert ours.layers == ("outer/inner/dense 1", "outer/inner/dense 2", "dense 3")
    for key in MEASURES:
        np.testing.assert_array_equal(getattr(ours, key), getattr(theirs, key), key)


def test_names_that_two_models_share_are_told_apart_by_their_place():
    def half():
        return keras.Sequential([layers.Dense(3, name="same")])

    model = keras.Sequential([keras.Input((2,)), half(), half(), layers.Dense(1)])
    model.compile(loss="mse")
    assert probe(model, X, Y).layers == ("same 1", "same 2", "dense 3")


def test_a_layers_name_is_the_same_in_a_session_that_has_built_others():
    def names():
        model = keras.Sequential(
            [
                keras.Input((4, 4, 1)),
                layers.Conv2DTranspose(2, 2),
                layers.Flatten(),
                layers.Dense(1),
            ]
        )
        model.compile(loss="mse")
        return probe(model, np.zeros((3, 4, 4, 1)), np.zeros((3, 1))).layers

    assert names() == names() == ("conv2dtranspose 1", "dense 2")


def test_a_population_on_a_frozen_base_is_measured_as_each_of_its_models_would_be():
    options = {"epochs": 2, "batch_size": 32, "snapshots": 1, "jit_compile": False}
    runs = train(with_a_frozen_base, MOONS, seeds=2, **options)
    report = probe_runs(runs, X, Y)
    for member in range(2):
        alone = probe(runs.model(member), X, Y)
        for key in MEASURES:
            together = getattr(report, key)[member, -1]
            np.testing.assert_allclose(together, getattr(alone, key), 1e-6, 1e-12, key)
    assert (report.weight_norm[:, 0, :2] == report.weight_norm[:, -1, :2]).all()
    assert update_ratios(runs).shape == (2, 2, 2)


def test_a_population_is_measured_as_each_of_its_models_would_be(runs):
    report = probe_runs(runs, X, Y)
    assert report.epochs == (0, 1, 2, 3)
    assert report.weight_norm.shape == (2, 4, 2)
    for member in range(2):
        for place, epoch in enumerate(report.epochs):
            alone = probe(runs.model(member, epoch=epoch), X, Y)
            for key in MEASURES:
                together = getattr(report, key)[member, place]
                np.testing.assert_allclose(together, getattr(alone, key), 1e-6, 1e-12, key)


def test_a_callback_measures_before_and_after_as_if_one_had_stopped_there():
    model = dense("relu")
    before = probe(model, X, Y)
    watch = Probe(X, Y, every=2)
    model.fit(X, Y, epochs=4, verbose=0, callbacks=[watch])
    after = probe(model, X, Y)
    assert watch.report.epochs == (0, 2, 4)
    for key in MEASURES:
        np.testing.assert_allclose(getattr(watch.report, key)[0], getattr(before, key), 1e-9)
        np.testing.assert_allclose(getattr(watch.report, key)[-1], getattr(after, key), 1e-9)
    assert (np.diff(watch.report.weight_norm[:, 0]) != 0).all()


def test_a_callback_does_not_change_the_training():
    ends = []
    for callbacks in ([], [Probe(X[..., None], Y, training=True)]):
        keras.utils.set_random_seed(3)
        model = convolution()
        model.fit(X[..., None], Y, epochs=2, verbose=0, callbacks=callbacks)
        ends.append(model.get_weights())
    for without, with_probe in zip(*ends, strict=True):
        np.testing.assert_array_equal(without, with_probe)


def test_update_ratios_compare_the_change_of_a_kernel_with_its_spread(runs):
    ratios = update_ratios(runs)
    assert ratios.shape == (2, 3, 2)
    for member in range(2):
        moments = [runs.model(member, epoch=epoch) for epoch in runs.snapshot_epochs]
        for place, (old, new) in enumerate(pairwise(moments)):
            for row, layer in enumerate((0, 3)):
                a, b = (m.layers[layer].get_weights()[0].astype("float64") for m in (old, new))
                expected = np.std(b - a) / np.std(b)
                assert ratios[member, place, row] == pytest.approx(expected, rel=1e-6)


def test_a_report_names_its_layers_and_its_shape():
    text = repr(probe(dense("relu"), X, Y))
    assert text == "Report of dense 1, dense 2; arrays of shape (2,)"


def test_runs_without_snapshots_are_refused_with_the_way_out():
    bare = train(lambda: dense("relu"), MOONS, seeds=2, epochs=1, jit_compile=False)
    with pytest.raises(ValueError, match=r"expected 1 or more: call train\(..., snapshots=k\)"):
        probe_runs(bare, X, Y)
    with pytest.raises(ValueError, match="expected 2 or more"):
        update_ratios(bare)


def uncompiled():
    return keras.Sequential([keras.Input((2,)), layers.Dense(1)])


class Subclassed(keras.Model):
    def call(self, x):
        return x


def without_kernels():
    model = keras.Sequential([keras.Input((2,)), layers.Flatten()])
    model.compile(loss="mse")
    return model


def with_two_outputs():
    x = keras.Input((2,))
    model = keras.Model(x, [layers.Dense(1)(x), layers.Dense(1)(x)])
    model.compile(loss=["mse", "mse"])
    return model


def with_two_inputs():
    left, right = keras.Input((2,)), keras.Input((2,))
    model = keras.Model([left, right], layers.Dense(1)(layers.Add()([left, right])))
    model.compile(loss="mse")
    return model


def with_a_closed_part():
    model = keras.Sequential([keras.Input((2,)), Subclassed(), layers.Dense(1)])
    model.compile(loss="mse")
    return model


def with_a_layer_called_twice():
    inputs, again = keras.Input((2,)), layers.Dense(2, name="again")
    model = keras.Model(inputs, layers.Dense(1)(again(again(inputs))))
    model.compile(loss="mse")
    return model


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (uncompiled, r"no loss.*call compile\(loss=...\)"),
        (Subclassed, "got a Subclassed; expected a Sequential or functional"),
        (with_two_inputs, "2 inputs; expected a model with one"),
        (with_a_closed_part, "got a Subclassed; expected a Sequential or functional"),
        (with_a_layer_called_twice, "layer 'again' is called more than once.*a layer of its own"),
        (without_kernels, "no layer with a kernel among Flatten"),
        (with_two_outputs, "2 outputs; expected a model with one"),
    ],
)
def test_a_model_that_cannot_be_probed_is_refused_with_the_reason(make, message):
    with pytest.raises(ValueError, match=message):
        probe(make(), X, Y)


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (X, Y[:-1], "x has 50 examples and y has 49; expected as many"),
        (X.astype(str), Y, "x holds <U.*; expected an array of numbers"),
        (X, Y.astype(str), "y holds <U.*; expected an array of numbers"),
        (X[:0], Y[:0], r"x has shape \(0, 2\); expected at least 1 example"),
        ([X, X], Y, "x holds 2 arrays; expected one"),
        (X[:, :1], Y, r"x has shape \(50, 1\), but the model takes \(n, 2\)"),
        (X, Y + 5, "y holds the label 6, but binary_crossentropy takes values from 0 to 1"),
        (Y, X, r"x has shape \(50,\), but the model takes \(n, 2\)"),
    ],
)
def test_examples_that_do_not_fit_the_model_are_refused_in_one_sentence(x, y, message):
    with pytest.raises((TypeError, ValueError), match=message) as caught:
        probe(dense("relu"), x, y)
    assert "\n" not in str(caught.value)


def test_labels_beyond_the_classes_are_refused_by_name():
    model = keras.Sequential([keras.Input((2,)), layers.Dense(3, "softmax")])
    model.compile(loss="sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match="y holds the label 7, but the model's output has classes"):
        probe(model, X, Y + 6)


@pytest.mark.parametrize("every", [0, -1, 1.5, "epoch", True])
def test_an_impossible_interval_of_epochs_is_refused(every):
    with pytest.raises(ValueError, match=rf"every is {every!r}; expected a number of epochs"):
        Probe(X, Y, every=every)


def test_a_model_in_place_of_a_population_is_refused_and_the_other_way_round(runs):
    with pytest.raises(TypeError, match=r"runs is a Sequential; .*use probe\(model, x, y\)"):
        probe_runs(dense("relu"), X, Y)
    with pytest.raises(TypeError, match=r"runs is a Sequential; .*use Probe in fit"):
        update_ratios(dense("relu"))
    with pytest.raises(TypeError, match=r"got a Runs; .*probe_runs"):
        probe(runs, X, Y)


def test_a_callback_that_saw_no_training_has_nothing_to_report():
    with pytest.raises(ValueError, match=r"pass this to fit\(callbacks="):
        _ = Probe(X, Y).report
