"""Dense classifiers whose activations each have the start that is customary for them.

Introduced in the chapter "Activations".
"""

from __future__ import annotations

from collections.abc import Sequence

import keras
from keras import layers

from utils.networks import Start

STARTS: dict[str, Start] = {
    "sigmoid": {"class_name": "VarianceScaling", "config": {"scale": 3.6**2}},
    "centered": {"class_name": "VarianceScaling", "config": {"scale": 3.6**2}},
    "tanh": "glorot_uniform",
    "selu": "lecun_normal",
}
"""By activation, what draws the weights; He's where none is named here."""


def network(
    sizes: Sequence[int],
    name: str,
    optimizer: str | keras.Optimizer = "sgd",
    bias: float = 0.0,
    start: Start | None = None,
) -> keras.Model:
    """A dense classifier of logits; sizes are its features, its hidden layers and its classes.

    name: an activation of Keras's, or "leaky_relu" (its slope 0.01), "prelu" (its slopes from 0.25
    on) or "centered" (the sigmoid less one half). start: instead of the customary one.
    """
    features, *hidden, classes = sizes
    stack = [keras.Input((features,))]
    for units in hidden:
        after = _after(name)
        stack += [
            layers.Dense(
                units,
                None if after else name,
                kernel_initializer=start or STARTS.get(name, "he_normal"),
                bias_initializer=keras.initializers.Constant(bias),
            ),
            *after,
        ]
    model = keras.Sequential([*stack, layers.Dense(classes)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss=loss, metrics=["accuracy"])
    return model


def _after(name: str) -> list[keras.Layer]:
    """The layers after a hidden Dense layer, where its own argument cannot say it."""
    if name == "leaky_relu":
        return [layers.LeakyReLU(negative_slope=0.01)]
    if name == "prelu":
        return [layers.PReLU(keras.initializers.Constant(0.25))]
    if name == "centered":
        return [layers.Activation("sigmoid"), layers.Rescaling(1.0, offset=-0.5)]
    return []
