"""What takes longer than the page: other networks, other norms, shaken units."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from utils import data, studies
from utils.population import Build, Runs, sweep, train

Layer = Callable[[], layers.Layer]
Values = Mapping[str, np.ndarray]

CHOOSING = range(30)
"""The seeds that choose a rate; judged are others, from 1000 on."""
batch_norm = partial(layers.BatchNormalization, momentum=0.9)
signals = data.mnist1d()
part = signals.x_train[:800], signals.y_train[:800]
choose = signals.x_train[-1000:], signals.y_train[-1000:]  # no run trains on these
unseen = signals.x_test, signals.y_test


def tune(build: Build, rates: Sequence[float], seeds: Sequence[int]) -> Runs:
    """Fresh runs at the rate which did best on `choose` for thirty others."""
    how: dict[str, Any] = {"epochs": 16, "batch_size": 100, "jit_compile": False}
    members, each = [*CHOOSING] * len(rates), np.repeat(rates, len(CHOOSING))
    tried = train(build, part, members, learning_rate=each, **how)
    accuracy = tried.evaluate(*choose)["accuracy"].reshape(len(rates), -1)
    rate = rates[int(np.argmax(np.median(accuracy, axis=1)))]
    fresh = [1000 + seed for seed in seeds]
    return train(build, part, fresh, learning_rate=rate, **how)


def convolution(norm: Layer | None = None, after: bool = False) -> keras.Model:
    """Two convolutions, four values wide and then two, as Dense layers on patches."""
    stack = [keras.Input((40,))]
    for patches, channels in [(10, 16), (5, 24)]:
        parts = [norm()] if norm else []
        parts.insert(0 if after else 1, layers.Activation("relu"))
        read = layers.Dense(channels, kernel_initializer="he_normal")
        stack += [layers.Reshape((patches, -1)), read, *parts]
    model = keras.Sequential([*stack, layers.Flatten(), layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@studies.study(seeds=90, block=90)
def convolutions(seeds: Sequence[int]) -> Values:
    """Test accuracies on MNIST-1D: no layer, before and after the activation."""
    builds: dict[str, Build] = {
        "none": convolution,
        "before": partial(convolution, batch_norm),
        "after": partial(convolution, batch_norm, after=True),
    }
    return {
        place: tune(build, [0.2, 0.6, 2], seeds).evaluate(*unseen)["accuracy"]
        for place, build in builds.items()
    }


def reader(norm: Layer | None = None) -> keras.Model:
    """Reads the 40 values as four pieces of ten; one normalization for all pieces."""
    inputs = keras.Input((40,))
    pieces = layers.Reshape((4, 10))(inputs)
    read, keep = layers.Dense(32), layers.Dense(32, kernel_initializer="orthogonal")
    normalize = norm() if norm else layers.Identity()
    state = ops.tanh(normalize(read(pieces[:, 0])))
    for place in range(1, 4):
        state = ops.tanh(normalize(read(pieces[:, place]) + keep(state)))
    model = keras.Model(inputs, layers.Dense(10, "softmax")(state))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@studies.study(seeds=120, block=120)
def recurrent(seeds: Sequence[int]) -> Values:
    """Accuracies on MNIST-1D of a recurrence with either normalization and with none.

    On the test examples, and on those of the training as they were trained on and at
    inference.
    """
    norms = {
        "none": None,
        "batch norm": batch_norm,
        "layer norm": layers.LayerNormalization,
    }
    found = {}
    for name, norm in norms.items():
        runs = tune(partial(reader, norm), [0.003, 0.01, 0.03, 0.1], seeds)
        found[name] = runs.evaluate(*unseen)["accuracy"]
        found[f"{name}, in training"] = runs.final("accuracy")
        found[f"{name}, later"] = runs.evaluate(*part)["accuracy"]
    return found


class InPairs(layers.BatchNormalization):
    """Batch normalization with the statistics of each two examples."""

    def call(self, u: keras.KerasTensor, training: bool = False) -> keras.KerasTensor:
        """As Keras's layer, which knows no groups."""
        if not training:
            return super().call(u, training=False)
        parts = ops.reshape(u, (-1, 2, u.shape[-1]))
        mean, variance = ops.moments(parts, axes=[1], keepdims=True)
        for moving, now in [(self.moving_mean, mean), (self.moving_variance, variance)]:
            now = ops.mean(now, axis=(0, 1))
            moving.assign(self.momentum * moving + (1 - self.momentum) * now)
        z = (parts - mean) * ops.rsqrt(variance + self.epsilon) * self.gamma + self.beta
        return ops.reshape(z, ops.shape(u))


def line(norm: Layer) -> keras.Model:
    """Two hidden layers of 32, normalized before the activation."""
    stack = [keras.Input((40,))]
    for _ in range(2):
        stack.append(layers.Dense(32, kernel_initializer="he_normal"))
        stack += [norm(), layers.Activation("relu")]
    model = keras.Sequential([*stack, layers.Dense(10, "softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


@studies.study(seeds=90, block=90)
def other_norms(seeds: Sequence[int]) -> Values:
    """Test accuracies on MNIST-1D of a dense network, and the chosen rates."""
    norms = {
        "layer norm": layers.LayerNormalization,
        "groups of 2": partial(InPairs, momentum=0.9),
    }
    found = {}
    for name, norm in norms.items():
        runs = tune(partial(line, norm), [0.2, 0.6, 2], seeds)
        found[name] = runs.evaluate(*unseen)["accuracy"]
        found[f"{name}, rate"] = runs.learning_rate
    return found


# --- the shift put back in -----------------------------------------------------------

SHAKE = 0.35
digits = data.digits()


def shaken() -> keras.Model:
    """Ten layers; each unit is normalized, then scaled and shifted anew every step."""
    inputs = h = keras.Input((64,))
    dense = [layers.Dense(24, kernel_initializer="he_normal") for _ in range(10)]
    head = layers.Dense(10, "softmax")
    nothing = ops.tile(0 * ops.mean(inputs, keepdims=True), (1, 2 * 10 * 24))
    jumps = ops.split(layers.GaussianNoise(SHAKE)(nothing), 2 * 10, axis=1)
    for layer, scale, shift in zip(dense, jumps[:10], jumps[10:], strict=True):
        h = ops.relu(batch_norm()(layer(h)) * (1 + scale) + shift)
    model = keras.Model(inputs, head(h))
    model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def sent(weights: Sequence[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Mean and deviation of what shaken units send on: (2, layer, member, unit)."""
    h, seen = digits.x_train[None, :100], []
    for place in range(0, 40, 4):
        kernel, *rest = weights[place : place + 4]
        bias, gamma, beta = (part[:, None] for part in rest)
        u = h @ kernel + bias
        mean, variance = u.mean(1, keepdims=True), u.var(1, keepdims=True)
        u = gamma * (u - mean) / np.sqrt(variance + 1e-3) + beta
        scale, shift = SHAKE * rng.normal(size=(2, *u[:, :1].shape))
        h = np.maximum(u * (1 + scale) + shift, 0)
        seen.append((h.mean(1), h.std(1)))
    return np.array(seen).swapaxes(0, 1)


@studies.study(seeds=80, block=80)
def put_back(seeds: Sequence[int]) -> Values:
    """Shift and validation loss in each epoch, final training loss, the chosen rate."""
    how: dict[str, Any] = {"epochs": 12, "batch_size": 50, "jit_compile": True}
    taught = digits.x_train, digits.y_train
    rate = sweep(shaken, taught, [0.02, 0.07, 0.3, 1, 3], **how).best("loss")
    fresh = [1000 + seed for seed in seeds]
    runs = train(shaken, digits, fresh, learning_rate=rate, snapshots=1, **how)
    rng = np.random.default_rng(0)
    moments = [sent(runs.weights_at(epoch), rng) for epoch in runs.snapshot_epochs]
    moved = [
        ((b - a) ** 2).sum(0).mean(-1) / (b[1] ** 2).mean(-1)
        for a, b in pairwise(moments)
    ]
    return {
        "shift": np.sqrt(np.array(moved)).mean(1).T,
        "validation loss": runs.history["val_loss"],
        "loss": runs.evaluate(*taught)["loss"],
        "rate": runs.learning_rate,
    }
