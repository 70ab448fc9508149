"""The tournament: twelve optimizers, thirteen rates, two schedules, four tasks."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import keras
import numpy as np
from keras import layers, optimizers

from utils import data, studies
from utils.networks import dense
from utils.population import train

Build = Callable[[optimizers.Optimizer], keras.Model]
Rate = optimizers.schedules.LearningRateSchedule
Rule = Callable[[Rate], optimizers.Optimizer]

RATES = 10.0 ** np.arange(-5, 1.1, 0.5)
OPTIMIZERS: dict[str, Rule] = {
    "SGD": optimizers.SGD,
    "momentum": partial(optimizers.SGD, momentum=0.9),
    "Nesterov": partial(optimizers.SGD, momentum=0.9, nesterov=True),
    "AdaGrad": optimizers.Adagrad,
    "Adadelta": optimizers.Adadelta,
    "RMSProp": optimizers.RMSprop,
    "Adam": optimizers.Adam,
    "Adamax": optimizers.Adamax,
    "AdamW": optimizers.AdamW,
    "Nadam": optimizers.Nadam,
    "Lion": optimizers.Lion,
    "Muon": optimizers.Muon,
}
"""Each as Keras has it; all that is not named here is at its default."""


def rate(schedule: str, steps: int) -> Rate:
    """A rate of one, or from one down to zero: a member's factor makes it its own."""
    if schedule == "constant":
        return optimizers.schedules.PolynomialDecay(1.0, steps, 1.0)
    return optimizers.schedules.CosineDecay(1.0, steps)


def of_sizes(
    sizes: list[int], activation: str, optimizer: optimizers.Optimizer
) -> keras.Model:
    """A dense classifier with this optimizer."""
    return dense(sizes, activation, optimizer=optimizer)


def compiled(build: Build, optimizer: Rule, schedule: str, steps: int) -> keras.Model:
    """The model with a new optimizer."""
    return build(optimizer(rate(schedule, steps)))


def tournament(
    task: data.Dataset, build: Build, seeds: Sequence[int], steps: int
) -> Mapping[str, np.ndarray]:
    """What each optimizer with each schedule reaches at the end: (seeds, rates)."""
    found = {}
    members, each = [*seeds] * len(RATES), np.repeat(RATES, len(seeds))
    for name, optimizer in OPTIMIZERS.items():
        for schedule in ("constant", "cosine"):
            runs = train(
                partial(compiled, build, optimizer, schedule, steps),
                (task.x_train, task.y_train),
                members,
                steps=steps,
                log_every=steps // 20,
                learning_rate_factor=each,
            )
            ends = {
                "loss": runs.evaluate(task.x_train, task.y_train)["loss"],
                "validation": runs.evaluate(task.x_val, task.y_val)["accuracy"],
                "test": runs.evaluate(task.x_test, task.y_test)["accuracy"],
            }
            lost = runs.diverged | ~np.isfinite(ends["loss"])
            for quantity, values in ends.items():
                values = np.where(lost, np.inf if quantity == "loss" else 0.0, values)
                by_rate = values.reshape(len(RATES), len(seeds)).T
                found[f"{name}, {schedule}, {quantity}"] = by_rate
            losses = runs.history["loss"].reshape(len(RATES), len(seeds), -1)
            for value, loss in zip(RATES, losses, strict=True):
                label = f"{name}, {schedule}, rate {value:.2g}"
                studies.keep(label, seeds, runs.steps, {"loss": loss})
    return found


def convolutions_1d(optimizer: optimizers.Optimizer) -> keras.Model:
    """Three small convolutions, each of which halves the length, and the classes."""
    stack = [keras.Input((40,)), layers.Reshape((40, 1))]
    for width in (5, 3, 3):
        stack.append(
            layers.Conv1D(8, width, strides=2, padding="same", activation="relu")
        )
    model = keras.Sequential([*stack, layers.Flatten(), layers.Dense(10, "softmax")])
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@studies.study(seeds=16)
def moons(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """Two moons, a small tanh network, 500 steps."""
    build = partial(of_sizes, [2, 16, 16, 1], "tanh")
    return tournament(data.two_moons(), build, seeds, 500)


@studies.study(seeds=16)
def digits(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """The digits, two hidden ReLU layers, 500 steps."""
    return tournament(
        data.digits(), partial(of_sizes, [64, 32, 32, 10], "relu"), seeds, 500
    )


@studies.study(seeds=16)
def shapes(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """MNIST-1D, two hidden ReLU layers, 1,000 steps."""
    return tournament(
        data.mnist1d(), partial(of_sizes, [40, 64, 64, 10], "relu"), seeds, 1000
    )


@studies.study(seeds=16)
def convolutions(seeds: Sequence[int]) -> Mapping[str, np.ndarray]:
    """MNIST-1D, three convolutions, 500 steps."""
    return tournament(data.mnist1d(), convolutions_1d, seeds, 500)
