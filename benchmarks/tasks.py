"""The rows of the speed table: a network, its data, and how many members train on them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import keras
import numpy as np
from keras import layers

from utils import data

RATE = 0.1
Layer = tuple[Any, ...]
"""A kind and its sizes."""


@dataclass(frozen=True)
class Task:
    """One row. The examples are a whole number of batches, so that all batches are alike."""

    name: str
    source: str
    layers: tuple[Layer, ...]
    members: int = 16
    batch: int = 32
    epochs: int = 20
    """How many more epochs the longer of two runs has, whose difference is timed."""

    @property
    def examples(self) -> tuple[np.ndarray, np.ndarray]:
        """x and y."""
        return examples(self.source)

    @property
    def steps(self) -> int:
        """Batches in an epoch."""
        return len(self.examples[0]) // self.batch

    def build(self, metrics: bool = False) -> keras.Model:
        """The compiled Keras model."""
        x, y = self.examples
        binary = y.max() == 1
        outputs = (
            layers.Dense(1, "sigmoid") if binary else layers.Dense(int(y.max()) + 1, "softmax")
        )
        stack = [KINDS[kind](*sizes) for kind, *sizes in self.layers]
        model = keras.Sequential([keras.Input(x.shape[1:]), *stack, outputs])
        loss = "binary_crossentropy" if binary else "sparse_categorical_crossentropy"
        model.compile(keras.optimizers.SGD(RATE), loss, metrics=["accuracy"] if metrics else None)
        return model


KINDS: dict[str, Callable[..., keras.Layer]] = {
    "dense": layers.Dense,
    "relu": layers.ReLU,
    "batch norm": layers.BatchNormalization,
    "signal": lambda: layers.Reshape((-1, 1)),
    "convolution": lambda filters, width, stride: layers.Conv1D(
        filters, width, strides=stride, padding="same"
    ),
    "flatten": layers.Flatten,
}


@lru_cache
def examples(source: str) -> tuple[np.ndarray, np.ndarray]:
    """Training examples of one of the course's data sets."""
    if source == "moons":
        moons = data.two_moons(train=1024)
        return moons.x_train, moons.y_train
    if source == "digits":
        digits = data.digits()
        return digits.x_train[:960], digits.y_train[:960]
    signals = data.mnist1d()
    return signals.x_train[:2000], signals.y_train[:2000]


def dense(*widths: int, between: tuple[str, ...] = ("relu",)) -> tuple[Layer, ...]:
    """Hidden layers of these widths, each followed by the layers `between`."""
    return tuple(part for width in widths for part in (("dense", width), *((b,) for b in between)))


NORMALIZED = ("batch norm", "relu")
CONVOLUTIONS = (("convolution", 16, 5, 2), ("relu",)) * 3
SMALL, LARGE = dense(16, 16), dense(100, 100)
TASKS = (
    Task("2–16–16–1, 16 members", "moons", SMALL, epochs=80),
    Task("2–16–16–1, 64 members", "moons", SMALL, members=64, epochs=40),
    Task("2–32×5–1", "moons", dense(*[32] * 5), epochs=40),
    Task("64–32×20–10", "digits", dense(*[32] * 20), epochs=10),
    Task("64–32×10–10, BatchNorm", "digits", dense(*[32] * 10, between=NORMALIZED), epochs=10),
    Task("40–100–100–10", "signals", LARGE, batch=100, epochs=20),
    Task("3 × Conv1D", "signals", (("signal",), *CONVOLUTIONS, ("flatten",)), batch=100, epochs=3),
)
