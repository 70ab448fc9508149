"""Every member of a population ends where an ordinary `fit` on the same batches ends."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import layers, losses, optimizers

from utils.population import Runs, batches, train

pytestmark = pytest.mark.slow

SEEDS = (0, 3)
EPOCHS = 2
BATCH = 16


def points(samples: int = 40, shape: tuple[int, ...] = (3,), classes: int = 2, seed: int = 0):
    """A small problem with a learnable part: ((x, y), (x_val, y_val))."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(samples + 20, *shape)).astype("float32")
    score = x.reshape(len(x), -1)[:, :2].sum(axis=1)
    y = np.digitize(score, np.quantile(score, np.arange(1, classes) / classes)).astype("int32")
    return (x[:samples], y[:samples]), (x[samples:], y[samples:])


def replayed(x, y, seed: int, epochs: int, batch_size: int) -> Iterator:
    for epoch in range(epochs + 1):  # Keras looks one batch ahead
        for batch in batches(seed, epoch, len(x), batch_size):
            yield x[batch], y[batch]


def fitted(
    build: Callable,
    data,
    seed: int,
    epochs: int,
    batch_size: int,
    callbacks=(),
    rate=None,
    eager=True,
) -> keras.Model:
    """What the loop that a population replaces does for one seed.

    Eagerly by default: the same numbers, without seconds of tracing.
    """
    (x, y), validation = data
    keras.utils.set_random_seed(seed)
    model = build()
    model.run_eagerly = eager
    if rate is not None:
        model.optimizer.learning_rate = rate
    model.fit(
        replayed(x, y, seed, epochs, batch_size),
        steps_per_epoch=-(-len(x) // batch_size),
        epochs=epochs,
        validation_data=validation,
        validation_batch_size=batch_size,
        callbacks=list(callbacks),
        verbose=0,
    )
    return model


def assert_same(runs: Runs, member: int, model: keras.Model, tolerance: float = 2e-5) -> None:
    def close(ours, theirs, what):
        np.testing.assert_allclose(ours, theirs, rtol=20 * tolerance, atol=tolerance, err_msg=what)

    for stacked, variable in zip(runs.weights, model.trainable_variables, strict=True):
        close(stacked[member], variable.numpy(), variable.path)
    for stacked, variable in zip(runs.non_trainable, model.non_trainable_variables, strict=True):
        close(stacked[member], variable.numpy(), variable.path)
    assert set(runs.history) == set(model.history.history)
    for key, values in model.history.history.items():
        close(runs.history[key][member][: len(values)], values, key)


def assert_equals_fit(build, data=None, *, xla=(False,), eager=True) -> Runs:
    """Compare with its own fit the middle one of three members, which both neighbors would disturb.

    The population is compiled as each of `xla` says; the last is returned. Without XLA by default:
    compiling with it takes longer than all the rest.
    """
    data, seeds, middle = data or points(), (0, 3, 5), 1
    model = fitted(build, data, seeds[middle], EPOCHS, BATCH, eager=eager)
    for compiled in xla:
        runs = train(build, data, seeds, EPOCHS, BATCH, jit_compile=compiled)
        assert_same(runs, middle, model)
    return runs


def classifier(
    *hidden, optimizer=None, loss="binary_crossentropy", width=1, features=3, **compiled
):
    """A build function; `hidden` makes the hidden layers, so that every model has its own."""

    def build() -> keras.Model:
        model = keras.Sequential(
            [
                keras.Input(features if isinstance(features, tuple) else (features,)),
                *(make() for make in hidden or [dense]),
                layers.Dense(width, activation="sigmoid" if width == 1 else "softmax"),
            ]
        )
        made = optimizer() if optimizer else optimizers.SGD(0.1)
        model.compile(optimizer=made, loss=loss, **({"metrics": ["accuracy"]} | compiled))
        return model

    return build


def dense() -> layers.Layer:
    return layers.Dense(5, activation="tanh")


LAYERS = {
    "activations": [
        *(lambda name=name: layers.Dense(5, activation=name) for name in ("relu", "gelu", "elu")),
        *(lambda name=name: layers.Dense(5, activation=name) for name in ("silu", "softplus")),
        lambda: layers.LeakyReLU(negative_slope=0.1),
    ],
    "frozen, layer normalization, prelu": [
        lambda: layers.Dense(5, trainable=False),
        layers.LayerNormalization,
        lambda: layers.Dense(5),
        layers.PReLU,
    ],
    "recurrent, unrolled": [
        lambda: layers.Dense(4, activation="tanh"),
        lambda: layers.Reshape((2, 2)),
        lambda: layers.SimpleRNN(3, unroll=True),
    ],
}


def test_each_member_equals_its_fit():
    build, data = classifier(dense, dense), points()
    runs = train(build, data, SEEDS, EPOCHS, BATCH, jit_compile=False)
    for member, seed in enumerate(SEEDS):
        assert_same(runs, member, fitted(build, data, seed, EPOCHS, BATCH))


def test_a_member_equals_a_fit_that_is_compiled_as_keras_chooses():
    assert_equals_fit(classifier(dense, dense), xla=[None], eager=False)


@pytest.mark.parametrize("name", LAYERS)
def test_a_dense_member_equals_fit(name):
    assert_equals_fit(classifier(*LAYERS[name]), xla=[True])


def test_batch_normalization_keeps_each_members_moving_statistics():
    build = classifier(lambda: layers.Dense(5), layers.BatchNormalization, layers.ReLU)
    runs = assert_equals_fit(build, xla=[True, False])
    assert not np.allclose(runs.non_trainable[0][0], runs.non_trainable[0][1])


@pytest.mark.parametrize("noise", [layers.Dropout, layers.GaussianNoise])
def test_random_layers_draw_the_same_numbers_as_fit(noise):
    assert_equals_fit(classifier(dense, lambda: noise(0.4), dense))


def test_dropout_under_xla_draws_the_same_numbers_as_fit_under_xla():
    build = classifier(dense, lambda: layers.Dropout(0.4), jit_compile=True, metrics=None)
    assert_equals_fit(build, (points(20)[0], None), xla=[True], eager=False)


CONVOLUTIONS = {
    "conv1d, without and with strides": (
        (12, 2),
        [
            lambda: layers.Conv1D(3, 3, activation="relu"),
            layers.MaxPooling1D,
            lambda: layers.Conv1D(3, 3, strides=2, padding="same"),
            layers.GlobalAveragePooling1D,
        ],
    ),
    "conv2d": (
        (6, 6, 2),
        [
            lambda: layers.Conv2D(3, 3, activation="relu"),
            lambda: layers.AveragePooling2D(2),
            layers.Flatten,
        ],
    ),
    "conv2d with batch normalization": (
        (6, 6, 1),
        [lambda: layers.Conv2D(3, 3), layers.BatchNormalization, layers.GlobalMaxPooling2D],
    ),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_a_convolutional_member_equals_fit(name):
    shape, hidden = CONVOLUTIONS[name]
    assert_equals_fit(classifier(*hidden, features=shape), points(shape=shape), xla=[False, True])


def test_a_functional_model_with_a_skip_equals_fit():
    def build():
        x = keras.Input((3,))
        hidden = layers.Dense(3, activation="relu")(x)
        y = layers.Dense(4, activation="softmax")(layers.Add()([x, hidden]))
        model = keras.Model(x, y)
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    assert_equals_fit(build, points(classes=4))


def test_a_model_whose_input_is_only_known_from_the_data_equals_fit():
    def build():
        model = keras.Sequential([dense(), layers.Dense(1, activation="sigmoid")])
        model.compile("sgd", "binary_crossentropy", metrics=["accuracy"])
        return model

    assert_equals_fit(build)


OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(0.1),
    "momentum": lambda: optimizers.SGD(0.1, momentum=0.9),
    "nesterov": lambda: optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    "rmsprop": lambda: optimizers.RMSprop(0.01),
    "rmsprop, centered with momentum": lambda: optimizers.RMSprop(
        0.01, momentum=0.5, centered=True
    ),
    "adam": lambda: optimizers.Adam(0.01),
    "amsgrad": lambda: optimizers.Adam(0.01, amsgrad=True),
    "adamw": lambda: optimizers.AdamW(0.01, weight_decay=0.1),
    "nadam": lambda: optimizers.Nadam(0.01),
    "adamax": lambda: optimizers.Adamax(0.01),
    "adagrad": lambda: optimizers.Adagrad(0.1),
    "adadelta": lambda: optimizers.Adadelta(1.0),
    "ftrl": lambda: optimizers.Ftrl(0.1, l1_regularization_strength=0.001, beta=0.1),
    "lion": lambda: optimizers.Lion(0.001),
    "muon": lambda: optimizers.Muon(0.05, weight_decay=0.1, adam_weight_decay=0.3),
    "muon as first published": lambda: optimizers.Muon(0.01, rms_rate=None, nesterov=False),
    "schedule": lambda: optimizers.SGD(optimizers.schedules.ExponentialDecay(0.5, 4, 0.5)),
    "weight decay": lambda: optimizers.SGD(0.1, weight_decay=0.2),
    "weight decay on a schedule": lambda: optimizers.Adam(
        optimizers.schedules.CosineDecay(0.1, 10), weight_decay=0.2
    ),
    "clipnorm": lambda: optimizers.SGD(0.5, clipnorm=0.05),
    "global_clipnorm": lambda: optimizers.SGD(0.5, global_clipnorm=0.05),
    "clipvalue": lambda: optimizers.SGD(0.5, clipvalue=0.01),
    "averaged weights": lambda: optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9),
    "averaged weights, taken over": lambda: optimizers.SGD(
        0.1, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=3
    ),
    "gradient accumulation": lambda: optimizers.Adam(
        0.05, gradient_accumulation_steps=3, clipnorm=0.1
    ),
    "loss scale": lambda: optimizers.SGD(0.1, loss_scale_factor=8.0),
}
COMPILED = ("nadam", "schedule", "global_clipnorm", "averaged weights, taken over")
COMPILED += ("gradient accumulation",)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_optimizer_equals_fit(name):
    build = classifier(optimizer=OPTIMIZERS[name], metrics=None)
    assert_equals_fit(build, (points()[0], None), xla=[name in COMPILED])


def test_weights_excluded_from_decay_stay_so():
    def excluding():
        optimizer = optimizers.SGD(0.1, weight_decay=0.5)
        optimizer.exclude_from_weight_decay(var_names=["kernel"])
        return optimizer

    assert_equals_fit(classifier(optimizer=excluding))


LOSSES = {
    "mse": "mse",
    "huber, summed": losses.Huber(reduction="sum"),
    "focal": losses.BinaryFocalCrossentropy(label_smoothing=0.1),
    "our own": lambda y, p: keras.ops.mean(keras.ops.abs(keras.ops.cast(y, p.dtype) - p[:, 0])),
}


def ignored_classes():
    (x, y), (x_val, y_val) = points(classes=3)
    y[::5], y_val[1::3] = -1, -1
    return (x, y), (x_val, y_val)


SPARSE = losses.SparseCategoricalCrossentropy
CLASS_LOSSES = {
    "renamed": lambda: SPARSE(name="mine"),
    "in a list": lambda: [SPARSE()],
    "ignoring a class": lambda: SPARSE(ignore_class=-1),
    "our own": lambda: lambda y, p: keras.ops.mean(losses.sparse_categorical_crossentropy(y, p)),
}


@pytest.mark.parametrize("name", CLASS_LOSSES)
def test_any_loss_on_class_numbers_equals_fit(name):
    data = ignored_classes() if name == "ignoring a class" else points(classes=3)

    def build():
        return classifier(loss=CLASS_LOSSES[name](), width=3, metrics=None)()

    assert_equals_fit(build, data, xla=[name == "ignoring a class"])


def test_an_output_with_masked_steps_equals_fit():
    def build():
        model = keras.Sequential([keras.Input((4, 2)), layers.Masking(), layers.Dense(1)])
        model.compile(optimizers.SGD(0.1), loss="mse")
        return model

    x = np.random.default_rng(0).normal(size=(70, 4, 2)).astype("float32")
    x[::3, 2:] = 0
    y = x.sum(axis=2, keepdims=True)
    assert_equals_fit(build, ((x[:40], y[:40]), (x[50:], y[50:])))


EMBEDDED = ("sgd", "momentum", "weight decay", "averaged weights", "schedule")


@pytest.mark.parametrize("name", EMBEDDED)
def test_an_embedding_under_plain_sgd_equals_fit(name):
    def build():
        model = keras.Sequential([keras.Input((4,)), layers.Embedding(30, 3), layers.Flatten()])
        model.add(layers.Dense(1, activation="sigmoid"))
        model.compile(OPTIMIZERS[name](), "binary_crossentropy")
        return model

    rng = np.random.default_rng(0)
    data = (rng.integers(0, 6, (50, 4)), rng.integers(0, 2, 50)), None
    assert_equals_fit(build, data, xla=[name == "momentum"])


@pytest.mark.parametrize("name", LOSSES)
def test_any_loss_equals_fit(name):
    assert_equals_fit(classifier(loss=LOSSES[name]), xla=[name != "mse"])


def test_regularizers_count_in_the_gradient_and_in_both_losses():
    kinds = keras.regularizers.L1L2(0.01, 0.1), keras.regularizers.OrthogonalRegularizer()
    hidden = [lambda kind=kind: layers.Dense(5, kernel_regularizer=kind) for kind in kinds]
    assert_equals_fit(classifier(*hidden), xla=[True])


def test_activity_regularizers_equal_fit():
    assert_equals_fit(classifier(lambda: layers.Dense(5, activity_regularizer="l2")))


def test_constraints_hold_for_each_member_alone():
    kinds = "max_norm", "unit_norm", "non_neg"
    hidden = [lambda kind=kind: layers.Dense(5, kernel_constraint=kind) for kind in kinds]
    assert_equals_fit(classifier(*hidden), xla=[True])


class Least(keras.metrics.Metric):
    """The smallest prediction so far: its state does not start at zero."""

    def __init__(self):
        super().__init__(name="least")
        self.least = self.add_weight(name="least", initializer="ones")

    def reset_state(self):
        self.least.assign(1.0)

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.least.assign(keras.ops.minimum(self.least, keras.ops.min(y_pred)))

    def result(self):
        return 1.0 * self.least


def test_a_metric_whose_state_does_not_start_at_zero_equals_fit():
    runs = assert_equals_fit(lambda: classifier(metrics=[Least()])())
    assert runs.history["least"].min() > 0


def test_several_metrics_equal_fit():
    def build():
        metrics = [
            "accuracy",
            "mae",
            keras.metrics.AUC(name="auc"),
            keras.metrics.Precision(name="p"),
        ]
        return classifier(metrics=metrics)()

    assert_equals_fit(build, xla=[True])


def test_each_member_has_its_own_learning_rate():
    build, data, rates = classifier(optimizer=OPTIMIZERS["weight decay"]), points(), (0.02, 0.5)
    runs = train(build, data, SEEDS, EPOCHS, BATCH, learning_rate=rates)
    for member, (seed, rate) in enumerate(zip(SEEDS, rates, strict=True)):
        assert_same(runs, member, fitted(build, data, seed, EPOCHS, BATCH, rate=rate))


class Masking(keras.callbacks.Callback):
    """Multiplies weights by masks, before training and after every step."""

    def __init__(self, masks):
        super().__init__()
        self.masks = masks

    def on_train_begin(self, logs=None):
        for variable, mask in zip(self.model.trainable_variables, self.masks, strict=True):
            variable.assign(variable * mask)

    def on_train_batch_end(self, batch, logs=None):
        self.on_train_begin()


def test_masked_weights_stay_zero_and_the_others_train_as_in_fit():
    build, data = classifier(optimizer=OPTIMIZERS["adam"]), points()
    rng = np.random.default_rng(0)
    kernel = rng.integers(0, 2, size=(2, 3, 5)).astype("float32")
    models = [
        fitted(build, data, seed, EPOCHS, BATCH, [Masking([kernel[member], 1, 1, 1])])
        for member, seed in enumerate(SEEDS)
    ]
    masks = [kernel, None, None, None]
    for compiled in (True, False):
        runs = train(build, data, SEEDS, EPOCHS, BATCH, masks=masks, jit_compile=compiled)
        assert (runs.weights[0][kernel == 0] == 0).all()
        for member, model in enumerate(models):
            assert_same(runs, member, model)


STOPPING = {
    "loss": {"min_delta": 0.02, "patience": 2, "restore_best_weights": True},
    "accuracy": {"monitor": "accuracy", "patience": 2, "restore_best_weights": True},
    "late, with a baseline": {"baseline": 0.1, "patience": 3, "start_from_epoch": 2},
}


@pytest.mark.parametrize("name", STOPPING)
def test_early_stopping_equals_the_callback_of_keras(name):
    seeds, epochs, data = (0, 2), 10, points(samples=32)
    build = classifier(dense, layers.BatchNormalization, optimizer=lambda: optimizers.Adam(0.2))
    rule = keras.callbacks.EarlyStopping(**STOPPING[name])
    runs = train(build, data, seeds, epochs, BATCH, early_stopping=rule, jit_compile=False)
    for member, seed in enumerate(seeds):
        own = keras.callbacks.EarlyStopping(**STOPPING[name])
        model = fitted(build, data, seed, epochs, BATCH, [own])
        trained = len(model.history.history["loss"])
        assert runs.stopped_epoch[member] == trained
        assert_same(runs, member, model, tolerance=2e-4)
        for series in runs.history.values():
            assert (series[member][trained:] == series[member][trained - 1]).all()
        if own.restore_best_weights:
            best = model.history.history[own.monitor][runs.kept_epoch[member] - 1]
            assert runs.final(own.monitor)[member] == pytest.approx(best, abs=1e-3)
    assert len(set(runs.stopped_epoch)) > 1


@settings(max_examples=4, deadline=None)
@given(
    samples=st.integers(5, 16),
    batch_size=st.integers(1, 5),
    widths=st.lists(st.integers(1, 6), min_size=1, max_size=2),
    features=st.integers(1, 4),
    seed=st.integers(0, 2**32 - 1),
)
def test_members_equal_fit_whatever_the_sizes(samples, batch_size, widths, features, seed):
    hidden = [lambda w=w: layers.Dense(w, activation="tanh") for w in widths]
    build = classifier(*hidden, features=features)
    data = points(samples, (max(features, 1),))
    runs = train(build, data, [seed, 1], 2, batch_size, jit_compile=False)
    assert_same(runs, 0, fitted(build, data, seed, 2, batch_size))


def centering():
    inputs = keras.Input((3,))
    x = layers.Dense(5)(inputs)
    x = x - keras.ops.mean(x, axis=0, keepdims=True)  # an operation, not a layer
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))
    model.compile(optimizers.SGD(0.1), loss="binary_crossentropy", metrics=["accuracy"])
    return model


MIXING = {
    "a loss over the batch": lambda: classifier(loss=losses.Dice(), metrics=[])(),
    "an operation over the batch": centering,
    "a softmax over the batch": lambda: classifier(dense, lambda: layers.Softmax(axis=0))(),
    "an activation over the batch": lambda: classifier(
        lambda: layers.Dense(5, activation=lambda z: z - keras.ops.mean(z, axis=0))
    )(),
}


@pytest.mark.parametrize("name", MIXING)
def test_models_that_mix_the_examples_of_a_batch_equal_fit(name):
    (x, y), (x_val, y_val) = points()
    y, y_val = y[:, None].astype("float32"), y_val[:, None].astype("float32")
    xla = [name == "a loss over the batch"]
    assert_equals_fit(MIXING[name], ((x, y), (x_val, y_val)), xla=xla)


def test_an_output_of_many_numbers_an_example_equals_fit():
    def build():
        model = keras.Sequential([keras.Input((BATCH, 4, 1)), layers.Dense(2), layers.Dense(1)])
        model.compile(optimizers.SGD(0.1), loss="mse")
        return model

    x = np.random.default_rng(0).normal(size=(40, BATCH, 4, 1)).astype("float32")
    assert_equals_fit(build, ((x, x**2), (x[:8], x[:8])))
