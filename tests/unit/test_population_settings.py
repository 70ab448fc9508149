"""What members have of their own: each ends where a plain `fit` with the same settings ends."""

from __future__ import annotations

import functools
import re

import keras
import numpy as np
import pytest
from keras import layers, optimizers

from tests.unit.small import DATA, X, Y, network, quick
from tests.unit.test_population_equals_fit import assert_same, fitted, replayed
from utils.population import Scaled, grid, sweep, train

SEEDS, EPOCHS, BATCH = (0, 3), 2, 16
TRAINING = DATA[0], None


def together(build, **options):
    return train(build, TRAINING, SEEDS, EPOCHS, BATCH, jit_compile=False, **options)


SCHEDULE = optimizers.schedules.ExponentialDecay(0.5, 4, 0.5)
OWN = {
    "momentum": ((0.0, 0.9), optimizers.SGD(0.1), lambda v: optimizers.SGD(0.1, momentum=v)),
    "nesterov": (
        (0.3, 0.9),
        optimizers.SGD(0.1, momentum=0.5, nesterov=True),
        lambda v: optimizers.SGD(0.1, momentum=v, nesterov=True),
    ),
    "beta_1": ((0.0, 0.95), optimizers.Adam(0.05), lambda v: optimizers.Adam(0.05, beta_1=v)),
    "weight_decay": (
        (0.0, 0.5),
        optimizers.SGD(0.1),
        lambda v: optimizers.SGD(0.1, weight_decay=v),
    ),
    "learning_rate_factor": (
        (0.5, 2.0),
        optimizers.SGD(SCHEDULE),
        lambda v: optimizers.SGD(Scaled(SCHEDULE, v)),
    ),
}


def fresh(optimizer):
    return type(optimizer).from_config(optimizer.get_config())


@pytest.mark.parametrize("name", OWN)
def test_each_member_has_its_own_number_of_the_optimizer(name):
    values, compiled, alone = OWN[name]
    argument = {"nesterov": "momentum"}.get(name, name)
    runs = together(lambda: network(fresh(compiled)), **{argument: values})
    for member, (seed, value) in enumerate(zip(SEEDS, values, strict=True)):
        plain = fitted(lambda v=value: network(alone(v)), TRAINING, seed, EPOCHS, BATCH)
        assert_same(runs, member, plain)
        ours, theirs = runs.model(member).optimizer, plain.optimizer
        if name != "learning_rate_factor":
            assert getattr(ours, argument) == pytest.approx(getattr(theirs, argument))
        else:
            assert float(ours.learning_rate) == pytest.approx(0.5 * value)


def test_members_start_from_weights_that_are_given():
    start = [np.random.default_rng(0).normal(size=(2, 3, 4)), np.ones(4), None, None]
    runs = together(network, initial=start, snapshots=1)
    for member, seed in enumerate(SEEDS):

        def build(member=member):
            model = network()
            model.layers[0].set_weights([start[0][member], start[1]])
            return model

        assert_same(runs, member, fitted(build, TRAINING, seed, EPOCHS, BATCH))
    again = together(network, initial=runs.weights_at(0))
    np.testing.assert_array_equal(again.weights[0], runs.weights[0])


def test_a_start_by_name_may_name_statistics_too():
    def build():
        return network(hidden=[layers.BatchNormalization(name="norm")])

    mean = np.arange(4.0)
    runs = together(build, initial={"norm/moving_mean": mean}, snapshots=1)
    assert (runs.snapshots[0][1][0] == mean).all()


def test_each_member_sees_its_own_examples():
    rng = np.random.default_rng(0)
    x, y = DATA[0]
    examples = np.stack([rng.permutation(40)[:30], rng.integers(0, 40, 30)])  # a fold, a bootstrap
    runs = together(network, examples=examples)
    for member, seed in enumerate(SEEDS):
        own = (x[examples[member]], y[examples[member]]), None
        assert_same(runs, member, fitted(network, own, seed, EPOCHS, BATCH))


@pytest.mark.slow
@pytest.mark.parametrize("normalized", [False, True])
def test_a_budget_in_steps_equals_fit_with_as_many_steps_per_epoch(normalized):
    def build():
        return network(hidden=[layers.BatchNormalization()] if normalized else [])

    x, y = DATA[0]
    options = {"log_every": 4, "snapshots": 8, "jit_compile": not normalized}
    runs = train(build, DATA, SEEDS, batch_size=BATCH, steps=10, **options)
    assert runs.steps.tolist() == [4, 8, 10]
    assert runs.snapshot_epochs == [0, 8, 10]
    assert runs.history["loss"].shape == (2, 3)
    for member, seed in enumerate(SEEDS):

        def stepped(seed=seed, **budget):
            keras.utils.set_random_seed(seed)
            model = build()
            model.run_eagerly = True
            stream = replayed(x, y, seed, 4, BATCH)
            model.fit(stream, **budget, verbose=0, shuffle=False)
            return model

        logs = stepped(steps_per_epoch=4, epochs=2, validation_data=DATA[1]).history.history
        for key, series in runs.history.items():
            np.testing.assert_allclose(series[member, :2], logs[key], rtol=4e-4, atol=2e-5)
        last = stepped(steps_per_epoch=10, epochs=1)
        for ours, variable in zip(runs.weights, last.trainable_variables, strict=True):
            np.testing.assert_allclose(ours[member], variable.numpy(), rtol=4e-4, atol=2e-5)


def base() -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(5, activation="tanh"),
            layers.BatchNormalization(),
            layers.Dense(4, activation="tanh"),
        ]
    )


def on(below: keras.Model) -> keras.Model:
    model = keras.Sequential([keras.Input((3,)), below, layers.Dense(1, activation="sigmoid")])
    model.compile(optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    return model


@pytest.mark.slow
def test_a_frozen_base_from_outside_and_a_trained_one_inside_equal_fit():
    keras.utils.set_random_seed(9)
    pretrained = base()
    pretrained.trainable = False

    def tuned():
        own = keras.models.clone_model(pretrained)
        own.set_weights(pretrained.get_weights())
        return on(own)

    for build in (lambda: on(pretrained), tuned, lambda: on(base())):
        runs = together(build)
        for member, seed in enumerate(SEEDS):
            assert_same(runs, member, fitted(build, TRAINING, seed, EPOCHS, BATCH))


def test_any_weights_can_be_evaluated_and_predicted_with():
    runs = quick(snapshots=4)
    halfway = [(a + b) / 2 for a, b in zip(runs.weights_at(0), runs.weights, strict=True)]
    scores = runs.evaluate(X, Y, weights=halfway)
    model = runs.model(1)
    model.set_weights([w[1] for w in halfway])
    theirs = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert {key: value[1] for key, value in scores.items()} == pytest.approx(theirs, abs=1e-5)
    np.testing.assert_allclose(
        runs.predict(X, weights=halfway)[1], model.predict(X, verbose=0), atol=1e-6
    )
    average = [w.mean(axis=0) for w in runs.weights]
    assert np.ptp(runs.evaluate(X, Y, weights=average)["loss"]) == 0


@pytest.mark.slow
def test_a_grid_trains_one_population_for_each_combination():
    def build(width, optimizer):
        return network(optimizer, hidden=[layers.Dense(width)])

    settings = {"width": [2, 3], "optimizer": ["sgd", "adam"]}
    options = {"seeds": 2, "epochs": 1, "batch_size": 10, "jit_compile": False}
    found = grid(build, DATA, settings, **options)
    assert list(found) == [(2, "sgd"), (2, "adam"), (3, "sgd"), (3, "adam")]
    alone = train(functools.partial(build, 3, "adam"), DATA, **options)
    np.testing.assert_array_equal(found[3, "adam"].final("loss"), alone.final("loss"))
    swept = grid(
        lambda width: network(hidden=[layers.Dense(width)]),
        lambda width: DATA,
        {"width": [2]},
        of=sweep,
        learning_rates=[0.1, 0.5],
        **options,
    )
    assert swept[2].learning_rates == (0.1, 0.5)


def scheduled():
    return network(optimizers.SGD(SCHEDULE))


BAD = {
    "few numbers": ({"momentum": [0.1, 0.2]}, "one for each of the 3 members"),
    "momentum beyond": ({"momentum": 1.0}, "momentum=1.0: expected one finite number from 0 to"),
    "another's number": ({"beta_1": 0.5}, "compiled with SGD, which has no beta_1"),
    "a negative decay": ({"weight_decay": -1.0}, "of at least 0"),
    "a factor without a schedule": ({"learning_rate_factor": 2.0}, "pass learning_rate with one"),
    "a rate with a schedule": (
        {"build": scheduled, "learning_rate": 0.1},
        "or scale the schedule by learning_rate_factor",
    ),
    "a start of another shape": (
        {"initial": [np.ones((3, 5)), None, None, None]},
        "initial has shape (3, 5) for 'hidden/kernel'; expected shape (3, 4), or (3, 3, 4)",
    ),
    "few starts": ({"initial": [None]}, "initial has 1 entries; pass a list with weights"),
    "a start's name": ({"initial": {"hiden/bias": 0}}, "Did you mean 'hidden/bias'"),
    "examples beyond": (
        {"examples": np.full((3, 20), 40)},
        "examples holds 40; expected positions from 0 to 39",
    ),
    "ragged examples": ({"examples": [[1], [1, 2], [3]]}, "examples has rows of unequal length"),
    "few examples": ({"examples": [[1, 2]]}, "expected whole numbers of shape (3, n)"),
    "two budgets": ({"steps": 5}, "epochs=4 and steps=5: give one of them"),
    "logs without steps": ({"log_every": 5}, "give the budget as steps= instead of epochs="),
    "snapshots between logs": (
        {"epochs": None, "steps": 9, "log_every": 2, "snapshots": 3},
        "choose a multiple of 2, or another log_every",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_settings_that_do_not_fit_are_refused_before_training(name):
    options, message = BAD[name]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        quick(**options)
    assert "\n" not in str(caught.value)


def test_a_grid_and_given_weights_say_what_they_take():
    with pytest.raises(ValueError, match="pass a dict from arguments of build to lists"):
        grid(network, DATA, {"width": 3})
    with pytest.raises(ValueError, match="lists a value twice"):
        grid(network, DATA, {"width": [3, 3]})
    with pytest.raises(ValueError, match="weights has 1 entries; pass a list with an array"):
        quick(epochs=1).evaluate(X, Y, weights=[1])
