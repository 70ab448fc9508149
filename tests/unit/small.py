"""A network and data that train in a moment, for the tests of `train` and of runs."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, optimizers

from utils.population import Runs, train

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
