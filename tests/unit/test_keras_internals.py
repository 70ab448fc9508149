"""The private parts of Keras and TensorFlow that we use still are what we take them for."""

from __future__ import annotations

import contextlib
import copy
import random
from concurrent.futures import ThreadPoolExecutor

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers, optimizers

from utils import keras_internals as internals


def model(metrics=("accuracy",), loss="mse") -> keras.Model:
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(2), layers.Dropout(0.5)])
    outer = keras.Sequential([keras.Input((3,)), inner, layers.Dense(1)])
    outer.compile(optimizers.SGD(0.1, weight_decay=0.1), loss, metrics=list(metrics))
    outer.optimizer.exclude_from_weight_decay(var_names=["bias"])
    return outer


def settled(**options) -> keras.Model:
    made = model(**options)
    x, y = np.zeros((2, 3), "float32"), np.zeros((2, 1), "float32")
    made.compute_loss(x, y, made(x))
    made.compute_metrics(x, y, made(x))
    return made


def test_all_layers_are_those_of_nested_models_too():
    kinds = [type(layer).__name__ for layer in internals.all_layers(model())]
    assert kinds.count("Dense") == 2
    assert kinds.count("Sequential") == 2
    assert "Dropout" in kinds


def test_the_compiled_metrics_are_those_that_were_given():
    auc = keras.metrics.AUC()
    made = settled(metrics=[auc, "mae"])
    assert internals.compiled_metrics(made).metrics[0] is auc
    assert internals.given_metrics(made)[:2] == [auc, "mae"]
    assert not any(internals.given_metrics(model(metrics=())))


def test_the_first_metric_is_the_loss():
    assert settled().metrics[0].name == "loss"


def test_the_compiled_loss_is_a_loss_object_with_function_and_settings():
    (loss,) = internals.compiled_losses(settled(loss=keras.losses.Huber(delta=2.0)))
    function, settings = internals.loss_settings(loss)
    assert function is keras.losses.huber
    assert settings == {"delta": 2.0}


def test_the_optimizer_says_what_decays_at_which_rate_and_where():
    made = model()
    assert internals.decays(made) == [True, False, True, False]
    plain = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    plain.compile(optimizers.SGD(), "mse")
    assert internals.decays(plain) == [
        plain.optimizer._use_weight_decay(v) for v in plain.variables
    ]
    assert isinstance(internals.compiled_rate(made.optimizer), keras.Variable)
    schedule = optimizers.schedules.CosineDecay(0.1, 9)
    assert internals.compiled_rate(optimizers.SGD(schedule)) is schedule
    made.optimizer.build(made.trainable_variables)
    places = [internals.variable_place(made.optimizer, v) for v in made.trainable_variables]
    assert places == [0, 1, 2, 3]


def test_a_layers_own_variables_are_not_those_of_the_layers_in_it():
    made = model()
    assert internals.own_variables(made) == []
    assert len(internals.own_variables(made.layers[-1])) == 2


def test_generators_of_random_numbers_are_found_whatever_their_name():
    class Own(layers.Layer):
        def __init__(self):
            super().__init__()
            self.chance = keras.random.SeedGenerator(7)

        def call(self, x):
            return x

    assert internals.draws_numbers(model())
    assert internals.draws_numbers(keras.Sequential([keras.Input((3,)), Own()]))
    assert not internals.draws_numbers(keras.Sequential([keras.Input((3,)), layers.Dense(1)]))


def test_a_scope_notes_what_is_written_and_not_carried_and_which_layer_ran():
    class Counter(layers.Layer):
        def build(self, shape):
            self.count = self.add_weight(shape=(), trainable=False, name="count")

        def call(self, x):
            self.count.assign(self.count + 1.0)
            return x

    counter = Counter(name="counter")
    counter.build((1, 1))
    with internals.CarriedScope([], [counter.count]) as scope:
        counter(tf.zeros((1, 1)))
    assert scope.lost == []
    with internals.CarriedScope([], []) as scope:
        counter(tf.zeros((1, 1)))
    assert scope.lost == [("counter", counter.count.path)]


def test_watching_sees_what_is_made_and_what_is_touched():
    with internals.watched_variables() as seen:
        made = model()
    assert not seen.did_more
    assert {id(v) for v in made.variables} <= seen.created
    assert id(made.optimizer.iterations) in seen.created
    for touch in (lambda v: v.numpy(), lambda v: v.assign(v * 0), lambda v: v + 1):
        with internals.watched_variables() as seen:
            touch(made.trainable_variables[0])
        assert seen.did_more
        assert not seen.created
    for more in (ForeignInitializer(), lambda shape, dtype=None: tf.zeros(shape, dtype)):
        with internals.watched_variables() as seen:
            keras.Variable(more, (2,))
        assert seen.did_more
    for more in (
        lambda: keras.utils.set_random_seed(1),
        lambda: keras.initializers.HeNormal()((2, 3)),
        lambda: keras.Variable("ones", (2,))._value.assign([2.0, 3.0]),
    ):
        with internals.watched_variables() as seen:
            more()
        assert seen.did_more
    with internals.watched_variables() as seen:
        made = [layers.Dropout(0.5), keras.Variable(keras.initializers.Identity(), (2, 2))]
    assert not seen.did_more


def layer_of(seed, deferred=True):
    keras.utils.set_random_seed(seed)
    with internals.watched_variables() if deferred else contextlib.nullcontext():
        layer = layers.Dense(3, kernel_initializer="he_normal", bias_initializer="ones")
        layer.build((None, 2))
    return layer


def in_scope(variable):
    with keras.StatelessScope():
        return variable.value.numpy()


USES = {
    "read": lambda v: v.numpy(),
    "assigned": lambda v: v.assign(v + 0.5),
    "assigned by others": lambda v: v.assign(np.full(v.shape, 0.5)),
    "read in a graph": lambda v: tf.function(lambda: 2 * v)().numpy(),
    "read in a scope": in_scope,
    "copied": lambda v: copy.deepcopy(v).numpy(),
}


@pytest.mark.parametrize("use", USES)
def test_a_variable_whose_draw_was_put_off_is_used_as_any_other(use):
    for one, other in zip(layer_of(3).variables, layer_of(3, False).variables, strict=True):
        assert isinstance(one, internals.Deferred)
        np.testing.assert_array_equal(USES[use](one), USES[use](other))
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        assert type(one) is type(other)


def test_a_function_that_was_traced_before_may_be_the_first_to_read_a_variable():
    held = [*layer_of(3, False).variables, *layer_of(3).variables]
    doubled = tf.function(lambda place: 2 * held[place])  # traced for each place
    for place, variable in enumerate(held):
        np.testing.assert_array_equal(doubled(place), 2 * variable.numpy())


def test_a_model_that_its_build_kept_trains_as_if_nobody_had_watched():
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    losses = []
    for watch in (internals.watched_variables, contextlib.nullcontext):
        keras.utils.set_random_seed(2)
        with watch():
            made = model()
        losses.append(made.fit(x, y, epochs=3, verbose=0).history["loss"])
    assert losses[0] == losses[1]


class ForeignInitializer(keras.initializers.HeNormal):
    """What it draws may hang on more than its seed."""


class ForeignVariable(keras.Variable):
    """It would not be of its own kind any more."""


def test_only_what_always_draws_the_same_and_never_fails_is_put_off():
    own = keras.initializers
    kinds = [
        ForeignInitializer(),
        own.HeNormal(keras.random.SeedGenerator(1)),
        own.Constant(np.ones((2, 3))),
        own.Orthogonal(seed=1),
        own.RandomNormal(stddev=np.array(0.1), seed=1),
        lambda shape, dtype=None: tf.random.normal(shape, dtype=dtype),
    ]
    with internals.watched_variables():
        made = [keras.Variable(kind, (2, 3)) for kind in kinds]
        made += [ForeignVariable("zeros", (2, 3)), keras.Variable("zeros", (2, 3), "int32")]
        with keras.StatelessScope():
            made.append(keras.Variable("ones", (2, 3)))  # Keras puts it off itself
        with tf.distribute.OneDeviceStrategy("CPU:0").scope():
            made.append(keras.Variable("ones", (2, 3)))
        changed = own.HeNormal(seed=1)
        first = keras.Variable(changed, (2, 3))
        changed.seed = 2
    assert not any(isinstance(variable, internals.Deferred) for variable in made)
    np.testing.assert_array_equal(made[-1], np.ones((2, 3)))
    np.testing.assert_array_equal(first, own.HeNormal(seed=1)((2, 3)))


def test_a_variable_that_was_frozen_before_its_draw_can_be_trained_afterwards():
    layer = layer_of(3)
    layer.trainable = False
    assert not layer.kernel.trainable
    layer.kernel.numpy()
    layer.trainable = True
    with tf.GradientTape() as tape:
        out = tf.reduce_sum(layer(np.ones((1, 2))))
    assert None not in tape.gradient(out, [v.value for v in layer.trainable_variables])


def test_many_threads_may_be_the_first_to_read_a_variable():
    for variable in layer_of(3).variables:
        with ThreadPoolExecutor(8) as pool:
            first, *others = pool.map(lambda _, v=variable: v.numpy(), range(8))
        for other in others:
            np.testing.assert_array_equal(first, other)


@pytest.mark.parametrize("name", ["he_normal", "glorot_uniform", "orthogonal"])
def test_an_initializer_takes_its_seed_as_a_tensor_and_draws_the_same(name):
    one = keras.initializers.get({"class_name": name, "config": {"seed": 11}})
    other = keras.initializers.get({"class_name": name, "config": {"seed": 1}})
    other.seed = internals.GivenSeed(tf.constant(11))
    np.testing.assert_array_equal(one((3, 2)), other((3, 2)))


def test_layers_draw_their_seeds_from_pythons_generator():
    keras.utils.set_random_seed(5)
    drawn = [keras.initializers.HeNormal().seed, layers.Dropout(0.5).seed_generator.state]
    expected = internals.seeds_drawn(5, 2)
    assert [drawn[0], int(drawn[1].numpy()[0])] == expected
    state = random.random()
    keras.utils.set_random_seed(5)
    for _ in range(2):
        random.randint(1, internals.MOST)
    assert state == random.random()


def test_the_direction_of_a_metric_is_keras_own():
    made = settled(metrics=["accuracy", "mae"])
    for monitor, more in [("val_loss", False), ("accuracy", True), ("val_mae", False)]:
        rule = keras.callbacks.EarlyStopping(monitor)
        assert internals.upward(rule, made) is more
    with pytest.raises(ValueError, match="isn't able to automatically"):
        internals.upward(keras.callbacks.EarlyStopping("nonsense"), made)


def test_an_argmax_can_be_mapped_without_a_loop():
    x = tf.constant(np.random.default_rng(0).normal(size=(4, 5, 6)).astype("float32"))
    mapped = tf.vectorized_map(
        lambda row: keras.ops.argmax(row, axis=-1), x, fallback_to_while_loop=False
    )
    np.testing.assert_array_equal(mapped, np.argmax(x, axis=-1))


def nested():
    inner = keras.Sequential([layers.Dense(3, "relu"), layers.BatchNormalization()], name="inner")
    wrapped = layers.TimeDistributed(layers.Dense(2))
    model = keras.Sequential([keras.Input((4, 5)), inner, wrapped, layers.Flatten()])
    model.compile(loss="mse")
    return model, inner, wrapped


def test_layers_in_gives_the_layers_of_models_and_of_wrappers_in_order():
    model, inner, wrapped = nested()
    found = internals.layers_in(model)
    assert [layer for layer in found if not isinstance(layer, layers.InputLayer)] == model.layers
    assert internals.layers_in(wrapped) == [wrapped.layer]
    assert inner in found


def test_through_graph_gives_a_models_outputs_by_calls_of_its_operations():
    model, inner, _ = nested()
    called = []

    def call(operation, *args, **kwargs):
        called.append(operation)
        return operation(*args, **kwargs)

    x = np.random.default_rng(0).normal(size=(3, 4, 5)).astype("float32")
    np.testing.assert_allclose(internals.through_graph(model, [x], call), model(x), rtol=1e-6)
    assert called == model.layers
    symbolic = keras.Input((4, 5))
    outputs = internals.through_graph(inner, [layers.ReLU()(symbolic)], call)
    copy = keras.Model(symbolic, outputs)
    np.testing.assert_allclose(copy(x), inner(np.maximum(x, 0)), rtol=1e-6)


@pytest.mark.parametrize("loss", ["mse", keras.losses.MeanSquaredError()])
def test_loss_of_is_the_compiled_loss_and_leaves_the_models_own_untouched(loss):
    model = keras.Sequential([keras.Input((2,)), layers.Dense(1, kernel_regularizer="l2")])
    model.compile(loss=loss)
    y, outputs = np.ones((3, 1), "float32"), np.zeros((3, 1), "float32")
    assert float(internals.loss_of(model)(y, outputs)) == 1.0
    model.fit(np.ones((3, 2)), y, verbose=0)  # the first call of its own loss
    without = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    without.compile(optimizer="sgd")
    with pytest.raises(ValueError, match=r"without a loss; call compile\(loss=...\)"):
        internals.loss_of(without)


def test_tensorflow_generator_kept_makes_what_is_drawn_inside_leave_no_trace():
    tf.random.set_seed(4)
    first = tf.random.uniform((2,)).numpy(), tf.random.uniform((2,)).numpy()
    tf.random.set_seed(4)
    again = tf.random.uniform((2,)).numpy()
    with internals.tensorflow_generator_kept():
        tf.random.uniform((5,))
    np.testing.assert_array_equal(again, first[0])
    np.testing.assert_array_equal(tf.random.uniform((2,)).numpy(), first[1])
