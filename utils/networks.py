"""The dense classifier that many chapters train, as the first one writes it out.

Introduced in the chapter "The nitty-gritty". A chapter whose networks differ in a way that matters
there (normalization, logits, activations of its own) shows its own definition instead.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import keras
from keras import layers

Start: TypeAlias = "str | dict[str, Any] | keras.Initializer | Callable[..., Any]"


def dense(
    sizes: Sequence[int],
    activation: str | Callable[..., Any],
    start: Start | list[Start] = "glorot_uniform",
    optimizer: str | keras.Optimizer | None = None,
    bias: Start = "zeros",
) -> keras.Model:
    """A compiled dense classifier; sizes are its features, its hidden layers and its outputs.

    One output is a probability, several are those of the classes. `start` draws the weights of all
    layers, or lists what draws each layer's, the output's last. Without an optimizer: SGD(0.1).
    """
    features, *hidden, outputs = sizes
    starts = start if isinstance(start, list) else [start] * (len(hidden) + 1)
    if len(starts) != len(hidden) + 1:
        raise ValueError(
            f"start lists {len(starts)} initializers for {len(hidden)} hidden layers and an "
            f"output; expected {len(hidden) + 1}, one for each, or a single one for all"
        )
    last = "sigmoid" if outputs == 1 else "softmax"
    kinds = [*((units, activation) for units in hidden), (outputs, last)]
    stack = [
        layers.Dense(*kind, kernel_initializer=one, bias_initializer=bias)
        for kind, one in zip(kinds, starts, strict=True)
    ]
    model = keras.Sequential([keras.Input((features,)), *stack])
    loss = "binary_crossentropy" if outputs == 1 else "sparse_categorical_crossentropy"
    model.compile(optimizer or keras.optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    return model
