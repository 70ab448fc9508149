"""Sends a signal forward and a gradient back through deep random networks, before any training.

Introduced in the chapter "Vanishing and exploding gradients". All networks of one call, one for
each seed, run at once and in float64, so that a gradient of 1e-30 is measured, not rounded to zero.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from utils.population.arguments import seed_list


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
    activation: str | Callable[..., Any] | keras.Layer,
    start: str | dict[str, Any] | keras.Initializer | Callable[..., Any],
    depth: int = 20,
    width: int = 100,
    seeds: int | Sequence[int] | np.ndarray = 16,
    x: np.ndarray | None = None,
) -> Propagation:
    """Measure networks of `depth` dense layers without biases, all `width` wide, one per seed.

    `activation` works on each unit alone: a name, a function or a layer without weights. `start` is
    an initializer as Keras's layers take it, or a function of shape and dtype; a seed gives the
    weights that as many Dense layers would have after `keras.utils.set_random_seed`, equal under
    every activation. The input is normal noise with variance 1, or x (n, width) for all seeds. The
    loss is a random linear function of the last layer's outputs, so that no output layer or target
    colors the result.
    """
    if depth < 1 or width < 1:
        raise ValueError(f"depth is {depth} and width {width}; expected 1 or more of both")
    layer, function = _one_layer(start), _function(activation)
    listed = seed_list(seeds.tolist() if isinstance(seeds, np.ndarray) else seeds)
    drawn = [_draw(layer, depth, width, seed, x) for seed in listed]
    inputs, weights, directions = (tf.constant(np.stack(part)) for part in zip(*drawn, strict=True))
    _each_unit_alone(function, inputs[:1] @ weights[:1, 0], activation)
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


def _one_layer(start: Any) -> Callable[..., Any]:
    """What draws the weights of a layer from its shape, once for each layer."""
    initializer = keras.initializers.get(start)
    if not isinstance(initializer, keras.Initializer):
        try:
            inspect.signature(initializer).bind((1, 1), dtype="float32")
        except (TypeError, ValueError):
            raise TypeError(
                f"start is {start!r}; expected an initializer's name, config or instance, or a "
                "function as Keras's layers call it: def start(shape, dtype=None)"
            ) from None
        return initializer
    config = initializer.get_config()
    if "seed" not in config:
        return initializer
    config["seed"] = None  # one seed for all layers would give them all the same weights
    return lambda shape, dtype: type(initializer).from_config(config)(shape, dtype=dtype)


def _function(activation: Any) -> Callable[..., Any]:
    """The activation as a function; a layer's own `call` leaves float64 as it is."""
    if not isinstance(activation, keras.Layer):
        return keras.activations.get(activation)
    builds = not activation.built and type(activation).build is not keras.Layer.build
    if activation.weights or builds:
        raise ValueError(
            f"activation is a layer with weights ({type(activation).__name__}); "
            "expected one without, such as keras.layers.LeakyReLU(0.1), or a function"
        )
    return activation.call


def _draw(
    layer: Callable[..., Any], depth: int, width: int, seed: int, x: Any
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One seed's input (n, width), weights (depth, width, width) and direction of the loss."""
    rng = np.random.default_rng([seed, 0])
    inputs = rng.standard_normal((64, width)) if x is None else np.asarray(x, "float64")
    if inputs.ndim != 2 or inputs.shape[1] != width:
        raise ValueError(f"x has shape {inputs.shape}; expected (n, {width}), as width is {width}")
    keras.utils.set_random_seed(seed)
    shape = (width, width)
    weights = [np.asarray(layer(shape, dtype="float32"), "float32") for _ in range(depth)]
    if weights[0].shape != shape:
        raise ValueError(
            f"start gives weights of shape {weights[0].shape}; "
            f"expected {shape}, the shape that it is called with"
        )
    direction = rng.standard_normal(inputs.shape)
    return inputs, np.stack(weights).astype("float64"), direction


def _each_unit_alone(function: Callable[..., Any], sums: tf.Tensor, activation: Any) -> None:
    """Refuse what is no differentiable function of each unit: such a layer has no slopes.

    sums: (1, n, width). Where no unit sees another, weights on the units of a gradient that enters
    are the same weights on the one that leaves.
    """
    rng = np.random.default_rng(0)
    enters, weights = rng.standard_normal(sums.shape), rng.standard_normal(sums.shape[-1])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(sums)
        sent = function(sums)
    fits = tf.is_tensor(sent) and (sent.dtype, sent.shape) == (sums.dtype, sums.shape)
    if not fits or tape.gradient(sent, sums) is None:
        raise ValueError(
            f"activation {activation!r} has no gradient here, or another shape or type than its "
            "argument; expected a differentiable function of float64, written with keras.ops"
        )
    leaves, weighted = (
        np.asarray(tape.gradient(sent, sums, tf.constant(entering)))
        for entering in (enters, enters * weights)
    )
    size = np.abs(weighted).max(initial=0, where=np.isfinite(weighted))
    if not np.allclose(weighted, leaves * weights, rtol=1e-6, atol=1e-9 * size, equal_nan=True):
        raise ValueError(
            f"activation {activation!r} mixes the units of a layer, so that no unit has a slope of "
            "its own; expected a function of each unit alone, such as 'relu'. To look inside a "
            "network that mixes units, build it with Keras and use utils.probes.probe"
        )


def _measure(
    inputs: tf.Tensor, weights: Any, directions: tf.Tensor, function: Callable[..., Any]
) -> tuple[list[tf.Tensor], list[tf.Tensor], Any]:
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
