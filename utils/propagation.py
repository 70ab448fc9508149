"""Sends a signal forward and a gradient back through deep random networks, before any training.

Introduced in the chapter "Vanishing and exploding gradients". All networks of one call, one for
each seed, run at once and in float64, so that a gradient of 1e-30 is measured, not rounded to zero.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import keras
import numpy as np
import tensorflow as tf


@dataclass(frozen=True, eq=False)
class Propagation:
    """What passes through a stack of dense layers that has not been trained.

    Layers count from the input: place 0 of the second axis is layer 1.
    """

    forward: np.ndarray
    """Mean square of what enters layer 1 and of what every layer sends on: (seed, depth + 1)."""
    spread: np.ndarray
    """Variance of the same over all examples and units: (seed, depth + 1)."""
    backward: np.ndarray
    """Norm of the loss's gradient with respect to every layer's output: (seed, depth)."""
    weight_gradient: np.ndarray
    """Norm of the loss's gradient with respect to every layer's weights: (seed, depth)."""
    slope: np.ndarray
    """Root mean square of the activation's derivative, over units and examples: (seed, depth)."""

    @property
    def backward_ratio(self) -> np.ndarray:
        """The gradient at layer 1's output, relative to that at the last layer's: (seed,)."""
        return self.backward[:, 0] / self.backward[:, -1]

    @property
    def forward_ratio(self) -> np.ndarray:
        """The mean square that the last layer sends on, relative to the input's: (seed,)."""
        return self.forward[:, -1] / self.forward[:, 0]


def propagate(
    activation: str | Callable,
    start: str | dict | keras.Initializer,
    depth: int = 20,
    width: int = 100,
    seeds: int | Sequence[int] = 16,
    x: np.ndarray | None = None,
) -> Propagation:
    """Measure networks of `depth` dense layers without biases, all `width` wide, one per seed.

    `start` is an initializer as Keras's layers take it; a seed gives the weights that as many Dense
    layers would have after `keras.utils.set_random_seed`, equal under every activation. The input
    is normal noise with variance 1, or x (n, width) for all seeds. The loss is a random linear
    function of the last layer's outputs, so that no output layer or target colors the result.
    """
    if depth < 1 or width < 1:
        raise ValueError(f"depth is {depth} and width {width}; expected 1 or more of both")
    seeds = range(seeds) if isinstance(seeds, int | np.integer) else seeds
    if len(seeds) == 0:
        raise ValueError(f"seeds is {seeds!r}; expected at least one")
    initializer = keras.initializers.get(start)
    config = initializer.get_config()
    if "seed" in config:
        config["seed"] = None  # one seed for all layers would give them all the same weights
    drawn = [_draw(type(initializer), config, depth, width, seed, x) for seed in seeds]
    inputs, weights, directions = (tf.constant(np.stack(part)) for part in zip(*drawn, strict=True))
    function = keras.activations.get(activation)
    outputs, slopes, back = _measure(inputs, tf.unstack(weights, axis=1), directions, function)
    sent = np.stack([inputs, *outputs], axis=1)
    to_outputs, to_weights = back
    return Propagation(
        forward=np.square(sent).mean(axis=(2, 3)),
        spread=sent.var(axis=(2, 3)),
        backward=np.stack([_norm(g) for g in to_outputs], axis=1),
        weight_gradient=np.stack([_norm(g) for g in to_weights], axis=1),
        slope=np.stack([np.sqrt(np.square(s).mean(axis=(1, 2))) for s in slopes], axis=1),
    )


def _draw(kind: type, config: dict, depth: int, width: int, seed: int, x) -> tuple:
    """One seed's input (n, width), weights (depth, width, width) and direction of the loss."""
    rng = np.random.default_rng([seed, 0])
    inputs = rng.standard_normal((64, width)) if x is None else np.asarray(x, "float64")
    if inputs.ndim != 2 or inputs.shape[1] != width:
        raise ValueError(f"x has shape {inputs.shape}; expected (n, {width}), as width is {width}")
    keras.utils.set_random_seed(seed)
    layers = [kind.from_config(config)((width, width), dtype="float32") for _ in range(depth)]
    direction = rng.standard_normal(inputs.shape)
    return inputs, np.stack(layers).astype("float64"), direction


def _measure(inputs, weights, directions, function):
    """All layers' outputs and slopes, and the gradients with respect to outputs and weights."""
    with tf.GradientTape() as tape:
        tape.watch(weights)
        outputs, sums, sent = [], [], inputs
        for layer in weights:
            sums.append(sent @ layer)
            sent = function(sums[-1])
            outputs.append(sent)
        loss = tf.reduce_sum(sent * directions) / inputs.shape[1]
    slopes = []
    for one in sums:
        with tf.GradientTape() as inner:
            inner.watch(one)
            sent = function(one)
        slopes.append(inner.gradient(sent, one))
    return outputs, slopes, tape.gradient(loss, [outputs, weights])


def _norm(gradient: tf.Tensor) -> np.ndarray:
    """The norm of every seed's gradient: (seed,)."""
    return np.linalg.norm(np.asarray(gradient).reshape(len(gradient), -1), axis=1)
